package segment

import (
	"errors"

	"github.com/gregor-stream/gregor/internal/kafka"
)

// Resume is where a recovery begins in a segment. The zero value is its
// beginning.
type Resume struct {
	Position int64
	Offset   kafka.Offset // of the batch there

	// durable is the offset below which all entries of the indexes were durable.
	// None is added there: after another crash an entry that is there vouches for
	// what the time index has up to it.
	durable kafka.Offset
	// careful says that they cannot be used all the same, and are made anew.
	careful bool
}

// Anew is the beginning of a segment whose indexes a later recovery may trust,
// though this one does not.
func Anew() Resume { return Resume{careful: true} }

// Careful says that a crash within the recovery must not leave what the next one
// would trust: [Segment.Distrust] comes first, and [Segment.Trust] last.
func (r Resume) Careful() bool { return r.careful }

// smallSegment is up to where a segment without index entries is as it should be.
const smallSegment = 64 << 10

// ResumeAt gives where a recovery may begin that need not look below an offset,
// because data and indexes were durable up to there. The indexes are cut to what
// lies below; where they are not whole, everything is to be scanned again: ok is
// false.
func (s *Segment) ResumeAt(settled kafka.Offset) (r Resume, ok bool, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	n, err := s.settledEntries(settled)
	if err == nil && n == 0 && s.size < smallSegment {
		return Resume{durable: settled}, false, nil // there is little below it
	}
	if err == nil && n == 0 {
		return Resume{careful: true}, false, nil
	}
	if err == nil {
		err = s.settledTxns(settled)
	}
	if err == nil {
		r, err = s.resumeAtEntry(n - 1)
	}
	if errors.Is(err, errTable) || isMissing(err) || isBad(err) {
		return Resume{careful: true}, false, nil
	}
	r.durable = settled
	return r, err == nil, err
}

// settledEntries counts the entries of the index up to an offset, after a look
// at each: behind them there may be anything, such as the zeros that Kafka
// reserves.
func (s *Segment) settledEntries(settled kafka.Offset) (int, error) {
	if err := errors.Join(s.index.load(), s.times.load()); err != nil {
		return 0, err
	}
	n, last, at, good := 0, s.Base-1, int64(0), true
	err := s.index.each(func(e []byte) bool {
		offset, position := s.indexOffset(e), indexPosition(e)
		if position == 0 || offset >= settled {
			return false
		}
		good = offset > last && position > at && position < s.size
		n, last, at = n+1, offset, position
		return good
	})
	if err == nil && !good {
		err = errTable
	}
	return n, err
}

// resumeAtEntry cuts the indexes behind an entry, and sets all that counts while
// batches are appended to what it was behind the batch before the entry's.
func (s *Segment) resumeAtEntry(n int) (Resume, error) {
	e, err := s.index.entry(n)
	if err != nil {
		return Resume{}, err
	}
	at, last := indexPosition(e), s.indexOffset(e)
	r := Resume{Position: at, Offset: -1}
	err = s.scan(at, s.size, 0, func(sc *scanner) error {
		if sc.Base <= last {
			r.Offset = sc.Base
		}
		return errStop
	})
	if err != nil || r.Offset < 0 {
		return r, errors.Join(err, errTable)
	}
	times, err := s.settledTimes(last)
	if err != nil {
		return r, err
	}
	if err := errors.Join(s.index.truncate(n+1), s.times.truncate(times)); err != nil {
		return r, err
	}
	s.maxStamp, s.maxStampOffset, s.stampKnown = kafka.NoTimestamp, s.Base, true
	if times > 0 {
		e, err := s.times.entry(times - 1)
		if err != nil {
			return r, err
		}
		s.maxStamp, s.maxStampOffset = timeOf(e), s.timeOffset(e)
	}
	s.sinceIndex, s.checked, s.verified = 0, true, s.verified[:0]
	return r, nil
}

// settledTxns looks at the entries of the transaction index up to an offset:
// behind those that were synced a crash can leave zeros, or anything.
func (s *Segment) settledTxns(settled kafka.Offset) error {
	before, good := s.Base-1, true
	err := s.txns.each(func(_ int64, a AbortedTxn) bool {
		if a.LastOffset >= settled {
			return false
		}
		good = a.LastOffset > before && a.FirstOffset >= 0 && a.FirstOffset < a.LastOffset
		before = a.LastOffset
		return good
	})
	if err == nil && !good {
		err = errTable
	}
	return err
}

// settledTimes counts the entries of the time index up to an offset, likewise.
func (s *Segment) settledTimes(last kafka.Offset) (int, error) {
	n, stamp, before, good := 0, kafka.NoTimestamp, s.Base, true
	err := s.times.each(func(e []byte) bool {
		t, offset := timeOf(e), s.timeOffset(e)
		if offset > last || (t == 0 && offset == s.Base) {
			return false // beyond, or zeros
		}
		good = t > stamp && offset >= before
		n, stamp, before = n+1, t, offset
		return good
	})
	if err == nil && !good {
		err = errTable
	}
	return n, err
}

// TruncateAborted drops the aborted transactions that ended at an offset or
// later, before a recovery adds them anew.
func (s *Segment) TruncateAborted(offset kafka.Offset) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.txns.truncate(offset)
}

// each calls visit with the entries of the file, until it returns false. The
// table is loaded.
func (t *table) each(visit func(entry []byte) bool) error {
	if t.count == 0 {
		return nil
	}
	if err := t.open(); err != nil {
		return err
	}
	var buf [340 * maxEntry]byte
	for n := 0; n < t.count; {
		b := buf[:min(len(buf)/t.width, t.count-n)*t.width]
		if got, err := t.file.ReadAt(b, int64(n*t.width)); got < len(b) {
			return errors.Join(errTable, err)
		}
		for ; len(b) > 0; b, n = b[t.width:], n+1 {
			if !visit(b[:t.width]) {
				return nil
			}
		}
	}
	return nil
}
