package compact

import (
	"fmt"
	"math"

	"github.com/gregor-stream/gregor/internal/batch"
	"github.com/gregor-stream/gregor/internal/kafka"
	"github.com/gregor-stream/gregor/internal/storage/segment"
)

// batches visits the whole batches of a segment from a position on, and calls
// chunk, if it is set, when those of one read are done. Every batch is verified:
// what is damaged is not copied, and not left out either.
func (r *Run) batches(s *segment.Segment, at int64, below kafka.Offset, visit func(b []byte, magic int8) error, chunk func() error) error {
	usual := len(r.read)
	defer func() {
		if len(r.read) > usual {
			r.read = make([]byte, usual)
		}
	}()
	last := s.Base - 1
	for {
		n, need, err := s.Chunk(at, r.read)
		switch {
		case err != nil:
			return err
		case need > 0:
			r.read = make([]byte, need)
			continue
		case n == 0:
			return nil
		}
		if err := r.limits.Pace(n); err != nil {
			return err
		}
		if last, err = r.visitAll(s, at, r.read[:n], last, below, visit); err != nil {
			return err
		}
		if chunk != nil {
			if err := chunk(); err != nil {
				return err
			}
		}
		at += int64(n)
	}
}

// visitAll visits the batches of one read; last is the last offset before them.
func (r *Run) visitAll(s *segment.Segment, at int64, buf []byte, last, below kafka.Offset, visit func(b []byte, magic int8) error) (kafka.Offset, error) {
	for pos := 0; pos < len(buf); {
		size, magic, err := batch.PeekSize(buf[pos:])
		if err != nil {
			return last, err
		}
		b := buf[pos : pos+size : pos+size]
		bad := func(reason string) error {
			return &segment.Bad{Position: at + int64(pos), Offset: last + 1, Reason: reason}
		}
		var first, end kafka.Offset
		if magic == batch.Magic {
			if err := batch.Batch(b).Verify(); err != nil {
				return last, bad(err.Error())
			}
			first, end = batch.Batch(b).BaseOffset(), batch.Batch(b).LastOffset()
		} else {
			first, end = legacyOffset(b), legacyOffset(b)
		}
		if first <= last || end < first || end >= below || end-s.Base > math.MaxInt32 {
			return last, bad(fmt.Sprintf("a batch of the offsets %d to %d behind offset %d, in the segment of %d", first, end, last, s.Base))
		}
		if err := visit(b, magic); err != nil {
			return last, err
		}
		last, pos = end, pos+size
	}
	return last, nil
}
