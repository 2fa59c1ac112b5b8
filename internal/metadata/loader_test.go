package metadata

import (
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/gregor-stream/gregor/internal/kafka"
	"github.com/gregor-stream/gregor/internal/msg"
)

func brokerKey(name string) Record {
	value := "1"
	return Record{Message: &msg.ConfigRecord{ResourceType: 4, Name: name, Value: &value}}
}

func marker(m Message) Record { return Record{Message: m} }

func TestTransactionsAreSeenWholeOrNever(t *testing.T) {
	begin, end, abort := &msg.BeginTransactionRecord{}, &msg.EndTransactionRecord{}, &msg.AbortTransactionRecord{}
	node := Resource{Type: 4}
	for _, c := range []struct {
		name    string
		batches [][]Record
		seen    []string // after each batch, the keys that may be seen
		fails   string
	}{
		{name: "in one batch", batches: [][]Record{{marker(begin), brokerKey("a"), marker(end), brokerKey("b")}}, seen: []string{"a b"}},
		{name: "over batches", batches: [][]Record{{brokerKey("a"), marker(begin), brokerKey("b")}, {brokerKey("c")}, {marker(end)}}, seen: []string{"a", "a", "a b c"}},
		{name: "aborted", batches: [][]Record{{brokerKey("a")}, {marker(begin), brokerKey("b")}, {brokerKey("c"), marker(abort), brokerKey("d")}}, seen: []string{"a", "a", "a d"}},
		{name: "two", batches: [][]Record{{marker(begin), brokerKey("a"), marker(end), marker(begin), brokerKey("b")}, {marker(abort)}}, seen: []string{"a", "a"}},
		{name: "an end alone", batches: [][]Record{{marker(end)}}, fails: "none was begun"},
		{name: "an abort alone", batches: [][]Record{{marker(abort)}}, fails: "none was begun"},
		{name: "a begin inside", batches: [][]Record{{marker(begin), marker(begin)}}, fails: "inside the one from 0"},
	} {
		t.Run(c.name, func(t *testing.T) {
			l := NewLoader(Empty())
			offset := kafka.Offset(0)
			for i, b := range c.batches {
				before := l.Image()
				delta, err := l.Apply(offset, 3, b)
				if c.fails != "" {
					if err == nil || !strings.Contains(err.Error(), c.fails) {
						t.Fatalf("error %v, want %q", err, c.fails)
					}
					if l.Image() != before {
						t.Fatal("a failed batch left something")
					}
					return
				}
				if err != nil {
					t.Fatal(err)
				}
				offset += kafka.Offset(len(b))
				var keys []string
				for k := range l.Image().Configs.Of(node) {
					keys = append(keys, k)
				}
				if got := strings.Join(keys, " "); got != c.seen[i] {
					t.Errorf("after batch %d %q may be seen, want %q", i, got, c.seen[i])
				}
				if (len(delta.Configs) > 0) != (i == 0 && c.seen[0] != "" || i > 0 && c.seen[i] != c.seen[i-1]) {
					t.Errorf("after batch %d the delta is %+v", i, delta)
				}
				if l.Image().Offset != offset || l.Image().Epoch != 3 {
					t.Errorf("after batch %d the image is at %d of epoch %d", i, l.Image().Offset, l.Image().Epoch)
				}
			}
		})
	}
}

func TestRecordsThatDoNotFitAreErrors(t *testing.T) {
	for name, m := range map[string]Message{
		"a partition of no topic":     &msg.PartitionRecord{Replicas: []int32{1}},
		"a change of no topic":        msg.NewPartitionChangeRecord(),
		"removal of no topic":         &msg.RemoveTopicRecord{},
		"fencing of nobody":           &msg.FenceBrokerRecord{Id: 3},
		"removal of no ACL":           &msg.RemoveAccessControlEntryRecord{},
		"a quota of a strange entity": &msg.ClientQuotaRecord{Entity: []msg.ClientQuotaRecordEntityData{{EntityType: "planet"}}},
		"no topic to clear":           &msg.ClearElrRecord{TopicName: "x"},
	} {
		if _, _, err := Empty().Apply(5, 1, []Record{{Message: m}}); err == nil || !strings.Contains(err.Error(), "offset 5") {
			t.Errorf("%s: %v", name, err)
		}
	}
	topic := Record{Message: &msg.TopicRecord{Name: "t", TopicId: kafka.UUID{1}}}
	for name, r := range map[string]*msg.PartitionRecord{
		"without replicas":       {TopicId: kafka.UUID{1}},
		"with a wild number":     {TopicId: kafka.UUID{1}, PartitionId: 1 << 30, Replicas: []int32{1}},
		"with a negative number": {TopicId: kafka.UUID{1}, PartitionId: -1, Replicas: []int32{1}},
		"with odd directories":   {TopicId: kafka.UUID{1}, Replicas: []int32{1, 2}, Directories: []kafka.UUID{{1}}},
	} {
		if _, _, err := Empty().Apply(0, 1, []Record{topic, {Message: r}}); err == nil {
			t.Errorf("a partition %s is taken", name)
		}
	}
}

