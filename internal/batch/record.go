package batch

import (
	"fmt"
	"iter"

	"github.com/gregor-stream/gregor/internal/compress"
	"github.com/gregor-stream/gregor/internal/kafka"
)

// Record is one record of a batch. Key, Value and the headers alias the batch
// or the reader's scratch memory: they are good until the reader's next Reset
// or Close.
type Record struct {
	Offset    kafka.Offset
	Timestamp kafka.Timestamp
	Sequence  int32 // -1 where the producer is not idempotent
	// Key and Value are nil for null and empty, not nil, for empty.
	Key, Value  []byte
	HeaderCount int
	headers     []byte // HeaderCount headers, checked
}

// Header is a header of a record. Value is nil for null.
type Header struct {
	Key   string
	Value []byte
}

// Headers walks the headers in order. The key is copied, the value aliases.
func (r *Record) Headers() iter.Seq[Header] {
	return func(yield func(Header) bool) {
		rest := r.headers
		for range r.HeaderCount {
			key, n := field(rest)
			value, m := field(rest[n:])
			rest = rest[n+m:]
			if !yield(Header{string(key), value}) {
				return
			}
		}
	}
}

// AppendHeaders collects the headers behind dst.
func (r *Record) AppendHeaders(dst []Header) []Header {
	for h := range r.Headers() {
		dst = append(dst, h)
	}
	return dst
}

// field reads a varint length and so many bytes: nil for a negative length, as
// Kafka reads all of them; n is 0 where b is cut.
func field(b []byte) (value []byte, n int) {
	length, n := varint(b)
	if n == 0 || int(length) > len(b)-n {
		return nil, 0
	}
	if length < 0 {
		return nil, n
	}
	end := n + int(length)
	return b[n:end:end], end
}

// A record, in varints (i32) and varlongs (i64) with zigzag; a length of -1 is
// null:
//
//	+-------------+---------------+--------------------+------------------+
//	| length  i32 | attributes i8 | timestamp delta i64| offset delta i32 |
//	+-------------+-----+---------+---+----------------+------------------+
//	| key length  i32 | key | value length  i32 | value | header count i32|
//	+-------------+-----+-------------+---------+-------+-----------------+
//	| header key length  i32 | key | header value length  i32 | value | ...|
//	+----------------------------------------------------------------------+
//
// The length counts what follows it.

// rawRecord is a record before its deltas are resolved.
type rawRecord struct {
	timestampDelta int64
	offsetDelta    int32
	key, value     []byte
	headerCount    int
	headers        []byte
}

// flaw is why a record cannot be read; 0 is no flaw.
type flaw uint8

const (
	sound flaw = iota
	flawCutLength
	flawCutRecord
	flawCutField
	flawHeaderCount
	flawHeaderKey
	flawLength
	flawCodec // the codec's error says more
)

func (f flaw) String() string {
	return [...]string{
		"sound",
		"its length is cut",
		"it is longer than what is left of the batch",
		"a field is cut or overlong",
		"an impossible number of headers",
		"a header without a key",
		"its fields do not fill its length",
		"its bytes cannot be unpacked",
	}[f]
}

// parse reads the record that b begins with, n bytes long.
func (r *rawRecord) parse(b []byte) (n int, why flaw) {
	length, n := varint(b)
	if n == 0 {
		return 0, flawCutLength
	}
	if length < 0 || int(length) > len(b)-n {
		return 0, flawCutRecord
	}
	end := n + int(length)
	return end, r.parseBody(b[n:end:end])
}

// parseBody reads a record behind its length.
func (r *rawRecord) parseBody(b []byte) (why flaw) {
	if len(b) == 0 {
		return flawCutField
	}
	at := 1 // the attributes have no meaning
	delta, n := varlong(b[at:])
	if n == 0 {
		return flawCutField
	}
	at += n
	r.timestampDelta = delta
	if r.offsetDelta, n = varint(b[at:]); n == 0 {
		return flawCutField
	}
	at += n
	if r.key, n = field(b[at:]); n == 0 {
		return flawCutField
	}
	at += n
	if r.value, n = field(b[at:]); n == 0 {
		return flawCutField
	}
	at += n
	count, n := varint(b[at:])
	if n == 0 {
		return flawCutField
	}
	at += n
	r.headerCount, r.headers = int(count), b[at:]
	if count == 0 {
		if at != len(b) {
			return flawLength
		}
		return sound
	}
	return checkHeaders(b[at:], int(count))
}

