package segment

import (
	"errors"
	"fmt"
	"math"

	"github.com/gregor-stream/gregor/internal/kafka"
)

// behind is goRound without the lock.
func (s *Segment) behind(at int64, offset, below kafka.Offset) (Header, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.gone {
		return Header{}, false
	}
	return s.goRound(at, offset, below)
}

// goRound gives the good batch that holds an offset where damage lies between it
// and the batch at a position; all offsets are lower than below. It reads what
// lies there, byte by byte within the damage: only who found some asks for it.
// The lock is held.
func (s *Segment) goRound(at int64, offset, below kafka.Offset) (Header, bool) {
	w := walk{Segment: s, next: s.Base, offset: offset, below: below}
	for at >= 0 {
		err := w.from(at)
		var bad *Bad
		if err == nil {
			return w.found, w.found.Size > 0 && w.found.Base <= offset
		}
		if !errors.As(err, &bad) {
			return Header{}, false // it cannot be read
		}
		if at, err = s.resume(bad.Position+1, w.next, math.MaxInt64); err != nil {
			return Header{}, false
		}
	}
	return Header{}, false
}

// walk is the way round damage. A batch's checksum does not cover its base
// offset: that is compared with its neighbours'. Of two batches that contend for
// an offset the one is believed that its successor goes on from, without a gap.
type walk struct {
	*Segment
	next          kafka.Offset // behind the batches that were passed
	offset, below kafka.Offset
	found         Header // ends at offset or later
	contended     bool
}

// from looks for the batch from a position on. A *Bad says which one is not good.
func (w *walk) from(at int64) error {
	w.found = Header{}
	agreed := false
	err := w.scan(at, w.size, indexAhead, func(sc *scanner) error {
		if w.found.Size > 0 {
			agreed = !w.contended || sc.Base == w.found.Last+1
			return errStop
		}
		if sc.Base < w.next || sc.Last >= w.below {
			return &Bad{Position: sc.Position, Offset: w.next, Reason: fmt.Sprintf("the offsets %d to %d do not belong here", sc.Base, sc.Last)}
		}
		if err := sc.verify(); err != nil {
			return err
		}
		if sc.Last >= w.offset {
			w.found = sc.Header
		} else {
			w.next = sc.Last + 1
		}
		return nil
	})
	if w.found.Size == 0 || (err != nil && !isBad(err)) {
		return err
	}
	last := err == nil && w.found.Position+int64(w.found.Size) >= w.size
	if agreed || follows(err) || (last && (!w.contended || w.found.Last+1 == w.below)) {
		return nil
	}
	w.contended = true
	return &Bad{Position: w.found.Position, Offset: w.found.Base, Reason: "the batch behind it does not follow it"}
}
