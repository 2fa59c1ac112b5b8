package dumplog

import (
	"encoding/binary"
	"fmt"
	"math"
	"strings"

	"github.com/gregor-stream/gregor/internal/batch"
	"github.com/gregor-stream/gregor/internal/compress"
	"github.com/gregor-stream/gregor/internal/msg"
)

// record is a record of any format.
type record struct {
	offset, timestamp  int64
	sequence           int32
	key, value         []byte // nil: null
	keySize, valueSize int32  // as they are written; -1 or less: null
	headers            []batch.Header
	valid              bool   // v0 and v1: the checksum is right
	crc                uint32 // v0 and v1
}

// headerKeys is the keys of the headers as Kafka prints them.
func (r *record) headerKeys() string {
	keys := make([]string, len(r.headers))
	for i, h := range r.headers {
		keys[i] = h.Key
	}
	return strings.Join(keys, ",")
}

func (d *dumper) headers(r *record) {
	d.name("headers")
	d.line = append(d.line, '[')
	for i, h := range r.headers {
		if i > 0 {
			d.line = append(d.line, ',')
		}
		d.line = append(d.line, `{"key":`...)
		d.line = msg.AppendJSONString(d.line, []byte(h.Key))
		d.line = append(d.line, `,"value":`...)
		if h.Value == nil {
			d.line = append(d.line, "null}"...)
			continue
		}
		d.line = msg.AppendJSONString(d.line, h.Value)
		d.line = append(d.line, '}')
	}
	d.line = append(d.line, ']')
}

// records walks the records of a batch. As Kafka does, it shows the records
// of an uncompressed batch up to damage, and of a compressed one all or none.
func (e *entry) records(pool *compress.Pool, visit func(*record) error) error {
	if e.magic < batch.Magic {
		return e.legacyRecords(pool, visit)
	}
	if len(e.full) < batch.HeaderSize {
		return damage(e.from.path, e.position, "the batch has %d bytes, and the header alone %d: its length is damaged", len(e.full), batch.HeaderSize)
	}
	b := batch.Batch(e.full)
	if b.Count() == 0 {
		return nil
	}
	wrong := func(index int, err error) error {
		return damage(e.from.path, e.position, "record %d of the batch at offset %d: %v; the batch is damaged, a broker cuts the log here when it recovers it", index, e.offset, err)
	}
	if b.Count() < 0 {
		return wrong(0, fmt.Errorf("the batch says that it has %d records", b.Count()))
	}
	rd := newRecordReader(b)
	if e.codec() == compress.None {
		for i := range int(b.Count()) {
			r, err := rd.next(i == int(b.Count())-1)
			if err != nil {
				return wrong(i, err)
			}
			if err := visit(r); err != nil {
				return err
			}
		}
		return nil
	}
	unpacked, err := pool.Decompress(nil, b[batch.HeaderSize:], e.codec(), batch.DefaultMaxUnpackedBytes)
	if err != nil {
		return wrong(0, err)
	}
	rd.rest = unpacked
	for i := range int(b.Count()) { // first all of them, to find damage
		if _, err := rd.next(i == int(b.Count())-1); err != nil {
			return wrong(i, err)
		}
	}
	rd.rest = unpacked
	for range int(b.Count()) {
		r, err := rd.next(false)
		if err != nil {
			return wrong(0, err)
		}
		if err := visit(r); err != nil {
			return err
		}
	}
	return nil
}

// recordReader reads records of format v2, judging them as Kafka's
// DefaultRecord does.
type recordReader struct {
	rest          []byte
	baseOffset    int64
	baseTimestamp int64
	baseSequence  int32
	logAppendTime *int64
	err           error
}

func newRecordReader(b batch.Batch) *recordReader {
	rd := &recordReader{
		rest: b[batch.HeaderSize:], baseOffset: int64(b.BaseOffset()),
		baseTimestamp: int64(binary.BigEndian.Uint64(b[27:])), baseSequence: b.BaseSequence(),
	}
	if b.Attributes()&8 != 0 {
		at := int64(b.MaxTimestamp())
		rd.logAppendTime = &at
	}
	return rd
}

