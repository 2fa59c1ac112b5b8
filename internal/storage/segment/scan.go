package segment

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"

	"github.com/gregor-stream/gregor/internal/batch"
	"github.com/gregor-stream/gregor/internal/kafka"
)

// Where the fields stand that tell the formats apart. The first 17 bytes have
// the same shape in all: offset, length, four bytes of other meaning, magic.
const (
	legacyHeader   = 26 // of magic 1, up to its timestamp; 18 of magic 0
	legacyMin      = 14 // the least length of a v0 or v1 message
	legacyAtCRC    = 12
	legacyAtStamp  = 18
	atMagic        = 16
	atLength       = 8
	batchAtCRC     = 17
	batchSummedAt  = 21
	legacySummedAt = 16
)

// Bad is data that is not a batch, or not the one that was written.
type Bad struct {
	Position int64
	// Offset is the last good one before it, plus one; -1 where none is known.
	Offset kafka.Offset
	Reason string
	// Cut says that the file ends within the batch.
	Cut bool
	// follows says that what is not a batch begins with the offset that comes
	// next: the one before it is where it belongs.
	follows bool
	// astray says that a batch's offsets contradict those before it, far that they
	// are too far from the segment's base for its indexes, see overflow.go.
	astray, far bool
}

// Error says where and what.
func (b *Bad) Error() string { return fmt.Sprintf("position %d: %s", b.Position, b.Reason) }

// Header is what a batch's header says of it.
type Header struct {
	Position     int64
	Size         int // with the header
	Base, Last   kafka.Offset
	MaxTimestamp kafka.Timestamp
	Epoch        kafka.LeaderEpoch // -1 in the old formats
	Magic        int8
}

// scanner walks the batches of a file from a batch's beginning on, reading
// ahead through one buffer.
type scanner struct {
	file  *File
	buf   []byte
	have  []byte       // buf up to what was read
	at    int64        // where have begins in the file
	end   int64        // where the data ends
	ahead int          // how much to read at once
	base  kafka.Offset // of the segment
	reach kafka.Offset // how far from it offsets may be

	Header
	next int64
	raw  [batch.HeaderSize]byte // the current header's bytes
}

func (s *scanner) reset(file *File, buf []byte, from, end int64, ahead int) {
	s.file, s.buf, s.have = file, buf, nil
	s.at, s.next, s.end, s.ahead = from, from, end, min(ahead, bufferSize)
	s.Header = Header{Last: kafka.NoOffset}
}

// window gives the bytes [at, at+n) of the file; n is at most bufferSize.
func (s *scanner) window(at int64, n int) ([]byte, error) {
	if from := at - s.at; from >= 0 && from+int64(n) <= int64(len(s.have)) {
		return s.have[from : from+int64(n)], nil
	}
	want := min(int64(max(n, s.ahead)), s.end-at)
	got, err := s.file.ReadAt(s.buf[:want], at)
	s.at, s.have = at, s.buf[:got]
	if got >= n {
		return s.have[:n], nil
	}
	if err == nil || errors.Is(err, io.EOF) {
		err = &Bad{
			Position: at, Offset: s.Last + 1, Cut: true,
			Reason: fmt.Sprintf("the file ends at %d, but it had %d bytes", at+int64(got), s.end),
		}
	}
	return nil, err
}

