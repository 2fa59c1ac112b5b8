package batch

import (
	"encoding/binary"

	"github.com/gregor-stream/gregor/internal/compress"
	"github.com/gregor-stream/gregor/internal/kafka"
)

// upToMagic is how much of a batch of any version must be seen to know which
// version it is.
const upToMagic = atMagic + 1

// legacyOverhead is the smallest length field of any version: the header of a
// message of magic 0.
const legacyOverhead = 14

// Iterator walks the batches in a buffer: it yields whole v2 batches and stops
// before a cut one. Take one with [Batches]; it allocates nothing.
//
//	for it := batch.Batches(buf); it.Next(); {
//		use(it.Batch(), it.Position())
//	}
type Iterator struct {
	buf      []byte
	position int // of the current batch
	end      int // of the current batch
	err      error
}

// Batches iterates over buf, which it aliases.
func Batches(buf []byte) Iterator { return Iterator{buf: buf} }

// Next steps to the next batch; false at the end, at a cut tail, and at the
// first damaged header, see [Iterator.Err].
func (it *Iterator) Next() bool {
	if it.err != nil {
		return false
	}
	size, magic, err := PeekSize(it.buf[it.end:])
	switch {
	case err != nil:
		it.err = kafka.Errorf(kafka.ErrCorruptMessage, "at position %d: %s", it.end, *kafka.MessageOf(err))
	case size == 0 || size > len(it.buf)-it.end:
	case magic != Magic:
		it.err = kafka.Errorf(kafka.ErrUnsupportedForMessageFormat,
			"at position %d: a message of the old format v%d, where v2 is read", it.end, magic)
	case size < HeaderSize:
		it.err = kafka.Errorf(kafka.ErrCorruptMessage,
			"at position %d: a batch of %d bytes is shorter than its header", it.end, size)
	default:
		it.position, it.end = it.end, it.end+size
		return true
	}
	return false
}

// Batch is the current batch, a part of the buffer.
func (it *Iterator) Batch() Batch { return Batch(it.buf[it.position:it.end:it.end]) }

// Position is where the current batch begins in the buffer.
func (it *Iterator) Position() int { return it.position }

// Consumed is how many bytes the batches so far took. What follows it at the
// end, where Err is nil, is the cut beginning of a batch (or nothing).
func (it *Iterator) Consumed() int { return it.end }

// Err says, with position, why the walk ended early: nil at the end of the
// buffer or at a cut tail.
func (it *Iterator) Err() error { return it.err }

// PeekSize reads how long the batch or message of any version is that buf
// begins with, whole, and which version it has. Size 0 says that buf ends too
// early to know. The size is not checked against buf: a file's reader asks with
// the first bytes only. An impossible length or magic is CORRUPT_MESSAGE.
func PeekSize(buf []byte) (size int, magic int8, err error) {
	if len(buf) < LogOverhead {
		return 0, 0, nil
	}
	length := int32(binary.BigEndian.Uint32(buf[atLength:]))
	if length < legacyOverhead || int64(length)+LogOverhead > 1<<31-1 {
		return 0, 0, kafka.Errorf(kafka.ErrCorruptMessage, "impossible length %d of a batch", length)
	}
	if len(buf) < upToMagic {
		return 0, 0, nil
	}
	magic = int8(buf[atMagic])
	if magic < 0 || magic > Magic {
		return 0, 0, kafka.Errorf(kafka.ErrCorruptMessage, "unknown magic %d of a batch", magic)
	}
	return LogOverhead + int(length), magic, nil
}

// Verify checks what needs no unpacking: length, magic and checksum. The error
// is a [kafka.Failure] with CORRUPT_MESSAGE.
func (b Batch) Verify() error {
	switch {
	case len(b) < HeaderSize:
		return kafka.Errorf(kafka.ErrCorruptMessage, "%d bytes are shorter than a batch's header", len(b))
	case b.Size() != len(b):
		return kafka.Errorf(kafka.ErrCorruptMessage, "a batch says it has %d bytes and has %d", b.Size(), len(b))
	case b.Magic() != Magic:
		return kafka.Errorf(kafka.ErrCorruptMessage, "magic %d of a batch, not %d", b.Magic(), Magic)
	}
	if computed := b.ComputeCRC(); computed != b.CRC() {
		return kafka.Errorf(kafka.ErrCorruptMessage,
			"batch at offset %d is corrupt: its checksum is %#08x, its bytes give %#08x", b.BaseOffset(), b.CRC(), computed)
	}
	return nil
}

// CheckProduce checks the shape of the records of one partition in a produce
// request of this version: from version 3 on exactly one batch, of v2, and no
// zstd before version 7. Before that the append decides.
func CheckProduce(records []byte, version int16) error {
	if version < 3 {
		return nil
	}
	size, magic, err := PeekSize(records)
	switch {
	case err != nil:
		return err
	case size == 0 || size > len(records):
		return kafka.Errorf(kafka.ErrInvalidRecord, "a produce request of version %d needs a whole batch for each partition", version)
	case magic != Magic:
		return kafka.Errorf(kafka.ErrInvalidRecord, "a produce request of version %d takes batches of magic 2 only, not %d", version, magic)
	case size < HeaderSize:
		return kafka.Errorf(kafka.ErrCorruptMessage, "a batch of %d bytes is shorter than its header", size)
	case version < 7 && Batch(records).Codec() == compress.Zstd:
		return kafka.Errorf(kafka.ErrUnsupportedCompressionType, "a produce request of version %d cannot carry zstd", version)
	}
	next, _, err := PeekSize(records[size:])
	if err != nil {
		return err
	}
	if next != 0 && next <= len(records)-size {
		return kafka.Errorf(kafka.ErrInvalidRecord, "a produce request of version %d takes one batch for each partition, not more", version)
	}
	return nil
}
