package doctor

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"math"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/gregor-stream/gregor/internal/batch"
	"github.com/gregor-stream/gregor/internal/kafka"
	"github.com/gregor-stream/gregor/internal/storage/logdir"
	"github.com/gregor-stream/gregor/internal/vfs"
)

// segmentCheck reads one segment's file from its beginning to its end.
type segmentCheck struct {
	*dirCheck
	partition logdir.Partition
	name      string
	last      bool // the segment that is written
}

func (s *segmentCheck) subject() string { return filepath.Join(s.partition.Name, s.name) }

// check reads the segment. before is where the one before it ended, -1 where
// there is none; it returns where this one ends.
func (s *segmentCheck) check(before kafka.Offset) kafka.Offset {
	base, err := strconv.ParseInt(strings.TrimSuffix(s.name, ".log"), 10, 64)
	if err != nil || base < 0 {
		s.f.add(Warn, s.subject(), "move it out of the directory", "is no segment: the name is no offset")
		return before
	}
	if before > kafka.Offset(base) {
		s.f.add(Bad, s.subject(), "see which of the two is right with gregor dump-log", "begins at offset %d, but the segment before it ends at %d", base, before)
	}
	file, err := s.fs.Open(filepath.Join(s.dir, s.partition.Name, s.name), vfs.Read)
	if err != nil {
		s.f.add(Bad, s.subject(), "see whether the disk is well", "cannot be opened: %v", err)
		return before
	}
	defer func() { _ = file.Close() }() // only read
	size, err := file.Size()
	if err != nil {
		s.f.add(Bad, s.subject(), "see whether the disk is well", "%v", err)
		return before
	}
	if s.quick {
		return kafka.Offset(base)
	}
	next, position, err := s.read(io.NewSectionReader(file, 0, size), size, kafka.Offset(base))
	if err != nil {
		s.damaged(next, position, size, err)
	}
	return next
}

// readAhead is how much of a segment is read at once, in bytes.
const readAhead = 1 << 20

// read verifies every batch, and returns the offset after the last good one
// and where in the file what is wrong begins.
func (s *segmentCheck) read(in io.Reader, size int64, base kafka.Offset) (next kafka.Offset, position int64, err error) {
	r := bufio.NewReaderSize(in, readAhead)
	next = base
	var buf []byte
	for position < size {
		head, err := r.Peek(int(min(size-position, batch.HeaderSize)))
		if err != nil {
			return next, position, err
		}
		n, magic, err := batch.PeekSize(head)
		switch {
		case err != nil:
			return next, position, err
		case n == 0 || int64(n) > size-position:
			return next, position, fmt.Errorf("the file ends within a batch: %w", io.ErrUnexpectedEOF)
		}
		if cap(buf) < n {
			buf = make([]byte, n)
		}
		if _, err := io.ReadFull(r, buf[:n]); err != nil {
			return next, position, err
		}
		last, err := verify(buf[:n], magic, base)
		if err != nil {
			return next, position, err
		}
		if last < next {
			return next, position, fmt.Errorf("offset %d comes after offset %d", last, next-1)
		}
		next = last + 1
		position += int64(n)
		s.bytes += int64(n)
	}
	return next, position, nil
}

// verify checks one batch, and returns its last offset. Batches of the old
// formats are checked as far as their headers go.
func verify(b []byte, magic int8, base kafka.Offset) (kafka.Offset, error) {
	v := batch.Batch(b)
	if magic != batch.Magic {
		return v.BaseOffset(), nil
	}
	if err := v.Verify(); err != nil {
		return 0, err
	}
	switch {
	case v.BaseOffset() < base:
		return 0, fmt.Errorf("offset %d stands in a segment that begins at %d", v.BaseOffset(), base)
	case v.LastOffset() < v.BaseOffset() || int64(v.LastOffset()-base) > math.MaxInt32:
		return 0, fmt.Errorf("the last offset of a batch is %d, its first %d, its segment's %d", v.LastOffset(), v.BaseOffset(), base)
	}
	return v.LastOffset(), nil
}

// damaged says what a bad batch means: beyond the recovery point the next start
// cuts it off, and nobody was told that it is safe; before it data is lost.
func (s *segmentCheck) damaged(next kafka.Offset, position, size int64, err error) {
	recovery, known := s.recovery[s.partition.TopicPartition]
	torn := errors.Is(err, io.ErrUnexpectedEOF)
	switch {
	case s.inUse && s.last:
		if !torn { // it is being written
			s.f.add(Warn, s.subject(), "look again when the broker has stopped", "position %d, after offset %d: %v", position, next-1, err)
		}
	case s.last && !s.clean && (!known || next >= recovery):
		s.f.add(Warn, s.subject(), "nothing: the next start cuts it off; it was not yet on disk when the broker ended",
			"position %d, after offset %d: %v (%s up to the end of the file)", position, next-1, err, bytesText(size-position))
	default:
		s.f.add(Bad, s.subject(), "restore it from another replica or a backup; gregor dump-log --files shows what is there",
			"position %d, after offset %d: %v (%s up to the end of the file)", position, next-1, err, bytesText(size-position))
	}
}
