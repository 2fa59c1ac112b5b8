package batch

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"

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
	// LastOffset is that of the batch where it is above the last record's:
	// what compaction leaves of a batch keeps its range. 0 is the last record's.
	LastOffset kafka.Offset
}

// Builder collects records and builds a v2 batch of them. It may be Reset and
// used again, and keeps its memory.
type Builder struct {
	pool    *compress.Pool
	options Options
	// records are the records as they stand in a batch, behind room for a header.
	records       []byte
	count         int32
	baseTimestamp kafka.Timestamp // of the first record
	maxTimestamp  kafka.Timestamp
	last          kafka.Offset // of the last record; below the base offset: none
}

// NewBuilder makes a builder. pool may be nil where nothing is compressed.
func NewBuilder(pool *compress.Pool, options Options) *Builder {
	b := &Builder{pool: pool}
	b.Reset(options)
	return b
}

// Reset begins another batch in the same memory.
func (b *Builder) Reset(options Options) {
	b.options = options
	if cap(b.records) < HeaderSize {
		b.records = make([]byte, HeaderSize, 512)
	}
	b.records = b.records[:HeaderSize]
	b.count, b.maxTimestamp = 0, kafka.NoTimestamp
	b.last = options.BaseOffset - 1
}

// Append adds a record with the next offset. nil is null, for key and value.
func (b *Builder) Append(timestamp kafka.Timestamp, key, value []byte, headers ...Header) {
	b.AppendAt(b.last+1, timestamp, key, value, headers...)
}

// AppendAt adds a record at an offset of its own, which must be beyond the
// last: compaction and the quorum leave gaps.
func (b *Builder) AppendAt(offset kafka.Offset, timestamp kafka.Timestamp, key, value []byte, headers ...Header) {
	if offset <= b.last || offset-b.options.BaseOffset > math.MaxInt32 {
		panic(fmt.Sprintf("batch: a record at offset %d behind one at %d in a batch from %d", offset, b.last, b.options.BaseOffset))
	}
	if b.count == 0 {
		b.baseTimestamp = timestamp
		if b.options.DeleteHorizon != nil {
			b.baseTimestamp = *b.options.DeleteHorizon
		}
	}
	b.maxTimestamp = max(b.maxTimestamp, timestamp)
	b.last = offset
	b.count++
	b.records = appendRecord(b.records, int64(timestamp-b.baseTimestamp), int32(offset-b.options.BaseOffset), key, value, headers)
}

// appendRecord writes one record behind dst.
func appendRecord(dst []byte, timestampDelta int64, offsetDelta int32, key, value []byte, headers []Header) []byte {
	size := 1 + varlongSize(timestampDelta) + varlongSize(int64(offsetDelta)) +
		fieldSize(key) + fieldSize(value) + varlongSize(int64(len(headers)))
	for _, h := range headers {
		size += varlongSize(int64(len(h.Key))) + len(h.Key) + fieldSize(h.Value)
	}
	dst = appendVarint(dst, int32(size))
	dst = append(dst, 0)
	dst = appendVarlong(dst, timestampDelta)
	dst = appendVarint(dst, offsetDelta)
	dst = appendField(dst, key)
	dst = appendField(dst, value)
	dst = appendVarint(dst, int32(len(headers)))
	for _, h := range headers {
		dst = appendVarint(dst, int32(len(h.Key)))
		dst = append(dst, h.Key...)
		dst = appendField(dst, h.Value)
	}
	return dst
}

func fieldSize(b []byte) int {
	if b == nil {
		return 1
	}
	return varlongSize(int64(len(b))) + len(b)
}

func appendField(dst, b []byte) []byte {
	if b == nil {
		return appendVarint(dst, -1)
	}
	return append(appendVarint(dst, int32(len(b))), b...)
}

// Count is how many records there are so far.
func (b *Builder) Count() int { return int(b.count) }

