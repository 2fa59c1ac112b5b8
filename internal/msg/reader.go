package msg

import (
	"encoding/binary"
	"math"
	"unsafe"

	"github.com/gregor-stream/gregor/internal/kafka"
)

const (
	// maxString is the longest string of the protocol, in bytes.
	maxString = math.MaxInt16
	// budgetPerByte and budgetBase bound what one decode may ask for: what
	// the allocator rounds up keeps within 32 times the input and 64 KiB, and
	// no valid message needs more (TestBudgetAdmitsEveryValidMessage).
	budgetPerByte = 28
	budgetBase    = 56 << 10
)

// Reader reads Kafka's primitive types from a byte slice. The first error
// sticks: later reads return zero values, so that generated code checks once,
// at the end. Lengths and counts are compared with the bytes that are left
// before anything is allocated, and the sum of all allocations is bounded by
// 32 times the input plus 64 KiB.
//
// The zero Reader is empty; Reset points it at a buffer. A Reader may be
// reused, by one goroutine at a time.
type Reader struct {
	b   []byte
	off int // Invariant: 0 <= off <= len(b)

	budget  int    // bytes that may still be allocated
	field   string // what is being read, for the error
	tagSize int    // size of the tag read last

	bad       bool // an error happened; off is len(b) from then on
	badReason string
	badField  string
	badOffset int
}

// NewReader returns a Reader of b.
func NewReader(b []byte) *Reader {
	r := new(Reader)
	r.Reset(b)
	return r
}

// Reset points r at b. Decoded byte fields will alias b.
func (r *Reader) Reset(b []byte) {
	*r = Reader{b: b, budget: budgetPerByte*len(b) + budgetBase}
}

// Remaining is the number of bytes that are not yet read.
func (r *Reader) Remaining() int { return len(r.b) - r.off }

// Offset is the number of bytes that were read.
func (r *Reader) Offset() int { return r.off }

// Rest returns the bytes that are not yet read, without reading them.
func (r *Reader) Rest() []byte { return r.b[r.off:] }

// fail records the first error and empties the reader.
func (r *Reader) fail(reason string) {
	if !r.bad {
		r.bad, r.badReason, r.badField, r.badOffset = true, reason, r.field, r.off
	}
	r.off = len(r.b)
}

// take returns the next n bytes, or nil and an error when they are not there.
func (r *Reader) take(n int) []byte {
	if n > len(r.b)-r.off {
		r.fail(reasonShort)
		return nil
	}
	b := r.b[r.off : r.off+n : r.off+n]
	r.off += n
	return b
}

// allocate charges n bytes to the budget, false when it is used up.
func (r *Reader) allocate(n int) bool {
	if n > r.budget {
		r.fail(reasonBudget)
		return false
	}
	r.budget -= n
	return true
}

func (r *Reader) bool() bool { return r.int8() != 0 }

func (r *Reader) int8() int8 {
	if r.off >= len(r.b) {
		r.fail(reasonShort)
		return 0
	}
	v := r.b[r.off]
	r.off++
	return int8(v)
}

func (r *Reader) uint16() uint16 {
	if b := r.take(2); b != nil {
		return binary.BigEndian.Uint16(b)
	}
	return 0
}

func (r *Reader) uint32() uint32 {
	if b := r.take(4); b != nil {
		return binary.BigEndian.Uint32(b)
	}
	return 0
}

func (r *Reader) uint64() uint64 {
	if b := r.take(8); b != nil {
		return binary.BigEndian.Uint64(b)
	}
	return 0
}

func (r *Reader) int16() int16 { return int16(r.uint16()) }
func (r *Reader) int32() int32 { return int32(r.uint32()) }
func (r *Reader) int64() int64 { return int64(r.uint64()) }

func (r *Reader) float64() float64 { return math.Float64frombits(r.uint64()) }

func (r *Reader) uuid() kafka.UUID {
	if b := r.take(16); b != nil {
		return kafka.UUID(b)
	}
	return kafka.UUID{}
}

// uvarint reads an unsigned varint of at most 32 bits. Like Kafka's it is the
// bits of a Java int: from 2^31 on the value is negative.
func (r *Reader) uvarint() int32 {
	if r.off < len(r.b) && r.b[r.off] < 0x80 {
		r.off++
		return int32(r.b[r.off-1])
	}
	return r.uvarintSlow()
}

