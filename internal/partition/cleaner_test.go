package partition

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gregor-stream/gregor/internal/batch"
	"github.com/gregor-stream/gregor/internal/compress"
	"github.com/gregor-stream/gregor/internal/kafka"
	"github.com/gregor-stream/gregor/internal/msg"
	"github.com/gregor-stream/gregor/internal/storage"
	"github.com/gregor-stream/gregor/internal/storage/logdir"
	"github.com/gregor-stream/gregor/internal/vfs"
)

// compacted makes the topic a of one partition, compacted, with small segments.
func (b *broker) compacted(settings ...string) *Partition {
	b.t.Helper()
	b.apply(newTopic("a", 1)...)
	for _, s := range append([]string{"cleanup.policy=compact", "internal.segment.bytes=2000", "file.delete.delay.ms=1000"}, settings...) {
		key, value, _ := strings.Cut(s, "=")
		b.apply(setConfig("a", key, value))
	}
	return b.partition("a", 0)
}

// put appends a record a key; a value of "" is a tombstone.
func (b *broker) put(p *Partition, value string, keys ...int) {
	b.t.Helper()
	for _, key := range keys {
		builder := batch.NewBuilder(nil, batch.Options{})
		data := []byte(value + strings.Repeat(".", 100))
		if value == "" {
			data = nil
		}
		builder.Append(kafka.Timestamp(time.Now().UnixMilli()), fmt.Append(nil, key), data)
		records, err := builder.Build(nil)
		if err != nil {
			b.t.Fatal(err)
		}
		if _, err := p.Append(time.Now(), records, -1, storage.AppendOptions{}); err != nil {
			b.t.Fatal(err)
		}
	}
}

// rounds puts n records, each key again and again.
func (b *broker) rounds(p *Partition, n, keys int) {
	for i := range n {
		b.put(p, fmt.Sprint(i), i%keys)
	}
}

// contents reads what is in a log: offsets by key, the last last.
func (b *broker) contents(p *Partition) map[string][]kafka.Offset {
	b.t.Helper()
	found := map[string][]kafka.Offset{}
	var records batch.RecordReader
	defer records.Close()
	if err := p.CatchUp(b.t.Context()); err != nil {
		b.t.Fatal(err)
	}
	for from := p.LogStartOffset(); from < p.LogEndOffset(); {
		var r Read
		err := p.Read(&Query{Offset: from, MaxBytes: 1 << 20, MinOne: true, LeaderEpoch: -1, LastFetchedEpoch: -1}, &r)
		if err != nil {
			b.t.Fatal(err)
		}
		buf := make([]byte, r.Section.Len())
		if _, err := r.Section.ReadAt(buf, 0); err != nil {
			b.t.Fatal(err)
		}
		r.Release()
		for it := batch.Batches(buf); it.Next(); {
			from = it.Batch().NextOffset()
			if err := records.Reset(it.Batch(), new(compress.Pool), 1<<20); err != nil {
				b.t.Fatal(err)
			}
			for records.Next() {
				key := string(records.Record().Key)
				found[key] = append(found[key], records.Record().Offset)
			}
		}
	}
	return found
}

// records is how many records are in a log.
func (b *broker) records(p *Partition) (n int) {
	for _, offsets := range b.contents(p) {
		n += len(offsets)
	}
	return n
}

