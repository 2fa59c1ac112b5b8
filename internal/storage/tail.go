package storage

import (
	"sync"
	"sync/atomic"

	"github.com/gregor-stream/gregor/internal/storage/segment"
)

const (
	// tailMost is how much of a log's end is remembered for the journal: enough
	// for the short appends of many logs, which the journal is for.
	tailMost = 4 << 10
	// tailsMost bounds how many logs of a host do.
	tailsMost = 2048
)

// logTail is a copy of what was appended to the active segment last, so that a
// journal need not read it back. Guarded by the log's mu.
type logTail struct {
	data    *[tailMost]byte // nil: nothing is remembered
	n       int
	from    int64 // its position in segment
	segment *segment.Segment
	lent    bool // a piece reads data: what is behind n may be written, and nothing else
}

// tails is a host's memory for tails.
type tails struct {
	free sync.Pool
	out  atomic.Int64
}

func (t *tails) get() *[tailMost]byte {
	if t.out.Add(1) > tailsMost {
		t.out.Add(-1)
		return nil
	}
	if data, ok := t.free.Get().(*[tailMost]byte); ok {
		return data
	}
	return new([tailMost]byte)
}

// keepTail remembers what was written at the end of the active segment, if it
// goes on with what is remembered or begins where all before it is on disk. The
// lock is held, and the log's size is still the one before.
func (l *Log) keepTail(written []byte) {
	t, active := &l.tail, l.segments[len(l.segments)-1]
	if t.data != nil && (t.segment != active || t.from+int64(t.n) != l.size || t.n+len(written) > tailMost || l.durableAt == unknown) {
		l.dropTail()
	}
	if t.data == nil {
		if l.journal == nil || len(written) > tailMost || l.durableAt != l.size {
			return
		}
		if t.data = l.host.tails.get(); t.data == nil {
			return
		}
		t.from, t.segment = l.size, active
	}
	t.n += copy(t.data[t.n:], written)
}

// tailAt gives the end of the log from a position in the active segment on, if
// it is remembered. The lock is held.
func (l *Log) tailAt(at int64) []byte {
	t := &l.tail
	if t.data == nil || t.segment != l.segments[len(l.segments)-1] || at < t.from || t.from+int64(t.n) != l.size {
		return nil
	}
	t.lent = true
	return t.data[at-t.from : t.n]
}

// trimTail forgets what is on disk. The lock is held, and no piece reads.
func (l *Log) trimTail() {
	t := &l.tail
	t.lent = false
	if t.data == nil || l.durableAt <= t.from {
		return
	}
	done := min(int(l.durableAt-t.from), t.n)
	if done == t.n {
		l.dropTail()
		return
	}
	t.n, t.from = copy(t.data[:], t.data[done:t.n]), t.from+int64(done)
}

// dropTail forgets all. The lock is held.
func (l *Log) dropTail() {
	t := &l.tail
	if t.data == nil {
		return
	}
	if !t.lent { // memory that a piece reads is not used again
		l.host.tails.free.Put(t.data)
	}
	l.host.tails.out.Add(-1)
	t.data, t.n, t.segment = nil, 0, nil
}
