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
		if err == nil {
			return nil
		}
		if try == readTries || !errors.Is(err, fs.ErrNotExist) {
			return failed("read", l.Dir(), err)
		}
	}
}

// glimpse is what a read knows of the log.
type glimpse struct {
	segments []*segment.Segment
	size     int64        // of the last segment
	end      kafka.Offset // of the log
	upTo     kafka.Offset // of the read
	stop     int64        // where upTo stands in the last segment, -1: not known
	begin    int64        // where the read begins in the last segment, -1: not known
}

func (l *Log) read(from kafka.Offset, maxBytes int, minOne bool, upTo kafka.Offset, into *Fetched) error {
	l.mu.Lock()
	l.used = true
	into.From, into.LogStart, into.LogEnd, into.Upper = from, l.start, l.end, from
	g := glimpse{segments: l.segments, size: l.size, end: l.end, upTo: min(upTo, l.end), stop: l.recent.find(min(upTo, l.end)), begin: l.recent.find(from)}
	closed := l.state != stateOpen
	l.mu.Unlock()
	switch {
	case closed:
		return kafka.Errorf(kafka.ErrNotLeaderOrFollower, "the log of %s is closed", l.partition)
	case from < into.LogStart:
		return kafka.Errorf(kafka.ErrOffsetOutOfRange,
			"Received request for offset %d for partition %s, but we only have log segments starting from offset: %d.", from, l.partition, into.LogStart)
	case from > g.end:
		return kafka.Errorf(kafka.ErrOffsetOutOfRange,
			"Received request for offset %d for partition %s, but we only have log segments upto %d.", from, l.partition, g.end)
	case from >= g.upTo || (maxBytes <= 0 && !minOne):
		return nil
	}
	var found segment.Found
	for i := max(floor(g.segments, from), 0); i < len(g.segments) && g.segments[i].Base < g.upTo; i++ {
		s, last := g.segments[i], i == len(g.segments)-1
		limit, upper, err := g.bound(i)
		if err == nil && last && g.begin >= 0 && limit-g.begin <= int64(maxBytes) {
			err = s.ReadAt(g.begin, limit, &found)
		}
		if err == nil && found.File == nil {
			err = s.Read(from, maxBytes, minOne, limit, upper, &found)
		}
		if err != nil {
			return l.damageAt(s, from, err)
		}
		if found.File != nil {
			into.Section = Section{file: found.File, at: found.Position, size: found.Size}
			into.Upper, into.segments = upper, g.segments
			if found.Next >= 0 {
				into.Upper = min(upper, found.Next)
			}
			return nil
		}
		if !minOne && !l.behind(s, from, limit) {
			return nil // the next batch is larger than maxBytes
		}
	}
	return nil
}

// bound gives up to which position, and which offset, a read goes in segment i.
func (g *glimpse) bound(i int) (int64, kafka.Offset, error) {
	s, last := g.segments[i], i == len(g.segments)-1
	switch {
	case !last && g.segments[i+1].Base <= g.upTo:
		return s.Size(), g.segments[i+1].Base, nil
	case g.upTo == g.end:
		return g.size, g.upTo, nil
	case last && g.stop >= 0:
		return g.stop, g.upTo, nil
	}
	at, err := s.PositionOf(g.upTo)
	if last {
		at = min(at, g.size)
	}
	return at, g.upTo, err
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
	return l.abortedTxns(dst, segments, from, upper)
}

// AbortedIn appends to dst the aborted transactions of what was read. It asks
// the segments that the read found: where they were cleaned since, the new ones
// do not know any more of transactions whose records are gone, and the read
// still has them.
func (l *Log) AbortedIn(dst []AbortedTxn, read *Fetched) ([]AbortedTxn, error) {
	return l.abortedTxns(dst, read.segments, read.From, read.Upper)
}

func (l *Log) abortedTxns(dst []AbortedTxn, segments []*segment.Segment, from, upper kafka.Offset) ([]AbortedTxn, error) {
	err := eachAborted(segments, from, upper, func(a segment.AbortedTxn) {
		dst = append(dst, AbortedTxn{ProducerID: a.Producer, FirstOffset: a.FirstOffset})
	})
	return dst, failed("read the transaction index of", l.Dir(), err)
}

// eachAborted visits the aborted transactions that overlap [from, upper).
func eachAborted(segments []*segment.Segment, from, upper kafka.Offset, visit func(a segment.AbortedTxn)) error {
	for i := max(floor(segments, from), 0); i < len(segments); i++ {
		complete, err := segments[i].AbortedTxns(from, upper, visit)
		if err != nil || complete {
			return err
		}
	}
	return nil
}
