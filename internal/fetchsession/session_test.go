package fetchsession

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/gregor-stream/gregor/internal/kafka"
)

// TestSessionServesAsAListDoes compares a session with a plain list.
func TestSessionServesAsAListDoes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		cache := NewCache(3, rand.New(rand.NewPCG(1, 1)))
		now := time.UnixMilli(1)
		byID := rapid.Bool().Draw(t, "ids")
		pick := func(label string) TopicPartition {
			tp := TopicPartition{Topic: rapid.SampledFrom([]string{"a", "b"}).Draw(t, label), Partition: int32(rapid.IntRange(0, 9).Draw(t, label))}
			if byID {
				tp.ID = topicID(tp.Topic)
			}
			return tp
		}
		var model []Partition
		find := func(tp TopicPartition) int {
			return slices.IndexFunc(model, func(p Partition) bool { return p.TopicPartition == tp })
		}
		add := func(p Partition) {
			if i := find(p.TopicPartition); i >= 0 {
				model[i] = p
			} else {
				model = append(model, p)
			}
		}
		draw := func(least int) []Partition {
			list := make([]Partition, rapid.IntRange(least, 12).Draw(t, "partitions"))
			for i := range list {
				list[i] = Partition{TopicPartition: pick("partition"), FetchOffset: kafka.Offset(rapid.IntRange(0, 99).Draw(t, "offset"))}
			}
			return list
		}
		r := &Request{Partitions: draw(1), UsesTopicIDs: byID}
		var f Fetch
		for step := range 20 {
			if err := cache.OpenInto(&f, now, r, nil); err != nil {
				t.Fatalf("step %d: %v", step, err)
			}
			for _, p := range r.Partitions {
				add(p)
			}
			for _, tp := range r.Forgotten {
				if i := find(tp); i >= 0 {
					model = slices.Delete(model, i, i+1)
				}
			}
			if len(model) == 0 {
				return
			}
			if !slices.Equal(model, f.Partitions()) {
				t.Fatalf("step %d: serves %v, want %v", step, f.Partitions(), model)
			}
			results := make([]Result, len(model))
			var moved []Partition
			var include []int
			for i := range results {
				if r.SessionEpoch == InitialEpoch {
					include = append(include, i)
				} else if rapid.Bool().Draw(t, "data") {
					results[i].RecordBytes = 1
					moved = append(moved, model[i])
					include = append(include, i)
				}
			}
			id, got, err := f.Close(now, results)
			if err != nil || id == NoSession {
				t.Fatalf("step %d: session %d, %v", step, id, err)
			}
			if r.SessionEpoch != InitialEpoch && !slices.Equal(got, f.include) || len(got) < len(moved) {
				t.Fatalf("step %d: %v responds", step, got)
			}
			for _, i := range include {
				if !slices.Contains(got, i) {
					t.Fatalf("step %d: %v responds, not %d", step, got, i)
				}
			}
			if r.SessionEpoch != InitialEpoch {
				model = slices.DeleteFunc(model, func(p Partition) bool { return slices.Contains(moved, p) })
				model = append(model, moved...)
			}
			r = &Request{SessionID: id, SessionEpoch: nextEpoch(r.SessionEpoch), UsesTopicIDs: byID, Partitions: draw(0)}
			for range rapid.IntRange(0, 6).Draw(t, "forgotten") {
				r.Forgotten = append(r.Forgotten, pick("forget"))
			}
		}
	})
}

func TestEpochWrapsToOne(t *testing.T) {
	for epoch, want := range map[int32]int32{-1: -1, 0: 1, 5: 6, 1<<31 - 1: 1} {
		if got := nextEpoch(epoch); got != want {
			t.Errorf("after %d comes %d, want %d", epoch, got, want)
		}
	}
}

func TestSessionThatGrowsTooLargeEnds(t *testing.T) {
	cache := NewCache(3, rand.New(rand.NewPCG(1, 1)))
	now := time.UnixMilli(1)
	list := func(from, n int) []Partition {
		partitions := make([]Partition, n)
		for i := range partitions {
			partitions[i] = Partition{TopicPartition: TopicPartition{Topic: "t", Partition: int32(from + i)}}
		}
		return partitions
	}
	f, _ := cache.Open(now, &Request{Partitions: list(0, partitionsMax+1)}, nil)
	if id, _, _ := f.Close(now, make([]Result, partitionsMax+1)); id != NoSession {
		t.Error("a session begins above the limit")
	}
	f, _ = cache.Open(now, &Request{Partitions: list(0, partitionsMax)}, nil)
	id, _, _ := f.Close(now, make([]Result, partitionsMax))
	if id == NoSession {
		t.Fatal("no session at the limit")
	}
	_, err := cache.Open(now, &Request{SessionID: id, SessionEpoch: 1, Partitions: list(partitionsMax, 1)}, nil)
	if kafka.CodeOf(err) != kafka.ErrFetchSessionIDNotFound || cache.Stats() != (Stats{}) {
		t.Errorf("%v, %+v", err, cache.Stats())
	}
}

func BenchmarkIncrementalFetchOfOnePartition(b *testing.B) {
	cache := NewCache(1000, rand.New(rand.NewPCG(1, 1)))
	now := time.UnixMilli(1)
	r := &Request{Partitions: []Partition{{TopicPartition: TopicPartition{Topic: "t"}}}}
	var f Fetch
	results := make([]Result, 1)
	_ = cache.OpenInto(&f, now, r, nil)
	r.SessionID, _, _ = f.Close(now, results)
	b.ReportAllocs()
	for b.Loop() {
		r.SessionEpoch = nextEpoch(r.SessionEpoch)
		if err := cache.OpenInto(&f, now, r, nil); err != nil {
			b.Fatal(err)
		}
		if _, _, err := f.Close(now, results); err != nil {
			b.Fatal(err)
		}
	}
}
