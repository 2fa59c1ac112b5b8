// Package batch is Kafka's record batch (format v2, and the message sets v0 and
// v1 before it) as a view over the bytes that hold it: it reads and sets header
// fields in place, checks, iterates and builds. It never keeps a caller's bytes
// and never writes a file. Kind: pure
package batch

import (
	"encoding/binary"
	"hash/crc32"

	"github.com/gregor-stream/gregor/internal/compress"
	"github.com/gregor-stream/gregor/internal/kafka"
)

// HeaderSize is the length of a v2 batch without its records.
const HeaderSize = 61

// LogOverhead is the length of the base offset and the batch length, which
// begin a batch of any version; the batch length counts what follows them.
const LogOverhead = 12

// Magic is the version of the format that this package builds.
const Magic = 2

// NoSequence is the base sequence of a batch that is not idempotent.
const NoSequence int32 = -1

// Where the fields of a v2 batch stand.
//
//	 0 +---------------------------+ 23 +-------------------+
//	   | base offset           i64 |    | last offset delta |
//	 8 +---------------------------+ 27 +-------------------+
//	   | length after this     i32 |    | base timestamp    |
//	12 +---------------------------+ 35 +-------------------+
//	   | partition leader epoch i32|    | max timestamp     |
//	16 +---------------------------+ 43 +-------------------+
//	   | magic = 2              i8 |    | producer id       |
//	17 +---------------------------+ 51 +-------------------+
//	   | CRC-32C of all that       |    | producer epoch    |
//	   | follows it            u32 | 53 +-------------------+
//	21 +---------------------------+    | base sequence     |
//	   | attributes            i16 | 57 +-------------------+
//	   +---------------------------+    | record count      |
//	                                 61 +-------------------+
//	                                    | records ...       |
const (
	atBaseOffset      = 0
	atLength          = 8
	atLeaderEpoch     = 12
	atMagic           = 16
	atCRC             = 17
	atAttributes      = 21
	atLastOffsetDelta = 23
	atBaseTimestamp   = 27
	atMaxTimestamp    = 35
	atProducerID      = 43
	atProducerEpoch   = 51
	atBaseSequence    = 53
	atCount           = 57
)

// The bits of the attributes.
const (
	attrCodec         = 0x07
	attrLogAppendTime = 0x08
	attrTransactional = 0x10
	attrControl       = 0x20
	attrDeleteHorizon = 0x40
)

// TimestampType says who set the timestamps of a batch.
type TimestampType int8

// The timestamp types, numbered as the attribute bit is.
const (
	CreateTime    TimestampType = 0
	LogAppendTime TimestampType = 1
)

// String is the value that message.timestamp.type has.
func (t TimestampType) String() string {
	if t == LogAppendTime {
		return "LogAppendTime"
	}
	return "CreateTime"
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli) //nolint:gochecknoglobals // a constant table

// Batch is a view over exactly one v2 batch: header and records, nothing before
// or after. The accessors trust that len(b) >= HeaderSize; whoever takes bytes
// from outside gets a Batch from an [Iterator] or checks with [Batch.Verify].
type Batch []byte

// BaseOffset is the offset of the first record, as it was when the batch was
// made: compaction may have removed that record.
func (b Batch) BaseOffset() kafka.Offset {
	return kafka.Offset(binary.BigEndian.Uint64(b[atBaseOffset:]))
}

// LastOffset is the offset of the last record, as it was when the batch was made.
func (b Batch) LastOffset() kafka.Offset {
	return b.BaseOffset() + kafka.Offset(b.LastOffsetDelta())
}

// NextOffset is the offset after the last one.
func (b Batch) NextOffset() kafka.Offset { return b.LastOffset() + 1 }

// Size is the whole batch's length as its header gives it.
func (b Batch) Size() int {
	return LogOverhead + int(int32(binary.BigEndian.Uint32(b[atLength:])))
}

// LeaderEpoch is the epoch of the leader that wrote the batch. The checksum
// does not cover it.
func (b Batch) LeaderEpoch() kafka.LeaderEpoch {
	return kafka.LeaderEpoch(binary.BigEndian.Uint32(b[atLeaderEpoch:]))
}

