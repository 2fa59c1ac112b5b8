package quorum

import (
	"errors"
	"fmt"

	"go.etcd.io/raft/v3"
	"go.etcd.io/raft/v3/raftpb"

	"github.com/gregor-stream/gregor/internal/batch"
	"github.com/gregor-stream/gregor/internal/kafka"
)

// Raft's log is the metadata log: the entry of index i stands for the record
// at offset i-1, a term is a leader epoch. The first entry of a batch carries
// the batch, the others are empty:
//
//	offset       0              1              2         3         4
//	record   LeaderChange   BeginTxn       Feature   EndTxn    TopicRecord
//	batch    +----------+   +------------------------------+   +----------+
//	index    1              2              3         4         5
//	entry    batch          batch          -         -         batch

func indexOf(offset kafka.Offset) uint64 { return uint64(offset) + 1 } //nolint:gosec // offsets of records are not negative

func offsetOf(index uint64) kafka.Offset { return kafka.Offset(index) - 1 } //nolint:gosec // indexes are small

// appendEntries appends the entries of a batch.
func appendEntries(dst []*raftpb.Entry, b batch.Batch) []*raftpb.Entry {
	first := indexOf(b.BaseOffset())
	term := uint64(b.LeaderEpoch()) //nolint:gosec // epochs in a log are not negative
	n := int(b.LastOffset()-b.BaseOffset()) + 1
	block := make([]struct {
		e           raftpb.Entry
		index, term uint64
	}, n)
	for i := range block {
		at := &block[i]
		at.index, at.term = first+uint64(i), term //nolint:gosec // i is not negative
		at.e.Index, at.e.Term = &at.index, &at.term
		dst = append(dst, &at.e)
	}
	dst[len(dst)-n].Data = b
	return dst
}

// raftLog shows a log to the Raft library (raft.Storage).
type raftLog struct {
	log  log
	hard *raftpb.HardState
	conf *raftpb.ConfState

	// first is the snapshot below which the library does not look: the entry
	// before the first has its end and epoch. Zero: the log begins at 0.
	first snapshotID
	// snapshot makes the newest snapshot, for a voter that is too far behind.
	snapshot func() (*raftpb.Snapshot, error)

	// tail is the newest entries, so that what was just appended is not read
	// from disk again. It ends at the log's end.
	tail []*raftpb.Entry
}

var _ raft.Storage = (*raftLog)(nil)

// tailMax bounds the committed entries that the tail keeps.
const tailMax = 1024

// InitialState implements raft.Storage.
func (l *raftLog) InitialState() (*raftpb.HardState, *raftpb.ConfState, error) {
	return l.hard, l.conf, nil
}

// FirstIndex implements raft.Storage.
func (l *raftLog) FirstIndex() (uint64, error) { return uint64(l.first.end) + 1, nil } //nolint:gosec // offsets are not negative

// LastIndex implements raft.Storage.
func (l *raftLog) LastIndex() (uint64, error) { return uint64(l.log.End()), nil } //nolint:gosec // offsets are not negative

// Term implements raft.Storage.
func (l *raftLog) Term(index uint64) (uint64, error) {
	offset := offsetOf(index)
	switch {
	case offset == l.first.end-1:
		return uint64(l.first.epoch), nil //nolint:gosec // epochs are not negative
	case offset < l.first.end:
		return 0, raft.ErrCompacted
	case offset >= l.log.End():
		return 0, raft.ErrUnavailable
	}
	if len(l.tail) > 0 && index >= l.tail[0].GetIndex() {
		return l.tail[index-l.tail[0].GetIndex()].GetTerm(), nil
	}
	epoch := l.log.EpochAt(offset)
	if epoch == kafka.NoLeaderEpoch {
		return 0, fmt.Errorf("the metadata log has no leader epoch for offset %d", offset)
	}
	return uint64(epoch), nil //nolint:gosec // checked above
}

// Entries implements raft.Storage.
func (l *raftLog) Entries(lo, hi, maxSize uint64) ([]*raftpb.Entry, error) {
	first, _ := l.FirstIndex()
	last, _ := l.LastIndex()
	switch {
	case lo < first:
		return nil, raft.ErrCompacted
	case hi > last+1:
		return nil, raft.ErrUnavailable
	}
	if len(l.tail) > 0 && lo >= l.tail[0].GetIndex() {
		from := l.tail[0].GetIndex()
		return limitSize(l.tail[lo-from:hi-from:hi-from], maxSize), nil
	}
	limit := int(min(maxSize, 1<<20))
	var entries []*raftpb.Entry
	for next := lo; next < hi; {
		batches, err := l.log.Read(offsetOf(next), limit)
		if err != nil {
			return nil, fmt.Errorf("read the metadata log at offset %d: %w", offsetOf(next), err)
		}
		it := batch.Batches(batches)
		for it.Next() && next < hi {
			entries = appendEntries(entries, it.Batch())
			next = entries[len(entries)-1].GetIndex() + 1
		}
		if len(batches) == 0 || it.Err() != nil {
			return nil, errors.Join(fmt.Errorf("the metadata log has nothing at offset %d, before its end", offsetOf(next)), it.Err())
		}
		limit -= len(batches)
		if limit <= 0 {
			break
		}
	}
	skip := lo - entries[0].GetIndex() // lo may be inside a batch
	entries = entries[skip:]
	if over := int(entries[len(entries)-1].GetIndex()) - int(hi) + 1; over > 0 { //nolint:gosec // indexes are small
		entries = entries[:len(entries)-over]
	}
	return limitSize(entries, maxSize), nil
}

// limitSize cuts entries to maxSize bytes, and leaves one at least.
func limitSize(entries []*raftpb.Entry, maxSize uint64) []*raftpb.Entry {
	var size uint64
	for i, e := range entries {
		size += uint64(len(e.Data)) + 16
		if i > 0 && size > maxSize {
			return entries[:i]
		}
	}
	return entries
}

// Snapshot implements raft.Storage.
func (l *raftLog) Snapshot() (*raftpb.Snapshot, error) { return l.snapshot() }

// appended notes entries that are in the log now.
func (l *raftLog) appended(entries []*raftpb.Entry) {
	if len(l.tail) > 0 && entries[0].GetIndex() <= l.tail[len(l.tail)-1].GetIndex() {
		keep := 0
		if entries[0].GetIndex() > l.tail[0].GetIndex() {
			keep = int(entries[0].GetIndex() - l.tail[0].GetIndex()) //nolint:gosec // within the tail
		}
		l.tail = l.tail[:keep:keep]
	}
	l.tail = append(l.tail, entries...)
}

// release lets go of committed entries, up to an index. Where there are other
// voters, the newest stay: followers that are a little behind ask for them.
func (l *raftLog) release(committed uint64) {
	keep := 0
	if len(l.conf.GetVoters()) > 1 {
		keep = tailMax
	}
	n := 0
	for n < len(l.tail)-keep && l.tail[n].GetIndex() <= committed {
		n++
	}
	l.tail = l.tail[n:]
	if len(l.tail) == 0 {
		l.tail = nil
	}
}