func TestACompactedTopicIsCompacted(t *testing.T) {
	bubble(t, nil, 1, func(t *testing.T, b *broker) {
		p := b.compacted()
		b.rounds(p, 200, 5)
		before := b.contents(p)
		time.Sleep(time.Minute)
		after := b.contents(p)
		for key, offsets := range before {
			got := after[key]
			if len(got) == 0 || got[len(got)-1] != offsets[len(offsets)-1] || len(got) > 5 {
				t.Errorf("of key %s %v is left, of %v", key, got, offsets)
			}
		}
		cleaned := b.checkpointed(logdir.CleanerFile)
		if cleaned < 150 || cleaned > 200 {
			t.Errorf("the checkpoint says %d", cleaned)
		}
		if !strings.Contains(b.log.String(), "msg=compacted partition=a-0") {
			t.Errorf("no line of statistics: %s", b.log)
		}
		st := b.set.CleanerStats()
		if st.Runs == 0 || st.Read <= st.Written || st.RecopyRatio <= 0 || st.RecopyRatio >= 1 || st.Utilization <= 0 || st.SinceLook > 15*time.Second || st.Running != 0 {
			t.Errorf("%+v", st)
		}
		b.close()
		b.open()
		p = b.partition("a", 0)
		if again := b.contents(p); !maps.EqualFunc(again, after, slices.Equal) {
			t.Errorf("after a restart %v, before %v", again, after)
		}
		if got := kafka.Offset(p.cleaned.Load()); got != cleaned {
			t.Errorf("after a restart %d is known as compacted, was %d", got, cleaned)
		}
		b.apply(&msg.RemoveTopicRecord{TopicId: topicID("a")})
		if got := b.checkpointed(logdir.CleanerFile); got != kafka.NoOffset {
			t.Errorf("a deleted topic is in the checkpoint: %d", got)
		}
	})
}

// left says how many records are left of 200 of 5 keys after a while.
func left(t *testing.T, props, settings []string, after time.Duration) (n int) {
	t.Helper()
	bubble(t, props, 1, func(_ *testing.T, b *broker) {
		time.Sleep(time.Second) // the first look finds nothing
		p := b.compacted(settings...)
		b.rounds(p, 200, 5)
		time.Sleep(after)
		n = b.records(p)
	})
	return n
}

func TestTheCleanersSettings(t *testing.T) {
	for _, c := range []struct {
		name     string
		props    []string
		settings []string
		after    time.Duration
		all      bool // nothing was compacted by then
	}{
		{name: "as it comes", after: time.Minute},
		{name: "log.cleaner.enable", props: []string{"log.cleaner.enable=false"}, after: time.Minute, all: true},
		{name: "log.cleaner.threads", props: []string{"log.cleaner.threads=0"}, after: time.Minute, all: true},
		{name: "log.cleaner.backoff.ms", props: []string{"log.cleaner.backoff.ms=600000", "log.initial.task.delay.ms=0"}, after: 9 * time.Minute, all: true},
		{name: "log.cleaner.backoff.ms passed", props: []string{"log.cleaner.backoff.ms=600000", "log.initial.task.delay.ms=0"}, after: 11 * time.Minute},
		{name: "min.cleanable.dirty.ratio", settings: []string{"min.cleanable.dirty.ratio=1"}, after: time.Minute, all: true},
		{name: "log.cleaner.min.cleanable.ratio", props: []string{"log.cleaner.min.cleanable.ratio=1"}, after: time.Minute, all: true},
		{name: "min.compaction.lag.ms", settings: []string{"min.compaction.lag.ms=3600000"}, after: 50 * time.Minute, all: true},
		{name: "min.compaction.lag.ms passed", settings: []string{"min.compaction.lag.ms=3600000"}, after: 61 * time.Minute},
		{name: "log.cleaner.min.compaction.lag.ms", props: []string{"log.cleaner.min.compaction.lag.ms=3600000"}, after: 50 * time.Minute, all: true},
		{name: "max.compaction.lag.ms", settings: []string{"min.cleanable.dirty.ratio=1", "max.compaction.lag.ms=600000"}, after: 9 * time.Minute, all: true},
		{name: "max.compaction.lag.ms passed", settings: []string{"min.cleanable.dirty.ratio=1", "max.compaction.lag.ms=600000"}, after: 11 * time.Minute},
		{name: "log.cleaner.max.compaction.lag.ms", props: []string{"log.cleaner.max.compaction.lag.ms=600000"}, settings: []string{"min.cleanable.dirty.ratio=1"}, after: 11 * time.Minute},
		{name: "not compact", settings: []string{"cleanup.policy=delete"}, after: time.Minute, all: true},
		{name: "neither", settings: []string{"cleanup.policy="}, after: 30 * 24 * time.Hour, all: true},
		{name: "both", settings: []string{"cleanup.policy=compact,delete"}, after: time.Minute},
	} {
		t.Run(c.name, func(t *testing.T) {
			if n := left(t, c.props, c.settings, c.after); n == 200 != c.all {
				t.Errorf("%d of 200 records are left", n)
			}
		})
	}
}

