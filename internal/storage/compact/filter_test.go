package compact

import (
	"fmt"
	"strings"
	"testing"

	"github.com/gregor-stream/gregor/internal/batch"
	"github.com/gregor-stream/gregor/internal/compress"
	"github.com/gregor-stream/gregor/internal/kafka"
)

// show prints batches: offsets, horizon, timestamps, and the records.
func show(t *testing.T, data []byte) string {
	t.Helper()
	var lines []string
	var records batch.RecordReader
	defer records.Close()
	it := batch.Batches(data)
	for it.Next() {
		b := it.Batch()
		if err := b.Verify(); err != nil {
			t.Fatal(err)
		}
		line := fmt.Sprintf("[%d-%d] max %d %s", b.BaseOffset(), b.LastOffset(), b.MaxTimestamp(), b.Codec())
		if horizon, ok := b.DeleteHorizon(); ok {
			line += fmt.Sprint(" horizon ", horizon)
		}
		if b.TimestampType() == batch.LogAppendTime {
			line += " appended"
		}
		if err := records.Reset(b, new(compress.Pool), 1<<20); err != nil {
			t.Fatal(err)
		}
		for records.Next() {
			r := records.Record()
			value := string(r.Value)
			if r.Value == nil {
				value = "null"
			}
			line += fmt.Sprintf(" %d@%d:%s=%s", r.Offset, r.Timestamp, r.Key, value)
		}
		if records.Err() != nil {
			t.Fatal(records.Err())
		}
		lines = append(lines, line)
	}
	if it.Err() != nil {
		t.Fatal(it.Err())
	}
	return strings.Join(lines, "\n")
}

// What an old version left is converted where it is compacted, as Kafka does it:
// its offsets, timestamps and codec stay, and a tombstone gets its horizon.
func TestOldMessagesAreCompactedIntoBatches(t *testing.T) {
	pool := new(compress.Pool)
	for _, c := range []struct {
		name       string
		options    batch.MessageOptions
		tombstones bool
		newer      string // a key with a later record
		want       string
	}{
		{"magic 1", batch.MessageOptions{Magic: 1}, true, "b", "[10-10] max 1000 none 10@1000:a=1\n[12-12] max 1002 none horizon 6000 12@1002:c=null"},
		{"magic 1, an old segment", batch.MessageOptions{Magic: 1}, false, "b", "[10-10] max 1000 none 10@1000:a=1"},
		{"magic 0", batch.MessageOptions{Magic: 0}, true, "b", "[10-10] max -1 none 10@-1:a=1\n[12-12] max -1 none horizon 6000 12@-1:c=null"},
		{"magic 1, packed", batch.MessageOptions{Magic: 1, Codec: compress.Gzip}, true, "a", "[11-12] max 1002 gzip horizon 6000 11@1001:b=2 12@1002:c=null"},
		{"magic 0, packed", batch.MessageOptions{Magic: 0, Codec: compress.Lz4}, false, "a", "[11-11] max -1 lz4 11@-1:b=2"},
		{"log append time", batch.MessageOptions{Magic: 1, Codec: compress.Snappy, TimestampType: batch.LogAppendTime, LogAppendTime: 2000}, false, "a", "[11-11] max 2000 snappy appended 11@2000:b=2"},
	} {
		t.Run(c.name, func(t *testing.T) {
			set := batch.NewMessageBuilder(pool, c.options)
			set.Append(10, 1000, []byte("a"), []byte("1"))
			set.Append(11, 1001, []byte("b"), []byte("2"))
			set.Append(12, 1002, []byte("c"), nil)
			data, err := set.Build(nil)
			if err != nil {
				t.Fatal(err)
			}
			m := NewMap(1000, 0.9, 100)
			m.Put([]byte(c.newer), 20)
			f := Filter{Now: 5000, DeleteRetentionMs: 1000, LegacyTombstones: c.tombstones, Map: m, Txns: &Txns{}, Codecs: pool, UnpackedMax: 1 << 20}
			var out []byte
			for len(data) > 0 {
				size, _, err := batch.PeekSize(data)
				if err != nil {
					t.Fatal(err)
				}
				if out, err = f.Legacy(out, data[:size]); err != nil {
					t.Fatal(err)
				}
				data = data[size:]
			}
			if got := show(t, out); got != c.want {
				t.Errorf("got\n%s\nwant\n%s", got, c.want)
			}
		})
	}
}