func (r *Reader) uvarintSlow() int32 {
	var v uint32
	for i := range 5 {
		if r.off+i >= len(r.b) {
			r.fail(reasonShort)
			return 0
		}
		c := r.b[r.off+i]
		v |= uint32(c&0x7f) << (7 * i)
		if c < 0x80 {
			r.off += i + 1
			return int32(v)
		}
	}
	r.fail(reasonVarint)
	return 0
}

// length reads the length of a bytes field or array: -1 is null. In flexible
// versions it is a varint of the length plus one, in the others an int32.
func (r *Reader) length(flex, nullable bool) int {
	var n int
	if flex {
		n = int(r.uvarint() - 1)
	} else {
		n = int(r.int32())
	}
	return r.checkLength(n, nullable)
}

func (r *Reader) checkLength(n int, nullable bool) int {
	if r.bad {
		return -1
	}
	if n < 0 {
		if !nullable {
			r.fail(reasonNull)
		}
		return -1
	}
	if n > len(r.b)-r.off {
		r.fail(reasonLength)
		return -1
	}
	return n
}

// stringBytes reads the bytes of a string; nil is null or an error.
func (r *Reader) stringBytes(flex, nullable bool) []byte {
	var n int
	if flex {
		n = int(r.uvarint() - 1)
	} else {
		n = int(r.int16())
	}
	if n > maxString {
		r.fail(reasonString)
		return nil
	}
	if n = r.checkLength(n, nullable); n < 0 {
		return nil
	}
	return r.take(n)
}

// string reads a string; where it is the same as before, it is the one from
// before, so that decoding into a used struct need not allocate.
func (r *Reader) string(before string, flex bool) string {
	b := r.stringBytes(flex, false)
	if string(b) == before || !r.allocate(len(b)) {
		return before
	}
	return string(b)
}

func (r *Reader) nullableString(before *string, flex, nullable bool) *string {
	b := r.stringBytes(flex, nullable)
	if b == nil {
		return nil
	}
	if before != nil && string(b) == *before || !r.allocate(int(unsafe.Sizeof(""))+len(b)) {
		return before
	}
	s := string(b)
	return &s
}

// emptyString is the default of some nullable strings.
func (r *Reader) emptyString(before *string) *string {
	if before != nil && *before == "" || !r.allocate(int(unsafe.Sizeof(""))) {
		return before
	}
	return new(string)
}

// bytes reads a bytes or records field, which aliases the input.
func (r *Reader) bytes(flex, nullable bool) []byte {
	n := r.length(flex, nullable)
	if n < 0 {
		return nil
	}
	return r.take(n)
}

// arrayLength reads the count of an array whose elements take at least minimal
// bytes each: -1 is null or an error.
func (r *Reader) arrayLength(flex, nullable bool, minimal int) int {
	n := r.length(flex, nullable)
	if n > (len(r.b)-r.off)/minimal {
		r.fail(reasonCount)
		return -1
	}
	return n
}

// tagCount reads the number of tagged fields; each takes two bytes or more.
func (r *Reader) tagCount() int {
	n := int(r.uvarint())
	if n < 0 || n > (len(r.b)-r.off)/2 {
		r.fail(reasonTags)
		return 0
	}
	return n
}

// tag reads number and size of a tagged field. As in Kafka the size matters
// only for fields that are not known, see skipTag.
func (r *Reader) tag() int32 {
	t := r.uvarint()
	r.tagSize = int(r.uvarint())
	return t
}

// skipTag passes over the tagged field whose head was read last.
func (r *Reader) skipTag() {
	if r.tagSize < 0 || r.tagSize > len(r.b)-r.off {
		r.fail(reasonLength)
		return
	}
	r.off += r.tagSize
}

func (r *Reader) wrongTag() { r.fail(reasonWrongTag) }

// skipTags passes over all tagged fields of a struct that knows none.
func (r *Reader) skipTags() {
	if r.off < len(r.b) && r.b[r.off] == 0 {
		r.off++
		return
	}
	for n := r.tagCount(); n > 0 && !r.bad; n-- {
		r.tag()
		r.skipTag()
	}
}
