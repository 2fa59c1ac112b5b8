package disk

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/gregor-stream/gregor/test/harness"
)

// resting is a broker whose cleaner does nothing after its start, eager one
// whose cleaner does at once what there is to do.
func resting() map[string]string {
	return map[string]string{
		"log.retention.ms": "-1", "log.index.interval.bytes": "256", "log.cleaner.backoff.ms": "3600000", "log.cleaner.delete.retention.ms": "1000",
		"log.cleaner.min.cleanable.ratio": "0.001",
	}
}

func eager() map[string]string {
	p := resting()
	p["log.cleaner.backoff.ms"] = "100"
	return p
}

// compactTopics are the topics of the proof, and how they are packed.
func compactTopics() map[string]kgo.CompressionCodec {
	return map[string]kgo.CompressionCodec{
		"plain": kgo.NoCompression(), "gzip": kgo.GzipCompression(), "snappy": kgo.SnappyCompression(),
		"lz4": kgo.Lz4Compression(), "zstd": kgo.ZstdCompression(), "txn": kgo.NoCompression(),
	}
}

// churn writes keys again and again, with tombstones: n records, in batches of
// some length.
func churn(t *testing.T, b *harness.Broker, topic string, codec kgo.CompressionCodec, n, round int) {
	t.Helper()
	cl := client(t, b, kgo.ProducerBatchCompression(codec), kgo.DefaultProduceTopic(topic), kgo.ProducerLinger(20*time.Millisecond))
	for i := 0; i < n; {
		var batch []*kgo.Record
		for range 1 + i%7 {
			batch = append(batch, churned(round*n+i))
			i++
		}
		if err := cl.ProduceSync(limited(t), batch...).FirstErr(); err != nil {
			t.Fatal(err)
		}
	}
}

func churned(i int) *kgo.Record {
	r := &kgo.Record{
		Key: fmt.Appendf(nil, "key-%d", i*i%37), Value: fmt.Appendf(nil, "value-%d-%0100d", i, i),
		// Long ago, so that its distance from a horizon has one length in both.
		Timestamp: time.Now().Add(time.Duration(i%10)*time.Second - time.Hour), Headers: []kgo.RecordHeader{{Key: "h", Value: fmt.Append(nil, i)}, {Key: "n"}},
	}
	if i%5 == 0 {
		r.Value = nil
	}
	return r
}

// transactChurn is churn in transactions, of which some are aborted.
func transactChurn(t *testing.T, b *harness.Broker, n, round int) {
	t.Helper()
	for id := range 2 {
		cl := client(t, b, kgo.TransactionalID(fmt.Sprint("id-", id)), kgo.DefaultProduceTopic("txn"), kgo.ProducerBatchCompression(kgo.NoCompression()))
		for i := 0; i < n; i += 5 {
			if err := cl.BeginTransaction(); err != nil {
				t.Fatal(err)
			}
			for j := range 5 {
				if err := cl.ProduceSync(limited(t), churned(round*n+i+j)).FirstErr(); err != nil {
					t.Fatal(err)
				}
			}
			if err := cl.EndTransaction(limited(t), kgo.TransactionEndTry(i%3 != 0)); err != nil {
				t.Fatal(err)
			}
		}
		cl.Close()
	}
}

// awaitCompacted waits until a broker has compacted all but the active segments.
func awaitCompacted(t *testing.T, b *harness.Broker) {
	t.Helper()
	deadline := time.Now().Add(40 * time.Second)
	for topic := range compactTopics() {
		logs := files(t, b, topic+"-0", "*.log")
		active := strings.TrimLeft(strings.TrimSuffix(filepath.Base(slices.Max(logs)), ".log"), "0")
		line := regexp.MustCompile(`(?m)^` + topic + ` 0 ` + active + `$`)
		for {
			data, err := os.ReadFile(filepath.Join(b.Data(), "cleaner-offset-checkpoint"))
			if err == nil && line.Match(data) {
				break
			}
			if time.Now().After(deadline) {
				t.Fatalf("%s: %s is not compacted up to %s: %v\n%s\n%s", b.Name, topic, active, err, data, b.Process().Tail(3000))
			}
			time.Sleep(50 * time.Millisecond)
		}
	}
}

// compacted starts a broker on a folder, lets it compact and stops it.
func compacted(t *testing.T, start func(harness.Options) (*harness.Broker, error), o harness.Options) *harness.Broker {
	t.Helper()
	b, err := start(o)
	harness.Missing(t, err)
	if err != nil {
		t.Fatal(err)
	}
	awaitCompacted(t, b)
	if err := b.Stop(); err != nil {
		t.Fatal(err)
	}
	return b
}

