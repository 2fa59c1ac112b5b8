package disk

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
)

// TestAStartAfterAKillReadsWhatCameLast kills a broker with many partitions, of
// which most were at rest, again and again: every record is there each time, and
// the recovery points are near the ends although no segment was completed.
func TestAStartAfterAKillReadsWhatCameLast(t *testing.T) {
	const partitions = 30
	b := start(t, "recovery")
	if _, err := kadm.NewClient(client(t, b)).CreateTopic(limited(t), partitions, 1, nil, "many"); err != nil {
		t.Fatal(err)
	}
	want := make([]int64, partitions)
	write := func(to, n int) {
		t.Helper()
		cl := client(t, b, kgo.RecordPartitioner(kgo.ManualPartitioner()))
		var records []*kgo.Record
		for p := range to {
			for range n {
				records = append(records, &kgo.Record{Topic: "many", Partition: int32(p), Value: fmt.Appendf(nil, "%d", want[p])})
				want[p]++
			}
		}
		if err := cl.ProduceSync(limited(t), records...).FirstErr(); err != nil {
			t.Fatal(err)
		}
	}
	write(partitions, 20)
	const file = "recovery-point-offset-checkpoint"
	eventually(t, "the recovery points are written", func() bool {
		data, err := os.ReadFile(filepath.Join(b.Data(), file))
		return err == nil && strings.Count(string(data), "many ") == partitions && strings.Contains(string(data), "many 29 20\n")
	})
	for round := range 3 {
		write(5*(round+1), 5)
		if err := b.Kill(); err != nil {
			t.Fatal(err)
		}
		begun := time.Now()
		if err := b.Start(); err != nil {
			t.Fatal(err)
		}
		ends, err := kadm.NewClient(client(t, b)).ListEndOffsets(limited(t), "many")
		if err != nil || ends.Error() != nil {
			t.Fatal(err, ends.Error())
		}
		t.Logf("all answer after %v", time.Since(begun).Round(time.Millisecond))
		ends.Each(func(o kadm.ListedOffset) {
			if o.Offset != want[o.Partition] {
				t.Errorf("round %d: partition %d ends at %d, want %d", round, o.Partition, o.Offset, want[o.Partition])
			}
		})
		checkValues(t, b.Addr(), want)
	}
	if log, err := os.ReadFile(filepath.Join(b.Dir, "broker.log")); err != nil || strings.Contains(string(log), "damaged") {
		t.Errorf("a log was damaged: %v\n%s", err, log)
	}
}

// checkValues reads everything: each partition's values count from 0.
func checkValues(t *testing.T, addr string, want []int64) {
	t.Helper()
	cl, err := kgo.NewClient(kgo.SeedBrokers(addr), kgo.ConsumeTopics("many"), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()))
	if err != nil {
		t.Fatal(err)
	}
	defer cl.Close()
	left := int64(0)
	for _, n := range want {
		left += n
	}
	next := make([]int64, len(want))
	for ctx := limited(t); left > 0; {
		fetches := cl.PollFetches(ctx)
		if err := fetches.Err(); err != nil {
			t.Fatalf("%d records are missing: %v", left, err)
		}
		fetches.EachRecord(func(r *kgo.Record) {
			if string(r.Value) != fmt.Sprint(next[r.Partition]) {
				t.Fatalf("partition %d offset %d holds %q, want %d", r.Partition, r.Offset, r.Value, next[r.Partition])
			}
			next[r.Partition]++
			left--
		})
	}
}

// eventually waits, at most half a minute.
func eventually(t *testing.T, what string, done func() bool) {
	t.Helper()
	deadline := time.Now().Add(30 * time.Second)
	ticker := time.NewTicker(50 * time.Millisecond)
	defer ticker.Stop()
	for !done() {
		if time.Now().After(deadline) {
			t.Fatalf("not in time: %s", what)
		}
		<-ticker.C
	}
}
