package batch

import (
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
func (r *Record) Headers() iter.Seq[Header] { return func(func(Header) bool) {} }

// AppendHeaders collects the headers behind dst.
func (r *Record) AppendHeaders(dst []Header) []Header {
	for h := range r.Headers() {
		dst = append(dst, h)
	}
	return dst
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
	record Record
	err    error
}

// Reset begins with the records of b. A compressed batch is unpacked whole, to
// at most max bytes; pool may be nil where b is not compressed.
func (r *RecordReader) Reset(b Batch, pool *compress.Pool, max int) error { return nil }

// Next steps to the next record; false at the end and at the first damage.
func (r *RecordReader) Next() bool { return false }

// Record is the current record; it is overwritten by Next.
func (r *RecordReader) Record() *Record { return &r.record }

// Err is why the walk ended early, nil at the end.
func (r *RecordReader) Err() error { return r.err }

// Close lets go of the scratch memory. The reader may be Reset again.
func (r *RecordReader) Close() {}
