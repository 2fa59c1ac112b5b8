package storage

import (
	"errors"
	"time"

	"github.com/gregor-stream/gregor/internal/kafka"
	"github.com/gregor-stream/gregor/internal/storage/segment"
)

// TruncateTo removes all records from offset on; false where there were none.
func (l *Log) TruncateTo(now time.Time, offset kafka.Offset) (bool, error) {
	l.replacing.Lock()
	defer l.replacing.Unlock()
	release, err := l.unjournal()
	if err != nil {
		return false, err
	}
	defer release()
	if err := l.change(); err != nil {
		return false, err
	}
	defer l.writing.Unlock()
	segments, _ := l.view()
	switch {
	case offset < 0:
		return false, kafka.Errorf(kafka.ErrOffsetOutOfRange, "cannot truncate %s to offset %d", l.partition, offset)
	case offset >= l.LogEndOffset():
		// An epoch may have begun at the end, of a leader that wrote nothing.
		l.mu.Lock()
		defer l.mu.Unlock()
		l.unsynced.epochs = l.epochs.TruncateFromEnd(l.end) || l.unsynced.epochs
		return false, nil
	case len(segments) == 0 || offset < segments[0].Base:
		return true, l.truncateFully(now, offset)
	}
	err = l.truncate(now, offset, segments)
	if err != nil {
		err = failed("truncate", l.Dir(), err)
		l.breakOff(err)
	}
	return err == nil, err
}

func (l *Log) truncate(now time.Time, offset kafka.Offset, segments []*segment.Segment) error {
	keep := floor(segments, offset) + 1
	active := segments[keep-1]
	// Readers first: nothing beyond the new end is found from here on.
	l.mu.Lock()
	l.segments = segments[:keep:keep]
	// The recovery point goes below the new end, so that the next flush syncs the
	// cut itself: otherwise a crash could bring back what was cut off.
	l.end, l.hw, l.recovery = offset, min(l.hw, offset), max(min(l.recovery, offset-1), 0)
	l.start, l.settled = min(l.start, offset), min(l.settled, l.recovery)
	l.synced, l.filed = max(min(l.synced, offset-1), l.recovery), min(l.filed, max(offset-1, 0))
	l.size, l.recent, l.durableAt = 0, nil, unknown
	l.dropTail()
	l.cuts++
	l.unsynced.epochs = l.epochs.TruncateFromEnd(offset) || l.unsynced.epochs
	l.mu.Unlock()
	if err := l.doom(now, segments[keep:]); err != nil {
		return err
	}
	if err := active.Truncate(offset, now); err != nil {
		return err
	}
	l.mu.Lock()
	l.size = active.Size()
	start, hw := l.start, l.hw
	l.mu.Unlock()
	err := l.rebuildProducers(kafka.Timestamp(now.UnixMilli()), start, offset)
	l.producers.HighWatermark(hw)
	l.noteUnstable()
	return err
}

// TruncateFully removes everything and begins again at offset.
func (l *Log) TruncateFully(now time.Time, offset kafka.Offset) error {
	l.replacing.Lock()
	defer l.replacing.Unlock()
	release, err := l.unjournal()
	if err != nil {
		return err
	}
	defer release()
	if err := l.change(); err != nil {
		return err
	}
	defer l.writing.Unlock()
	return l.truncateFully(now, offset)
}

func (l *Log) truncateFully(now time.Time, offset kafka.Offset) error {
	l.mu.Lock()
	segments := l.segments
	l.segments, l.size, l.recent = nil, 0, nil
	l.cuts++
	l.start, l.end, l.hw, l.unstable = offset, offset, offset, kafka.NoOffset
	l.recovery, l.settled, l.synced, l.filed, l.durableAt = offset, offset, offset, offset, unknown
	l.dropTail()
	l.epochs.Clear()
	l.unsynced.epochs = true
	l.mu.Unlock()
	l.producers.Reset(offset)
	l.lastSnap = 0
	err := errors.Join(l.doom(now, segments), l.dropSnapshots(func(kafka.Offset) bool { return true }))
	if err == nil && offset > 0 {
		err = l.beginAt(now, offset)
	}
	if err != nil {
		err = failed("truncate", l.Dir(), err)
		l.breakOff(err)
	}
	return err
}

// AdvanceLogStart makes offset the first that may be read (DeleteRecords); what
// lies below is deleted by Retain. It never goes back: false where it is not
// ahead. OFFSET_OUT_OF_RANGE above the high watermark.
func (l *Log) AdvanceLogStart(offset kafka.Offset) (bool, error) {
	if err := l.change(); err != nil {
		return false, err
	}
	defer l.writing.Unlock()
	return l.advanceStart(offset)
}

func (l *Log) advanceStart(offset kafka.Offset) (bool, error) {
	l.mu.Lock()
	if offset > l.hw {
		defer l.mu.Unlock()
		return false, kafka.Errorf(kafka.ErrOffsetOutOfRange,
			"Cannot increment the log start offset to %d of partition %s since it is larger than the high watermark %d", offset, l.partition, l.hw)
	}
	if offset <= l.start {
		l.mu.Unlock()
		return false, nil
	}
	l.start, l.recovery = offset, max(l.recovery, offset)
	l.synced = max(l.synced, l.recovery)
	l.unsynced.epochs = l.epochs.TruncateFromStart(offset) || l.unsynced.epochs
	l.mu.Unlock()
	l.producers.LogStart(offset)
	l.noteUnstable()
	return true, nil
}
