package storage

import (
	"errors"
	"io/fs"

	"github.com/gregor-stream/gregor/internal/batch"
	"github.com/gregor-stream/gregor/internal/kafka"
	"github.com/gregor-stream/gregor/internal/storage/segment"
)

// OffsetForTimestamp finds the first record with this timestamp or a later one,
// or what a special timestamp asks for; false where there is none.
func (l *Log) OffsetForTimestamp(t kafka.Timestamp) (TimestampOffset, bool, error) {
	for try := 1; ; try++ {
		at, found, err := l.offsetForTimestamp(t)
		if err == nil || try == readTries || !errors.Is(err, fs.ErrNotExist) {
			return at, found, failed("search by time in", l.Dir(), err)
		}
	}
}

func (l *Log) offsetForTimestamp(t kafka.Timestamp) (TimestampOffset, bool, error) {
	l.mu.Lock()
	segments, start, end, latest, closed := l.segments, l.start, l.end, l.epochs.Latest(), l.state != stateOpen
	earliest, haveEarliest := l.epochs.Earliest()
	l.used = true
	l.mu.Unlock()
	if closed {
		return TimestampOffset{}, false, kafka.Errorf(kafka.ErrNotLeaderOrFollower, "the log of %s is closed", l.partition)
	}
	at := TimestampOffset{Timestamp: kafka.NoTimestamp, Offset: start, Epoch: kafka.NoLeaderEpoch}
	var err error
	found := true
	switch t {
	case EarliestTimestamp, EarliestLocalTimestamp:
		if haveEarliest && earliest.Start <= start {
			at.Epoch = earliest.Epoch
		}
	case LatestTimestamp:
		at.Offset, at.Epoch = end, latest
	case LatestTieredTimestamp, EarliestPendingUploadTimestamp:
		at.Offset = kafka.NoOffset // nothing is tiered
	case MaxTimestamp:
		at, found, err = l.highest(segments)
	default:
		at, found, err = l.search(segments, start, t)
	}
	return at, found, err
}

// search finds the first record with timestamp t or later.
func (l *Log) search(segments []*segment.Segment, start kafka.Offset, t kafka.Timestamp) (TimestampOffset, bool, error) {
	for _, s := range segments {
		largest, _, err := s.MaxTimestamp()
		if err == nil && largest < 0 {
			largest, err = s.LastModified()
		}
		if err != nil {
			return TimestampOffset{}, false, err
		}
		if largest < t {
			continue
		}
		// A compaction may have left nothing of the segment, or not the record that
		// its highest timestamp is from.
		if at, found, err := l.firstSince(s, start, t, t); found || err != nil {
			return at, found, err
		}
	}
	return TimestampOffset{}, false, nil
}

// highest finds the first record with the highest timestamp of all.
func (l *Log) highest(segments []*segment.Segment) (TimestampOffset, bool, error) {
	var in *segment.Segment
	highest := kafka.NoTimestamp
	for _, s := range segments {
		stamp, _, err := s.MaxTimestamp()
		if err != nil {
			return TimestampOffset{}, false, err
		}
		if in == nil || stamp > highest {
			in, highest = s, stamp
		}
	}
	if highest < 0 {
		return TimestampOffset{}, false, nil
	}
	return l.firstSince(in, 0, highest, highest)
}

// firstSince finds, from an offset on, the first record of a segment with
// timestamp t or later, in the batches that reach least.
func (l *Log) firstSince(s *segment.Segment, start kafka.Offset, least, t kafka.Timestamp) (TimestampOffset, bool, error) {
	var at TimestampOffset
	found := false
	limit := l.Config().MaxUnpackedBytes
	if limit == 0 {
		limit = batch.DefaultMaxUnpackedBytes
	}
	err := s.FromTimestamp(least, start, func(b batch.Batch) (bool, error) {
		if b.TimestampType() == batch.LogAppendTime && b.BaseOffset() >= start {
			at = TimestampOffset{Timestamp: b.MaxTimestamp(), Offset: b.BaseOffset(), Epoch: b.LeaderEpoch()}
			found = true
			return true, nil
		}
		var records batch.RecordReader
		defer records.Close()
		if err := records.Reset(b, l.host.codecs, limit); err != nil {
			return false, err
		}
		for records.Next() {
			r := records.Record()
			if r.Timestamp >= t && r.Offset >= start {
				at = TimestampOffset{Timestamp: r.Timestamp, Offset: r.Offset, Epoch: b.LeaderEpoch()}
				found = true
				return true, nil
			}
		}
		return false, records.Err()
	})
	if err != nil {
		return TimestampOffset{}, false, l.damage(s, err)
	}
	return at, found, nil
}
