package storage

import (
	"bytes"
	"errors"
	"io"
	"testing"
	"time"

	"github.com/gregor-stream/gregor/internal/batch"
	"github.com/gregor-stream/gregor/internal/compress"
	"github.com/gregor-stream/gregor/internal/kafka"
	"github.com/gregor-stream/gregor/internal/vfs"
)

const testDir = "/data/orders-0"

var epoch2026 = time.UnixMilli(1_790_000_000_000)

// at is a time, so many seconds after the beginning of a test.
func at(seconds int64) time.Time { return epoch2026.Add(time.Duration(seconds) * time.Second) }

func stampAt(seconds int64) kafka.Timestamp { return kafka.Timestamp(at(seconds).UnixMilli()) }

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// disk makes a file system with the directory of the logs.
func disk(t testing.TB) *vfs.Mem {
	t.Helper()
	m := vfs.NewMem(func() time.Time { return epoch2026 })
	must(t, m.MkdirAll("/data"))
	must(t, m.SyncDir("/"))
	return m
}

var testTopicID = kafka.TopicID{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16}

func testOptions(c *Config) Options {
	return Options{
		Dir: testDir, Partition: kafka.TopicPartition{Topic: "orders"}, TopicID: testTopicID, Config: c, Now: at(0),
	}
}

func hostOf(fsys vfs.FS) *Host { return NewHost(fsys, &compress.Pool{}) }

func newLog(t testing.TB, fsys vfs.FS, c *Config) *Log {
	t.Helper()
	o := testOptions(c)
	o.New = true
	l, _, err := Open(hostOf(fsys), o)
	must(t, err)
	return l
}

// records builds one batch of values, with the timestamps of seconds.
func records(t testing.TB, o batch.Options, seconds int64, values ...string) []byte {
	t.Helper()
	b := batch.NewBuilder(&compress.Pool{}, o)
	for _, v := range values {
		b.Append(stampAt(seconds), nil, []byte(v))
	}
	out, err := b.Build(nil)
	must(t, err)
	return out
}

// appendValues appends one batch as a leader of epoch 0.
func appendValues(t testing.TB, l *Log, seconds int64, values ...string) AppendInfo {
	t.Helper()
	info, err := l.AppendAsLeader(at(seconds), records(t, batch.Options{}, seconds, values...), 0, AppendOptions{})
	must(t, err)
	l.SetHighWatermark(l.LogEndOffset())
	return info
}

// readAll reads the values from an offset to the log's end, in pieces.
func readAll(t testing.TB, l *Log, from kafka.Offset) []string {
	t.Helper()
	values, err := tryReadAll(l, from, l.LogEndOffset())
	must(t, err)
	return values
}

func tryReadAll(l *Log, from, upTo kafka.Offset) ([]string, error) {
	var values []string
	var f Fetched
	for from < upTo {
		if err := l.Read(from, 1000, true, upTo, &f); err != nil {
			return values, err
		}
		if f.Section.Len() == 0 {
			return values, nil
		}
		var buf bytes.Buffer
		if _, err := f.Section.WriteTo(&buf); err != nil {
			return values, err
		}
		if n, err := f.Section.ReadAt(make([]byte, 10), int64(f.Section.Len())-5); n != 5 || !errors.Is(err, io.EOF) {
			return values, errors.New("a section does not end where it ends")
		}
		f.Release()
		next := from
		for it := batch.Batches(buf.Bytes()); it.Next(); {
			b := it.Batch()
			if err := b.Verify(); err != nil {
				return values, err
			}
			next = b.NextOffset()
			if b.Control() {
				continue
			}
			var r batch.RecordReader
			if err := r.Reset(b, &compress.Pool{}, 1<<20); err != nil {
				return values, err
			}
			for r.Next() {
				if r.Record().Offset >= from {
					values = append(values, string(r.Record().Value))
				}
			}
			if err := r.Err(); err != nil {
				return values, err
			}
			r.Close()
		}
		if next <= from || f.Upper < 0 {
			return values, errors.New("a read that makes no progress")
		}
		from = next
	}
	return values, nil
}

func equal(t testing.TB, what string, got, want []string) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%s: %d values, want %d: %v, want %v", what, len(got), len(want), got, want)
	}
	for i := range got {
		if got[i] != want[i] {
			t.Fatalf("%s: value %d is %q, want %q", what, i, got[i], want[i])
		}
	}
}

func TestALogReadsWhatWasAppended(t *testing.T) {
	c := DefaultConfig()
	c.SegmentBytes, c.IndexIntervalBytes = 500, 100
	m := disk(t)
	l := newLog(t, m, &c)
	var want []string
	for i := range 50 {
		v := string(rune('a' + i%26))
		info := appendValues(t, l, int64(i), v, v+v)
		if info.FirstOffset != kafka.Offset(2*i) || info.LastOffset != kafka.Offset(2*i+1) || info.LogAppendTime != -1 {
			t.Fatalf("append %d: %+v", i, info)
		}
		want = append(want, v, v+v)
	}
	if l.Segments() < 5 {
		t.Fatalf("%d segments", l.Segments())
	}
	for from := range kafka.Offset(100) {
		equal(t, "from", readAll(t, l, from), want[from:])
	}
	for _, clean := range []bool{false, true} {
		copied := m.Clone()
		o := testOptions(&c)
		if clean {
			must(t, l.Close(at(60)))
			copied = m
			o.Clean, o.RecoveryPoint = true, l.RecoveryPoint()
		}
		again, found, err := Open(hostOf(copied), o)
		must(t, err)
		if len(found.Cuts)+len(found.Damaged) > 0 || again.LogEndOffset() != 100 {
			t.Fatalf("clean %v: %+v, end %d", clean, found, again.LogEndOffset())
		}
		equal(t, "again", readAll(t, again, 0), want)
		appendValues(t, again, 70, "new")
		equal(t, "again", readAll(t, again, 99), []string{want[99], "new"})
	}
}

func opts() batch.Options { return batch.Options{} }
