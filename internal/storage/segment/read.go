package segment

import (
	"errors"
	"fmt"
	"math"

	"github.com/gregor-stream/gregor/internal/kafka"
)

// errStop ends a scan early, without an error.
var errStop = errors.New("stop")

// indexAhead is how much a search reads at once: a little more than lies
// between two index entries.
const indexAhead = 8 << 10

// scan visits the batches of [from, end). The lock is held.
func (s *Segment) scan(from, end int64, ahead int, visit func(sc *scanner) error) error {
	file, err := s.opened()
	if err != nil {
		return err
	}
	return s.scanFile(file, from, end, ahead, visit)
}

// scanFile is scan without the lock, for who has a use of the file.
func (s *Segment) scanFile(file *File, from, end int64, ahead int, visit func(sc *scanner) error) error {
	return s.scanReach(file, from, end, ahead, s.reach(), visit)
}

func (s *Segment) scanReach(file *File, from, end int64, ahead int, reach kafka.Offset, visit func(sc *scanner) error) error {
	buf := s.Buffers.get()
	defer s.Buffers.put(buf)
	sc := &buf.scanner
	sc.reset(file, buf.bytes[:], from, end, ahead)
	sc.base, sc.reach = s.Base, reach
	for {
		switch err := sc.step(); {
		case isEOF(err):
			return nil
		case err != nil:
			return err
		}
		if err := visit(sc); errors.Is(err, errStop) {
			return nil
		} else if err != nil {
			return err
		}
	}
}

// floor gives the position of the last index entry at or before an offset, 0
// where there is none. An entry that contradicts the data is errTable.
func (s *Segment) floor(offset kafka.Offset) (int64, error) {
	n, err := s.index.search(func(e []byte) bool { return s.indexOffset(e) > offset })
	if err != nil || n == 0 {
		return 0, err
	}
	return s.trusted(n - 1)
}

// trusted gives the position of an index entry after a look at the data there.
func (s *Segment) trusted(n int) (int64, error) {
	e, err := s.index.entry(n)
	if err != nil {
		return 0, err
	}
	at, last := indexPosition(e), s.indexOffset(e)
	if at < 0 || at >= s.size {
		return 0, errTable
	}
	if s.index.cacheFrom <= n && s.verified.covers(at, at+1) {
		return at, nil // written by this process
	}
	ok := false
	err = s.scan(at, s.size, 0, func(sc *scanner) error {
		ok = sc.Base >= s.Base && sc.Base <= last
		return errStop
	})
	if isBad(err) || (err == nil && !ok) {
		return 0, errTable
	}
	return at, err
}

// isBad says whether err is damage. It keeps the search for it, which takes
// memory, away from those who have no error.
func isBad(err error) bool {
	if err == nil {
		return false
	}
	var bad *Bad
	return errors.As(err, &bad)
}

// follows says whether err is damage that is where the next batch belongs.
func follows(err error) bool {
	var bad *Bad
	return isBad(err) && errors.As(err, &bad) && bad.follows
}

// Found is what a read finds in a segment. The file has one more use, which the
// reader releases.
type Found struct {
	File     *File
	Position int64
	Size     int
	Next     kafka.Offset // an offset behind the last batch, or above it
}

// Read finds the batches from an offset on and below the position limit, where
// the offset below stands: at most max bytes, whole batches, with minOne at least one. Nothing found gives a nil
// File. What is found was verified; a *Bad says that the next batch is damaged.
//
// The lock is held to look into the indexes, and not while data is read.
func (s *Segment) Read(offset kafka.Offset, max int, minOne bool, limit int64, below kafka.Offset, into *Found) error {
	*into = Found{}
	file, at, size, err := s.start(offset)
	if err != nil {
		return err
	}
	err = s.read(file, at, min(limit, size), size, offset, max, minOne, below, into)
	if isBad(err) {
		if h, found := s.behind(at, offset, below); found && h.Position < limit {
			err = s.read(file, h.Position, min(limit, size), size, offset, max, minOne, below, into)
		}
	}
	if err != nil || into.Size == 0 {
		file.Release()
		return err
	}
	into.File = file
	return nil
}

// start gives the file, with one more use, where to look for an offset, and the
// length of the data.
func (s *Segment) start(offset kafka.Offset) (*File, int64, int64, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.ready(); err != nil {
		return nil, 0, 0, err
	}
	at, err := s.near(offset)
	if err != nil {
		return nil, 0, 0, err
	}
	file, err := s.opened()
	if err != nil {
		return nil, 0, 0, err
	}
	return file.use(), at, s.size, nil
}

func (s *Segment) read(file *File, at, limit, size int64, offset kafka.Offset, max int, minOne bool, below kafka.Offset, into *Found) error {
	first, err := s.find(file, at, limit, offset)
	if err != nil || first.Size == 0 {
		return err
	}
	room := int64(max)
	if minOne && room < int64(first.Size) {
		room = int64(first.Size)
	}
	end, next := limit, kafka.NoOffset
	if limit-first.Position > room {
		if end, next, err = s.boundary(file, size, first, first.Position+room); err != nil {
			return err
		}
	}
	if end, err = s.verify(file, size, first.Position, end, below); err != nil {
		return err
	}
	into.Position, into.Size, into.Next = first.Position, int(end-first.Position), next
	return nil
}

// near is floor, with an index that is made again where it is damaged.
func (s *Segment) near(offset kafka.Offset) (int64, error) {
	at, err := s.floor(offset)
	if s.distrust(err) {
		at, err = s.floor(offset)
	}
	return at, err
}