// checkHeaders checks that b is exactly count headers.
func checkHeaders(b []byte, count int) (why flaw) {
	if count < 0 || count > len(b) {
		return flawHeaderCount
	}
	at := 0
	for range count {
		length, n := varint(b[at:])
		if n == 0 {
			return flawCutField
		}
		if length < 0 {
			return flawHeaderKey
		}
		at += n
		if int(length) > len(b)-at {
			return flawCutField
		}
		at += int(length)
		if _, n = field(b[at:]); n == 0 {
			return flawCutField
		}
		at += n
	}
	if at != len(b) {
		return flawLength
	}
	return sound
}

// RecordReader walks the records of a batch; it is meant to be kept and Reset
// for each batch. The zero value is ready.
//
//	var records batch.RecordReader
//	defer records.Close()
//	if err := records.Reset(b, pool, max); err != nil { ... }
//	for records.Next() { use(records.Record()) }
//	if err := records.Err(); err != nil { ... }
type RecordReader struct {
	batch   Batch
	payload []byte // what is left of the unpacked records
	left    int32  // how many records are left by the header
	index   int32  // of the next record
	scratch []byte // unpacked records of a compressed batch
	raw     rawRecord
	record  Record
	err     error
}

// scratchMax is the largest scratch memory that a reader keeps between batches.
const scratchMax = 1 << 20

// Reset begins with the records of b. A compressed batch is unpacked whole, to
// at most max bytes; pool may be nil where b is not compressed.
func (r *RecordReader) Reset(b Batch, pool *compress.Pool, max int) error {
	r.batch, r.payload, r.left, r.index, r.err = b, b.Payload(), b.Count(), 0, nil
	if codec := b.Codec(); codec != compress.None {
		if cap(r.scratch) > scratchMax {
			r.scratch = nil
		}
		unpacked, err := pool.Decompress(r.scratch[:0], r.payload, codec, max)
		r.scratch, r.payload = unpacked, unpacked
		if err != nil {
			r.left, r.err = 0, fmt.Errorf("records of the batch at offset %d: %w", b.BaseOffset(), err)
			return r.err
		}
	}
	if r.left < 0 {
		r.fail("a batch of %d records", r.left)
	}
	return r.err
}

// Next steps to the next record; false at the end and at the first damage.
func (r *RecordReader) Next() bool {
	if r.err != nil || r.left <= 0 {
		return false
	}
	n, why := r.raw.parse(r.payload)
	if why != sound {
		return r.fail("record %d: %s", r.index, why)
	}
	r.payload = r.payload[n:]
	r.left--
	if r.left == 0 && len(r.payload) > 0 {
		return r.fail("%d bytes behind the last record", len(r.payload))
	}
	r.index++
	r.resolve()
	return true
}

// resolve makes the record of the raw one and the batch's header.
func (r *RecordReader) resolve() {
	b := r.batch
	r.record = Record{
		Offset:      b.BaseOffset() + kafka.Offset(r.raw.offsetDelta),
		Timestamp:   b.BaseTimestamp() + kafka.Timestamp(r.raw.timestampDelta),
		Sequence:    NoSequence,
		Key:         r.raw.key,
		Value:       r.raw.value,
		HeaderCount: r.raw.headerCount,
		headers:     r.raw.headers,
	}
	if b.TimestampType() == LogAppendTime {
		r.record.Timestamp = b.MaxTimestamp()
	}
	if sequence := b.BaseSequence(); sequence >= 0 {
		r.record.Sequence = AddSequence(sequence, r.raw.offsetDelta)
	}
}

func (r *RecordReader) fail(format string, args ...any) bool {
	r.err = kafka.Errorf(kafka.ErrInvalidRecord, "batch at offset %d: %s", r.batch.BaseOffset(), fmt.Sprintf(format, args...))
	return false
}

// Record is the current record; it is overwritten by Next.
func (r *RecordReader) Record() *Record { return &r.record }

// Err is why the walk ended early, nil at the end.
func (r *RecordReader) Err() error { return r.err }

// Close lets go of the batch and the scratch memory. The reader may be Reset
// again.
func (r *RecordReader) Close() { *r = RecordReader{} }
