package storage

import (
	"fmt"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/gregor-stream/gregor/internal/batch"
	"github.com/gregor-stream/gregor/internal/compress"
	"github.com/gregor-stream/gregor/internal/kafka"
	"github.com/gregor-stream/gregor/internal/vfs"
)

// batchOf builds a batch of n records of 100 bytes.
func batchOf(t testing.TB, n int, producer *batch.Producer) []byte {
	t.Helper()
	values := make([]string, n)
	for i := range values {
		values[i] = fmt.Sprintf("%0100d", i)
	}
	return records(t, batch.Options{Producer: producer}, 1, values...)
}

func logOnDisk(t testing.TB, c *Config) *Log {
	t.Helper()
	o := testOptions(c)
	o.Dir, o.New = vfs.Join(t.TempDir(), "orders-0"), true
	l, _, err := Open(hostOf(vfs.OS{}), o)
	must(t, err)
	t.Cleanup(l.Abandon)
	return l
}

func BenchmarkAppend(b *testing.B) {
	for _, n := range []int{1, 10, 100, 1000} {
		b.Run(fmt.Sprintf("records=%d", n), func(b *testing.B) {
			c := DefaultConfig()
			c.SegmentBytes = 256 << 20
			l := logOnDisk(b, &c)
			one := batchOf(b, n, nil)
			again := make([]byte, len(one))
			b.SetBytes(int64(len(one)))
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				copy(again, one)
				_, err := l.AppendAsLeader(at(1), again, 0, AppendOptions{})
				must(b, err)
				if i%100_000 == 99_999 { // a disk is not endless
					b.StopTimer()
					must(b, l.TruncateFully(at(1), 0))
					must(b, l.Sweep(at(1e6)))
					b.StartTimer()
				}
			}
		})
	}
}

func BenchmarkRead(b *testing.B) {
	c := DefaultConfig()
	l := logOnDisk(b, &c)
	one := batchOf(b, 10, nil)
	for range 20_000 {
		again := append([]byte(nil), one...)
		_, err := l.AppendAsLeader(at(1), again, 0, AppendOptions{})
		must(b, err)
	}
	end := l.LogEndOffset()
	var f Fetched
	b.Run("tail", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			must(b, l.Read(end-10, 1<<20, true, end, &f))
			f.Release()
		}
	})
	b.Run("1MiB", func(b *testing.B) {
		buf := make([]byte, 1<<20)
		b.ReportAllocs()
		b.SetBytes(1 << 20)
		from := kafka.Offset(0)
		for b.Loop() {
			must(b, l.Read(from, 1<<20, true, end, &f))
			if _, err := f.Section.ReadAt(buf[:f.Section.Len()], 0); err != nil {
				b.Fatal(err)
			}
			from = f.Upper
			if from >= end {
				from = 0
			}
			f.Release()
		}
	})
}

func TestAppendsAndReadsAllocateNothing(t *testing.T) {
	c := DefaultConfig()
	l := logOnDisk(t, &c)
	producer := &batch.Producer{ID: 7, Epoch: 0}
	sequence := int32(0)
	one := batchOf(t, 10, nil)
	again := make([]byte, len(one))
	var f Fetched
	appends := func() {
		copy(again, one)
		_, err := l.AppendAsLeader(at(1), again, 0, AppendOptions{})
		must(t, err)
	}
	reads := func() {
		end := l.LogEndOffset()
		must(t, l.Read(end-10, 1<<20, true, end, &f))
		f.Release()
	}
	for range 3000 { // the index's memory is full
		appends()
	}
	reads()
	if n := testing.AllocsPerRun(500, appends); n >= 1 {
		t.Errorf("%.1f allocations for an append", n)
	}
	if n := testing.AllocsPerRun(500, reads); n >= 1 {
		t.Errorf("%.1f allocations for a read", n)
	}
	var idempotent [][]byte
	for range 600 {
		producer.Sequence = sequence
		idempotent = append(idempotent, batchOf(t, 10, producer))
		sequence += 10
	}
	i := 0
	if n := testing.AllocsPerRun(500, func() {
		_, err := l.AppendAsLeader(at(1), idempotent[i], 0, AppendOptions{})
		must(t, err)
		i++
	}); n >= 1 {
		t.Errorf("%.1f allocations for an idempotent append", n)
	}
}

func TestAnEmptyLogIsSmall(t *testing.T) {
	const count, most = 2000, 2048
	dir := t.TempDir()
	host := NewHost(vfs.OS{}, &compress.Pool{})
	c := DefaultConfig()
	logs := make([]*Log, count)
	before := heap()
	began := time.Now()
	var wait sync.WaitGroup
	for part := range 4 {
		wait.Go(func() {
			for i := part; i < count; i += 4 {
				tp := kafka.TopicPartition{Topic: "many", Partition: int32(i)}
				l, _, err := Open(host, Options{Dir: vfs.Join(dir, tp.String()), Partition: tp, TopicID: testTopicID, Config: &c, New: true})
				if err != nil {
					t.Error(err)
					return
				}
				logs[i] = l
			}
		})
	}
	wait.Wait()
	took := time.Since(began)
	each := (heap() - before) / count
	t.Logf("%d logs in %v, %d bytes each", count, took, each)
	if each > most {
		t.Errorf("an idle empty log takes %d bytes, want at most %d", each, most)
	}
	if took > time.Minute { // the mark is 1 s, which the bench measures
		t.Errorf("%d logs took %v", count, took)
	}
	runtime.KeepAlive(logs)
}

func heap() int64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// BenchmarkRecover is the scan after a crash: bytes a second.
func BenchmarkRecover(b *testing.B) {
	c := DefaultConfig()
	l := logOnDisk(b, &c)
	one := batchOf(b, 100, nil)
	for range 5_000 {
		_, err := l.AppendAsLeader(at(1), append([]byte(nil), one...), 0, AppendOptions{})
		must(b, err)
	}
	l.Abandon()
	o := testOptions(&c)
	o.Dir = l.Dir()
	b.SetBytes(l.Size())
	for b.Loop() {
		again, found, err := Open(hostOf(vfs.OS{}), o)
		must(b, err)
		if found.Scanned != l.Size() {
			b.Fatalf("scanned %d of %d", found.Scanned, l.Size())
		}
		again.Abandon()
	}
}

// BenchmarkOpenClean is the opening of a log with data after a clean shutdown.
func BenchmarkOpenClean(b *testing.B) {
	c := DefaultConfig()
	c.SegmentBytes = 1 << 20
	l := logOnDisk(b, &c)
	one := batchOf(b, 100, nil)
	for range 500 {
		_, err := l.AppendAsLeader(at(1), append([]byte(nil), one...), 0, AppendOptions{})
		must(b, err)
	}
	must(b, l.Close(at(2)))
	o := testOptions(&c)
	o.Dir, o.Clean, o.RecoveryPoint = l.Dir(), true, l.RecoveryPoint()
	b.ReportAllocs()
	for b.Loop() {
		again, _, err := Open(hostOf(vfs.OS{}), o)
		must(b, err)
		again.Abandon()
	}
}
