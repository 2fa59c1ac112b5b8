package storage

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/gregor-stream/gregor/internal/batch"
	"github.com/gregor-stream/gregor/internal/kafka"
	"github.com/gregor-stream/gregor/internal/storage/segment"
	"github.com/gregor-stream/gregor/internal/vfs"
)

// Readers, an appender and housekeeping at once: every reader sees every value,
// in order, from wherever the log begins.
func TestReadersAppendsAndHousekeepingTogether(t *testing.T) {
	for name, fsys := range map[string]vfs.FS{"Mem": disk(t), "OS": vfs.OS{}} {
		t.Run(name, func(t *testing.T) {
			c := DefaultConfig()
			c.SegmentBytes, c.IndexIntervalBytes, c.RetentionBytes, c.FileDeleteDelayMs = 4000, 200, 40_000, 0
			o := testOptions(&c)
			o.New = true
			if name == "OS" {
				o.Dir = vfs.Join(t.TempDir(), "orders-0")
			}
			l, _, err := Open(hostOf(fsys), o)
			must(t, err)
			const count = 3000
			var done atomic.Bool
			var wait sync.WaitGroup
			for range 3 {
				wait.Go(func() { follow(t, l, count) })
			}
			wait.Go(func() {
				for i := int64(0); !done.Load(); i++ {
					housekeep(t, l, i)
				}
			})
			for i := range count {
				data := records(t, opts(), int64(i), fmt.Sprint(i))
				_, err := l.AppendAsLeader(at(int64(i)), data, 0, AppendOptions{})
				must(t, err)
				l.SetHighWatermark(kafka.Offset(i + 1))
			}
			for l.LogEndOffset() < count && !t.Failed() {
			}
			done.Store(true)
			wait.Wait()
			must(t, l.Close(at(count)))
		})
	}
}

func housekeep(t *testing.T, l *Log, i int64) {
	var err error
	switch i % 4 {
	case 0:
		_, err = l.Expire(at(i))
		must(t, err)
		_, err = l.Retain(at(i))
	case 1:
		err = l.Sweep(at(1e6))
	case 2:
		err = l.CloseIdle(at(1e6))
	case 3:
		err = l.Flush(l.LogEndOffset())
	}
	if err != nil {
		t.Errorf("housekeeping %d: %v", i%4, err)
	}
}

// follow reads to the end of count values; where the log's start has overtaken
// it, it goes on there.
func follow(t *testing.T, l *Log, count kafka.Offset) {
	var f Fetched
	buf := make([]byte, 1<<20)
	for from := kafka.Offset(0); from < count && !t.Failed(); {
		err := l.Read(from, 2000, true, l.HighWatermark(), &f)
		if kafka.CodeOf(err) == kafka.ErrOffsetOutOfRange && from < l.LogStartOffset() {
			from = l.LogStartOffset()
			continue
		}
		if err != nil {
			t.Errorf("read at %d: %v", from, err)
			return
		}
		data := buf[:f.Section.Len()]
		if len(data) > 0 {
			if _, err := f.Section.ReadAt(data, 0); err != nil {
				t.Errorf("read of the section at %d: %v", from, err)
				return
			}
		}
		f.Release()
		for it := batch.Batches(data); it.Next(); {
			b := it.Batch()
			var r batch.RecordReader
			if err := r.Reset(b, nil, 1<<20); err != nil || b.Verify() != nil || !r.Next() || string(r.Record().Value) != fmt.Sprint(from) {
				t.Errorf("at %d: the batch %d to %d, %v", from, b.BaseOffset(), b.LastOffset(), err)
				return
			}
			from = b.NextOffset()
		}
	}
}

// A reader may have a segment in its hands when its log is deleted. By the time
// it goes on, the names are those of another log, whose files it must not touch.
func TestASegmentOfADeletedLogLeavesTheNextOneAlone(t *testing.T) {
	c := DefaultConfig()
	c.IndexIntervalBytes = 1
	m := disk(t)
	old := newLog(t, m, &c)
	appendValues(t, old, 0, "a")
	must(t, old.CloseIdle(at(100)))
	must(t, old.CloseIdle(at(100)))
	stale := old.segments[0]
	must(t, old.Delete(kafka.UUID{1}))
	must(t, old.Sweep(at(1e6)))

	next := newLog(t, m, &c)
	for i := range 20 {
		appendValues(t, next, int64(i), "b")
	}
	must(t, next.Close(at(100)))
	before, err := vfs.ReadFile(m, stale.Path(segment.IndexSuffix), 1<<20)
	must(t, err)
	var found segment.Found
	if err := stale.Read(0, 1000, true, 1000, 1, &found); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("read: %v", err)
	}
	if _, err := stale.PositionOf(5); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("position: %v", err)
	}
	if _, err := stale.Reindex(); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("reindex: %v", err)
	}
	if _, err := stale.AbortedTxns(0, 100, func(segment.AbortedTxn) {}); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("aborted transactions: %v", err)
	}
	after, err := vfs.ReadFile(m, stale.Path(segment.IndexSuffix), 1<<20)
	must(t, err)
	if !bytes.Equal(before, after) || len(before) == 0 {
		t.Errorf("the next log's index had %d bytes and has %d", len(before), len(after))
	}
}
