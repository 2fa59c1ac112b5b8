package batch

import (
	"bytes"
	"reflect"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/gregor-stream/gregor/internal/compress"
	"github.com/gregor-stream/gregor/internal/kafka"
)

// plainRecord is a record as a model holds it.
type plainRecord struct {
	Offset    kafka.Offset
	Timestamp kafka.Timestamp
	Sequence  int32
	Key       []byte
	Value     []byte
	Headers   []Header
}

// read collects the records of b.
func read(t failer, b Batch, pool *compress.Pool) []plainRecord {
	t.Helper()
	records, err := tryRead(b, pool)
	if err != nil {
		t.Fatalf("read %v: %v", []byte(b), err)
	}
	return records
}

func tryRead(b Batch, pool *compress.Pool) ([]plainRecord, error) {
	var r RecordReader
	defer r.Close()
	if err := r.Reset(b, pool, 1<<26); err != nil {
		return nil, err
	}
	var out []plainRecord
	for r.Next() {
		record := r.Record()
		out = append(out, plainRecord{
			record.Offset, record.Timestamp, record.Sequence,
			clone(record.Key), clone(record.Value), cloneHeaders(record.AppendHeaders(nil)),
		})
	}
	return out, r.Err()
}

func clone(b []byte) []byte { // bytes.Clone, but an empty slice stays not nil
	if b == nil {
		return nil
	}
	return append([]byte{}, b...)
}

func cloneHeaders(headers []Header) []Header {
	for i := range headers {
		headers[i].Value = clone(headers[i].Value)
	}
	return headers
}

func drawBytes(t *rapid.T, label string) []byte {
	switch rapid.IntRange(0, 5).Draw(t, label+" kind") {
	case 0:
		return nil
	case 1:
		return []byte{}
	case 2:
		return bytes.Repeat([]byte{'v'}, rapid.IntRange(1, 80_000).Draw(t, label+" length"))
	}
	return rapid.SliceOfN(rapid.Byte(), 1, 100).Draw(t, label)
}

func drawOptions(t *rapid.T) Options {
	o := Options{
		BaseOffset:    kafka.Offset(rapid.Int64Range(0, 1<<60).Draw(t, "base")),
		LeaderEpoch:   kafka.LeaderEpoch(rapid.Int32().Draw(t, "epoch")),
		Codec:         rapid.SampledFrom([]compress.Codec{0, 0, 1, 2, 3, 4}).Draw(t, "codec"),
		TimestampType: TimestampType(rapid.IntRange(0, 1).Draw(t, "timestamp type")),
		LogAppendTime: kafka.Timestamp(rapid.Int64Range(0, 1<<45).Draw(t, "append time")),
		Transactional: rapid.Bool().Draw(t, "transactional"),
	}
	if rapid.IntRange(0, 4).Draw(t, "delete horizon") == 0 {
		horizon := kafka.Timestamp(rapid.Int64Range(0, 1<<45).Draw(t, "horizon"))
		o.DeleteHorizon = &horizon
	}
	if rapid.Bool().Draw(t, "idempotent") {
		o.Producer = &Producer{
			ID:       kafka.ProducerID(rapid.Int64Range(0, 1<<62).Draw(t, "producer")),
			Epoch:    kafka.ProducerEpoch(rapid.Int16Range(0, 1<<14).Draw(t, "producer epoch")),
			Sequence: rapid.OneOf(rapid.Int32Range(0, 1<<20), rapid.Int32Range(1<<31-20, 1<<31-1)).Draw(t, "sequence"),
		}
	}
	return o
}

// drawRecords draws records with rising offsets.
func drawRecords(t *rapid.T, o *Options, gaps bool) []plainRecord {
	offset := o.BaseOffset
	records := make([]plainRecord, rapid.IntRange(1, 8).Draw(t, "records"))
	for i := range records {
		if gaps {
			offset += kafka.Offset(rapid.IntRange(0, 3).Draw(t, "gap"))
		}
		r := plainRecord{
			Offset:    offset,
			Timestamp: kafka.Timestamp(rapid.Int64Range(-1, 1<<50).Draw(t, "timestamp")),
			Sequence:  NoSequence,
			Key:       drawBytes(t, "key"),
			Value:     drawBytes(t, "value"),
		}
		if o.Producer != nil {
			r.Sequence = AddSequence(o.Producer.Sequence, int32(offset-o.BaseOffset))
		}
		for range rapid.IntRange(0, 3).Draw(t, "headers") {
			r.Headers = append(r.Headers, Header{rapid.StringN(0, 10, 30).Draw(t, "header"), drawBytes(t, "header value")})
		}
		records[i] = r
		offset++
	}
	return records
}

