package batch

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gregor-stream/gregor/internal/compress"
	"github.com/gregor-stream/gregor/internal/kafka"
)

// The files of testdata/java were written by Kafka's own classes, and the words
// beside them are what those read: see testdata/oracle.

func golden(t *testing.T, name string) (data []byte, words string) {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata/java", name+".bin"))
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join("testdata/java", name+".txt"))
	if err != nil {
		t.Fatal(err)
	}
	return data, string(text)
}

// words says of v2 batches what the oracle says.
func words(t *testing.T, data []byte) string {
	t.Helper()
	pool := &compress.Pool{}
	var out strings.Builder
	it := Batches(data)
	for it.Next() {
		b := it.Batch()
		if err := b.Verify(); err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&out, "batch magic %d offsets %d %d size %d codec %s time %s max %d epoch %d producer %d %d %d %d transactional %t control %t count %d\n",
			b.Magic(), b.BaseOffset(), b.LastOffset(), b.Size(), b.Codec(), b.TimestampType(), b.MaxTimestamp(),
			b.LeaderEpoch(), b.ProducerID(), b.ProducerEpoch(), b.BaseSequence(), b.LastSequence(), b.Transactional(), b.Control(), b.Count())
		for _, r := range read(t, b, pool) {
			wordRecord(&out, r.Offset, r.Timestamp, r.Sequence, r.Key, r.Value)
			for _, h := range r.Headers {
				fmt.Fprintf(&out, " header '%x' %s", h.Key, hex(h.Value))
			}
			out.WriteByte('\n')
		}
	}
	if err := it.Err(); err != nil || it.Consumed() != len(data) {
		t.Fatalf("%v after %d of %d bytes", err, it.Consumed(), len(data))
	}
	return out.String()
}

func wordRecord(out *strings.Builder, offset kafka.Offset, timestamp kafka.Timestamp, sequence int32, key, value []byte) {
	fmt.Fprintf(out, "  %d time %d sequence %d key %s value %s", offset, timestamp, sequence, hex(key), hex(value))
}

func hex(b []byte) string {
	if b == nil {
		return "null"
	}
	return fmt.Sprintf("'%x'", b)
}

func goldenNames(t *testing.T, pattern string) []string {
	t.Helper()
	paths, err := filepath.Glob("testdata/java/" + pattern + ".bin")
	if err != nil || len(paths) == 0 {
		t.Fatalf("no golden files %s: %v", pattern, err)
	}
	var names []string
	for _, path := range paths {
		names = append(names, strings.TrimSuffix(filepath.Base(path), ".bin"))
	}
	return names
}

func TestReadsWhatKafkaWrote(t *testing.T) {
	for _, name := range goldenNames(t, "v2_*") {
		data, want := golden(t, name)
		if diff := cmp.Diff(want, words(t, data)); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

// goldenRecords are those of the oracle's v2 batches.
func goldenRecords(base kafka.Offset) []plainRecord {
	const at = 1_700_000_000_000
	return []plainRecord{
		{Offset: base, Timestamp: at, Key: []byte("key"), Value: []byte("value"), Headers: []Header{
			{"trace", []byte{1, 2, 3}}, {"trace", nil}, {"", []byte{}},
		}},
		{Offset: base + 1, Timestamp: at - 5, Value: []byte(strings.Repeat("all work and no play makes jack a dull boy. ", 40))},
		{Offset: base + 2, Timestamp: at + 100_000, Key: []byte{}},
	}
}

func TestBuildsTheBytesThatKafkaBuilds(t *testing.T) {
	pool := &compress.Pool{}
	want, _ := golden(t, "v2_none")
	got := build(t, pool, Options{BaseOffset: 100, LeaderEpoch: 7}, goldenRecords(100))
	if !bytes.Equal(want, got) {
		t.Errorf("got  %x\nwant %x", []byte(got), want)
	}
	want, _ = golden(t, "v2_none_transactional")
	o := Options{BaseOffset: 500, LeaderEpoch: 9, Transactional: true, Producer: &Producer{77, 3, 1<<31 - 1}}
	if got := build(t, pool, o, goldenRecords(500)); !bytes.Equal(want, got) {
		t.Errorf("got  %x\nwant %x", []byte(got), want)
	}
	want, _ = golden(t, "v2_marker")
	o = Options{BaseOffset: 600, LeaderEpoch: 4, Transactional: true, Control: true, Producer: &Producer{77, 3, NoSequence}}
	marker := []plainRecord{{Offset: 600, Timestamp: 1_700_000_000_000, Key: ControlKey(ControlAbort), Value: []byte{0, 0, 0, 0, 0, 12}}}
	if got := build(t, pool, o, marker); !bytes.Equal(want, got) {
		t.Errorf("got  %x\nwant %x", []byte(got), want)
	}
}

func TestValidateTakesWhatKafkasProducersWrite(t *testing.T) {
	pool := &compress.Pool{}
	for _, codec := range allFive {
		data, _ := golden(t, "v2_"+codec.String())
		b := Batch(data)
		before := read(t, b, pool)
		b.SetBaseOffset(0)
		out, info, err := NewValidator(pool).Validate(now, b, 100, clientRules())
		if err != nil || info.Rebuilt {
			t.Fatalf("%s: %v, %+v", codec, err, info)
		}
		if diff := cmp.Diff(before, read(t, out, pool)); diff != "" {
			t.Errorf("%s: %s", codec, diff)
		}
	}
}

// TestWriteForTheOracle writes what Builder builds to the directory in
// BATCH_ORACLE_DIR, for `Golden read`; without it, it checks that we read it.
func TestWriteForTheOracle(t *testing.T) {
	pool := &compress.Pool{}
	dir := os.Getenv("BATCH_ORACLE_DIR")
	for _, codec := range allFive {
		lowest, highest, preset := codec.LevelRange()
		for i, level := range []compress.Level{lowest, preset, highest} {
			o := Options{BaseOffset: 7, Codec: codec, Level: level, LeaderEpoch: 3, Producer: &Producer{5, 1, 40}, Transactional: true}
			if i == 2 {
				o = Options{BaseOffset: 7, Codec: codec, Level: level, TimestampType: LogAppendTime, LogAppendTime: 123}
			}
			records := goldenRecords(7)
			records[2].Value = bytes.Repeat([]byte("0123456789abcdef"), 40_000)
			data := []byte(build(t, pool, o, records))
			text := words(t, data)
			if dir == "" {
				continue
			}
			name := filepath.Join(dir, fmt.Sprintf("%s_%d", codec, i))
			if err := os.WriteFile(name+".bin", data, 0o600); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(name+".txt", []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
}
