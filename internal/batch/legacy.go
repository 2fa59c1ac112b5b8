package batch

import (
	"encoding/binary"
	"hash/crc32"

	"github.com/gregor-stream/gregor/internal/compress"
	"github.com/gregor-stream/gregor/internal/kafka"
)

// Message sets, the formats before v2: each record is a message of its own, and
// a compressed set is a message whose value is the packed messages.
//
//	+-------------+------------+---------------------------------+
//	| offset  i64 | length i32 | CRC-32 (IEEE) of all that       |
//	|             |            | follows it                  u32 |
//	+-------------+------------+--+------------------------------+
//	| magic    i8 | attributes i8 | timestamp i64, magic 1 only  |
//	+-------------+---------------+------------------------------+
//	| key length i32 | key | value length i32 | value            |
//	+------------------------------------------------------------+
//
// The length counts what follows it; a length of -1 is null. The offset of a
// wrapper is that of its last message. In magic 1 the offsets within a wrapper
// are relative to each other, in magic 0 they are those of the log.
const (
	messageCRC        = 12
	messageMagic      = 16
	messageAttributes = 17
	messageTimestamp  = 18
)

// messagesMax bounds how many messages one wrapper may hold.
const messagesMax = 1 << 24

// message is a view over one message.
type message struct {
	bytes      []byte
	key, value []byte
}

func (m *message) magic() int8 { return int8(m.bytes[messageMagic]) }

// magic0 is the bit of [compress.Lz4Magic0] that is none of the wire's.
const magic0 = compress.Lz4Magic0 &^ compress.Lz4

func (m *message) codec() compress.Codec {
	codec := compress.Codec(m.bytes[messageAttributes] & attrCodec)
	if codec == compress.Lz4 && m.magic() == 0 {
		return compress.Lz4Magic0
	}
	return codec
}

func (m *message) offset() kafka.Offset { return kafka.Offset(binary.BigEndian.Uint64(m.bytes)) }

func (m *message) timestamp() kafka.Timestamp {
	if m.magic() == 0 {
		return kafka.NoTimestamp
	}
	return kafka.Timestamp(binary.BigEndian.Uint64(m.bytes[messageTimestamp:]))
}

func (m *message) timestampType() TimestampType {
	if m.magic() > 0 && m.bytes[messageAttributes]&attrLogAppendTime != 0 {
		return LogAppendTime
	}
	return CreateTime
}

// parseMessage reads the message that buf begins with; size 0 says that buf is
// cut. What is damaged is CORRUPT_MESSAGE.
func parseMessage(buf []byte) (m message, size int, err error) {
	m, size, err = splitMessage(buf)
	if err != nil || size == 0 {
		return m, size, err
	}
	stored := binary.BigEndian.Uint32(m.bytes[messageCRC:])
	if computed := crc32.ChecksumIEEE(m.bytes[messageMagic:]); computed != stored {
		return m, 0, kafka.Errorf(kafka.ErrCorruptMessage, "message at offset %d is corrupt: its checksum is %#08x, its bytes give %#08x", m.offset(), stored, computed)
	}
	return m, size, nil
}

// splitMessage is parseMessage without the checksum.
func splitMessage(buf []byte) (m message, size int, err error) {
	size, magic, err := PeekSize(buf)
	if err != nil || size == 0 || size > len(buf) {
		return m, 0, err
	}
	if magic > 1 {
		return m, 0, kafka.Errorf(kafka.ErrUnsupportedForMessageFormat, "a batch of v%d among old messages", magic)
	}
	m.bytes = buf[:size:size]
	at := messageTimestamp
	if magic == 1 {
		at += 8
	}
	var ok bool
	if m.key, at, ok = messageField(m.bytes, at); ok {
		m.value, at, ok = messageField(m.bytes, at)
	}
	if !ok || at != size {
		return m, 0, kafka.Errorf(kafka.ErrCorruptMessage, "message at offset %d: its fields do not fill it", m.offset())
	}
	return m, size, nil
}

// messageField reads a length and so many bytes; a negative length is null.
func messageField(b []byte, at int) (value []byte, next int, ok bool) {
	if at+4 > len(b) {
		return nil, at, false
	}
	length := int(int32(binary.BigEndian.Uint32(b[at:])))
	at += 4
	if length < 0 {
		return nil, at, true
	}
	if length > len(b)-at {
		return nil, at, false
	}
	return b[at : at+length : at+length], at + length, true
}

// MessageReader walks the records of message sets, those within wrappers too.
// The zero value is ready; it is used as a [RecordReader] is.
type MessageReader struct {
	buf     []byte
	pool    *compress.Pool
	max     int
	at      int    // in buf, behind the current message or wrapper
	inner   []byte // what is left of the current wrapper
	wrapper message
	base    kafka.Offset // of the wrapper's offsets, magic 1
	scratch []byte
	record  Record
	kind    TimestampType // of the record
	err     error
}

