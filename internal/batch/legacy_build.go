package batch

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"

	"github.com/gregor-stream/gregor/internal/compress"
	"github.com/gregor-stream/gregor/internal/kafka"
)

// MessageOptions say what a [MessageBuilder] builds.
type MessageOptions struct {
	Magic         int8 // 0 or 1
	Codec         compress.Codec
	Level         compress.Level
	TimestampType TimestampType
	LogAppendTime kafka.Timestamp
}

// MessageBuilder collects records and builds a message set of them, for clients
// that do not know v2. Headers have no place in it.
type MessageBuilder struct {
	pool    *compress.Pool
	options MessageOptions
	set     []byte
	packed  []byte       // scratch
	first   kafka.Offset // of the first message
	last    kafka.Offset
	maxTime kafka.Timestamp
	count   int
}

// NewMessageBuilder makes a builder. pool may be nil where nothing is compressed.
func NewMessageBuilder(pool *compress.Pool, options MessageOptions) *MessageBuilder {
	b := &MessageBuilder{pool: pool}
	b.Reset(options)
	return b
}

// Reset begins another set in the same memory.
func (b *MessageBuilder) Reset(options MessageOptions) {
	if options.Magic != 0 && options.Magic != 1 {
		panic(fmt.Sprintf("batch: a message set of magic %d", options.Magic))
	}
	b.options, b.set, b.count, b.maxTime = options, b.set[:0], 0, kafka.NoTimestamp
}

// Size is how many bytes the messages so far have, not packed.
func (b *MessageBuilder) Size() int { return len(b.set) }

// Append adds a message. nil is null, for key and value.
func (b *MessageBuilder) Append(offset kafka.Offset, timestamp kafka.Timestamp, key, value []byte) {
	if b.count == 0 {
		b.first = offset
	}
	b.count++
	b.last, b.maxTime = offset, max(b.maxTime, timestamp)
	if b.options.TimestampType == LogAppendTime {
		timestamp = b.options.LogAppendTime
	}
	if b.options.Codec != compress.None && b.options.Magic == 1 {
		offset -= b.first
	}
	b.set = appendMessage(b.set, &b.options, compress.None, offset, timestamp, key, value)
}

// Build appends the message set to dst: the messages, or the one wrapper.
func (b *MessageBuilder) Build(dst []byte) ([]byte, error) {
	if b.options.Codec == compress.None || b.count == 0 {
		return append(dst, b.set...), nil
	}
	codec := b.options.Codec
	switch {
	case codec == compress.Zstd:
		return dst, fmt.Errorf("batch: a message set of magic %d cannot carry zstd", b.options.Magic)
	case codec == compress.Lz4 && b.options.Magic == 0:
		codec = compress.Lz4Magic0
	}
	packed, err := b.pool.Compress(b.packed[:0], b.set, codec, b.options.Level)
	if err != nil {
		return dst, err
	}
	b.packed = packed
	timestamp := b.maxTime
	if b.options.TimestampType == LogAppendTime {
		timestamp = b.options.LogAppendTime
	}
	return appendMessage(dst, &b.options, b.options.Codec, b.last, timestamp, nil, packed), nil
}

func appendMessage(dst []byte, o *MessageOptions, codec compress.Codec, offset kafka.Offset, timestamp kafka.Timestamp, key, value []byte) []byte {
	at := len(dst)
	put := binary.BigEndian
	dst = put.AppendUint64(dst, uint64(offset))
	dst = put.AppendUint64(dst, 0) // length and checksum come last
	attributes := byte(codec)
	if o.Magic == 1 && o.TimestampType == LogAppendTime {
		attributes |= attrLogAppendTime
	}
	dst = append(dst, byte(o.Magic), attributes)
	if o.Magic == 1 {
		dst = put.AppendUint64(dst, uint64(timestamp))
	}
	dst = appendMessageField(dst, key)
	dst = appendMessageField(dst, value)
	m := dst[at:]
	put.PutUint32(m[atLength:], uint32(len(m)-LogOverhead))
	put.PutUint32(m[messageCRC:], crc32.ChecksumIEEE(m[messageMagic:]))
	return dst
}

func appendMessageField(dst, b []byte) []byte {
	if b == nil {
		return binary.BigEndian.AppendUint32(dst, 1<<32-1)
	}
	return append(binary.BigEndian.AppendUint32(dst, uint32(len(b))), b...)
}
