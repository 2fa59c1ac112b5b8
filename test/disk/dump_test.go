package disk

import (
	"slices"
	"strings"
	"testing"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/gregor-stream/gregor/test/harness"
)

// TestKafkaToolReadsWhatGregorWrites lets Kafka's own kafka-dump-log read
// every kind of file, with its deep checks on.
func TestKafkaToolReadsWhatGregorWrites(t *testing.T) {
	_, err := harness.Java().Find()
	harness.Missing(t, err)
	b := start(t, "dump")
	codecs := map[string]kgo.CompressionCodec{
		"none": kgo.NoCompression(), "gzip": kgo.GzipCompression(), "snappy": kgo.SnappyCompression(),
		"lz4": kgo.Lz4Compression(), "zstd": kgo.ZstdCompression(),
	}
	for name, codec := range codecs {
		create(t, b, name, nil)
		fill(t, b, name, 1500, codec)
	}
	commitOffsets(t, b)
	if err := b.Stop(); err != nil { // a clean stop writes snapshots and checkpoints
		t.Fatal(err)
	}
	t.Run("segments", func(t *testing.T) {
		var logs []string
		for name := range codecs {
			logs = append(logs, files(t, b, name+"-0", "*.log")...)
		}
		if len(logs) < 2*len(codecs) {
			t.Errorf("only %d segments: nothing was rolled", len(logs))
		}
		out := dump(t, "--deep-iteration", "--print-data-log", "--files", strings.Join(logs, ","))
		if n := strings.Count(out, "payload: value-"); n != 1500*len(codecs) {
			t.Errorf("the tool saw %d records, want %d", n, 1500*len(codecs))
		}
		refuse(t, out, "isvalid: false", "isValid: false", "Found incorrect", "invalid", "Exception")
	})
	t.Run("indexes", func(t *testing.T) {
		var indexes []string
		for name := range codecs {
			indexes = append(indexes, files(t, b, name+"-0", "*.index")...)
			indexes = append(indexes, files(t, b, name+"-0", "*.timeindex")...)
		}
		out := dump(t, "--index-sanity-check", "--files", strings.Join(indexes, ","))
		refuse(t, out, "mismatch", "Mismatch", "out of order", "Exception", "failed")
		if n := strings.Count(out, "passed sanity check"); n != len(indexes) {
			t.Errorf("%d of %d indexes passed:\n%s", n, len(indexes), out)
		}
		out = dump(t, "--verify-index-only", "--files", strings.Join(indexes, ","))
		refuse(t, out, "mismatch", "Mismatch", "out of order", "Exception", "Found timestamp")
	})
	t.Run("producer snapshots", func(t *testing.T) {
		snapshots := files(t, b, "none-0", "*.snapshot")
		if len(snapshots) == 0 {
			t.Fatal("no producer snapshot after a clean stop")
		}
		slices.Sort(snapshots)
		out := dump(t, "--files", snapshots[len(snapshots)-1])
		want(t, out, "producerId:", "lastSequence:", "lastOffset: 1499")
	})
	t.Run("offsets", func(t *testing.T) {
		var logs []string
		for _, path := range files(t, b, "__consumer_offsets-*", "*.log") {
			if len(read(t, path)) > 0 {
				logs = append(logs, path)
			}
		}
		out := dump(t, "--offsets-decoder", "--deep-iteration", "--print-data-log", "--files", strings.Join(logs, ","))
		want(t, out, `"group":"dump-group"`, `"topic":"none"`, `"offset":42`, `"metadata":"note"`)
	})
	t.Run("metadata", func(t *testing.T) {
		logs := files(t, b, "__cluster_metadata-0", "*.log")
		out := dump(t, "--cluster-metadata-decoder", "--deep-iteration", "--print-data-log", "--files", strings.Join(logs, ","))
		want(t, out, "REGISTER_BROKER_RECORD", "TOPIC_RECORD", "PARTITION_RECORD", "FEATURE_LEVEL_RECORD")
		refuse(t, out, "isvalid: false", "Exception", "Could not decode")
		for _, path := range files(t, b, "__cluster_metadata-0", "*.checkpoint") {
			refuse(t, dump(t, "--cluster-metadata-decoder", "--print-data-log", "--files", path), "isvalid: false", "Exception", "Could not")
		}
	})
}

// commitOffsets makes a group with members and commits.
func commitOffsets(t *testing.T, b *harness.Broker) {
	t.Helper()
	cl := client(t, b, kgo.ConsumerGroup("dump-group"), kgo.ConsumeTopics("none"), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()))
	if errs := cl.PollFetches(limited(t)).Errors(); len(errs) > 0 {
		t.Fatal(errs[0].Err)
	}
	cl.Close()
	var offsets kadm.Offsets
	offsets.Add(kadm.Offset{Topic: "none", Partition: 0, At: 42, LeaderEpoch: -1, Metadata: "note"})
	if err := kadm.NewClient(client(t, b)).CommitAllOffsets(limited(t), "dump-group", offsets); err != nil {
		t.Fatal(err)
	}
}

func dump(t *testing.T, args ...string) string {
	t.Helper()
	out, err := harness.KafkaTool("org.apache.kafka.tools.DumpLogSegments", args...)
	harness.Missing(t, err)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func want(t *testing.T, out string, words ...string) {
	t.Helper()
	for _, word := range words {
		if !strings.Contains(out, word) {
			t.Errorf("the tool does not show %q:\n%s", word, head(out))
		}
	}
}

func refuse(t *testing.T, out string, words ...string) {
	t.Helper()
	for line := range strings.SplitSeq(out, "\n") {
		for _, word := range words {
			if strings.Contains(line, word) {
				t.Errorf("the tool says: %.300s", line)
				return
			}
		}
	}
}

func head(out string) string {
	if len(out) > 3000 {
		return out[:3000] + "..."
	}
	return out
}