func build(t failer, pool *compress.Pool, o Options, records []plainRecord) Batch {
	t.Helper()
	b := NewBuilder(pool, o)
	for _, r := range records {
		b.AppendAt(r.Offset, r.Timestamp, r.Key, r.Value, r.Headers...)
	}
	out, err := b.Build(nil)
	if err != nil {
		t.Fatal(err)
	}
	if o.Codec == compress.None && b.Size() != len(out) {
		t.Fatalf("the builder says %d bytes and builds %d", b.Size(), len(out))
	}
	return out
}

func TestWhatIsBuiltIsRead(t *testing.T) {
	pool := &compress.Pool{}
	rapid.Check(t, func(t *rapid.T) {
		o := drawOptions(t)
		records := drawRecords(t, &o, true)
		b := build(t, pool, o, records)
		if err := b.Verify(); err != nil {
			t.Fatal(err)
		}
		highest := records[0].Timestamp
		for i := range records {
			highest = max(highest, records[i].Timestamp)
			if o.TimestampType == LogAppendTime {
				records[i].Timestamp = o.LogAppendTime
			}
		}
		if o.TimestampType == LogAppendTime {
			highest = o.LogAppendTime
		}
		last := records[len(records)-1]
		if b.BaseOffset() != o.BaseOffset || b.LastOffset() != last.Offset || b.MaxTimestamp() != highest ||
			b.LeaderEpoch() != o.LeaderEpoch || b.Codec() != o.Codec || b.Transactional() != o.Transactional ||
			b.HasProducerID() != (o.Producer != nil) || b.LastSequence() != last.Sequence || int(b.Count()) != len(records) {
			t.Fatalf("header of %+v: %v", o, []byte(b[:HeaderSize]))
		}
		if horizon, ok := b.DeleteHorizon(); ok != (o.DeleteHorizon != nil) || ok && horizon != *o.DeleteHorizon {
			t.Fatalf("delete horizon %d %t", horizon, ok)
		}
		if got := read(t, b, pool); !reflect.DeepEqual(records, got) {
			t.Fatal(cmp.Diff(records, got))
		}
	})
}

// failer is what a test's helpers need of *testing.T or *rapid.T.
type failer interface {
	Helper()
	Fatal(args ...any)
	Fatalf(format string, args ...any)
}

func TestEmptyBatchKeepsItsRangeAndProducer(t *testing.T) {
	o := Options{BaseOffset: 10, LastOffset: 14, LeaderEpoch: 2, Codec: compress.Gzip, Transactional: true, Producer: &Producer{5, 1, 100}}
	b := Batch(AppendEmpty([]byte("before"), &o, 77)[len("before"):])
	if err := b.Verify(); err != nil {
		t.Fatal(err)
	}
	if b.BaseOffset() != 10 || b.LastOffset() != 14 || b.LastSequence() != 104 || b.Count() != 0 || b.Codec() != compress.None ||
		b.MaxTimestamp() != 77 || len(read(t, b, nil)) != 0 || len(b) != HeaderSize {
		t.Errorf("%x", []byte(b))
	}
	if _, err := NewBuilder(nil, o).Build(nil); err == nil {
		t.Error("a batch without records is built")
	}
}

func TestSequencesGoRound(t *testing.T) {
	for _, c := range [][3]int32{{0, 0, 0}, {5, 3, 8}, {1<<31 - 1, 0, 1<<31 - 1}, {1<<31 - 1, 1, 0}, {1<<31 - 2, 5, 3}} {
		if got := AddSequence(c[0], c[1]); got != c[2] {
			t.Errorf("%d and %d give %d, want %d", c[0], c[1], got, c[2])
		}
	}
}

func TestControlKeys(t *testing.T) {
	for kind := ControlAbort; kind <= ControlKRaftVoters; kind++ {
		if got, ok := ParseControlKey(ControlKey(kind)); !ok || got != kind {
			t.Errorf("%d is read as %d, %t", kind, got, ok)
		}
	}
	for _, key := range [][]byte{nil, {0, 0, 0}, {0xff, 0xff, 0, 0}} {
		if _, ok := ParseControlKey(key); ok {
			t.Errorf("%x is a control key", key)
		}
	}
}