// next reads a record; nothing may follow the last one.
func (rd *recordReader) next(last bool) (*record, error) {
	size := rd.varint()
	if rd.err == nil && (size < 0 || int(size) > len(rd.rest)) {
		rd.fail("it is said to have %d bytes, and %d are left", size, len(rd.rest))
	}
	if rd.err != nil {
		return nil, rd.err
	}
	after := rd.rest[size:]
	rd.rest = rd.rest[:size]
	r := rd.body()
	switch {
	case rd.err != nil:
		return nil, rd.err
	case len(rd.rest) > 0:
		return nil, fmt.Errorf("%d bytes are left in it", len(rd.rest))
	case last && len(after) > 0:
		return nil, fmt.Errorf("%d bytes follow the last record", len(after))
	}
	rd.rest = after
	return r, nil
}

func (rd *recordReader) body() *record {
	r := &record{sequence: batch.NoSequence}
	rd.take(1) // attributes, of which none are used
	r.timestamp = rd.baseTimestamp + rd.varlong()
	if rd.logAppendTime != nil {
		r.timestamp = *rd.logAppendTime
	}
	delta := rd.varint()
	r.offset = rd.baseOffset + int64(delta)
	if rd.baseSequence >= 0 {
		r.sequence = addSequence(rd.baseSequence, delta)
	}
	r.key = rd.bytes()
	r.value = rd.bytes()
	r.keySize, r.valueSize = sizeOf(r.key), sizeOf(r.value)
	count := rd.varint()
	if rd.err == nil && (count < 0 || int(count) > len(rd.rest)) {
		rd.fail("it is said to have %d headers, and %d bytes are left", count, len(rd.rest))
	}
	for i := int32(0); i < count && rd.err == nil; i++ {
		key := rd.bytes()
		if key == nil && rd.err == nil {
			rd.fail("a header has no key")
		}
		r.headers = append(r.headers, batch.Header{Key: msg.JavaString(key), Value: rd.bytes()})
	}
	return r
}

func sizeOf(b []byte) int32 {
	if b == nil {
		return -1
	}
	return int32(len(b))
}

func (rd *recordReader) fail(format string, args ...any) {
	if rd.err == nil {
		rd.err = fmt.Errorf(format, args...)
		rd.rest = nil
	}
}

func (rd *recordReader) take(n int) []byte {
	if n > len(rd.rest) {
		rd.fail("it is cut")
		return nil
	}
	b := rd.rest[:n:n]
	rd.rest = rd.rest[n:]
	return b
}

// bytes reads a length and so many bytes; nil where the length is negative.
func (rd *recordReader) bytes() []byte {
	n := rd.varint()
	if n < 0 || rd.err != nil {
		return nil
	}
	if b := rd.take(int(n)); b != nil {
		return b
	}
	return nil
}

func (rd *recordReader) varint() int32 {
	var v uint32
	for i := range 5 {
		b := rd.take(1)
		if b == nil {
			return 0
		}
		v |= uint32(b[0]&0x7f) << (7 * i)
		if b[0] < 0x80 {
			return int32(v>>1) ^ -int32(v&1)
		}
	}
	rd.fail("a number has more than 5 bytes")
	return 0
}

func (rd *recordReader) varlong() int64 {
	var v uint64
	for i := range 10 {
		b := rd.take(1)
		if b == nil {
			return 0
		}
		v |= uint64(b[0]&0x7f) << (7 * i)
		if b[0] < 0x80 {
			return int64(v>>1) ^ -int64(v&1)
		}
	}
	rd.fail("a number has more than 10 bytes")
	return 0
}

// legacyRecords walks the records of a message of v0 or v1: itself, or those
// that it wraps.
func (e *entry) legacyRecords(pool *compress.Pool, visit func(*record) error) error {
	wrong := func(err error) error {
		return damage(e.from.path, e.position, "the message at offset %d: %v; it is damaged, a broker cuts the log here when it recovers it", e.offset, err)
	}
	outer := e.full[batch.LogOverhead:]
	if e.codec() == compress.None {
		r, err := legacyRecord(outer, e.offset, nil)
		if err != nil {
			return wrong(err)
		}
		return visit(r)
	}
	records, err := e.wrapped(pool, outer)
	if err != nil {
		return wrong(err)
	}
	for _, r := range records {
		if err := visit(r); err != nil {
			return err
		}
	}
	return nil
}

