package disk

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/gregor-stream/gregor/test/harness"
)

// TestRestartKeepsEverything stops cleanly, starts again, and looks at
// topics, records, offsets, configs and producer state.
func TestRestartKeepsEverything(t *testing.T) {
	b := start(t, "restart")
	create(t, b, "kept", map[string]string{"retention.ms": "777777777777"})
	create(t, b, "none", nil)
	fill(t, b, "kept", 1000, kgo.Lz4Compression())
	fill(t, b, "none", 100, kgo.NoCompression())
	commitOffsets(t, b)
	before := readAll(t, b, "kept")
	producers := describe(t, b, "kept")
	for _, how := range []struct {
		name string
		end  func() error
	}{{"clean stop", b.Stop}, {"kill -9", b.Kill}} {
		t.Run(how.name, func(t *testing.T) {
			if err := how.end(); err != nil {
				t.Fatal(err)
			}
			begun := time.Now()
			if err := b.Start(); err != nil {
				t.Fatal(err)
			}
			t.Logf("ready after %v", time.Since(begun).Round(time.Millisecond))
			equal(t, how.name, before, readAll(t, b, "kept"))
			adm := kadm.NewClient(client(t, b))
			offsets, err := adm.FetchOffsets(limited(t), "dump-group")
			if o, ok := offsets.Lookup("none", 0); err != nil || !ok || o.At != 42 || o.Metadata != "note" {
				t.Errorf("committed offset: %+v, %v", o, err)
			}
			configs, err := adm.DescribeTopicConfigs(limited(t), "kept")
			if err != nil {
				t.Fatal(err)
			}
			for _, c := range configs[0].Configs {
				if c.Key == "retention.ms" && c.MaybeValue() != "777777777777" {
					t.Errorf("retention.ms is %s", c.MaybeValue())
				}
			}
			if after := describe(t, b, "kept"); after != producers {
				t.Errorf("producers\n %s, before\n %s", after, producers)
			}
		})
	}
}

// describe renders the producer state of partition 0.
func describe(t *testing.T, b *harness.Broker, topic string) string {
	t.Helper()
	set := kadm.TopicsSet{}
	set.Add(topic, 0)
	found, err := kadm.NewClient(client(t, b)).DescribeProducers(limited(t), set)
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	found.EachProducer(func(p kadm.DescribedProducer) {
		fmt.Fprintf(&out, "%d epoch %d sequence %d\n", p.ProducerID, p.ProducerEpoch, p.LastSequence)
	})
	if out.Len() == 0 {
		t.Errorf("no producer state of %s", topic)
	}
	return out.String()
}

// TestKafkaOpensWhatGregorWroteAndBack moves one data directory from gregor
// to Apache Kafka and back again.
func TestKafkaOpensWhatGregorWroteAndBack(t *testing.T) {
	b := start(t, "moving")
	create(t, b, "moved", map[string]string{"compression.type": "zstd"})
	fill(t, b, "moved", 1000, kgo.ZstdCompression())
	before := readAll(t, b, "moved")
	if err := b.Stop(); err != nil {
		t.Fatal(err)
	}
	kept := map[string]string{"log.retention.ms": "-1"}
	k, err := harness.StartKafka(harness.Options{Name: "moving", Dir: b.Dir, Port: b.Port, Controller: b.Controller, Properties: kept})
	harness.Missing(t, err)
	if err != nil {
		t.Fatalf("Apache Kafka does not start on gregor's directory: %v", err)
	}
	equal(t, "Apache Kafka on gregor's directory", before, readAll(t, k, "moved"))
	fill(t, k, "moved", 500, kgo.GzipCompression())
	create(t, k, "kafkas", nil)
	fill(t, k, "kafkas", 300, kgo.NoCompression())
	moved, kafkas := readAll(t, k, "moved"), readAll(t, k, "kafkas")
	if err := k.Stop(); err != nil {
		t.Fatal(err)
	}
	g, err := harness.StartGregor(harness.Options{Name: "moving", Dir: b.Dir, Port: b.Port, Controller: b.Controller, Properties: kept})
	if err != nil {
		t.Fatalf("gregor does not start on what Apache Kafka left: %v", err)
	}
	defer func() { _ = g.Kill() }()
	equal(t, "gregor on Apache Kafka's directory", moved, readAll(t, g, "moved"))
	equal(t, "a topic that Apache Kafka made", kafkas, readAll(t, g, "kafkas"))
	fill(t, g, "kafkas", 10, kgo.NoCompression())
}