// Size is how long the batch would be, uncompressed.
func (b *Builder) Size() int { return len(b.records) }

// NextOffset is the offset that Append would give.
func (b *Builder) NextOffset() kafka.Offset { return b.last + 1 }

var errNoRecords = errors.New("batch: a batch without records")

// Build appends the finished batch to dst. It fails where compression does, and
// where there is no record: see [AppendEmpty].
func (b *Builder) Build(dst []byte) ([]byte, error) {
	if b.count == 0 {
		return dst, errNoRecords
	}
	at := len(dst)
	dst = append(dst, b.records[:HeaderSize]...) // room for the header
	if b.options.Codec == compress.None {
		dst = append(dst, b.records[HeaderSize:]...)
	} else {
		var err error
		if dst, err = b.pool.Compress(dst, b.records[HeaderSize:], b.options.Codec, b.options.Level); err != nil {
			return dst[:at], err
		}
	}
	h := header{
		options:       &b.options,
		lastOffset:    max(b.last, b.options.LastOffset),
		baseTimestamp: b.baseTimestamp,
		maxTimestamp:  b.maxTimestamp,
		count:         b.count,
	}
	return dst, h.write(dst[at:])
}

// AppendEmpty appends a batch without records to dst: what compaction leaves of
// a producer's last batch. options.LastOffset is used as it is.
func AppendEmpty(dst []byte, options *Options, maxTimestamp kafka.Timestamp) []byte {
	at := len(dst)
	dst = append(dst, make([]byte, HeaderSize)...)
	plain := *options
	plain.Codec = compress.None
	h := header{options: &plain, lastOffset: options.LastOffset, baseTimestamp: kafka.NoTimestamp, maxTimestamp: maxTimestamp}
	if err := h.write(dst[at:]); err != nil {
		panic(err) // 61 bytes are never too long
	}
	return dst
}

// header is what is written before the records.
type header struct {
	options       *Options
	lastOffset    kafka.Offset
	baseTimestamp kafka.Timestamp
	maxTimestamp  kafka.Timestamp
	count         int32
}

// write writes the header into a batch whose records are in place, checksum last.
func (h *header) write(b Batch) error {
	if len(b) > math.MaxInt32 {
		return fmt.Errorf("batch: %d bytes are too long for a batch", len(b))
	}
	o := h.options
	attributes := uint16(o.Codec)
	if o.TimestampType == LogAppendTime {
		attributes |= attrLogAppendTime
		h.maxTimestamp = o.LogAppendTime
	}
	if o.Transactional {
		attributes |= attrTransactional
	}
	if o.Control {
		attributes |= attrControl
	}
	if o.DeleteHorizon != nil {
		attributes |= attrDeleteHorizon
		h.baseTimestamp = *o.DeleteHorizon
	}
	producer := Producer{kafka.NoProducerID, kafka.NoProducerEpoch, NoSequence}
	if o.Producer != nil {
		producer = *o.Producer
	}
	put := binary.BigEndian
	b.SetBaseOffset(o.BaseOffset)
	put.PutUint32(b[atLength:], uint32(len(b)-LogOverhead))
	b.SetLeaderEpoch(o.LeaderEpoch)
	b[atMagic] = Magic
	put.PutUint16(b[atAttributes:], attributes)
	put.PutUint32(b[atLastOffsetDelta:], uint32(h.lastOffset-o.BaseOffset))
	put.PutUint64(b[atBaseTimestamp:], uint64(h.baseTimestamp))
	put.PutUint64(b[atMaxTimestamp:], uint64(h.maxTimestamp))
	put.PutUint64(b[atProducerID:], uint64(producer.ID))
	put.PutUint16(b[atProducerEpoch:], uint16(producer.Epoch))
	put.PutUint32(b[atBaseSequence:], uint32(producer.Sequence))
	put.PutUint32(b[atCount:], uint32(h.count))
	b.setCRC()
	return nil
}