// wrapped unpacks the records in a compressed message.
func (e *entry) wrapped(pool *compress.Pool, outer []byte) ([]*record, error) {
	wrapper, err := legacyRecord(outer, e.offset, nil)
	codec := e.codec()
	switch {
	case err != nil:
		return nil, err
	case wrapper.value == nil:
		return nil, fmt.Errorf("it is compressed and has no value")
	case codec == compress.Zstd:
		return nil, fmt.Errorf("this format has no zstd")
	case codec == compress.Lz4 && e.magic == 0:
		codec = compress.Lz4Magic0
	}
	unpacked, err := pool.Decompress(nil, wrapper.value, codec, batch.DefaultMaxUnpackedBytes)
	if err != nil {
		return nil, err
	}
	var appendTime *int64
	if e.timestampType() == "LogAppendTime" {
		appendTime = &wrapper.timestamp
	}
	var records []*record
	for len(unpacked) >= batch.LogOverhead {
		offset := int64(binary.BigEndian.Uint64(unpacked))
		size := int64(int32(binary.BigEndian.Uint32(unpacked[8:])))
		if size < minimumV0 {
			return nil, fmt.Errorf("a message within has %d bytes, and the smallest has %d", size, minimumV0)
		}
		if size > int64(len(unpacked)-batch.LogOverhead) {
			break
		}
		inner := unpacked[batch.LogOverhead : batch.LogOverhead+size]
		at := appendTime
		if inner[4] != 1 {
			at = nil
		}
		if inner[5]&7 != 0 {
			return nil, fmt.Errorf("a message within is compressed again")
		}
		r, err := legacyRecord(inner, offset, at)
		if err != nil {
			return nil, err
		}
		records = append(records, r)
		unpacked = unpacked[batch.LogOverhead+size:]
	}
	if len(records) == 0 {
		return nil, fmt.Errorf("it is compressed and holds no message")
	}
	return records, e.moveWrapped(records)
}

// moveWrapped makes the offsets of records in a wrapper of v1 absolute.
func (e *entry) moveWrapped(records []*record) error {
	if e.magic != 1 || e.offset == 0 {
		return nil
	}
	last := records[len(records)-1].offset
	if e.offset < last {
		return fmt.Errorf("its offset is below that of the last message within, %d", last)
	}
	for _, r := range records {
		r.offset += e.offset - last
	}
	return nil
}

// legacyRecord reads a message of v0 or v1 without its offset and length.
// appendTime is that of a wrapper where the log sets the timestamps.
func legacyRecord(message []byte, offset int64, appendTime *int64) (*record, error) {
	r := &record{offset: offset, timestamp: -1, sequence: batch.NoSequence, crc: binary.BigEndian.Uint32(message), valid: legacyValid(message)}
	rest := message[6:]
	if message[4] != 0 {
		if len(rest) < 8 {
			return nil, fmt.Errorf("it is cut")
		}
		r.timestamp = int64(binary.BigEndian.Uint64(rest))
		rest = rest[8:]
		if appendTime != nil {
			r.timestamp = *appendTime
		}
	}
	field := func() ([]byte, int32, bool) {
		if len(rest) < 4 {
			return nil, 0, false
		}
		size := int32(binary.BigEndian.Uint32(rest))
		rest = rest[4:]
		switch {
		case size < 0:
			return nil, size, true
		case int64(size) > int64(len(rest)):
			return nil, 0, false
		}
		b := rest[:size:size]
		rest = rest[size:]
		return b, size, true
	}
	var ok, ok2 bool
	if r.key, r.keySize, ok = field(); ok {
		r.value, r.valueSize, ok2 = field()
	}
	if !ok || !ok2 || len(message) > math.MaxInt32 {
		return nil, fmt.Errorf("its key or value is cut")
	}
	return r, nil
}