// copyDir copies a broker's folder.
func copyDir(t *testing.T, b *harness.Broker) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "copy")
	if err := os.CopyFS(dir, os.DirFS(b.Dir)); err != nil {
		t.Fatal(err)
	}
	return dir
}

// showCompacted is what lies in the partitions' directories: what Kafka's tool
// shows of the segments, and the other files as they are. Horizons, which are
// times of the cleaning, are masked; so is how long batches are that are packed,
// or have markers, which are hardly older than their horizon.
func showCompacted(t *testing.T, b *harness.Broker) []string {
	t.Helper()
	var lines []string
	horizon, packed := regexp.MustCompile(`(deleteHorizonMs: OptionalLong\[)\d+`), regexp.MustCompile(`(position|size): \d+`)
	crc := regexp.MustCompile(`crc: \d+`)
	var logs []string
	for _, topic := range []string{"gzip", "lz4", "plain", "snappy", "txn", "zstd"} {
		for _, path := range files(t, b, topic+"-0", "*") {
			name := topic + "/" + filepath.Base(path)
			switch {
			case strings.HasSuffix(name, ".log"):
				logs = append(logs, path)
			case strings.HasSuffix(name, ".txnindex") && len(read(t, path)) == 0:
			case strings.HasSuffix(name, ".snapshot"):
				lines = append(lines, name)
			case strings.HasSuffix(name, ".txnindex"), topic == "plain" && strings.HasSuffix(name, "index"):
				lines = append(lines, fmt.Sprintf("%s %x", name, strings.TrimRight(read(t, path), "\x00")))
			case strings.HasSuffix(name, ".deleted"): // until its delay is over
			case strings.HasSuffix(name, ".cleaned"), strings.HasSuffix(name, ".swap"):
				lines = append(lines, name)
			}
		}
	}
	out := dump(t, "--deep-iteration", "--print-data-log", "--files", strings.Join(logs, ","))
	refuse(t, out, "isvalid: false", "isValid: false", "Exception", "Could not")
	topic := ""
	// At the end the tool lists the gaps, by file in any order.
	out, _, _ = strings.Cut(out, "\nNon-consecutive offsets in ")
	for line := range strings.SplitSeq(out, "\n") {
		if strings.HasPrefix(line, "Dumping") {
			topic = filepath.Base(filepath.Dir(line))
			line = "Dumping " + topic + "/" + filepath.Base(line)
		}
		line = horizon.ReplaceAllString(line, "${1}H")
		line = crc.ReplaceAllString(line, "crc: C")
		if topic != "plain-0" {
			line = packed.ReplaceAllString(line, "$1: N")
		}
		lines = append(lines, line)
	}
	return lines
}

func sameCompacted(t *testing.T, what string, kafka, gregor []string) {
	t.Helper()
	if len(kafka) < 200 {
		t.Errorf("%s: only %d lines to compare", what, len(kafka))
	}
	for i := range max(len(kafka), len(gregor)) {
		var k, g string
		if i < len(kafka) {
			k = kafka[i]
		}
		if i < len(gregor) {
			g = gregor[i]
		}
		if k != g {
			t.Fatalf("%s: line %d of %d and %d\nkafka  %.600s\ngregor %.600s", what, i, len(kafka), len(gregor), k, g)
		}
	}
}

// TestCompactionAsKafkaDoesIt gives the same segments to Kafka's cleaner and to
// gregor's, twice: those that Kafka wrote, and those that gregor continued in
// what Kafka had compacted. Both leave the same batches, records and indexes.
// Then Kafka opens what gregor compacted, and reads the same.
func TestCompactionAsKafkaDoesIt(t *testing.T) {
	_, err := harness.Java().Find()
	harness.Missing(t, err)
	k, err := harness.StartKafka(harness.Options{Name: "compact", Properties: resting()})
	harness.Missing(t, err)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = k.Remove() }()
	for topic := range compactTopics() {
		create(t, k, topic, map[string]string{"cleanup.policy": "compact", "internal.segment.bytes": "12000"})
	}
	write := func(b *harness.Broker, round int) {
		for topic, codec := range compactTopics() {
			if topic != "txn" {
				churn(t, b, topic, codec, 400, round)
			}
		}
		transactChurn(t, b, 60, round)
		churn(t, b, "txn", kgo.NoCompression(), 150, round)
		if err := b.Stop(); err != nil {
			t.Fatal(err)
		}
	}
	write(k, 0)
	first := copyDir(t, k)
	k = compacted(t, harness.StartKafka, harness.Options{Name: "compact", Dir: k.Dir, Properties: eager()})
	g := compacted(t, harness.StartGregor, harness.Options{Name: "compact", Dir: first, Properties: eager()})
	sameCompacted(t, "what Kafka wrote", showCompacted(t, k), showCompacted(t, g))

	time.Sleep(time.Second) // the horizons pass
	g, err = harness.StartGregor(harness.Options{Name: "compact", Dir: k.Dir, Properties: resting()})
	if err != nil {
		t.Fatal(err)
	}
	write(g, 1)
	second, whole := copyDir(t, g), copyDir(t, g)
	k = compacted(t, harness.StartKafka, harness.Options{Name: "compact", Dir: g.Dir, Properties: eager()})
	g = compacted(t, harness.StartGregor, harness.Options{Name: "compact", Dir: second, Properties: eager()})
	sameCompacted(t, "what gregor continued", showCompacted(t, k), showCompacted(t, g))
	openCompacted(t, g)
	interruptedCompactions(t, whole, g)
}