// What is left of a batch keeps its range of offsets and all that its header
// says; a tombstone gets a horizon once, and goes after it.
func TestBatchesKeepTheirHeader(t *testing.T) {
	pool := new(compress.Pool)
	for _, codec := range []compress.Codec{compress.None, compress.Gzip, compress.Snappy, compress.Lz4, compress.Zstd} {
		o := batch.Options{BaseOffset: 100, LeaderEpoch: 7, Codec: codec, Producer: &batch.Producer{ID: 5, Epoch: 3, Sequence: 40}}
		b := batch.NewBuilder(pool, o)
		b.Append(1000, []byte("a"), []byte("1"), batch.Header{Key: "h", Value: []byte("v")})
		b.Append(1001, []byte("b"), nil)
		b.Append(1002, nil, []byte("no key"))
		b.Append(999, []byte("a"), []byte("2"))
		data, err := b.Build(nil)
		if err != nil {
			t.Fatal(err)
		}
		m := NewMap(1000, 0.9, 100)
		m.Put([]byte("a"), 103)
		m.Put([]byte("b"), 101)
		m.SetLatest(200)
		f := Filter{Now: 5000, DeleteRetentionMs: 1000, Map: m, Txns: &Txns{}, Codecs: pool, UnpackedMax: 1 << 20}
		once, changed, err := f.Batch(nil, data)
		if err != nil || !changed {
			t.Fatal(changed, err)
		}
		want := fmt.Sprintf("[100-103] max 1001 %s horizon 6000 101@1001:b=null 103@999:a=2", codec)
		if got := show(t, once); got != want {
			t.Fatalf("got\n%s\nwant\n%s", got, want)
		}
		v := batch.Batch(once)
		if v.LeaderEpoch() != 7 || v.ProducerID() != 5 || v.ProducerEpoch() != 3 || v.BaseSequence() != 40 || v.LastSequence() != 43 {
			t.Errorf("%s: the header changed", codec)
		}
		if f.Stats.Invalid != 1 {
			t.Errorf("%d records without a key", f.Stats.Invalid)
		}
		f.Now = 5999
		if again, changed, err := f.Batch(nil, once); err != nil || changed || string(again) != string(once) {
			t.Errorf("%s: before its horizon the batch changes: %s", codec, show(t, again))
		}
		f.Now = 6000
		last, _, err := f.Batch(nil, once)
		if err != nil {
			t.Fatal(err)
		}
		if got, want := show(t, last), fmt.Sprintf("[100-103] max 999 %s horizon 6000 103@999:a=2", codec); got != want {
			t.Errorf("got\n%s\nwant\n%s", got, want)
		}
		// The last batch of an active producer stays, without records at last.
		f.Producers = map[kafka.ProducerID]Last{5: {Data: 103, Epoch: 3}}
		m.Put([]byte("a"), 150)
		m.SetLatest(200)
		empty, _, err := f.Batch(nil, last)
		if err != nil {
			t.Fatal(err)
		}
		if got := show(t, empty); got != "[100-103] max 999 none" || len(empty) != batch.HeaderSize || batch.Batch(empty).LastSequence() != 43 {
			t.Errorf("got\n%s", got)
		}
		f.Producers = nil
		if gone, changed, err := f.Batch(nil, empty); err != nil || !changed || len(gone) > 0 {
			t.Errorf("%s: %s is left of an empty batch, %v", codec, show(t, gone), err)
		}
	}
}
