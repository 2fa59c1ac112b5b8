package segment

import (
	"errors"
	"fmt"
	"time"

	"github.com/gregor-stream/gregor/internal/batch"
	"github.com/gregor-stream/gregor/internal/kafka"
	"github.com/gregor-stream/gregor/internal/vfs"
)

// CreateCleaned makes a segment whose files are named *.cleaned: it is to take
// the place of segments from its base on. What an earlier run left of these
// names gives way. withTxns makes the transaction index too, although it is
// empty: it replaces one that is there.
func CreateCleaned(p Place, now time.Time, c *Config, withTxns bool) (*Segment, error) {
	s := Open(p, 0, now)
	s.name += CleanedSuffix
	s.index.name += CleanedSuffix
	s.times.name += CleanedSuffix
	s.txns.name += CleanedSuffix
	if err := p.FS.Remove(s.txns.name); err != nil && !isMissing(err) {
		return nil, err
	}
	s.txns.known = true
	if withTxns {
		f, err := p.FS.Open(s.txns.name, vfs.Create|vfs.Truncate)
		if err != nil {
			return nil, err
		}
		s.txns.dirty = true
		if err := f.Close(); err != nil {
			return nil, errors.Join(err, s.Discard())
		}
	}
	plain := *c
	plain.Preallocate = false // it is written once, and never longer than it gets
	return create(s, &plain)
}

// Discard removes a segment's files, whatever their suffix is: a cleaning that
// is given up.
func (s *Segment) Discard() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	err := s.retire()
	// The data last: with it gone a *.swap says nothing, and until then what is
	// there is complete or has a *.cleaned beside it.
	for _, name := range []string{s.index.name, s.times.name, s.txns.name, s.name} {
		if removed := s.FS.Remove(name); removed != nil && !isMissing(removed) {
			err = errors.Join(err, removed)
		}
	}
	return err
}

// Undo removes the files of a replacement that was not begun: *.swap and
// *.cleaned. The *.swap go first: while there is a *.cleaned they count for
// nothing.
func (s *Segment) Undo() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	err := s.retire()
	for _, suffix := range []string{SwapSuffix, CleanedSuffix} {
		for _, kind := range suffixes() {
			removed := s.FS.Remove(s.Path(kind) + suffix)
			if removed != nil && !isMissing(removed) {
				return errors.Join(err, removed)
			}
		}
		if synced := s.FS.SyncDir(s.Dir); synced != nil {
			return errors.Join(err, synced)
		}
	}
	return err
}

// SetLastModified says when the data was last written: what replaces older data
// is as old as they are.
func (s *Segment) SetLastModified(at kafka.Timestamp) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.FS.SetModTime(s.name, time.UnixMilli(int64(at)))
}

// Chunk reads whole batches, from a batch's beginning on, into buf, and says how
// many bytes they are: 0 at the end of the data. Where buf is too short for the
// next batch, need says how long it is, and n is 0. Headers are checked as far
// as to know the lengths; a *Bad where they cannot be right.
func (s *Segment) Chunk(at int64, buf []byte) (n, need int, err error) {
	s.mu.Lock()
	if s.gone {
		s.mu.Unlock()
		return 0, 0, errGone
	}
	file, err := s.opened()
	if err != nil {
		s.mu.Unlock()
		return 0, 0, err
	}
	file.use()
	size := s.size
	s.mu.Unlock()
	defer file.Release()
	buf = buf[:min(int64(len(buf)), size-at)]
	if len(buf) == 0 {
		return 0, 0, nil
	}
	if got, err := file.ReadAt(buf, at); got < len(buf) {
		return 0, 0, fmt.Errorf("%s: position %d: %w", s.Path(LogSuffix), at+int64(got), err)
	}
	for {
		length, _, err := batch.PeekSize(buf[n:])
		if err != nil {
			return 0, 0, &Bad{Position: at + int64(n), Offset: kafka.NoOffset, Reason: err.Error()}
		}
		left := size - at - int64(n)
		switch {
		case int64(length) > left || length == 0 && left > 0 && left < batch.LogOverhead+legacyMin:
			return 0, 0, &Bad{Position: at + int64(n), Offset: kafka.NoOffset, Reason: fmt.Sprintf("a batch of %d bytes, but %d are left", length, left), Cut: true}
		case length == 0 || length > len(buf)-n:
			if n > 0 {
				return n, 0, nil
			}
			return 0, max(length, batch.HeaderSize), nil
		}
		n += length
	}
}

// FirstTimestamp is the highest timestamp of the first batch, -1 where there is
// none: what rolls by time and compaction lags go by.
func (s *Segment) FirstTimestamp() (kafka.Timestamp, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.gone {
		return kafka.NoTimestamp, errGone
	}
	if s.firstKnown {
		return s.firstStamp, nil
	}
	closed := s.file == nil && s.index.closed() && s.times.closed()
	err := s.loadFirst()
	if closed { // who asks every segment must not keep them all open
		err = errors.Join(err, s.close())
	}
	return s.firstStamp, err
}

// IndexBytes are the lengths of the offset and the time index.
func (s *Segment) IndexBytes() (index, times int64, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	closed := s.file == nil && s.index.closed() && s.times.closed()
	err = s.loaded()
	index, times = int64(s.index.count)*indexEntry, int64(s.times.count)*timeEntry
	if closed {
		err = errors.Join(err, s.close())
	}
	return index, times, err
}

// HasTxns says whether there is a transaction index with anything in it, and how
// many entries it has.
func (s *Segment) HasTxns() (entries int64, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	err = s.txns.load()
	return s.txns.size / txnEntry, err
}
