package segment

import (
	"encoding/binary"
	"errors"
	"math"

	"github.com/gregor-stream/gregor/internal/batch"
	"github.com/gregor-stream/gregor/internal/kafka"
	"github.com/gregor-stream/gregor/internal/vfs"
)

// Recovered is what [Segment.Recover] found.
type Recovered struct {
	Next  kafka.Offset // behind the last good batch, the base where there is none
	Valid int64        // where the good data ends; what follows is to be cut off
	// Tail says what is wrong behind Valid, nil where Valid is the whole file.
	Tail *Bad
	// Damaged is damage among data that is held to be durable: it is left, and
	// good batches follow it.
	Damaged []Bad
	// Overflows says that Tail is a good batch whose offsets are too far from the
	// base: the segment is to be split, see [Segment.Parts].
	Overflows bool
	below     kafka.Offset // of all offsets, as far as it is known, see believed
}

// Batch is a batch that Recover found good.
type Batch struct {
	Header
	// View is the batch's header as a batch without records, nil in the old
	// formats. It is good until the visitor returns.
	View batch.Batch
	sc   *scanner
}

// Whole reads the batch with its records.
func (b *Batch) Whole() (batch.Batch, error) { return b.sc.whole() }

// Recover verifies every batch, from where [Segment.ResumeAt] says or from the
// beginning, visits the good ones and makes the offset and time indexes anew.
// Up to durable everything was once synced: damage there is no torn write, and
// the scan looks for good batches behind it. From there on the data ends at the
// first damage. The data itself is not changed.
func (s *Segment) Recover(from Resume, durable kafka.Offset, c *Config, visit func(b *Batch) error) (Recovered, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	r := Recovered{Next: from.Offset, Valid: from.Position, below: durable}
	if from.Position == 0 {
		r.Next = s.Base
		if err := s.resetTables(from.careful); err != nil {
			return Recovered{}, err
		}
	}
	s.dirty, s.txns.dirty = true, true // whoever wrote it may not have synced it
	b := Batch{}
	err := s.survey(durable, true, &r, func(sc *scanner) error {
		s.noteStamp(sc.MaxTimestamp, sc.Last)
		if sc.Last < from.durable {
			s.sinceIndex += sc.Size
		} else if err := s.noteBatch(sc.Last, sc.Position, sc.Size, c); err != nil {
			return err
		}
		b.Header, b.View, b.sc = sc.Header, sc.view(), sc
		return visit(&b)
	})
	if err == nil {
		err = s.tablesDone()
	}
	if err == nil && !from.careful {
		s.index.held = false
	}
	return r, err
}

// Distrust empties the index, durably, of a segment whose recovery is careful:
// before anything else of what was durable changes. Nothing reaches the index's
// file until [Segment.Trust].
func (s *Segment) Distrust() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.emptyIndex(true)
}

// Trust ends a careful recovery, when the transaction index has its entries.
func (s *Segment) Trust() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.txns.dirty {
		if err := syncByName(s.FS, s.txns.name); err != nil {
			return err
		}
		s.txns.dirty = false
	}
	s.index.held = false
	return nil
}

// reindex makes the offset and time indexes from the batches' headers.
func (s *Segment) reindex() error {
	if s.gone {
		return errGone
	}
	if err := s.resetTables(true); err != nil {
		return err
	}
	c := Config{IndexInterval: 4096}
	err := s.survey(allDurable, false, &Recovered{Next: s.Base, below: allDurable}, func(sc *scanner) error {
		s.noteStamp(sc.MaxTimestamp, sc.Last)
		return s.noteBatch(sc.Last, sc.Position, sc.Size, &c)
	})
	if err == nil {
		err = s.tablesDone()
	}
	if err == nil {
		s.index.held = false
	}
	return err
}

// Reindex makes the offset and time indexes again where one is missing or cannot
// be right; it says whether it did. Every other use of the indexes does so too.
func (s *Segment) Reindex() (bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	rebuilt := s.rebuilt
	err := s.ready()
	return s.rebuilt != rebuilt, err
}

// ready looks at the indexes before their first use. A loss of power can leave
// damaged ones whose data are good.
func (s *Segment) ready() error {
	switch {
	case s.gone:
		return errGone
	case s.checked:
		return nil
	}
	err := errTable
	if !s.untrue {
		err = s.checkTables()
	}
	if errors.Is(err, errTable) || isMissing(err) {
		s.rebuilt++
		err = s.reindex()
		if s.untrue = err != nil; s.untrue { // half an index looks like a whole one
			s.checked, s.stampKnown = false, false
		}
		return err
	}
	s.checked = err == nil
	return err
}

// Rebuild makes the offset and time indexes again from the batches' headers.
func (s *Segment) Rebuild() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.reindex()
}

// checkTables looks at the indexes as a whole: errTable where they cannot be
// right. Single entries that rise and are wrong make searches slower, not wrong,
// see trusted.
func (s *Segment) checkTables() error {
	last, at, good := s.Base-1, int64(0), true
	err := errors.Join(s.index.load(), s.times.load())
	if err == nil {
		err = s.index.each(func(e []byte) bool {
			offset, position := s.indexOffset(e), indexPosition(e)
			good = offset > last && position > at // the first batch never has an entry
			last, at = offset, position
			return good
		})
	}
	if err == nil && !good {
		err = errTable
	}
	if err == nil && s.index.count > 0 {
		_, err = s.trusted(s.index.count - 1)
	}
	if err != nil {
		return err
	}
	return s.checkTimes()
}

func (s *Segment) checkTimes() error {
	stamp, before, good := kafka.Timestamp(math.MinInt64), s.Base, true
	err := s.times.each(func(e []byte) bool {
		t, offset := timeOf(e), s.timeOffset(e)
		good = t > stamp && offset >= before && (t != 0 || offset != s.Base)
		stamp, before = t, offset
		return good
	})
	if err == nil && !good {
		err = errTable
	}
	return err
}

