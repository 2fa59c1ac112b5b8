package disk

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/gregor-stream/gregor/test/harness"
)

// sprawl moves the batches of a log with one segment apart, so that their offsets
// are too far from its base (KAFKA-6264): each third batch 2^31 above the one
// before. The checksums do not cover the offsets. The
// indexes and the snapshots of the producers go: they are those of another log.
func sprawl(t *testing.T, dir string) {
	t.Helper()
	name := filepath.Join(dir, "00000000000000000000.log")
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	var added, end int64
	for at, n := 0, 1; at < len(data); n++ {
		b := data[at:]
		if n%3 == 0 {
			added += 1 << 31
		}
		base := int64(binary.BigEndian.Uint64(b)) + added
		binary.BigEndian.PutUint64(b, uint64(base))
		end = base + int64(binary.BigEndian.Uint32(b[23:])) + 1
		at += 12 + int(binary.BigEndian.Uint32(b[8:]))
	}
	if end < 3<<31 {
		t.Fatalf("the log ends at %d: there were too few batches", end)
	}
	if err := os.WriteFile(name, data, 0o644); err != nil {
		t.Fatal(err)
	}
	others, err := filepath.Glob(filepath.Join(dir, "*[xt]")) // indexes and snapshots
	if err != nil {
		t.Fatal(err)
	}
	for _, other := range others {
		if ext := filepath.Ext(other); ext == ".index" || ext == ".timeindex" || ext == ".snapshot" {
			if err := os.Remove(other); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// sprawledTopics are named by what their records are compressed with.
func sprawledTopics() []string { return []string{"plain", "packed"} }

// segments reads the data of all segments of a partition, by name.
func segments(t *testing.T, b *harness.Broker, partition string) (names []string, data [][]byte) {
	t.Helper()
	for _, path := range files(t, b, partition, "*.log") {
		names, data = append(names, filepath.Base(path)), append(data, []byte(read(t, path)))
	}
	return names, data
}

// TestSegmentsThatOverflowAreSplitAsKafkaDoesIt gives the same folder, in which two
// segments overflow, to Apache Kafka and to gregor. Both split them into the same
// segments and serve the same records. Then gregor serves what Kafka left, and both
// finish a split of gregor's that was interrupted when all was renamed to *.swap.
func TestSegmentsThatOverflowAreSplitAsKafkaDoesIt(t *testing.T) {
	_, err := harness.Java().Find()
	harness.Missing(t, err)
	g := start(t, "sprawl")
	for _, topic := range sprawledTopics() {
		create(t, g, topic, map[string]string{"cleanup.policy": "compact", "min.cleanable.dirty.ratio": "1", "internal.segment.bytes": "1048576"})
		codec := kgo.NoCompression()
		if topic == "packed" {
			codec = kgo.ZstdCompression()
		}
		for range 12 {
			fill(t, g, topic, 20, codec)
		}
	}
	if err := g.Stop(); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(filepath.Join(g.Data(), ".kafka_cleanshutdown")); err != nil {
		t.Fatal(err)
	}
	for _, topic := range sprawledTopics() {
		sprawl(t, filepath.Join(g.Data(), topic+"-0"))
	}
	forget(t, g)
	kafkas, swapped, kafkasSwapped := copyDir(t, g), copyDir(t, g), copyDir(t, g)

	k, err := harness.StartKafka(harness.Options{Name: "sprawl", Dir: kafkas, Properties: resting()})
	harness.Missing(t, err)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = k.Kill() }()
	if err := g.Start(); err != nil {
		t.Fatal(err)
	}
	want := map[string][]string{}
	for _, topic := range sprawledTopics() {
		want[topic] = readAll(t, k, topic)
		if len(want[topic]) < 240 {
			t.Fatalf("Apache Kafka serves %d records", len(want[topic]))
		}
		equal(t, topic, want[topic], readAll(t, g, topic))
		names, data := segments(t, k, topic+"-0")
		ours, own := segments(t, g, topic+"-0")
		if !slices.Equal(names, ours) || len(names) < 4 || !slices.EqualFunc(data, own, bytes.Equal) {
			t.Errorf("%s: gregor made %v, Apache Kafka %v", topic, ours, names)
		}
	}
	if said := g.Process().Tail(1 << 20); strings.Count(said, "a segment was split") != 2 {
		t.Errorf("the log does not say that two segments were split:\n%s", said)
	}
	for _, b := range []*harness.Broker{k, g} {
		if err := b.Stop(); err != nil {
			t.Fatal(err)
		}
	}
	for _, dir := range []string{swapped, kafkasSwapped} {
		interrupted(t, dir, g.Dir)
	}
	for dir, start := range map[string]func(harness.Options) (*harness.Broker, error){
		kafkas: harness.StartGregor, swapped: harness.StartGregor, kafkasSwapped: harness.StartKafka,
	} {
		b, err := start(harness.Options{Name: "sprawl", Dir: dir, Properties: resting()})
		if err != nil {
			t.Fatal(err)
		}
		for _, topic := range sprawledTopics() {
			equal(t, fmt.Sprintf("%s of %s", topic, dir), want[topic], readAll(t, b, topic))
			fill(t, b, topic, 5, kgo.NoCompression())
		}
		if err := b.Stop(); err != nil {
			t.Fatal(err)
		}
		for _, topic := range sprawledTopics() {
			if left := files(t, b, topic+"-0", "*.swap"); len(left) > 0 {
				t.Errorf("%s left %v", b.Dir, left)
			}
		}
	}
}

// forget removes what gregor remembers of logs at rest, and where recoveries need
// not begin earlier: these are other logs now.
func forget(t *testing.T, b *harness.Broker) {
	t.Helper()
	if err := os.Remove(filepath.Join(b.Data(), ".gregor-logs")); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"recovery-point-offset-checkpoint", "replication-offset-checkpoint"} {
		if err := os.WriteFile(filepath.Join(b.Data(), name), []byte("0\n0\n"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// interrupted copies the parts that a split made into a folder from before, named
// *.swap beside the segment that they replace.
func interrupted(t *testing.T, before, after string) {
	t.Helper()
	for _, topic := range sprawledTopics() {
		parts, err := filepath.Glob(filepath.Join(after, "data", topic+"-0", "*.*"))
		if err != nil {
			t.Fatal(err)
		}
		for _, path := range parts {
			ext := filepath.Ext(path)
			if ext != ".log" && ext != ".index" && ext != ".timeindex" {
				continue
			}
			to := filepath.Join(before, "data", topic+"-0", filepath.Base(path)+".swap")
			if err := os.WriteFile(to, []byte(read(t, path)), 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
}