// find gives the first batch, from a position on, that ends at offset or later;
// Size 0 where there is none below limit.
func (s *Segment) find(file *File, at, limit int64, offset kafka.Offset) (Header, error) {
	var found Header
	err := s.scanFile(file, at, limit, indexAhead, func(sc *scanner) error {
		if sc.Last < offset {
			return nil
		}
		found = sc.Header
		return errStop
	})
	return found, err
}

// distrust says that err is the index's fault; then the index was made again.
func (s *Segment) distrust(err error) bool {
	if !errors.Is(err, errTable) && !isMissing(err) {
		return false
	}
	return s.reindex() == nil
}

// boundary gives the end of the last batch that ends at or before a position, or
// the end of first, and the offset behind it.
func (s *Segment) boundary(file *File, size int64, first Header, most int64) (int64, kafka.Offset, error) {
	from, err := s.before(most)
	if err != nil {
		return 0, 0, err
	}
	from = max(from, first.Position)
	end, next := from, first.Last+1
	err = s.scanFile(file, from, size, indexAhead, func(sc *scanner) error {
		if sc.next > most {
			if end == from && from > first.Position {
				next = sc.Base
			}
			return errStop
		}
		end, next = sc.next, sc.Last+1
		return nil
	})
	if isBad(err) && end > first.Position {
		err = nil // what lies before it can be served
	}
	return end, next, err
}

// before gives the last batch's beginning that the index has at or before a
// position.
func (s *Segment) before(most int64) (int64, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.gone {
		return 0, nil
	}
	n, err := s.index.search(func(e []byte) bool { return indexPosition(e) > most })
	at := int64(0)
	if err == nil && n > 0 {
		at, err = s.trusted(n - 1)
	}
	if s.distrust(err) {
		return 0, nil
	}
	return at, err
}

// verify makes sure that the batches of [from, end) are good, and gives where
// the good ones end. A *Bad where the first is not. The checksum does not cover
// a batch's base offset: that is compared with its neighbours and with below,
// the bound of all offsets that stand there.
func (s *Segment) verify(file *File, size, from, end int64, below kafka.Offset) (int64, error) {
	s.mu.Lock()
	done := s.verified.covers(from, end)
	s.mu.Unlock()
	if done {
		return end, nil
	}
	good, checked := from, from
	var last Header
	err := s.scanFile(file, from, size, bufferSize, func(sc *scanner) error {
		good = checked // its successor agrees with it
		if sc.Position >= end {
			return errStop
		}
		if sc.Last >= below {
			return &Bad{Position: sc.Position, Offset: sc.Base, Reason: fmt.Sprintf("a batch up to offset %d where %d follows", sc.Last, below)}
		}
		if err := sc.verify(); err != nil {
			return err
		}
		checked, last = sc.next, sc.Header
		return nil
	})
	if err == nil || follows(err) {
		good = checked
	}
	s.mu.Lock()
	s.verified.add(from, good)
	s.mu.Unlock()
	if isBad(err) && good > from {
		return good, nil
	}
	if isBad(err) && checked > good {
		err = &Bad{Position: last.Position, Offset: last.Base, Reason: "the batch behind it does not follow it"}
	}
	return good, err
}

// ReadAt is Read for who knows that a batch with the offset begins at a position:
// it gives all from there to limit, which this process has appended. The use of
// neither index nor data makes it quick; nothing is found where it is not so.
func (s *Segment) ReadAt(at, limit int64, into *Found) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	*into = Found{}
	if limit > s.size || !s.verified.covers(at, limit) {
		return nil
	}
	file, err := s.opened()
	if err != nil {
		return err
	}
	into.File, into.Position, into.Size, into.Next = file.use(), at, int(limit-at), kafka.NoOffset
	return nil
}

// PositionOf gives where the batch begins that holds offset or the next one
// above it, and the length of the data where there is none.
func (s *Segment) PositionOf(offset kafka.Offset) (int64, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.ready(); err != nil {
		return 0, err
	}
	return s.position(offset)
}

func (s *Segment) position(offset kafka.Offset) (int64, error) {
	at, err := s.near(offset)
	if err != nil {
		return 0, err
	}
	file, err := s.opened()
	if err != nil {
		return 0, err
	}
	h, err := s.find(file, at, s.size, offset)
	if isBad(err) {
		if behind, found := s.goRound(at, offset, math.MaxInt64); found {
			h, err = behind, nil
		}
	}
	if err != nil || h.Size == 0 {
		return s.size, err
	}
	return h.Position, nil
}

// NextOffset is the offset behind the last batch, the base where there is none.
// It reads the end of the data, from the last index entry on. A *Bad where that
// end is damaged.
func (s *Segment) NextOffset() (kafka.Offset, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.loaded(); err != nil {
		return 0, err
	}
	at := int64(0)
	if s.index.count > 0 {
		var err error
		if at, err = s.trusted(s.index.count - 1); err != nil {
			return 0, err
		}
	}
	next := s.Base
	err := s.scan(at, s.size, indexAhead, func(sc *scanner) error {
		next = sc.Last + 1
		return nil
	})
	return next, err
}

// AbortedTxns visits the aborted transactions that overlap [from, upper), until
// the index says that no later one can: then complete is true.
//
// A segment that was replaced still answers, from the file that waits for its
// removal; fs.ErrNotExist when that is gone.
func (s *Segment) AbortedTxns(from, upper kafka.Offset, visit func(a AbortedTxn)) (complete bool, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	err = s.txns.each(func(_ int64, a AbortedTxn) bool {
		if a.LastOffset >= from && a.FirstOffset < upper {
			visit(a)
		}
		complete = a.LastStable >= upper
		return !complete
	})
	return complete, err
}
