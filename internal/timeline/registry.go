// Package timeline keeps maps and values in two layers: what is committed, and
// over it what was written since and may yet be lost. A coordinator replays
// each record into them when it appends it, answers from the latest state, and
// commits what the high watermark has passed; when its log is truncated it
// reverts. The purpose is that of Kafka's SnapshotRegistry; the way is an undo
// log. Kind: pure
package timeline

import (
	"fmt"

	"github.com/gregor-stream/gregor/internal/kafka"
)

// Registry is the time of a set of maps and values: one for each shard. The
// zero value is ready.
//
// Both ends are end offsets, as a high watermark is: Commit(hw) commits what
// was written by records below hw, Revert(end) forgets what was written by
// records at end and above.
//
// Invariants: committed <= the offset of every entry of the log; the entries'
// offsets never fall.
type Registry struct {
	at        kafka.Offset
	committed kafka.Offset
	log       queue[change]
}

// change says which structure was written by the record at offset.
type change struct {
	offset kafka.Offset
	owner  layered
}

// layered is a structure with an uncommitted layer. Each write of it that has
// not been committed stands once in the registry's log, in order.
type layered interface {
	commitOldest() // move the oldest uncommitted write to the committed layer
	revertNewest() // forget the newest uncommitted write
}

// At says that the writes which follow belong to the record at offset. It never
// goes back, except after [Registry.Revert]. Writes of records below the
// committed end are committed at once: while a log is loaded, call Commit with
// the high watermark first.
func (r *Registry) At(offset kafka.Offset) {
	if n := r.log.len(); n > 0 && offset < r.log.at(n-1).offset {
		panic(fmt.Sprintf("timeline: a write at offset %d after one at %d", offset, r.log.at(n-1).offset))
	}
	r.at = offset
}

// Committed is the end of what is committed.
func (r *Registry) Committed() kafka.Offset { return r.committed }

// Uncommitted is how many writes are not committed.
func (r *Registry) Uncommitted() int { return r.log.len() }

// Commit commits all writes of records below end. An end that is not above the
// committed one does nothing.
func (r *Registry) Commit(end kafka.Offset) {
	if end <= r.committed {
		return
	}
	r.committed = end
	for r.log.len() > 0 && r.log.at(0).offset < end {
		r.log.popFront().owner.commitOldest()
	}
}

// Revert forgets all writes of records at end and above. What is committed
// cannot be reverted: that breaks the log's promise, and panics.
func (r *Registry) Revert(end kafka.Offset) {
	if end < r.committed {
		panic(fmt.Sprintf("timeline: revert to %d, below the committed end %d", end, r.committed))
	}
	for n := r.log.len(); n > 0 && r.log.at(n-1).offset >= end; n-- {
		r.log.popBack().owner.revertNewest()
	}
	r.at = end
}

// record notes a write by owner; false where it is committed at once.
func (r *Registry) record(owner layered) bool {
	if r.at < r.committed {
		return false
	}
	r.log.pushBack(change{r.at, owner})
	return true
}