// step goes to the next batch: io.EOF at the end, a *Bad where there is none,
// other errors where it cannot be read. It looks at headers only.
func (s *scanner) step() error {
	at, last := s.next, s.Last
	rest := s.end - at
	if rest <= 0 {
		return io.EOF
	}
	var b []byte
	bad := func(cut bool, format string, args ...any) *Bad {
		follows := len(b) >= atLength && kafka.Offset(binary.BigEndian.Uint64(b)) == last+1
		return &Bad{Position: at, Offset: last + 1, Reason: fmt.Sprintf(format, args...), Cut: cut, follows: follows}
	}
	if rest < batch.LogOverhead+legacyMin {
		return bad(true, "%d bytes are too few for a batch", rest)
	}
	var err error
	if b, err = s.window(at, int(min(rest, batch.HeaderSize))); err != nil {
		return err
	}
	length := int32(binary.BigEndian.Uint32(b[atLength:]))
	h := Header{Position: at, Size: batch.LogOverhead + int(length), Magic: int8(b[atMagic])}
	switch {
	case h.Magic == batch.Magic && length >= batch.HeaderSize-batch.LogOverhead:
		if len(b) < batch.HeaderSize {
			return bad(true, "%d bytes are too few for a batch's header", rest)
		}
		v := batch.Batch(b)
		h.Base, h.Last, h.MaxTimestamp, h.Epoch = v.BaseOffset(), v.LastOffset(), v.MaxTimestamp(), v.LeaderEpoch()
	case (h.Magic == 0 || h.Magic == 1) && length >= legacyMin:
		h.Base = kafka.Offset(binary.BigEndian.Uint64(b))
		h.Last, h.MaxTimestamp, h.Epoch = h.Base, kafka.NoTimestamp, kafka.NoLeaderEpoch
		if h.Magic == 1 && len(b) >= legacyHeader {
			h.MaxTimestamp = kafka.Timestamp(binary.BigEndian.Uint64(b[legacyAtStamp:]))
		}
	default:
		return bad(false, "no batch has magic %d and length %d", h.Magic, length)
	}
	switch {
	case h.Base < s.base || h.Last < h.Base || h.Base <= last || h.Last-s.base > s.reach:
		bad := bad(false, "a batch of the offsets %d to %d behind offset %d, in the segment of %d", h.Base, h.Last, last, s.base)
		bad.astray = h.Base < s.base || h.Last < h.Base || h.Base <= last
		bad.far = !bad.astray
		return bad
	case int64(h.Size) > rest:
		return bad(true, "a batch of %d bytes, but %d are left", h.Size, rest)
	}
	copy(s.raw[:], b)
	s.Header, s.next = h, at+int64(h.Size)
	return nil
}

// view is the current batch's header as a batch without records; nil for the
// old formats. It is good until the next step.
func (s *scanner) view() batch.Batch {
	if s.Magic != batch.Magic {
		return nil
	}
	return batch.Batch(s.raw[:])
}

// verify checks the current batch's checksum; a *Bad where it fails.
func (s *scanner) verify() error {
	from, stored, table := s.Position+batchSummedAt, binary.BigEndian.Uint32(s.raw[batchAtCRC:]), crc32.MakeTable(crc32.Castagnoli)
	if s.Magic != batch.Magic {
		from, stored, table = s.Position+legacySummedAt, binary.BigEndian.Uint32(s.raw[legacyAtCRC:]), crc32.IEEETable
	}
	sum := uint32(0)
	for end := s.Position + int64(s.Size); from < end; {
		n := int(min(end-from, bufferSize))
		if ready := s.at + int64(len(s.have)) - from; ready > 0 && from >= s.at {
			n = int(min(int64(n), ready))
		}
		b, err := s.window(from, n)
		if err != nil {
			return err
		}
		sum = crc32.Update(sum, table, b)
		from += int64(n)
	}
	if sum != stored {
		return &Bad{
			Position: s.Position, Offset: s.Base,
			Reason: fmt.Sprintf("the batch of the offsets %d to %d has checksum %08x, but its bytes have %08x", s.Base, s.Last, stored, sum),
		}
	}
	return nil
}

// whole reads the current batch with its records.
func (s *scanner) whole() (batch.Batch, error) {
	b := make([]byte, s.Size)
	if n, err := s.file.ReadAt(b, s.Position); n < len(b) {
		if err != nil && !errors.Is(err, io.EOF) {
			return nil, err
		}
		return nil, &Bad{
			Position: s.Position, Offset: s.Base, Cut: true,
			Reason: fmt.Sprintf("the file ends at %d, within the batch of the offsets %d to %d", s.Position+int64(n), s.Base, s.Last),
		}
	}
	return b, nil
}