// resetTables begins both indexes anew. With care a crash at any time leaves no
// entry in the index whose entry in the time index it took: what was durable of
// them was trusted, and the next recovery would believe the rest.
func (s *Segment) resetTables(careful bool) error {
	s.maxStamp, s.maxStampOffset, s.stampKnown = kafka.NoTimestamp, s.Base, true
	s.sinceIndex, s.checked = 0, true
	s.verified = s.verified[:0]
	if err := s.emptyIndex(careful); err != nil {
		return err
	}
	return s.times.clear()
}

func (s *Segment) emptyIndex(careful bool) error {
	if err := s.index.clear(); err != nil || !careful {
		return err
	}
	s.index.held = true
	return s.index.sync()
}

// tablesDone gives the time index its last entry, and makes it durable where the
// index waits for that.
func (s *Segment) tablesDone() error {
	if err := s.addTime(); err != nil || !s.index.held {
		return err
	}
	if err := s.times.write(); err != nil {
		return err
	}
	return s.times.sync()
}

// survey visits all batches from r.Valid on, where r.Next is the least offset,
// and goes round damage below durable.
func (s *Segment) survey(durable kafka.Offset, verify bool, r *Recovered, visit func(sc *scanner) error) error {
	for from, next := r.Valid, r.Next; ; {
		err := s.scan(from, s.size, bufferSize, func(sc *scanner) error {
			if sc.Base < next {
				return &Bad{Position: sc.Position, Offset: next, Reason: "a batch whose offsets do not belong here"}
			}
			if verify {
				if err := sc.verify(); err != nil {
					return err
				}
				s.verified.add(sc.Position, sc.next)
			}
			next = sc.Last + 1
			r.Valid, r.Next = sc.next, next
			return visit(sc)
		})
		var bad *Bad
		if !errors.As(err, &bad) {
			return err
		}
		bad.Offset = max(bad.Offset, next)
		if bad.far {
			if r.Overflows, err = s.believed(bad.Position, next, r.below); err != nil || r.Overflows {
				r.Tail = bad
				return err
			}
		}
		if bad.Offset >= durable {
			r.Tail = bad
			return nil
		}
		at, err := s.resume(bad.Position+1, next, durable)
		if err != nil {
			return err
		}
		if at < 0 {
			r.Tail = bad
			return nil
		}
		r.Damaged = append(r.Damaged, *bad)
		from, s.sinceIndex = at, 1<<30 // an index entry, to find what follows
	}
}

// resume looks, byte by byte, for a good batch behind damage; -1 where there is
// none, or where the damage goes beyond most, and what follows is of no use.
func (s *Segment) resume(from int64, least, most kafka.Offset) (int64, error) {
	file, err := s.opened()
	if err != nil {
		return -1, err
	}
	buf := s.Buffers.get()
	defer s.Buffers.put(buf)
	for at := from; at+batch.HeaderSize <= s.size; at += bufferSize - batch.HeaderSize {
		b := buf.bytes[:min(bufferSize, s.size-at)]
		if n, err := file.ReadAt(b, at); n < len(b) {
			if err != nil && !isEOF(err) || n == 0 {
				return -1, notEOF(err)
			}
			b = b[:n] // the file is shorter than it was
		}
		for i := 0; i+batch.HeaderSize <= len(b); i++ {
			if b[i+atMagic] != batch.Magic {
				continue
			}
			base := kafka.Offset(binary.BigEndian.Uint64(b[i:]))
			size := int64(int32(binary.BigEndian.Uint32(b[i+atLength:])))
			if base < least || base-s.Base > s.reach() || size < batch.HeaderSize-batch.LogOverhead || at+int64(i)+size+batch.LogOverhead > s.size {
				continue
			}
			if good, err := s.goodAt(at + int64(i)); err != nil || (good && base > most) {
				return -1, err
			} else if good {
				return at + int64(i), nil
			}
		}
	}
	return -1, nil
}

// notEOF leaves out the end of a file.
func notEOF(err error) error {
	if isEOF(err) {
		return nil
	}
	return err
}

// goodAt says whether there is a good batch at a position.
func (s *Segment) goodAt(at int64) (bool, error) {
	good := false
	err := s.scan(at, s.size, 0, func(sc *scanner) error {
		if err := sc.verify(); err != nil {
			return err
		}
		good = true
		return errStop
	})
	if isBad(err) {
		return false, nil
	}
	return good, err
}

// Batches visits the batches from the one that holds an offset on, and below
// another offset, by their headers; nothing is verified.
func (s *Segment) Batches(from, to kafka.Offset, visit func(b *Batch) error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.ready(); err != nil {
		return err
	}
	at, err := s.position(from)
	if err != nil {
		return err
	}
	b := Batch{}
	return s.scan(at, s.size, bufferSize, func(sc *scanner) error {
		if sc.Base >= to {
			return errStop
		}
		b.Header, b.View, b.sc = sc.Header, sc.view(), sc
		return visit(&b)
	})
}

// EndOf gives the offset behind the last batch of a file that need not have a
// segment's name; base where it holds none.
func EndOf(fsys vfs.FS, name string, base kafka.Offset, size int64, buffers *Buffers) (kafka.Offset, error) {
	f, err := fsys.Open(name, vfs.Read)
	if err != nil {
		return 0, err
	}
	s := Segment{Place: Place{FS: fsys, Base: base, Buffers: buffers}, file: newFile(f), size: size}
	defer s.file.Release()
	next := base
	err = s.scan(0, size, bufferSize, func(sc *scanner) error {
		next = sc.Last + 1
		return nil
	})
	return next, err
}
