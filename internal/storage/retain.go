package storage

import (
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/gregor-stream/gregor/internal/kafka"
	"github.com/gregor-stream/gregor/internal/storage/logdir"
	"github.com/gregor-stream/gregor/internal/storage/segment"
	"github.com/gregor-stream/gregor/internal/vfs"
)

// doomed is a segment whose files are renamed, and removed when it is time.
type doomed struct {
	segment *segment.Segment
	due     int64 // ms
}

// doom renames the files of segments that nobody finds any more. writing is held.
func (l *Log) doom(now time.Time, segments []*segment.Segment) error {
	due := now.UnixMilli() + l.Config().FileDeleteDelayMs
	var err error
	for _, s := range segments {
		err = errors.Join(err, s.MarkDeleted())
		l.doomed = append(l.doomed, doomed{s, due})
	}
	if len(segments) > 0 {
		l.mu.Lock()
		l.unsynced.names = true
		l.mu.Unlock()
	}
	return err
}

// Sweep removes the files whose delay is over.
func (l *Log) Sweep(now time.Time) error {
	l.writing.Lock()
	defer l.writing.Unlock()
	var err error
	l.doomed = slices.DeleteFunc(l.doomed, func(x doomed) bool {
		if x.due > now.UnixMilli() {
			return false
		}
		removed := x.segment.RemoveDeleted()
		err = errors.Join(err, removed)
		return removed == nil
	})
	if len(l.doomed) == 0 {
		l.doomed = nil
	}
	return failed("remove deleted segments of", l.Dir(), err)
}

// Retain deletes what retention.ms, retention.bytes and the log start offset
// let go, and says how many segments. Their files are renamed to *.deleted at
// once and removed by a Sweep after file.delete.delay.ms.
func (l *Log) Retain(now time.Time) (int, error) {
	if err := l.change(); err != nil {
		return 0, err
	}
	defer l.writing.Unlock()
	segments, _ := l.view()
	if len(segments) == 0 {
		return 0, nil
	}
	c, start := l.Config(), l.LogStartOffset()
	deleted, err := l.deleteWhile(now, func(_ *segment.Segment, next *segment.Segment) (bool, error) {
		return next != nil && next.Base <= start, nil
	})
	if err != nil || !c.Delete {
		return deleted, failed("retain", l.Dir(), err)
	}
	bySize, err := l.retainBytes(now, c)
	if err != nil {
		return deleted + bySize, failed("retain", l.Dir(), err)
	}
	byTime, err := l.retainTime(now, c)
	return deleted + bySize + byTime, failed("retain", l.Dir(), err)
}

func (l *Log) retainBytes(now time.Time, c *Config) (int, error) {
	excess := l.Size() - c.RetentionBytes
	if c.RetentionBytes < 0 || excess < 0 {
		return 0, nil
	}
	return l.deleteWhile(now, func(s, _ *segment.Segment) (bool, error) {
		size := s.Size()
		if excess-size < 0 {
			return false, nil
		}
		excess -= size
		return true, nil
	})
}

func (l *Log) retainTime(now time.Time, c *Config) (int, error) {
	if c.RetentionMs < 0 {
		return 0, nil
	}
	return l.deleteWhile(now, func(s, _ *segment.Segment) (bool, error) {
		newest, _, err := s.MaxTimestamp()
		if err == nil && newest < 0 {
			newest, err = s.LastModified()
		}
		return err == nil && now.UnixMilli()-int64(newest) > c.RetentionMs, err
	})
}

// deleteWhile deletes segments from the first on, while they are below the high
// watermark and gone says so. Where all go, a new one begins at the log's end.
func (l *Log) deleteWhile(now time.Time, gone func(s, next *segment.Segment) (bool, error)) (int, error) {
	segments, size := l.view()
	l.mu.Lock()
	hw, end := l.hw, l.end
	l.mu.Unlock()
	n := 0
	for n < len(segments) {
		var next *segment.Segment
		upper := end
		if n+1 < len(segments) {
			next = segments[n+1]
			upper = next.Base
		}
		if hw < upper || (next == nil && size == 0) {
			break
		}
		yes, err := gone(segments[n], next)
		if err != nil {
			return 0, err
		}
		if !yes {
			break
		}
		n++
	}
	if n == 0 {
		return 0, nil
	}
	return n, l.deleteFirst(now, n)
}

// deleteFirst deletes the first n segments.
func (l *Log) deleteFirst(now time.Time, n int) error {
	segments, _ := l.view()
	if n == len(segments) {
		c := l.segmentConfig(l.Config())
		if _, err := l.roll(now, l.LogEndOffset(), &c); err != nil {
			return err
		}
		segments, _ = l.view()
	}
	first := segments[n].Base
	if _, err := l.advanceStart(first); err != nil {
		return err
	}
	l.mu.Lock()
	l.segments = segments[n:]
	l.mu.Unlock()
	err := l.doom(now, segments[:n])
	return errors.Join(err, l.dropSnapshots(func(at kafka.Offset) bool { return at < first }))
}

// Delete closes the log and renames its directory to topic-n.<id>-delete, out
// of the way of a new partition of the same name. Remove removes it for good.
func (l *Log) Delete(id kafka.UUID) error {
	l.Abandon()
	l.flushing.Lock()
	defer l.flushing.Unlock()
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.state == stateDeleted {
		return nil
	}
	for _, s := range l.segments {
		_ = s.Retire() // a reader may still have them, and a new log their names soon
	}
	to := vfs.Join(vfs.Dir(l.dir), logdir.Rename(l.partition, id, logdir.Delete))
	if err := l.host.fs.Rename(l.dir, to); err != nil {
		return failed("delete", l.dir, err)
	}
	l.dir, l.state, l.segments = to, stateDeleted, nil
	return nil
}

// Remove removes the directory of a deleted log.
func (l *Log) Remove() error {
	l.mu.Lock()
	dir, deleted := l.dir, l.state == stateDeleted
	l.mu.Unlock()
	if !deleted || !strings.HasSuffix(dir, "-delete") {
		return kafka.Errorf(kafka.ErrUnknownServerError, "%s is removed before it is deleted", dir)
	}
	return failed("remove", dir, l.host.fs.RemoveAll(dir))
}
