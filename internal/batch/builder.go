package batch

import (
	"github.com/gregor-stream/gregor/internal/compress"
	"github.com/gregor-stream/gregor/internal/kafka"
)

// Producer identifies an idempotent producer and its first sequence number.
type Producer struct {
	ID       kafka.ProducerID
	Epoch    kafka.ProducerEpoch
	Sequence int32 // of the first record; NoSequence for control batches
}

// Options say what a [Builder] builds. The zero value is an uncompressed batch
// of a producer that is not idempotent, from offset 0, in leader epoch 0.
type Options struct {
	BaseOffset    kafka.Offset
	LeaderEpoch   kafka.LeaderEpoch
	Codec         compress.Codec
	Level         compress.Level
	TimestampType TimestampType
	// LogAppendTime is the time of the append, where TimestampType says so.
	LogAppendTime kafka.Timestamp
	Producer      *Producer // nil: not idempotent
	Transactional bool
	Control       bool
	DeleteHorizon *kafka.Timestamp
}

// Builder collects records and builds a v2 batch of them. It may be Reset and
// used again, and keeps its memory.
type Builder struct {
}

// NewBuilder makes a builder. pool may be nil where nothing is compressed.
func NewBuilder(pool *compress.Pool, options Options) *Builder { return &Builder{} }

// Reset begins another batch in the same memory.
func (b *Builder) Reset(options Options) {}

// Append adds a record with the next offset. nil is null, for key and value.
func (b *Builder) Append(timestamp kafka.Timestamp, key, value []byte, headers ...Header) {}

// AppendAt adds a record at an offset of its own, which must be beyond the
// last: compaction and the quorum leave gaps.
func (b *Builder) AppendAt(offset kafka.Offset, timestamp kafka.Timestamp, key, value []byte, headers ...Header) {
}

// Count is how many records there are so far.
func (b *Builder) Count() int { return 0 }

// Size is how long the batch would be, uncompressed.
func (b *Builder) Size() int { return HeaderSize }

// Build appends the finished batch to dst. It fails where compression does, or
// where there is no record and the batch may not be empty.
func (b *Builder) Build(dst []byte) ([]byte, error) { return dst, nil }
