package node

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/gregor-stream/gregor/internal/compress"
	"github.com/gregor-stream/gregor/internal/vfs"
)

// setting is one of the ways to keep what a script writes.
type setting struct {
	name    string
	configs map[string]string // of the topic
	codec   compress.Codec    // of the producers
	restart string            // "", "clean" or "kill"
}

func settings() []setting {
	tiny := func(more ...string) map[string]string {
		m := map[string]string{"internal.segment.bytes": "900", "index.interval.bytes": "64"}
		for i := 0; i < len(more); i += 2 {
			m[more[i]] = more[i+1]
		}
		return m
	}
	compact := []string{"cleanup.policy", "compact", "min.cleanable.dirty.ratio", "0", "delete.retention.ms", "1000", "segment.ms", "60000"}
	return []setting{
		{name: "segments of 1 GiB", codec: compress.None},
		{name: "tiny segments", configs: tiny(), codec: compress.None},
		{name: "gzip", configs: tiny(), codec: compress.Gzip},
		{name: "snappy", configs: tiny(), codec: compress.Snappy},
		{name: "lz4", configs: tiny(), codec: compress.Lz4},
		{name: "zstd", configs: tiny(), codec: compress.Zstd},
		{name: "recompressed", configs: tiny("compression.type", "zstd"), codec: compress.Gzip},
		{name: "unpacked", configs: tiny("compression.type", "uncompressed"), codec: compress.Lz4},
		{name: "compacted", configs: tiny(compact...), codec: compress.None},
		{name: "compacted, zstd, kills", configs: tiny(compact...), codec: compress.Zstd, restart: "kill"},
		{name: "always on disk, clean restarts", configs: tiny("flush.messages", "1"), codec: compress.None, restart: "clean"},
		{name: "segments of 1 GiB, kills", codec: compress.Gzip, restart: "kill"},
	}
}

// codecs is the client's compression: its own leaves memory behind that cannot
// outlive a bubble.
type codecs struct {
	pool  *compress.Pool
	codec compress.Codec
}

// Compress is kgo's Compressor.
func (c codecs) Compress(_ *bytes.Buffer, src []byte, _ ...kgo.CompressFlag) ([]byte, kgo.CompressionCodecType) {
	out, err := c.pool.Compress(nil, src, c.codec, 0)
	if err != nil {
		panic(err)
	}
	return out, kgo.CompressionCodecType(c.codec)
}

// Decompress is kgo's Decompressor.
func (c codecs) Decompress(src []byte, codec kgo.CompressionCodecType) ([]byte, error) {
	if codec == kgo.CodecNone {
		return src, nil
	}
	return c.pool.Decompress(nil, src, compress.Codec(codec), 1<<20)
}

// view is all that consumers can see of a topic.
type view struct {
	records string // read_committed: offsets, times, keys, values, headers
	offsets string // first, last, last stable, by time, committed by a group
}

// play runs the script: records with and without a transaction, committed and
// aborted ones, deletion of records, a group. Keys are all different, so that
// compaction takes nothing away.
func (s *setting) play(t *testing.T) (v view) {
	synctest.Test(t, func(t *testing.T) {
		w := &world{t: t, fs: vfs.NewMem(time.Now), props: []string{"log.cleaner.backoff.ms=1000", "log.retention.check.interval.ms=2000"}}
		w.start()
		t.Cleanup(w.stop)
		admin := w.client()
		configs := map[string]*string{}
		for k, v := range s.configs {
			configs[k] = &v
		}
		w.createTopic(admin, "t", 2, configs)
		n := 0
		for round := range 5 {
			s.round(t, w, round, &n)
			time.Sleep(90 * time.Second) // segment.ms, the cleaner, housekeeping
			switch s.restart {
			case "clean":
				w.stop()
				w.start()
			case "kill":
				w.kill()
				w.start()
			}
		}
		v.records = w.viewOf(t)
		v.offsets = w.offsetsOf(t, admin)
		admin.Close()
	})
	return v
}

