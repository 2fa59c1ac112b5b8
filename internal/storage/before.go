package storage

import (
	"cmp"
	"errors"
	"io/fs"
	"slices"
	"time"

	"github.com/gregor-stream/gregor/internal/kafka"
)

// OffsetsBefore answers version 0 of ListOffsets: the offsets at which segments
// begin that were written last at t or before, and the log's end where that is
// now; the highest first, at most so many. The special timestamps are
// [LatestTimestamp], where the list begins with the log's end, and
// [EarliestTimestamp], where it is the log's start.
func (l *Log) OffsetsBefore(now time.Time, t kafka.Timestamp, most int) ([]kafka.Offset, error) {
	for try := 1; ; try++ {
		offsets, err := l.offsetsBefore(now, t, most)
		if err == nil || try == readTries || !errors.Is(err, fs.ErrNotExist) {
			return offsets, failed("search by time in", l.Dir(), err)
		}
	}
}

func (l *Log) offsetsBefore(now time.Time, t kafka.Timestamp, most int) ([]kafka.Offset, error) {
	l.mu.Lock()
	segments, size, start, end, closed := l.segments, l.size, l.start, l.end, l.state != stateOpen
	l.used = true
	l.mu.Unlock()
	if closed {
		return nil, kafka.Errorf(kafka.ErrNotLeaderOrFollower, "the log of %s is closed", l.partition)
	}
	if len(segments) == 0 && t >= 0 && int64(t) < now.UnixMilli() {
		return nil, nil // what is not written yet counts as written now
	}
	if t == EarliestTimestamp || len(segments) == 0 {
		return []kafka.Offset{start}[:min(most, 1)], nil
	}
	var offsets []kafka.Offset
	if size > 0 && len(offsets) < most && (t == LatestTimestamp || now.UnixMilli() <= int64(t)) {
		offsets = append(offsets, end)
	}
	for _, s := range slices.Backward(segments) {
		if len(offsets) >= most {
			break
		}
		if len(offsets) == 0 && t != LatestTimestamp { // those before it were written before it
			written, err := s.LastModified()
			if err != nil {
				return nil, err
			}
			if written > t {
				continue
			}
		}
		offsets = append(offsets, max(s.Base, start))
	}
	slices.SortFunc(offsets, func(a, b kafka.Offset) int { return cmp.Compare(b, a) })
	return offsets, nil
}