// Magic is the version of the format, 2 for every valid Batch.
func (b Batch) Magic() int8 { return int8(b[atMagic]) }

// CRC is the stored checksum.
func (b Batch) CRC() uint32 { return binary.BigEndian.Uint32(b[atCRC:]) }

// ComputeCRC is the checksum that the bytes have.
func (b Batch) ComputeCRC() uint32 { return crc32.Checksum(b[atAttributes:], castagnoli) }

// Attributes are the flags; only the low byte has a meaning.
func (b Batch) Attributes() int16 { return int16(binary.BigEndian.Uint16(b[atAttributes:])) }

// Codec is how the records are compressed. It may be none of Kafka's codecs in
// bytes from outside, see [compress.Codec.Valid].
func (b Batch) Codec() compress.Codec { return compress.Codec(b.Attributes() & attrCodec) }

// TimestampType says whose the timestamps are.
func (b Batch) TimestampType() TimestampType {
	if b.Attributes()&attrLogAppendTime != 0 {
		return LogAppendTime
	}
	return CreateTime
}

// Transactional says whether the batch belongs to a transaction.
func (b Batch) Transactional() bool { return b.Attributes()&attrTransactional != 0 }

// Control says whether the records are markers for brokers and not for consumers.
func (b Batch) Control() bool { return b.Attributes()&attrControl != 0 }

// DeleteHorizon is the time after which the cleaner may drop the tombstones and
// markers of this batch; it stands in the place of the base timestamp.
func (b Batch) DeleteHorizon() (kafka.Timestamp, bool) {
	return b.BaseTimestamp(), b.Attributes()&attrDeleteHorizon != 0
}

// LastOffsetDelta is the last offset less the base offset.
func (b Batch) LastOffsetDelta() int32 {
	return int32(binary.BigEndian.Uint32(b[atLastOffsetDelta:]))
}

// BaseTimestamp is what the records' timestamps are counted from.
func (b Batch) BaseTimestamp() kafka.Timestamp {
	return kafka.Timestamp(binary.BigEndian.Uint64(b[atBaseTimestamp:]))
}

// MaxTimestamp is the highest timestamp of the records, or the time of the
// append where the timestamp type is LogAppendTime.
func (b Batch) MaxTimestamp() kafka.Timestamp {
	return kafka.Timestamp(binary.BigEndian.Uint64(b[atMaxTimestamp:]))
}

// ProducerID is -1 where the producer is not idempotent.
func (b Batch) ProducerID() kafka.ProducerID {
	return kafka.ProducerID(binary.BigEndian.Uint64(b[atProducerID:]))
}

// HasProducerID says whether the producer is idempotent.
func (b Batch) HasProducerID() bool { return b.ProducerID() > kafka.NoProducerID }

// ProducerEpoch is -1 where the producer is not idempotent.
func (b Batch) ProducerEpoch() kafka.ProducerEpoch {
	return kafka.ProducerEpoch(binary.BigEndian.Uint16(b[atProducerEpoch:]))
}

// BaseSequence is the producer's number of the first record; -1 is none.
func (b Batch) BaseSequence() int32 { return int32(binary.BigEndian.Uint32(b[atBaseSequence:])) }

// LastSequence is the producer's number of the last record.
func (b Batch) LastSequence() int32 {
	base := b.BaseSequence()
	if base == NoSequence {
		return NoSequence
	}
	return AddSequence(base, b.LastOffsetDelta())
}

// Count is how many records the header says there are.
func (b Batch) Count() int32 { return int32(binary.BigEndian.Uint32(b[atCount:])) }

// Payload is the records, packed by [Batch.Codec]. It aliases the batch.
func (b Batch) Payload() []byte { return b[HeaderSize:] }

// AddSequence counts sequence numbers, which go from 2147483647 to 0.
func AddSequence(sequence, increment int32) int32 {
	return int32((int64(sequence) + int64(increment)) & 0x7fffffff)
}