func (s *setting) round(t *testing.T, w *world, round int, n *int) {
	record := func() *kgo.Record {
		*n++
		return &kgo.Record{
			Topic: "t", Partition: int32(*n % 2), Key: fmt.Append(nil, "key ", *n), Value: fmt.Appendf(nil, "value %d %s", *n, strings.Repeat("x", *n*7%150)),
			Headers: []kgo.RecordHeader{{Key: "n", Value: fmt.Append(nil, *n)}}, Timestamp: stampOf(*n),
		}
	}
	common := []kgo.Opt{kgo.WithCompressor(codecs{pool: new(compress.Pool), codec: s.codec}), kgo.RecordPartitioner(kgo.ManualPartitioner()), kgo.DefaultProduceTopic("t")}
	plain := w.client(common...)
	for range 12 {
		if err := plain.ProduceSync(t.Context(), record(), record(), record()).FirstErr(); err != nil {
			t.Fatal(err)
		}
	}
	plain.Close()
	txn := w.client(append(common, kgo.TransactionalID("x"))...)
	for i := range 3 {
		if err := txn.BeginTransaction(); err != nil {
			t.Fatal(err)
		}
		if err := txn.ProduceSync(t.Context(), record(), record()).FirstErr(); err != nil {
			t.Fatal(err)
		}
		if err := txn.EndTransaction(t.Context(), kgo.TransactionEndTry((i+round)%2 == 0)); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Second)
	}
	txn.Close()
}

// stampOf is the time of the n-th record: the clock's would tell of restarts.
func stampOf(n int) time.Time { return time.Date(2000, 1, 1, 0, 0, 0, n*int(time.Second/10), time.UTC) }

func (w *world) viewOf(t *testing.T) string {
	cl := w.client(kgo.ConsumeTopics("t"), kgo.FetchIsolationLevel(kgo.ReadCommitted()),
		kgo.WithDecompressor(codecs{pool: new(compress.Pool)}))
	defer cl.Close()
	var lines []string
	for {
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		fetches := cl.PollFetches(ctx)
		cancel()
		if fetches.NumRecords() == 0 {
			break
		}
		fetches.EachRecord(func(r *kgo.Record) {
			lines = append(lines, fmt.Sprintf("%d/%04d %d %s %s %s", r.Partition, r.Offset, r.Timestamp.UnixMilli(), r.Key, r.Value, r.Headers[0].Value))
		})
	}
	slices.Sort(lines)
	return strings.Join(lines, "\n")
}

func (w *world) offsetsOf(t *testing.T, admin *kgo.Client) string {
	adm := kadm.NewClient(admin)
	var out strings.Builder
	show := func(what string, list kadm.ListedOffsets, err error) {
		if err != nil {
			t.Fatalf("%s: %v", what, err)
		}
		for _, o := range list.Offsets().Sorted() {
			fmt.Fprintf(&out, "%s %d %d\n", what, o.Partition, o.At)
		}
	}
	list, err := adm.ListStartOffsets(t.Context(), "t")
	show("start", list, err)
	list, err = adm.ListEndOffsets(t.Context(), "t")
	show("end", list, err)
	list, err = adm.ListCommittedOffsets(t.Context(), "t")
	show("stable", list, err)
	// Before the first transaction: its markers have the clock's time, and
	// compaction takes them away.
	for n := 1; n <= 36; n += 5 {
		list, err = adm.ListOffsetsAfterMilli(t.Context(), stampOf(n).UnixMilli(), "t")
		show(fmt.Sprint("since ", n), list, err)
	}
	return out.String()
}

// However a log is kept, its consumers see the same.
func TestTheSameScriptShowsTheSame(t *testing.T) {
	var first view
	for i, s := range settings() {
		v := s.play(t)
		if i == 0 {
			first = v
			if n := strings.Count(v.records, "\n") + 1; n < 190 {
				t.Fatalf("the script shows only %d records", n)
			}
			continue
		}
		if v.records != first.records {
			t.Errorf("%s: other records are seen%s", s.name, difference(first.records, v.records))
		}
		if v.offsets != first.offsets {
			t.Errorf("%s: other offsets are seen%s", s.name, difference(first.offsets, v.offsets))
		}
	}
}

// difference shows the first line that is another.
func difference(want, got string) string {
	a, b := strings.Split(want, "\n"), strings.Split(got, "\n")
	for i := range min(len(a), len(b)) {
		if a[i] != b[i] {
			return fmt.Sprintf(": line %d of %d is %.120q, not %.120q", i, len(b), b[i], a[i])
		}
	}
	return fmt.Sprintf(": %d lines, not %d", len(b), len(a))
}
