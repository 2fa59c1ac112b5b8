package storage

import (
	"errors"
	"io/fs"
	"slices"

	"github.com/gregor-stream/gregor/internal/kafka"
	"github.com/gregor-stream/gregor/internal/storage/segment"
	"github.com/gregor-stream/gregor/internal/vfs"
)

// Settled is the offset below which a recovery has nothing to read: records,
// indexes, leader epochs and the producers' state are durable. It is what goes
// into the checkpoint file of the recovery points, and at most
// [Log.RecoveryPoint]. A log start that moved past it changes nothing: a crash
// may take that back, and then what is below counts again.
func (l *Log) Settled() kafka.Offset {
	l.mu.Lock()
	defer l.mu.Unlock()
	return min(l.settled, l.recovery)
}

// Unsettled says whether the log may have changed since the last [Log.Settle].
func (l *Log) Unsettled() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.touched && l.state == stateOpen && l.broken == nil
}

// Settle makes everything durable that a recovery would have to find out. It is
// [Log.Flush] with what stands beside the records, and holds no lock while it
// syncs; appends go on. After an error the log takes no more appends.
func (l *Log) Settle() error {
	if err := l.keepProducers(); err != nil {
		return failed("settle", l.Dir(), err)
	}
	l.mu.Lock()
	end, cuts, segments, from := l.end, l.cuts, l.segments, l.settled
	unflushed := l.recovery >= l.end // perhaps because the log start moved there, without a sync
	l.touched = false
	l.mu.Unlock()
	if err := l.Flush(end); err != nil {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.touched = true // a full disk may have room soon
		return err
	}
	err := l.settleRest(segments, from, unflushed)
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case vfs.IsNoSpace(err) || vfs.IsPassing(err):
		l.touched = true
		err = failed("write beside the segments of", l.dir, err)
	case errors.Is(err, errUnsettled):
		err = nil
	case err != nil:
		err = l.lose(l.dir, err)
	case cuts != l.cuts || l.state != stateOpen:
		l.touched = true
	default:
		l.settled = max(l.settled, min(end, l.recovery))
	}
	return err
}

// settleRest syncs what a flush leaves out: the active segment's indexes, and
// what changed beside the records; with data, the records too.
func (l *Log) settleRest(segments []*segment.Segment, from kafka.Offset, data bool) error {
	l.flushing.Lock()
	defer l.flushing.Unlock()
	for _, s := range segments[max(floor(segments, from-1), 0):] {
		sync := s.SyncIndexes
		if data {
			sync = func() error { return s.Sync(true) }
		}
		if err := sync(); err != nil {
			return l.unlessGone(segments, err)
		}
	}
	l.mu.Lock()
	dir, pending := l.dir, l.unsynced
	if l.state != stateOpen || len(segments) == 0 && !pending.epochs {
		l.mu.Unlock()
		return nil
	}
	var epochs []byte
	if pending.epochs {
		epochs = l.epochs.Append(nil)
	}
	l.unsynced = unsynced{}
	l.mu.Unlock()
	err := l.flushRest(dir, epochs, &pending)
	if err != nil {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.unsynced = merge(pending, l.unsynced)
		if errors.Is(err, fs.ErrNotExist) && l.state != stateOpen {
			return nil // it was deleted meanwhile
		}
	}
	return err
}

// unlessGone gives err, but nil where it comes from files that were deleted
// meanwhile: the next turn sees what is left.
func (l *Log) unlessGone(segments []*segment.Segment, err error) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if errors.Is(err, fs.ErrNotExist) && (l.state != stateOpen || !slices.Equal(l.segments, segments)) {
		l.touched = true
		return errUnsettled
	}
	return err
}

// errUnsettled says that a log changed while it was being settled.
var errUnsettled = errors.New("the log changed meanwhile")

// settledAll says that everything is durable, at the end of a log's life.
func (l *Log) settledAll() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.settled = l.recovery
}

// keepProducers takes a snapshot of the producers where much was appended since
// the last, and removes the one before it that belongs to no segment's beginning.
func (l *Log) keepProducers() error {
	if err := l.change(); err != nil {
		return nil //nolint:nilerr // a closed log is settled, and a broken one never will be
	}
	defer l.writing.Unlock()
	active := l.last()
	if active == nil {
		return nil
	}
	since := active.Size()
	if l.kept.base == active.Base && l.kept.offset > active.Base {
		since -= l.kept.size
	}
	if since < l.host.snapshotBytes {
		return nil
	}
	before := l.kept.offset
	if err := l.takeSnapshot(); err != nil {
		return err
	}
	l.kept.base, l.kept.offset, l.kept.size = active.Base, l.lastSnap, active.Size()
	segments, _ := l.view()
	at := floor(segments, before)
	if before <= 0 || before >= l.lastSnap || (at >= 0 && segments[at].Base == before) {
		return nil
	}
	return l.dropSnapshots(func(o kafka.Offset) bool { return o == before })
}

// kept remembers the snapshot that was taken within a segment.
type kept struct {
	base, offset kafka.Offset
	size         int64 // of the segment, then
}