// The keys that limit memory: the map takes fewer keys at once, so that more
// passes are needed, and what is read at once is shorter.
func TestTheCleanersMemory(t *testing.T) {
	passes := func(props ...string) (runs int64) {
		bubble(t, props, 1, func(t *testing.T, b *broker) {
			p := b.compacted("min.cleanable.dirty.ratio=0.01")
			b.rounds(p, 300, 100)
			time.Sleep(5 * time.Minute)
			if n := b.records(p); n > 130 {
				t.Errorf("%v: %d of 300 records are left", props, n)
			}
			runs = b.set.CleanerStats().Runs
		})
		return runs
	}
	usual, few := passes(), passes("log.cleaner.io.buffer.load.factor=0.0000045") // of 5592405 slots: 25
	if few < 2*usual {
		t.Errorf("%d passes with a map for 25 keys, %d with a large one", few, usual)
	}
	halved := passes("log.cleaner.io.buffer.load.factor=0.0005", "log.cleaner.dedupe.buffer.size=1200000") // 25 too
	if halved < 2*usual {
		t.Errorf("%d passes with a small dedupe buffer, %d with a large one", halved, usual)
	}
	threads := passes("log.cleaner.io.buffer.load.factor=0.0005", "log.cleaner.dedupe.buffer.size=2400000", "log.cleaner.threads=2")
	if threads < 2*usual {
		t.Errorf("%d passes where two threads share the buffer, %d with a large one", threads, usual)
	}
	bubble(t, []string{"log.cleaner.io.buffer.size=4000", "log.cleaner.threads=2"}, 1, func(t *testing.T, b *broker) {
		if got := limits(b.cfg.Load()).IOBytes; got != 1000 {
			t.Errorf("a thread reads %d bytes at once, want 1000", got)
		}
		p := b.compacted()
		b.rounds(p, 100, 5)
		time.Sleep(time.Minute)
		if n := b.records(p); n > 50 {
			t.Errorf("%d of 100 records are left", n)
		}
	})
}

func TestTombstonesGoAfterDeleteRetention(t *testing.T) {
	for _, c := range []struct {
		props, settings []string
	}{
		{settings: []string{"delete.retention.ms=600000"}},
		{props: []string{"log.cleaner.delete.retention.ms=600000"}},
	} {
		bubble(t, c.props, 1, func(t *testing.T, b *broker) {
			p := b.compacted(append(c.settings, "min.cleanable.dirty.ratio=0.01")...)
			b.put(p, "a value", 1, 2, 3)
			b.put(p, "", 2)
			b.rounds(p, 40, 1) // of key 0
			time.Sleep(time.Minute)
			if got := b.contents(p)["2"]; !slices.Equal(got, []kafka.Offset{3}) {
				t.Fatalf("%v: of key 2 %v is left", c, got)
			}
			time.Sleep(11 * time.Minute)
			b.rounds(p, 40, 1)
			time.Sleep(time.Minute)
			got := b.contents(p)
			if len(got["2"]) > 0 || len(got["1"]) != 1 || len(got["3"]) != 1 {
				t.Errorf("%v: %v is left", c, got)
			}
		})
	}
}

// slowly is a rate at which a compaction of these tests takes minutes.
const slowly = "log.cleaner.io.max.bytes.per.second=1000"

func TestTheCleanerIsThrottled(t *testing.T) {
	bubble(t, []string{slowly}, 1, func(t *testing.T, b *broker) {
		p := b.compacted()
		b.rounds(p, 400, 5) // 70 KB, which are read twice
		time.Sleep(90 * time.Second)
		st := b.set.CleanerStats()
		if st.Running != 1 || st.Runs != 0 {
			t.Fatalf("at 1000 bytes a second %+v after 90 s", st)
		}
		if !strings.Contains(b.log.String(), "msg=compacting") {
			t.Errorf("nothing tells how far it is: %s", b.log)
		}
		time.Sleep(90 * time.Second)
		if st = b.set.CleanerStats(); st.Runs == 0 || st.LongestClean < 70*time.Second {
			t.Fatalf("%+v after three minutes", st)
		}
		if n := b.records(p); n > 50 {
			t.Errorf("%d of 400 records are left", n)
		}
	})
}

