package storage

import (
	"errors"
	"io/fs"
	"math"
	"time"

	"github.com/gregor-stream/gregor/internal/kafka"
	"github.com/gregor-stream/gregor/internal/storage/segment"
)

// Dirt says what of a log could be cleaned.
type Dirt struct {
	// First is the first offset that was not cleaned yet; End the base offset of
	// the first segment that must not be cleaned. End <= First: nothing can be.
	First, End kafka.Offset
	// Clean are the bytes below First, Cleanable those of the segments from First
	// to End. As in Kafka a segment that First lies in counts with both.
	Clean, Cleanable int64
	// OverdueMs is for how long max.compaction.lag.ms is exceeded, 0: it is not.
	OverdueMs int64
	// Reset says that the offset that was remembered cannot be right (it is not
	// within the log): First is to be remembered instead.
	Reset bool
}

// Ratio is the share of the bytes that can be cleaned, from 0 to 1.
func (d *Dirt) Ratio() float64 {
	if d.Clean+d.Cleanable == 0 {
		return 0
	}
	return float64(d.Cleanable) / float64(d.Clean+d.Cleanable)
}

// Due says whether a log is to be cleaned, by min.cleanable.dirty.ratio and
// max.compaction.lag.ms.
func (d *Dirt) Due(c *Config) bool {
	return (d.OverdueMs > 0 && d.Cleanable > 0) || d.Ratio() > c.MinCleanableRatio
}

// Dirt looks at what could be cleaned; cleaned is up to where the last cleaning
// came, -1 where there was none. It follows Kafka's LogCleanerManager: nothing at
// or above the last stable offset, nothing of the active segment, and no segment
// with records younger than min.compaction.lag.ms.
func (l *Log) Dirt(now time.Time, cleaned kafka.Offset) (Dirt, error) {
	for try := 1; ; try++ {
		d, err := l.dirt(now, cleaned)
		if err == nil || try == readTries || !errors.Is(err, fs.ErrNotExist) {
			return d, failed("look for what to compact in", l.Dir(), err)
		}
	}
}

func (l *Log) dirt(now time.Time, cleaned kafka.Offset) (Dirt, error) {
	l.mu.Lock()
	segments, start, end, open := l.segments, l.start, l.end, l.state == stateOpen
	l.mu.Unlock()
	d := Dirt{First: max(cleaned, start), End: start}
	if d.Reset = cleaned >= 0 && cleaned < start || cleaned > end; cleaned > end {
		d.First = start
	}
	if len(segments) == 0 || !open {
		return d, nil
	}
	c, active := l.Config(), len(segments)-1
	upper := min(l.LastStableOffset(), segments[active].Base)
	from := max(floor(segments, d.First), 0)
	young, err := firstYoung(segments[min(from, active):active], now, c.MinCompactionLagMs)
	if err != nil {
		return d, err
	}
	upper = max(d.First, min(upper, young))
	at := max(floor(segments, upper), 0)
	d.End = segments[at].Base
	for i, s := range segments[:at] {
		if s.Base < d.First {
			d.Clean += s.Size()
		}
		if i >= from {
			d.Cleanable += s.Size()
		}
	}
	if s := segments[at]; at < active && s.Base < d.First {
		d.Clean += s.Size()
	}
	d.OverdueMs, err = overdue(segments[min(from, active):active], now, c.MaxCompactionLagMs)
	return d, err
}

// firstYoung is the base offset of the first segment with a record that is
// younger than a lag.
func firstYoung(segments []*segment.Segment, now time.Time, lagMs int64) (kafka.Offset, error) {
	if lagMs <= 0 {
		return math.MaxInt64, nil
	}
	for _, s := range segments {
		newest, err := newest(s)
		if err != nil {
			return 0, err
		}
		if int64(newest) > now.UnixMilli()-lagMs {
			return s.Base, nil
		}
	}
	return math.MaxInt64, nil
}

// newest is a segment's highest timestamp, or when it was written where its
// records have none.
func newest(s *segment.Segment) (kafka.Timestamp, error) {
	stamp, _, err := s.MaxTimestamp()
	if err == nil && stamp < 0 {
		return s.LastModified()
	}
	return stamp, err
}

// overdue says for how long the oldest of some segments should have been
// cleaned.
func overdue(segments []*segment.Segment, now time.Time, lagMs int64) (int64, error) {
	until := now.UnixMilli() - max(lagMs, 0)
	if until <= 0 {
		return 0, nil // no record is that old, and the files are not opened for it
	}
	oldest := int64(math.MaxInt64)
	for _, s := range segments {
		first, err := s.FirstTimestamp()
		if err != nil {
			return 0, err
		}
		if first > 0 {
			oldest = min(oldest, int64(first))
		}
	}
	return max(until-oldest, 0), nil
}
