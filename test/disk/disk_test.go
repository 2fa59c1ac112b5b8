// Package disk proves what lies on disk: Kafka's own tools read every file
// that gregor writes, a restart keeps everything, and each broker opens what
// the other wrote. What crashes keep is test/kills. Kind: test
package disk

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/gregor-stream/gregor/test/harness"
)

// start runs a fresh gregor with small segments and ends it with the test.
func start(t *testing.T, name string) *harness.Broker {
	t.Helper()
	b, err := harness.StartGregor(harness.Options{Name: name, Properties: map[string]string{
		"log.retention.ms":         "-1",
		"log.index.interval.bytes": "256",
	}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("the broker's folder is kept: %s\n%s", b.Dir, b.Process().Tail(3000))
			_ = b.Kill()
			return
		}
		if err := b.Remove(); err != nil {
			t.Error(err)
		}
	})
	return b
}

func client(t *testing.T, b *harness.Broker, opts ...kgo.Opt) *kgo.Client {
	t.Helper()
	cl, err := kgo.NewClient(append([]kgo.Opt{kgo.SeedBrokers(b.Addr())}, opts...)...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(cl.Close)
	return cl
}

func limited(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 60*time.Second)
	t.Cleanup(cancel)
	return ctx
}

func create(t *testing.T, b *harness.Broker, topic string, configs map[string]string) {
	t.Helper()
	adm := kadm.NewClient(client(t, b))
	segment := "65536"
	pointers := map[string]*string{"internal.segment.bytes": &segment} // several segments
	for k, v := range configs {
		pointers[k] = &v
	}
	resp, err := adm.CreateTopic(limited(t), 1, 1, pointers, topic)
	if err = errors.Join(err, resp.Err); err != nil {
		t.Fatalf("create %s: %v", topic, err)
	}
}

// fill writes count records with a codec and an idempotent producer.
func fill(t *testing.T, b *harness.Broker, topic string, count int, codec kgo.CompressionCodec) {
	t.Helper()
	now := time.Now() // producers whose records are old are forgotten
	cl := client(t, b, kgo.ProducerBatchCompression(codec), kgo.DefaultProduceTopic(topic), kgo.ProducerBatchMaxBytes(16<<10))
	for i := range count {
		cl.Produce(limited(t), &kgo.Record{
			Key: fmt.Appendf(nil, "key-%d", i%100), Value: fmt.Appendf(nil, "value-%d-%0200d", i, i),
			Timestamp: now.Add(time.Duration(i) * time.Millisecond), Headers: []kgo.RecordHeader{{Key: "h", Value: []byte("v")}},
		}, func(_ *kgo.Record, err error) {
			if err != nil {
				t.Errorf("produce to %s: %v", topic, err)
			}
		})
	}
	if err := cl.Flush(limited(t)); err != nil {
		t.Fatal(err)
	}
}

// readAll returns what a topic's partition 0 holds, as one line a record.
func readAll(t *testing.T, b *harness.Broker, topic string) []string {
	t.Helper()
	adm := kadm.NewClient(client(t, b))
	ends, err := adm.ListEndOffsets(limited(t), topic)
	if err != nil {
		t.Fatal(err)
	}
	end, ok := ends.Lookup(topic, 0)
	if !ok || end.Err != nil {
		t.Fatalf("end of %s: %v", topic, end.Err)
	}
	cl := client(t, b, kgo.ConsumePartitions(map[string]map[int32]kgo.Offset{topic: {0: kgo.NewOffset().AtStart()}}))
	var lines []string
	for next := int64(0); next < end.Offset; {
		fetches := cl.PollFetches(limited(t))
		if errs := fetches.Errors(); len(errs) > 0 {
			t.Fatalf("fetch %s at %d: %v", topic, next, errs[0].Err)
		}
		fetches.EachRecord(func(r *kgo.Record) {
			lines = append(lines, fmt.Sprintf("%d %d %s %s %v", r.Offset, r.Timestamp.UnixMilli(), r.Key, r.Value, r.Headers))
			next = r.Offset + 1
		})
	}
	return lines
}

func equal(t *testing.T, what string, want, got []string) {
	t.Helper()
	if len(want) != len(got) {
		t.Errorf("%s: %d records, want %d", what, len(got), len(want))
		return
	}
	for i := range want {
		if want[i] != got[i] {
			t.Errorf("%s: record %d is\n %s, want\n %s", what, i, got[i], want[i])
			return
		}
	}
}

// files lists the files with a suffix in one partition's folder.
func files(t *testing.T, b *harness.Broker, partition, pattern string) []string {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(b.Data(), partition, pattern))
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func read(t *testing.T, path string) string {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}