// Reset begins with the messages in buf. Each wrapper is unpacked whole, to at
// most max bytes; pool may be nil where nothing is compressed.
func (r *MessageReader) Reset(buf []byte, pool *compress.Pool, max int) {
	*r = MessageReader{buf: buf, pool: pool, max: max, scratch: r.scratch}
}

// Next steps to the next record; false at the end, at a cut tail, and at the
// first damage.
func (r *MessageReader) Next() bool {
	for r.err == nil {
		if len(r.inner) > 0 {
			return r.nextInner()
		}
		m, size, err := parseMessage(r.buf[r.at:])
		if err != nil || size == 0 {
			r.err = err
			return false
		}
		r.at += size
		if m.codec() == compress.None {
			r.record = Record{Offset: m.offset(), Timestamp: m.timestamp(), Sequence: NoSequence, Key: m.key, Value: m.value}
			r.kind, r.wrapper = m.timestampType(), message{}
			return true
		}
		r.open(m)
	}
	return false
}

// Record is the current record; it is overwritten by Next.
func (r *MessageReader) Record() *Record { return &r.record }

// Err is why the walk ended early: nil at the end or at a cut tail.
func (r *MessageReader) Err() error { return r.err }

// Consumed is how many bytes the messages so far took.
func (r *MessageReader) Consumed() int { return r.at }

// timestampType says whose the current record's timestamp is.
func (r *MessageReader) timestampType() TimestampType { return r.kind }

// packed says whether the current record came in a wrapper.
func (r *MessageReader) packed() bool { return r.wrapper.bytes != nil }

// release lets go of the messages, and of scratch memory beyond keep bytes.
func (r *MessageReader) release(keep int) {
	scratch := r.scratch
	if cap(scratch) > keep {
		scratch = nil
	}
	*r = MessageReader{scratch: scratch}
}

// open unpacks a wrapper, and finds what its offsets count from.
func (r *MessageReader) open(m message) {
	invalid := func(format string, args ...any) {
		r.err = kafka.Errorf(kafka.ErrInvalidRecord, "compressed messages at offset %d: "+format, append([]any{m.offset()}, args...)...)
	}
	codec := m.codec()
	switch {
	case codec == compress.Zstd:
		invalid("the old formats do not know zstd")
		return
	case m.value == nil:
		invalid("there are none")
		return
	}
	unpacked, err := r.pool.Decompress(r.scratch[:0], m.value, codec, r.max)
	r.scratch = unpacked
	if err != nil {
		r.err = unpackFailed(&Rules{}, r.max, err)
		return
	}
	r.wrapper = m
	last, count, at := kafka.NoOffset, 0, 0
	for at < len(unpacked) {
		inner, size, err := parseMessage(unpacked[at:])
		if rest := unpacked[at:]; len(rest) >= upToMagic && int8(rest[atMagic]) != m.magic() && int32(binary.BigEndian.Uint32(rest[atLength:])) >= legacyOverhead {
			invalid("one of magic %d in a wrapper of magic %d", int8(rest[atMagic]), m.magic())
			return
		}
		if err == nil && size == 0 {
			unpacked = unpacked[:at] // as Kafka, which drops a cut end
			break
		}
		switch {
		case err != nil:
			r.err = err
			return
		case inner.codec() != compress.None:
			invalid("one is compressed itself")
			return
		case count == messagesMax:
			invalid("more than %d", messagesMax)
			return
		}
		last, at = inner.offset(), at+size
		count++
	}
	switch {
	case count == 0:
		invalid("there are none")
		return
	case m.magic() == 0:
		r.base = 0
	case m.offset() == 0:
		r.base = 0 // some old producers leave the wrapper's offset out
	case m.offset() < last:
		invalid("the last one has offset %d", last)
		return
	default:
		r.base = m.offset() - last
	}
	r.inner = unpacked
}

// nextInner steps to the next message of a wrapper, which open has checked.
func (r *MessageReader) nextInner() bool {
	m, size, err := splitMessage(r.inner)
	if err != nil || size == 0 {
		r.err = kafka.Errorf(kafka.ErrCorruptMessage, "unpacked messages changed while they were read")
		return false
	}
	r.inner = r.inner[size:]
	r.record = Record{Offset: r.base + m.offset(), Timestamp: m.timestamp(), Sequence: NoSequence, Key: m.key, Value: m.value}
	if r.kind = r.wrapper.timestampType(); r.kind == LogAppendTime {
		r.record.Timestamp = r.wrapper.timestamp()
	}
	return true
}

// ConvertMessages appends the records of message sets to dst as one v2 batch,
// with the offsets that follow options.BaseOffset: what a producer of an old
// version sent. It is compressed as options say. max bounds what a wrapper
// unpacks to.
func ConvertMessages(dst, buf []byte, pool *compress.Pool, options Options, max int) ([]byte, error) {
	var r MessageReader
	r.Reset(buf, pool, max)
	b := NewBuilder(pool, options)
	for r.Next() {
		record := r.Record()
		b.Append(record.Timestamp, record.Key, record.Value)
	}
	if r.Err() != nil {
		return dst, r.Err()
	}
	return b.Build(dst)
}