func TestACompactionEndsWithItsPartition(t *testing.T) {
	bubble(t, []string{slowly}, 1, func(t *testing.T, b *broker) {
		p := b.compacted()
		b.rounds(p, 400, 5)
		time.Sleep(60 * time.Second)
		if b.set.CleanerStats().Running != 1 {
			t.Fatal("nothing is being compacted")
		}
		began := time.Now()
		b.apply(&msg.RemoveTopicRecord{TopicId: topicID("a")})
		b.apply(newTopic("a", 1)...)
		p = b.partition("a", 0)
		b.append(p, 1, 10)
		if took := time.Since(began); took > 0 {
			t.Errorf("the deletion took %s", took)
		}
		if b.set.CleanerStats().Running != 0 {
			t.Error("the compaction goes on")
		}
		time.Sleep(10 * time.Second)
		list, err := b.fs.List("/d0/a-0")
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range list {
			if strings.Contains(e.Name, "cleaned") {
				t.Errorf("the new partition has %s", e.Name)
			}
		}
		if dirs := b.dirsOf("/d0"); !slices.Equal(dirs, []string{"a-0"}) {
			t.Errorf("directories %v", dirs)
		}
	})
}

func TestACompactionEndsWithThePolicyAndWithTheBroker(t *testing.T) {
	bubble(t, []string{slowly}, 1, func(t *testing.T, b *broker) {
		p := b.compacted()
		b.rounds(p, 400, 5)
		time.Sleep(60 * time.Second)
		if b.set.CleanerStats().Running != 1 {
			t.Fatal("nothing is being compacted")
		}
		b.apply(setConfig("a", "cleanup.policy", "delete"))
		time.Sleep(5 * time.Second)
		if st := b.set.CleanerStats(); st.Running != 0 || st.Uncleanable["/d0"].Partitions != 0 {
			t.Errorf("the policy is delete now, and %+v", st)
		}
		b.apply(setConfig("a", "cleanup.policy", "compact"))
		time.Sleep(30 * time.Second)
		if b.set.CleanerStats().Running != 1 {
			t.Fatal("nothing is being compacted")
		}
		began := time.Now()
		b.close()
		if took := time.Since(began); took > time.Second {
			t.Errorf("the stop took %s", took)
		}
		b.open()
		if n := b.records(b.partition("a", 0)); n != 400 {
			t.Errorf("%d of 400 records are left", n)
		}
	})
}

func TestADamagedLogIsNotCompactedAndOthersAre(t *testing.T) {
	bubble(t, nil, 1, func(t *testing.T, b *broker) {
		p := b.compacted()
		b.rounds(p, 100, 5)
		name := vfs.Join(p.Log().Dir(), "00000000000000000000.log")
		data, err := vfs.ReadFile(b.fs, name, 1<<20)
		if err != nil {
			t.Fatal(err)
		}
		f, err := b.fs.Open(name, vfs.Write)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := f.WriteAt([]byte{data[300] ^ 1}, 300); err != nil {
			t.Fatal(err)
		}
		b.apply(newTopic("b", 1)...)
		b.apply(setConfig("b", "cleanup.policy", "compact"))
		b.apply(setConfig("b", "internal.segment.bytes", "2000"))
		other := b.partition("b", 0)
		b.rounds(other, 100, 5)
		time.Sleep(time.Minute)
		st := b.set.CleanerStats()
		if u := st.Uncleanable["/d0"]; u.Partitions != 1 || u.Bytes == 0 {
			t.Errorf("%+v", st)
		}
		if n := b.records(other); n > 30 {
			t.Errorf("%d of 100 records of the other are left", n)
		}
		if again, err := vfs.ReadFile(b.fs, name, 1<<20); err != nil || len(again) != len(data) {
			t.Errorf("the damaged segment has %d bytes, had %d: %v", len(again), len(data), err)
		}
		if log := b.log.String(); !strings.Contains(log, "cannot be compacted") || !strings.Contains(log, "00000000000000000000.log") {
			t.Errorf("the log does not name it: %s", log)
		}
	})
}
