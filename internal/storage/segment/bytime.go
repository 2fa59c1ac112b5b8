package segment

import (
	"errors"
	"fmt"

	"github.com/gregor-stream/gregor/internal/batch"
	"github.com/gregor-stream/gregor/internal/kafka"
)

// MaxTimestamp is the highest timestamp of the batches, and the last offset of
// the first batch that has it; -1 where there is none.
func (s *Segment) MaxTimestamp() (kafka.Timestamp, kafka.Offset, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.stampKnown {
		return s.maxStamp, s.maxStampOffset, nil
	}
	closed := s.file == nil && s.index.closed() && s.times.closed()
	err := s.readyStamp()
	if closed { // who asks every segment must not keep them all open
		err = errors.Join(err, s.close())
	}
	return s.maxStamp, s.maxStampOffset, err
}

// loadStamp reads the highest timestamp from the time index. The lock is held.
func (s *Segment) loadStamp() error {
	if s.stampKnown {
		return nil
	}
	last, err := s.times.last()
	if err != nil {
		return err
	}
	s.maxStamp, s.maxStampOffset = kafka.NoTimestamp, s.Base
	if last != nil {
		s.maxStamp, s.maxStampOffset = timeOf(last), s.timeOffset(last)
	}
	s.stampKnown = true
	if !s.timesBehind {
		return nil
	}
	s.timesBehind = false
	return s.stampsBehind()
}

// TimesBehind says that the time index may end before the data does, as that of
// an active segment: it gets its last entry when the segment is complete.
func (s *Segment) TimesBehind() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.timesBehind = true
}

// FromTimestamp visits the batches, from start on, whose highest timestamp is at
// least stamp, until visit says that it is done. They are verified. The batch is
// the visitor's to keep. Only batches of the current format are visited.
func (s *Segment) FromTimestamp(stamp kafka.Timestamp, start kafka.Offset, visit func(b batch.Batch) (done bool, err error)) error {
	since, err := s.since(stamp)
	if err != nil {
		return fmt.Errorf("%s: %w", s.times.name, err)
	}
	file, at, size, err := s.start(max(start, since))
	if err != nil {
		return err
	}
	defer file.Release()
	return s.scanFile(file, at, size, indexAhead, func(sc *scanner) error {
		if sc.MaxTimestamp < stamp || sc.Magic != batch.Magic {
			return nil
		}
		if err := sc.verify(); err != nil {
			return err
		}
		b, err := sc.whole()
		if err != nil {
			return err
		}
		done, err := visit(b)
		if done {
			return errStop
		}
		return err
	})
}

// since gives an offset before which no batch reaches a timestamp.
func (s *Segment) since(stamp kafka.Timestamp) (kafka.Offset, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.ready(); err != nil {
		return 0, err
	}
	n, err := s.times.search(func(e []byte) bool { return timeOf(e) > stamp })
	if err != nil || n == 0 {
		return s.Base, err
	}
	e, err := s.times.entry(n - 1)
	if err != nil {
		return 0, err
	}
	return s.timeOffset(e), nil
}

// readyStamp is ready and loadStamp.
func (s *Segment) readyStamp() error {
	if err := s.ready(); err != nil {
		return err
	}
	return s.loadStamp()
}
