package segment

import (
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/gregor-stream/gregor/internal/kafka"
)

// Old versions of Kafka wrote segments, or put them together while compacting,
// whose offsets are farther from the base than the indexes can say (KAFKA-6264).
// Such a segment overflows. It is not appended to, read or compacted: the log
// splits it when it is loaded.

// maxReach is how far an offset may be from its segment's base.
const maxReach kafka.Offset = math.MaxInt32

// allDurable lets a survey go round all damage.
const allDurable kafka.Offset = 1 << 62

func (s *Segment) reach() kafka.Offset {
	if s.wide {
		return math.MaxInt64
	}
	return maxReach
}

// Part is a piece of a segment that can be one itself.
type Part struct {
	Base     kafka.Offset
	From, To int64 // positions in the whole
}

// Overflows says whether the segment has to be split. Its offsets are below an
// offset, which is that of the next segment.
func (s *Segment) Overflows(below kafka.Offset) (bool, error) {
	if below-s.Base <= maxReach+1 {
		return false, nil
	}
	_, err := s.NextOffset()
	if err == nil || !isBad(err) {
		return false, err
	}
	parts, err := s.Parts(below, nil)
	return len(parts) > 1, err
}

// Parts cuts the segment into the fewest pieces that do not overflow, where
// batches begin; the first has the segment's base, whatever the first batch's
// offset is, and may be empty. One piece: there is nothing to split. What is
// damaged stays with the piece before it. All offsets are below an offset, as far
// as one is known: see believed.
//
// first gives the offset of the first message in a wrapper of the old formats,
// which is named by its last; nil: nobody will use the bases.
func (s *Segment) Parts(below kafka.Offset, first func(message []byte) (kafka.Offset, error)) (parts []Part, err error) {
	whole := Open(s.Place, s.Size(), time.Time{})
	whole.wide = true
	defer func() { err = errors.Join(err, whole.Abandon()) }()
	p := parting{Segment: whole, below: below, first: first, next: s.Base, parts: []Part{{Base: s.Base}}}
	for at := int64(0); at >= 0; {
		err := whole.scan(at, whole.size, bufferSize, p.batch)
		if err == nil {
			break
		}
		var bad *Bad
		if !errors.As(err, &bad) {
			return nil, err
		}
		if at, err = whole.resume(bad.Position+1, p.next, math.MaxInt64); err != nil {
			return nil, err
		}
	}
	p.parts[len(p.parts)-1].To = whole.size
	return p.parts, nil
}

// parting is the walk that finds the parts.
type parting struct {
	*Segment
	below kafka.Offset
	first func(message []byte) (kafka.Offset, error)
	next  kafka.Offset // behind the batches that were passed
	parts []Part
}

func (p *parting) batch(sc *scanner) error {
	part := &p.parts[len(p.parts)-1]
	far := sc.Last-part.Base > maxReach
	belongs := sc.Base >= p.next
	if far && belongs {
		var err error
		if belongs, err = p.believed(sc.Position, p.next, p.below); err != nil {
			return err
		}
	}
	if !belongs {
		return &Bad{Position: sc.Position, Offset: p.next, Reason: fmt.Sprintf("the offsets %d to %d do not belong here", sc.Base, sc.Last)}
	}
	if far {
		base, err := p.firstOffset(sc)
		if err != nil {
			return err
		}
		part.To = sc.Position
		p.parts = append(p.parts, Part{Base: base, From: sc.Position})
	}
	p.next = sc.Last + 1
	return nil
}

// firstOffset is the first offset of the current batch.
func (p *parting) firstOffset(sc *scanner) (kafka.Offset, error) {
	if sc.view() != nil || p.first == nil {
		return sc.Base, nil
	}
	message, err := sc.whole()
	if err != nil {
		return 0, err
	}
	first, err := p.first(message)
	if err != nil || first < p.next || first > sc.Last {
		return sc.Base, nil //nolint:nilerr // who reads it will see
	}
	return first, nil
}

// believed says whether the batch at a position has the offsets that it says,
// although they are far from those before it: next would be the nearest. Its
// checksum does not cover them. The batch behind it has to agree; where there is
// none, they have to go on from the last, or be below an offset that the log is
// known to have had: a single batch far off at the end of a log is damage, in a
// compacted topic too, since compaction leaves gaps below the recovery point only. A
// torn write can leave any base offset before a batch that is whole. The lock is
// held.
func (s *Segment) believed(at int64, next, below kafka.Offset) (bool, error) {
	file, err := s.opened()
	if err != nil {
		return false, err
	}
	var h Header
	followed := false
	err = s.scanReach(file, at, s.size, indexAhead, math.MaxInt64, func(sc *scanner) error {
		if followed = h.Size > 0; followed {
			return errStop
		}
		if err := sc.verify(); err != nil {
			return err
		}
		h = sc.Header
		return nil
	})
	var bad *Bad
	switch errors.As(err, &bad); {
	case bad == nil && err != nil:
		return false, err
	case h.Size == 0, bad != nil && bad.astray:
		return false, nil
	}
	return followed || h.Base == next || h.Last < below, nil
}

// FirstLast is the last offset of the first batch, the base less one where there
// is none.
func (s *Segment) FirstLast() (kafka.Offset, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	last := s.Base - 1
	err := s.scan(0, s.size, 0, func(sc *scanner) error {
		last = sc.Last
		return errStop
	})
	return last, err
}

// CopyPart makes a segment of a part, with its aborted transactions. Its files
// are named *.cleaned and are complete and durable but for their names.
func (s *Segment) CopyPart(part Part, aborted []AbortedTxn, now time.Time, c *Config) (*Segment, error) {
	modified, err := s.LastModified()
	if err != nil {
		return nil, err
	}
	place := s.Place
	place.Base = part.Base
	made, err := CreateCleaned(place, now, c, false)
	if err != nil {
		return nil, err
	}
	err = s.copyTo(made, part)
	if err == nil { // the indexes
		_, err = made.Recover(Resume{}, allDurable, c, func(*Batch) error { return nil })
	}
	for _, a := range aborted {
		if err == nil {
			err = made.AppendAborted(a)
		}
	}
	for _, step := range []func() error{
		made.Seal, func() error { return made.Sync(true) }, func() error { return made.SetLastModified(modified) }, made.Close,
	} {
		if err == nil {
			err = step()
		}
	}
	if err != nil {
		return nil, errors.Join(err, made.Discard())
	}
	return made, nil
}

// copyTo copies a part's bytes into an empty segment.
func (s *Segment) copyTo(made *Segment, part Part) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	from, err := s.opened()
	if err != nil {
		return err
	}
	to, err := made.opened()
	if err != nil {
		return err
	}
	if made.size = part.To - part.From; made.size == 0 {
		return nil
	}
	if err := to.file.Preallocate(0, made.size); err != nil {
		return err
	}
	buf := make([]byte, min(made.size, 1<<20))
	for at := int64(0); at < made.size; at += int64(len(buf)) {
		buf = buf[:min(int64(len(buf)), made.size-at)]
		if n, err := from.ReadAt(buf, part.From+at); n < len(buf) {
			return errors.Join(fmt.Errorf("%s: position %d cannot be read", s.Path(LogSuffix), part.From+at+int64(n)), err)
		}
		if _, err := to.file.WriteAt(buf, at); err != nil {
			return err
		}
	}
	made.reserved, made.firstKnown = made.size, false
	return nil
}
