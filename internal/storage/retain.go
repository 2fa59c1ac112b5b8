package storage

import (
	"errors"
	"slices"
	"strconv"
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
	before := l.doomed
	for _, s := range segments {
		err = errors.Join(err, s.MarkDeleted(l.doomTag(s, before)))
		l.doomed = append(l.doomed, doomed{s, due})
	}
	if len(segments) > 0 {
		l.mu.Lock()
		l.unsynced.names = true
		l.mu.Unlock()
	}
	return err
}

// doomTag tells the files of a segment from those of an earlier one of the same
// base, compacted or cut off before, that waits for its removal: who still has
// that one opens its transaction index by name. Kafka, as this package does, takes
// whatever ends with .deleted for leftovers. writing is held.
func (l *Log) doomTag(s *segment.Segment, before []doomed) string {
	if !slices.ContainsFunc(before, func(x doomed) bool { return x.segment.Base == s.Base }) {
		return ""
	}
	l.doomTags++
	return "." + strconv.Itoa(l.doomTags)
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

// Expire moves the log start past the segments that retention.ms and
// retention.bytes let go, and says whether it moved. Nothing is deleted yet:
// the caller makes the new log start durable, and calls Retain. A crash may keep
// any part of the changes in a directory; a log whose files it left with a gap,
// or none of them, is what the log start says only where that is on disk first.
func (l *Log) Expire(now time.Time) (bool, error) {
	if err := l.change(); err != nil {
		return false, err
	}
	defer l.writing.Unlock()
	c := l.Config()
	if !c.Delete {
		return false, nil
	}
	bySize, err := l.expireBytes(now, c)
	if err != nil {
		return bySize, failed("retain", l.Dir(), err)
	}
	byTime, err := l.expireTime(now, c)
	return bySize || byTime, failed("retain", l.Dir(), err)
}

func (l *Log) expireBytes(now time.Time, c *Config) (bool, error) {
	kept, size := l.retained()
	for i := range len(kept) - 1 {
		size += kept[i].Size()
	}
	excess := size - c.RetentionBytes
	if c.RetentionBytes < 0 || excess < 0 {
		return false, nil
	}
	return l.expireWhile(now, func(s *segment.Segment) (bool, error) {
		size := s.Size()
		if excess-size < 0 {
			return false, nil
		}
		excess -= size
		return true, nil
	})
}

func (l *Log) expireTime(now time.Time, c *Config) (bool, error) {
	if c.RetentionMs < 0 {
		return false, nil
	}
	return l.expireWhile(now, func(s *segment.Segment) (bool, error) {
		newest, err := newest(s)
		return err == nil && now.UnixMilli()-int64(newest) > c.RetentionMs, err
	})
}

// retained gives the segments that are not wholly below the log start, and the size
// of the last.
func (l *Log) retained() ([]*segment.Segment, int64) {
	segments, size := l.view()
	start := l.LogStartOffset()
	for len(segments) > 1 && segments[1].Base <= start {
		segments = segments[1:]
	}
	return segments, size
}

// expireWhile moves the log start past the first segments, while they are below
// the high watermark and gone says so. Where all go, a new one begins at the
// log's end.
func (l *Log) expireWhile(now time.Time, gone func(s *segment.Segment) (bool, error)) (bool, error) {
	segments, size := l.retained()
	l.mu.Lock()
	hw, end := l.hw, l.end
	l.mu.Unlock()
	to, n := kafka.Offset(0), 0
	for ; n < len(segments); n++ {
		last, upper := n == len(segments)-1, end
		if !last {
			upper = segments[n+1].Base
		}
		if hw < upper || (last && size == 0) {
			break
		}
		yes, err := gone(segments[n])
		if err != nil {
			return false, err
		}
		if !yes {
			break
		}
		to = upper
	}
	if n > 0 && n == len(segments) {
		c := l.segmentConfig(l.Config())
		if _, err := l.roll(now, end, &c); err != nil {
			return false, err
		}
	}
	return l.advanceStart(to)
}

// Retainable says whether [Log.RetainFrom] would delete anything.
func (l *Log) Retainable(start kafka.Offset) bool {
	segments, _ := l.view()
	return len(segments) > 1 && segments[1].Base <= start
}

// Retain deletes the segments below the log start, and says how many: their
// files are renamed to *.deleted at once and removed by a Sweep after
// file.delete.delay.ms.
func (l *Log) Retain(now time.Time) (int, error) { return l.RetainFrom(now, l.LogStartOffset()) }

// RetainFrom is Retain for who made a log start durable that the log may have
// passed since.
func (l *Log) RetainFrom(now time.Time, start kafka.Offset) (int, error) {
	l.replacing.Lock()
	defer l.replacing.Unlock()
	if err := l.change(); err != nil {
		return 0, err
	}
	defer l.writing.Unlock()
	segments, _ := l.view()
	n := 0
	for n+1 < len(segments) && segments[n+1].Base <= start {
		n++
	}
	if n == 0 {
		return 0, nil
	}
	first := segments[n].Base
	l.mu.Lock()
	l.segments = segments[n:]
	l.mu.Unlock()
	err := l.doom(now, segments[:n])
	return n, failed("retain", l.Dir(), errors.Join(err, l.dropSnapshots(func(at kafka.Offset) bool { return at < first })))
}

// Delete closes the log and renames its directory to topic-n.<id>-delete, out
// of the way of a new partition of the same name. Remove removes it for good.
func (l *Log) Delete(id kafka.UUID) error {
	l.Abandon()
	l.replacing.Lock()
	defer l.replacing.Unlock()
	l.flushing.Lock()
	defer l.flushing.Unlock()
	l.journaling.Lock()
	defer l.journaling.Unlock()
	if l.journal != nil && l.journal.Holds() {
		// A new log may soon have its name, and of a topic that comes back its id.
		if err := l.journal.Forget(); err != nil {
			return failed("delete", l.Dir(), err)
		}
	}
	l.writing.Lock()
	defer l.writing.Unlock()
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.state == stateDeleted {
		return nil
	}
	if l.cleaning {
		// It knows its files by name, and a new log may soon have the same.
		return kafka.Errorf(kafka.ErrUnknownServerError, "%s is deleted while it is being cleaned", l.dir)
	}
	for _, s := range l.segments {
		_ = s.Retire() // a reader may still have them, and a new log their names soon
	}
	for _, x := range l.doomed {
		_ = x.segment.Retire()
	}
	to := vfs.Join(vfs.Dir(l.dir), logdir.Rename(l.partition, id, logdir.Delete))
	if err := l.host.fs.Rename(l.dir, to); err != nil {
		return failed("delete", l.dir, err)
	}
	l.dir, l.state, l.segments, l.doomed = to, stateDeleted, nil, nil // Remove takes the doomed, too
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