// TestGregorReadsSegmentsThatKafkaWrote starts gregor on a fresh Apache Kafka
// directory, in place.
func TestGregorOpensWhatKafkaWrote(t *testing.T) {
	k, err := harness.StartKafka(harness.Options{Name: "opening", Properties: map[string]string{
		"log.retention.ms": "-1", "log.index.interval.bytes": "256",
	}})
	harness.Missing(t, err)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = os.RemoveAll(k.Dir) }()
	want := map[string][]string{}
	for name, codec := range map[string]kgo.CompressionCodec{"none": kgo.NoCompression(), "snappy": kgo.SnappyCompression(), "zstd": kgo.ZstdCompression()} {
		create(t, k, name, nil)
		fill(t, k, name, 1500, codec)
		want[name] = readAll(t, k, name)
	}
	commitOffsets(t, k)
	producers := describe(t, k, "none")
	if err := k.Stop(); err != nil {
		t.Fatal(err)
	}
	g, err := harness.StartGregor(harness.Options{Name: "opening", Dir: k.Dir, Port: k.Port, Controller: k.Controller, Properties: map[string]string{"log.retention.ms": "-1"}})
	if err != nil {
		t.Fatalf("gregor does not start on Apache Kafka's directory: %v", err)
	}
	defer func() { err = errors.Join(err, g.Kill()) }()
	for name, records := range want {
		equal(t, name, records, readAll(t, g, name))
	}
	offsets, err := kadm.NewClient(client(t, g)).FetchOffsets(limited(t), "dump-group")
	if o, ok := offsets.Lookup("none", 0); err != nil || !ok || o.At != 42 {
		t.Errorf("committed offset: %+v, %v", o, err)
	}
	if after := describe(t, g, "none"); after != producers {
		t.Errorf("producers\n %s, before\n %s", after, producers)
	}
}

// TestDamageIsReportedNotCutAway flips a byte below the recovery point of a
// cleanly closed log: gregor must say where, and keep the file.
func TestDamageIsReportedNotCutAway(t *testing.T) {
	b := start(t, "damage")
	create(t, b, "hurt", nil)
	fill(t, b, "hurt", 500, kgo.NoCompression())
	if err := b.Stop(); err != nil {
		t.Fatal(err)
	}
	logs := files(t, b, "hurt-0", "*.log")
	data := []byte(read(t, logs[0]))
	data[200] ^= 0x40
	if err := os.WriteFile(logs[0], data, 0o644); err != nil {
		t.Fatal(err)
	}
	if err := b.Start(); err != nil {
		t.Fatal(err)
	}
	cl := client(t, b, kgo.ConsumePartitions(map[string]map[int32]kgo.Offset{"hurt": {0: kgo.NewOffset().AtStart()}}), kgo.DisableFetchCRCValidation())
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	for ctx.Err() == nil && !strings.Contains(b.Process().Tail(100000), filepath.Base(logs[0])) {
		poll, end := context.WithTimeout(ctx, time.Second)
		cl.PollFetches(poll)
		end()
	}
	if now := read(t, logs[0]); len(now) != len(data) {
		t.Errorf("%s had %d bytes and has %d: damage below the recovery point was cut away", filepath.Base(logs[0]), len(data), len(now))
	}
	if said := b.Process().Tail(100000); !strings.Contains(said, filepath.Base(logs[0])) {
		t.Errorf("the log does not name the damaged file:\n%s", b.Process().Tail(2000))
	}
}