func TestDamagedRecordsAreErrors(t *testing.T) {
	good := topicOf(1)[0].AppendTo(nil)
	if _, err := ParseRecord(good); err != nil {
		t.Fatal(err)
	}
	for name, b := range map[string][]byte{
		"nothing":             {},
		"frame version 0":     append([]byte{0}, good[1:]...),
		"frame version 2":     append([]byte{2}, good[1:]...),
		"an unknown type":     {1, 99, 0},
		"a version too new":   {1, 2, 9, 0},
		"a cut body":          good[:len(good)-1],
		"bytes behind":        append(append([]byte{}, good...), 7),
		"an endless varint":   {1, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1},
		"a type out of range": {1, 0xff, 0xff, 0xff, 0x7f, 0},
	} {
		if _, err := ParseRecord(b); err == nil {
			t.Errorf("%s is taken for a record", name)
		}
	}
}

// topicOf is the records of a topic on one broker.
func topicOf(partitions int) []Record {
	id := kafka.UUID{byte(partitions), 1}
	records := []Record{{Message: &msg.TopicRecord{Name: "topic", TopicId: id}}}
	for n := range partitions {
		p := Partition{Replicas: []int32{1}, Isr: []int32{1}, Directories: []kafka.UUID{{1, 2, 3}}, Leader: 1}
		r, version := p.Record(id, int32(n), Level(LatestMetadataVersion), true)
		records = append(records, Record{Message: r, Version: version})
	}
	return records
}

// TestPartitionsAreSmallAndQuick holds the budget of ten thousand partitions:
// a few milliseconds to apply, and little memory each.
func TestPartitionsAreSmallAndQuick(t *testing.T) {
	const partitions = 10_000
	records := topicOf(partitions)
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	begin := time.Now()
	img, _, err := Empty().Apply(0, 1, records)
	took := time.Since(begin)
	if err != nil {
		t.Fatal(err)
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	each := float64(after.HeapAlloc-before.HeapAlloc) / partitions
	t.Logf("%d partitions applied in %v, %.0f bytes each", partitions, took, each)
	for try := 0; took > 100*time.Millisecond && try < 5; try++ { // a busy machine takes the processor away
		begin = time.Now()
		if _, _, err := Empty().Apply(0, 1, records); err != nil {
			t.Fatal(err)
		}
		took = time.Since(begin)
	}
	if took > 100*time.Millisecond { // ten times the mark
		t.Errorf("%v is too long", took)
	}
	if each > 300 {
		t.Errorf("%.0f bytes for a partition are too many", each)
	}
	runtime.KeepAlive(records)
	runtime.KeepAlive(img)
}

func BenchmarkApplyOneChange(b *testing.B) {
	img, _, err := Empty().Apply(0, 1, topicOf(10_000))
	if err != nil {
		b.Fatal(err)
	}
	topic, _ := img.Topics.ByName("topic")
	r := msg.NewPartitionChangeRecord()
	r.TopicId, r.PartitionId, r.Isr = topic.ID, 5000, []int32{1}
	b.ReportAllocs()
	for b.Loop() {
		if _, _, err := img.Apply(0, 1, []Record{{Message: r, Version: 2}}); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkApplyTenThousandPartitions(b *testing.B) {
	records := topicOf(10_000)
	b.ReportAllocs()
	for b.Loop() {
		if _, _, err := Empty().Apply(0, 1, records); err != nil {
			b.Fatal(err)
		}
	}
}