// interruptedCompactions puts together what a crash leaves at each step of a
// compaction, one in each topic, of a folder before (whole) and after it. Both
// brokers finish or undo it, and serve what they have to.
func interruptedCompactions(t *testing.T, whole string, after *harness.Broker) {
	t.Helper()
	for topic, interrupt := range map[string]func(made, old []string){
		"plain": func(made, _ []string) { rename(t, made, ".swap") },
		"txn":   func(made, _ []string) { rename(t, made, ".swap") },
		"gzip": func(made, _ []string) { // not all are renamed: undone
			rename(t, made[:1], ".swap")
			rename(t, made[1:], ".cleaned")
		},
		"snappy": func(made, old []string) {
			rename(t, old, ".deleted")
			rename(t, made, ".swap")
		},
		"lz4": func(made, old []string) {
			rename(t, old[:1], ".deleted")
			rename(t, made, ".swap")
		},
		"zstd": func(made, old []string) { // the data has its place
			rename(t, old, ".deleted")
			rename(t, made[:1], "")
			rename(t, made[1:], ".swap")
		},
	} {
		made, old := oneReplacement(t, topic, whole, after)
		interrupt(made, old)
	}
	if err := os.Remove(filepath.Join(whole, "data", ".kafka_cleanshutdown")); err != nil {
		t.Fatal(err)
	}
	other := filepath.Join(t.TempDir(), "other")
	if err := os.CopyFS(other, os.DirFS(whole)); err != nil {
		t.Fatal(err)
	}
	want := serveCompacted(t, harness.StartGregor, after.Dir)
	for _, b := range []struct {
		name, dir string
		start     func(harness.Options) (*harness.Broker, error)
	}{{"gregor", whole, harness.StartGregor}, {"kafka", other, harness.StartKafka}} {
		got := serveCompacted(t, b.start, b.dir)
		for topic := range compactTopics() {
			if w, g := lastOfKeys(want[topic+" committed"]), lastOfKeys(got[topic+" committed"]); !maps.Equal(w, g) {
				t.Errorf("%s after an interrupted compaction of %s: the keys have\n%v\nwant\n%v", b.name, topic, g, w)
			}
		}
		left, err := filepath.Glob(filepath.Join(b.dir, "data", "*", "*.[cs][lw][ea][ap]*"))
		if err != nil || len(left) > 0 {
			t.Errorf("%s left %v, %v", b.name, left, err)
		}
	}
}

