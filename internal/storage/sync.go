package storage

import (
	"errors"
	"io/fs"
	"slices"

	"github.com/gregor-stream/gregor/internal/kafka"
	"github.com/gregor-stream/gregor/internal/storage/logdir"
	"github.com/gregor-stream/gregor/internal/storage/segment"
	"github.com/gregor-stream/gregor/internal/vfs"
)

// Synced is the offset below which every record is on disk, and is found there
// after a crash: in its segment, or in the sync journal. It is at least the
// recovery point: that waits for the indexes and the leader epochs, too.
func (l *Log) Synced() kafka.Offset {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.synced
}

// Sync makes the records below the log's end durable: what an acknowledgement
// needs, and no more. That is one sync of the active segment's data; after a
// roll, or the first time, the names in the directory besides. Like Flush it
// holds no lock while it syncs, appends go on, and a failure is final.
func (l *Log) Sync() error {
	l.flushing.Lock()
	defer l.flushing.Unlock()
	s, ok, err := l.beginSync(false)
	if !ok {
		return err
	}
	return l.syncNow(&s)
}

// syncNow does what beginSync has found.
func (l *Log) syncNow(s *syncing) (err error) {
	for _, segment := range s.segments {
		if err == nil {
			err = segment.Sync(false)
		}
	}
	if err == nil {
		err = l.syncNames(s)
	}
	return l.endSync(s, err)
}

// syncing is what one Sync is about. Between beginSync and endSync the lock
// flushing is held.
type syncing struct {
	all      []*segment.Segment // the log's
	segments []*segment.Segment // of these the ones with records above filed
	size     int64              // of the last
	end      kafka.Offset
	dir      string
	names    unsynced // what of names and partition.metadata is to be synced
	cuts     int
}

// beginSync looks what there is to sync; false where there is nothing. With files
// that a journal has it does not count.
func (l *Log) beginSync(files bool) (syncing, bool, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.lost != nil {
		return syncing{}, false, l.lost
	}
	if l.state != stateOpen || l.filed >= l.end || l.synced >= l.end && !files {
		return syncing{}, false, nil
	}
	s := syncing{all: l.segments, size: l.size, end: l.end, dir: l.dir, cuts: l.cuts}
	s.segments = l.segments[max(floor(l.segments, l.filed-1), 0):]
	s.names = unsynced{parent: l.unsynced.parent, names: l.unsynced.names, metadata: l.unsynced.metadata}
	l.unsynced.parent, l.unsynced.names, l.unsynced.metadata = false, false, false
	return s, true, nil
}

// syncNames makes sure that the files are found after a crash.
func (l *Log) syncNames(s *syncing) error {
	fsys := l.host.fs
	if s.names.metadata {
		if err := syncFile(fsys, vfs.Join(s.dir, logdir.PartitionFile)); err != nil {
			return err
		}
	}
	if s.names.names {
		if err := fsys.SyncDir(s.dir); err != nil {
			return err
		}
	}
	if s.names.parent {
		return fsys.SyncDir(vfs.Dir(s.dir))
	}
	return nil
}

// endSync takes note of the outcome.
func (l *Log) endSync(s *syncing, err error) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.overtaken(s.all, err) {
		l.unsynced = merge(s.names, l.unsynced)
		return nil
	}
	if vfs.IsPassing(err) { // a file could not be opened; nothing has failed to be synced
		l.unsynced = merge(s.names, l.unsynced)
		return failed("sync", s.dir, err)
	}
	if err != nil {
		return l.lose(s.dir, err)
	}
	if s.cuts != l.cuts {
		return nil // the cut itself is not synced, perhaps
	}
	l.filed = max(l.filed, min(s.end, l.end))
	l.synced = max(l.synced, l.filed)
	l.onDisk(s.all, s.size)
	// The recovery point follows within the active segment, unless something
	// beside the records has to be on disk first: a Flush sees to that.
	if n := len(l.segments); n > 0 && slices.Equal(s.all, l.segments) && !l.unsynced.epochs && len(l.unsynced.snapshots) == 0 &&
		(n == 1 || l.recovery > l.segments[n-1].Base) {
		l.recovery = max(l.recovery, l.filed)
	}
	return nil
}

// onDisk says that of the active segment, if it is still the last of segments, so
// many bytes are on disk. The lock is held.
func (l *Log) onDisk(segments []*segment.Segment, size int64) {
	n, m := len(segments), len(l.segments)
	if n > 0 && m > 0 && segments[n-1] == l.segments[m-1] {
		l.durableAt = max(l.durableAt, size)
		if !l.tail.lent {
			l.trimTail()
		}
	}
}

// Lost is the sync that failed, after which it is not known what is on disk; nil
// where none did.
func (l *Log) Lost() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.lost
}

// overtaken says whether a sync failed only because what was to be synced is
// deleted: the next one sees what is left. The lock is held.
func (l *Log) overtaken(segments []*segment.Segment, err error) bool {
	return errors.Is(err, fs.ErrNotExist) && (l.state != stateOpen || !slices.Equal(l.segments, segments))
}

// lose ends all appends and syncs: after a failed one it is not known what is on
// disk, and the system, asked again, would say that all is well. The lock is
// held.
func (l *Log) lose(dir string, err error) error {
	err = failed("sync", dir, err)
	l.lost = err
	if l.broken == nil {
		l.broken = err
	}
	return err
}
