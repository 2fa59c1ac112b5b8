package floor

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// Where the fields of a batch stand.
const (
	atBatchLength = 8
	atCRC         = 17
	atAttributes  = 21
	atLastDelta   = 23
	batchHead     = 61
)

var errShape = errors.New("a request that the floor does not know")

// fields takes a request apart, field by field; it allocates nothing. What is
// cut reads as zero and empty, and says so.
type fields struct {
	b   []byte
	cut bool
}

func (f *fields) take(n int) []byte {
	if n < 0 || n > len(f.b) {
		f.cut, f.b = true, nil
		return nil
	}
	taken := f.b[:n]
	f.b = f.b[n:]
	return taken
}

func (f *fields) int16() int16 {
	if b := f.take(2); b != nil {
		return int16(binary.BigEndian.Uint16(b))
	}
	return 0
}

func (f *fields) int32() int32 {
	if b := f.take(4); b != nil {
		return int32(binary.BigEndian.Uint32(b))
	}
	return 0
}

// length reads a compact length: one more than it says.
func (f *fields) length() int {
	u, n := binary.Uvarint(f.b)
	if f.take(n) == nil || u > uint64(len(f.b))+1 {
		f.cut = true
		return 0
	}
	return max(int(u)-1, 0)
}

// produce serves versions 9 to 12, whose requests have the same shape, and
// takes the request apart as it goes.
func (s *server) produce(c *conn, correlation int32, body []byte) error {
	f := fields{b: body}
	f.take(f.length()) // the transactional id
	acks := f.int16()
	f.int32() // the timeout
	topics := f.length()
	c.begin(correlation)
	c.out = binary.AppendUvarint(c.out, uint64(topics)+1)
	for range topics {
		name := f.take(f.length())
		t := s.named(name)
		if t == nil {
			return fmt.Errorf("produce to %q: %w", name, errShape)
		}
		c.out = binary.AppendUvarint(c.out, uint64(len(name))+1)
		c.out = append(c.out, name...)
		partitions := f.length()
		c.out = binary.AppendUvarint(c.out, uint64(partitions)+1)
		for range partitions {
			index := f.int32()
			base, err := t.append(f.take(f.length()))
			if err != nil {
				return err
			}
			f.take(1) // no tags
			c.out = binary.BigEndian.AppendUint32(c.out, uint32(index))
			c.out = append(c.out, 0, 0) // no error
			c.out = binary.BigEndian.AppendUint64(c.out, uint64(base))
			c.out = append(c.out, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff) // no append time
			c.out = append(c.out, 0, 0, 0, 0, 0, 0, 0, 0)                         // the log begins at 0
			c.out = append(c.out, 1, 0, 0)                                        // no errors, no message, no tags
		}
		f.take(1)
		c.out = append(c.out, 0)
	}
	if f.cut {
		return errShape
	}
	c.out = append(c.out, 0, 0, 0, 0, 0) // not throttled, no tags
	if acks == 0 {
		return nil
	}
	return c.end()
}

// append checks and writes one batch.
func (t *topic) append(b []byte) (int64, error) {
	if len(b) < batchHead || int(binary.BigEndian.Uint32(b[atBatchLength:])) != len(b)-12 {
		return 0, errShape
	}
	if crc32.Checksum(b[atAttributes:], castagnoli) != binary.BigEndian.Uint32(b[atCRC:]) {
		return 0, errors.New("a batch with a wrong checksum")
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	base := t.next
	binary.BigEndian.PutUint64(b, uint64(base))
	if err := writeAt(int(t.file.Fd()), b, t.size); err != nil {
		return 0, err
	}
	t.bases, t.places = append(t.bases, base), append(t.places, t.size)
	t.size += int64(len(b))
	t.next += int64(binary.BigEndian.Uint32(b[atLastDelta:])) + 1
	return base, nil
}