// oneReplacement copies the files of the first segment that replaced several into
// a folder from before, under names of their own that rename changes; the data
// first. It gives the files that it replaced, too.
func oneReplacement(t *testing.T, topic, whole string, after *harness.Broker) (made, old []string) {
	t.Helper()
	bases := files(t, after, topic+"-0", "*.log")
	before, err := filepath.Glob(filepath.Join(whole, "data", topic+"-0", "*.log"))
	if err != nil {
		t.Fatal(err)
	}
	for i := range len(bases) - 1 {
		old, made = nil, nil
		from, to := filepath.Base(bases[i]), filepath.Base(bases[i+1])
		for _, path := range before {
			if name := filepath.Base(path); name >= from && name < to {
				for _, suffix := range []string{".log", ".index", ".timeindex", ".txnindex"} {
					if file := strings.TrimSuffix(path, ".log") + suffix; exists(file) {
						old = append(old, file)
					}
				}
			}
		}
		if len(old) < 6 {
			continue
		}
		for _, suffix := range []string{".log", ".index", ".timeindex", ".txnindex"} {
			if file := strings.TrimSuffix(bases[i], ".log") + suffix; exists(file) {
				to := filepath.Join(whole, "data", topic+"-0", filepath.Base(file))
				if err := os.WriteFile(to+".made", []byte(read(t, file)), 0o644); err != nil {
					t.Fatal(err)
				}
				made = append(made, to+".made")
			}
		}
		return made, old
	}
	t.Fatalf("no segment of %s replaced several", topic)
	return nil, nil
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

func rename(t *testing.T, paths []string, suffix string) {
	t.Helper()
	for _, path := range paths {
		if err := os.Rename(path, strings.TrimSuffix(path, ".made")+suffix); err != nil {
			t.Fatal(err)
		}
	}
}

// lastOfKeys is the last value of each key, without those that were deleted and
// control records.
func lastOfKeys(lines []string) map[string]string {
	last := map[string]string{}
	for _, line := range lines {
		if words := strings.SplitN(line, " ", 4); strings.HasPrefix(words[2], "key-") {
			last[words[2]] = words[3]
		}
	}
	maps.DeleteFunc(last, func(_, value string) bool { return value == "" })
	return last
}

// openCompacted lets Kafka open what gregor compacted, without compacting it
// again, and compares what both serve.
func openCompacted(t *testing.T, g *harness.Broker) {
	t.Helper()
	want, got := serveCompacted(t, harness.StartGregor, g.Dir), serveCompacted(t, harness.StartKafka, g.Dir)
	for name, records := range want {
		if len(records) < 20 {
			t.Errorf("%s has only %d records", name, len(records))
		}
		equal(t, "Kafka on what gregor compacted: "+name, records, got[name])
	}
}

// serveCompacted starts a broker on a folder, without its cleaner, and reads all
// topics.
func serveCompacted(t *testing.T, start func(harness.Options) (*harness.Broker, error), dir string) map[string][]string {
	t.Helper()
	b, err := start(harness.Options{Name: "compact", Dir: dir, Properties: resting()})
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string][]string{}
	for topic := range compactTopics() {
		for name, isolation := range map[string]kgo.IsolationLevel{"all": kgo.ReadUncommitted(), "committed": kgo.ReadCommitted()} {
			seen[topic+" "+name] = consume(t, b, topic, isolation)
		}
	}
	if err := b.Stop(); err != nil {
		t.Error(err)
	}
	return seen
}

// consume reads a topic to its end, control records too.
func consume(t *testing.T, b *harness.Broker, topic string, isolation kgo.IsolationLevel) []string {
	t.Helper()
	cl := client(t, b, kgo.FetchIsolationLevel(isolation), kgo.FetchMaxWait(100*time.Millisecond),
		kgo.ConsumePartitions(map[string]map[int32]kgo.Offset{topic: {0: kgo.NewOffset().AtStart()}}), kgo.KeepControlRecords())
	defer cl.Close()
	ends, err := kadm.NewClient(cl).ListEndOffsets(limited(t), topic)
	if err != nil {
		t.Fatal(err)
	}
	end, _ := ends.Lookup(topic, 0)
	ctx := limited(t)
	var lines []string
	for last := int64(-1); last < end.Offset-1 && ctx.Err() == nil; {
		cl.PollFetches(ctx).EachRecord(func(r *kgo.Record) {
			lines = append(lines, strconv.FormatInt(r.Offset, 10)+" "+strconv.FormatInt(r.Timestamp.UnixMilli(), 10)+" "+string(r.Key)+" "+string(r.Value))
			last = r.Offset
		})
	}
	return lines
}

// TestKafkasLogCompactionTester runs Kafka's own proof of compaction against
// gregor: what it consumes has, of each key, the last of what it produced.
func TestKafkasLogCompactionTester(t *testing.T) {
	_, err := harness.Java().Find()
	harness.Missing(t, err)
	p := eager()
	p["log.segment.bytes"] = "1048576"
	b, err := harness.StartGregor(harness.Options{Name: "tester", Properties: p})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = b.Remove() }()
	out, err := harness.KafkaTool("org.apache.kafka.tools.LogCompactionTester", "--bootstrap-server", b.Addr(),
		"--messages", "150000", "--duplicates", "20", "--percent-deletes", "30", "--topics", "2", "--sleep", "2")
	harness.Missing(t, err)
	if err != nil {
		t.Fatal(err)
	}
	want(t, out, "Data verification is completed")
	reduction := regexp.MustCompile(`([0-9.]+)% reduction`).FindStringSubmatch(out)
	if reduction == nil || reduction[1] == "0.0" {
		t.Errorf("nothing was compacted: %s", out)
	}
	t.Log(strings.TrimSpace(out))
}
