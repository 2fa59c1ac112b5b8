package storage

import (
	"errors"
	"io/fs"
	"time"

	"github.com/gregor-stream/gregor/internal/kafka"
	"github.com/gregor-stream/gregor/internal/storage/logdir"
	"github.com/gregor-stream/gregor/internal/storage/segment"
	"github.com/gregor-stream/gregor/internal/vfs"
)

// Flush makes everything below upTo durable and moves the recovery point.
// It holds no lock while it syncs; appends go on. After an error the log takes
// no more appends, and no sync succeeds: what a failed one left is not known.
func (l *Log) Flush(upTo kafka.Offset) error {
	l.flushing.Lock()
	defer l.flushing.Unlock()
	l.mu.Lock()
	segments, end, size, dir, pending, cuts := l.segments, l.end, l.size, l.dir, l.unsynced, l.cuts
	done := min(l.recovery, l.filed)
	if l.lost != nil || l.state != stateOpen {
		defer l.mu.Unlock()
		return l.lost
	}
	upTo = min(upTo, end)
	if upTo <= done {
		l.mu.Unlock()
		return nil
	}
	var epochs []byte
	if pending.epochs {
		epochs = l.epochs.Append(nil)
	}
	l.unsynced = unsynced{}
	l.mu.Unlock()

	// The segment that ends at the recovery point too: it may have been rolled
	// since, and its indexes are not synced before.
	from := max(floor(segments, done-1), 0)
	reached := upTo // where there is no segment below it, there is nothing to sync
	var err error
	for i := from; i < len(segments) && segments[i].Base < upTo && err == nil; i++ {
		last := i == len(segments)-1
		err = segments[i].Sync(!last)
		reached = end
		if !last {
			reached = segments[i+1].Base
		}
	}
	if err == nil {
		err = l.flushRest(dir, epochs, &pending)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.overtaken(segments, err) {
		l.unsynced = merge(pending, l.unsynced)
		return nil
	}
	if vfs.IsNoSpace(err) || vfs.IsPassing(err) { // a file could not be made or opened; what was synced stays synced
		l.unsynced = merge(pending, l.unsynced)
		return failed("write beside the segments of", dir, err)
	}
	if err != nil {
		return l.lose(dir, err)
	}
	if cuts == l.cuts { // otherwise the cut itself is not synced, perhaps
		l.recovery = max(l.recovery, min(reached, l.end))
		l.filed = max(l.filed, min(reached, l.end))
		l.synced = max(l.synced, l.recovery)
		if reached == end {
			l.onDisk(segments, size)
		}
	}
	return nil
}

func merge(a, b unsynced) unsynced {
	return unsynced{
		parent: a.parent || b.parent, names: a.names || b.names, metadata: a.metadata || b.metadata,
		epochs: a.epochs || b.epochs, snapshots: append(a.snapshots, b.snapshots...),
	}
}

// flushRest syncs what stands beside the segments.
func (l *Log) flushRest(dir string, epochs []byte, pending *unsynced) error {
	fsys := l.host.fs
	if pending.metadata {
		if err := syncFile(fsys, vfs.Join(dir, logdir.PartitionFile)); err != nil {
			return err
		}
	}
	for _, at := range pending.snapshots {
		if err := syncFile(fsys, vfs.Join(dir, segment.Name(at, snapshotSuffix))); err != nil {
			return err
		}
	}
	if epochs != nil {
		if err := vfs.ReplaceFile(fsys, vfs.Join(dir, logdir.EpochFile), epochs); err != nil {
			return err
		}
	}
	if pending.names {
		if err := fsys.SyncDir(dir); err != nil {
			return err
		}
	}
	if pending.parent {
		return fsys.SyncDir(vfs.Dir(dir))
	}
	return nil
}

// syncFile syncs a file by name; one that is gone needs none.
func syncFile(fsys vfs.FS, name string) error {
	f, err := fsys.Open(name, vfs.Write)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

// FlushDue says whether flush.messages asks for a Flush now.
func (l *Log) FlushDue() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return int64(l.end-l.synced) >= l.config.Load().FlushMessages
}

// CloseIdle closes the files of completed segments that were not used since the
// last CloseIdle, and of the whole log where it was not appended to since `since`
// either; the next use opens them again.
func (l *Log) CloseIdle(since time.Time) error {
	l.mu.Lock()
	idle := !l.used && l.appended < since.UnixMilli()
	l.used = false
	none := len(l.segments) == 0
	l.mu.Unlock()
	if none {
		return nil
	}
	if err := l.change(); err != nil {
		return nil //nolint:nilerr // a closed log has no open files, and a broken one is left alone
	}
	defer l.writing.Unlock()
	segments, _ := l.view()
	if len(segments) == 0 {
		return nil
	}
	var err error
	active := segments[len(segments)-1]
	for _, s := range segments[:len(segments)-1] {
		err = errors.Join(err, s.CloseIdle())
	}
	if idle {
		err = errors.Join(err, active.Close())
		l.mu.Lock()
		l.recent = nil
		l.mu.Unlock()
	}
	return failed("close", l.Dir(), err)
}

// Close makes everything durable, writes the producers' snapshot and closes the
// files: after it, Open with Clean reads no records. It is idempotent.
func (l *Log) Close(now time.Time) error {
	l.writing.Lock()
	l.mu.Lock()
	open, broken, segments, end := l.state == stateOpen, l.broken, l.segments, l.end
	l.mu.Unlock()
	var err error
	if open && broken == nil && len(segments) > 0 {
		err = l.takeSnapshot()
	}
	l.writing.Unlock()
	if !open {
		return nil
	}
	if broken != nil {
		l.Abandon()
		return broken
	}
	for _, s := range segments {
		err = errors.Join(err, s.Close())
	}
	if err == nil {
		err = l.Flush(end)
	}
	if err == nil {
		err = l.closeRest(segments)
	}
	if err == nil {
		l.settledAll()
	}
	l.Abandon()
	return failed("close", l.Dir(), err)
}

// closeRest syncs what a flush leaves out: the last segment's indexes, indexes
// that were made again, and changes without records.
func (l *Log) closeRest(segments []*segment.Segment) error {
	l.flushing.Lock()
	defer l.flushing.Unlock()
	for _, s := range segments {
		if err := s.Sync(true); err != nil {
			return err
		}
	}
	l.mu.Lock()
	dir, pending := l.dir, l.unsynced
	var epochs []byte
	if pending.epochs {
		epochs = l.epochs.Append(nil)
	}
	l.unsynced = unsynced{}
	l.mu.Unlock()
	if len(segments) == 0 && epochs == nil {
		return nil // an empty log is made again from the metadata
	}
	return l.flushRest(dir, epochs, &pending)
}

// Abandon closes the files and writes nothing, as a crash would.
func (l *Log) Abandon() {
	l.writing.Lock()
	defer l.writing.Unlock()
	l.mu.Lock()
	segments := l.segments
	if l.state == stateOpen {
		l.state = stateClosed
	}
	l.dropTail()
	l.mu.Unlock()
	for _, s := range segments {
		_ = s.Abandon() // nothing is lost that was promised
	}
}
