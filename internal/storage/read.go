package storage

import (
	"errors"
	"io/fs"

	"github.com/gregor-stream/gregor/internal/kafka"
	"github.com/gregor-stream/gregor/internal/storage/segment"
)

// readTries bounds how often a read begins again because the segment that it
// found was deleted meanwhile.
const readTries = 4

// Read finds the records from an offset on and below upTo, at most maxBytes of
// them, but with minOne at least the first batch whole. The error is
// OFFSET_OUT_OF_RANGE outside of [log start, log end], or a [*Damage].
func (l *Log) Read(from kafka.Offset, maxBytes int, minOne bool, upTo kafka.Offset, into *Fetched) error {
	into.Release()
	for try := 1; ; try++ {
		err := l.read(from, maxBytes, minOne, upTo, into)
		if try == readTries || !errors.Is(err, fs.ErrNotExist) {
			return failed("read", l.Dir(), err)
		}
	}
}

func (l *Log) read(from kafka.Offset, maxBytes int, minOne bool, upTo kafka.Offset, into *Fetched) error {
	l.mu.Lock()
	segments, size, end, start, closed := l.segments, l.size, l.end, l.start, l.state != stateOpen
	l.used = true
	upTo = min(upTo, end)
	position, known := l.recent.find(upTo)
	l.mu.Unlock()
	into.From, into.LogStart, into.LogEnd, into.Upper = from, start, end, from
	switch {
	case closed:
		return kafka.Errorf(kafka.ErrNotLeaderOrFollower, "the log of %s is closed", l.partition)
	case from < start:
		return kafka.Errorf(kafka.ErrOffsetOutOfRange,
			"Received request for offset %d for partition %s, but we only have log segments starting from offset: %d.", from, l.partition, start)
	case from > end:
		return kafka.Errorf(kafka.ErrOffsetOutOfRange,
			"Received request for offset %d for partition %s, but we only have log segments upto %d.", from, l.partition, end)
	case from >= upTo:
		return nil
	}
	var found segment.Found
	for i := max(floor(segments, from), 0); i < len(segments) && segments[i].Base < upTo; i++ {
		s, last := segments[i], i == len(segments)-1
		limit, upper := size, upTo
		switch {
		case !last && segments[i+1].Base <= upTo:
			limit, upper = s.Size(), segments[i+1].Base
		case upTo == end:
		case last && known:
			limit = position
		default:
			at, err := s.PositionOf(upTo)
			if err != nil {
				return l.damage(s, err)
			}
			limit = at
			if last {
				limit = min(at, size)
			}
		}
		if err := s.Read(from, maxBytes, minOne, limit, upper, &found); err != nil {
			return l.damageAt(s, from, err)
		}
		if found.File == nil {
			if maxBytes > 0 && !minOne && limit > 0 && !l.behind(s, from, limit) {
				return nil // the next batch is larger than maxBytes
			}
			continue
		}
		into.Section = Section{file: found.File, at: found.Position, size: found.Size}
		into.Upper = upper
		if found.Next >= 0 {
			into.Upper = min(upper, found.Next)
		}
		return nil
	}
	return nil
}

// behind says whether a segment has nothing between an offset and a position.
func (l *Log) behind(s *segment.Segment, from kafka.Offset, limit int64) bool {
	at, err := s.PositionOf(from)
	return err == nil && at >= limit
}

// damage gives a segment's *segment.Bad the name of the file; other errors stay.
func (l *Log) damage(s *segment.Segment, err error) error {
	if err == nil {
		return nil
	}
	var bad *segment.Bad
	if !errors.As(err, &bad) {
		return err
	}
	return l.damageOf(s, bad)
}

// damageAt is damage for who reads at an offset. What a damaged header says of
// its own offset is not to be believed.
func (l *Log) damageAt(s *segment.Segment, from kafka.Offset, err error) error {
	err = l.damage(s, err)
	if err == nil {
		return nil
	}
	var d *Damage
	if errors.As(err, &d) && (d.Offset > from || d.Offset < s.Base) {
		d.Offset = from
	}
	return err
}

func (l *Log) damageOf(s *segment.Segment, bad *segment.Bad) *Damage {
	return &Damage{File: s.Path(segment.LogSuffix), Offset: bad.Offset, Position: bad.Position, Reason: bad.Reason}
}

// AbortedTxns appends to dst the aborted transactions that overlap [from, upper).
func (l *Log) AbortedTxns(dst []AbortedTxn, from, upper kafka.Offset) ([]AbortedTxn, error) {
	segments, _ := l.view()
	for i := max(floor(segments, from), 0); i < len(segments); i++ {
		complete, err := segments[i].AbortedTxns(from, upper, func(a segment.AbortedTxn) {
			dst = append(dst, AbortedTxn{ProducerID: a.Producer, FirstOffset: a.FirstOffset})
		})
		if err != nil {
			return dst, failed("read the transaction index of", l.Dir(), err)
		}
		if complete {
			break
		}
	}
	return dst, nil
}
