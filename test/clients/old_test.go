package clients

import (
	"context"
	"crypto/md5"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/gregor-stream/gregor/test/harness"
)

// oldClients speak versions that Kafka 4 dropped.
func oldClients() []client {
	list := []client{
		{"Java 0.9.0.1", javaScript("client-0.9", "OldClient")},
		{"Java 0.10.2.2", javaScript("client-0.10", "OldClient")},
		{"Java 0.11.0.3", javaScript("client-0.11", "OldClient")},
	}
	for _, v := range []string{"0.8.2", "0.9", "0.10"} {
		list = append(list, client{"kafka-python 1.4.7, api_version " + v, oldPythonScript(v)})
	}
	for _, v := range []string{"0.8.2.2", "0.10.0.1"} {
		list = append(list, client{"sarama, Version " + v, withVersion(goScript("sarama-old"), v)})
	}
	return append(list,
		client{"confluent-kafka (Python), broker.version.fallback 0.9.0.1", pythonScript("confluent_old.py", "api_version=0.9.0.1")},
		client{"kcat, broker.version.fallback 0.9.0.1", withVersion(oldKcatScript, "0.9.0.1")},
		client{"kcat, broker.version.fallback 0.8.2.2", withVersion(oldKcatScript, "0.8.2.2")})
}

// oldCodecs are those that the old formats have.
func oldCodecs() []string { return []string{"none", "gzip", "snappy", "lz4"} }

// oldSteps are what old clients do, and last what new ones read of it.
func oldSteps() []string {
	var list []string
	for _, codec := range oldCodecs() {
		list = append(list, "produce "+codec)
	}
	list = append(list, "nulls", "without acknowledgement")
	for _, codec := range oldCodecs() {
		list = append(list, "fetch new "+codec)
	}
	return append(list, "begin in the middle", "many, in small pieces", "transactions", "ends", "commits", "group",
		"read by a new client")
}

// TestOldClientsSeeTheSameOnBothBrokers runs clients of before Kafka 0.11, and
// newer ones that take the broker for such a one, beside the last Apache Kafka
// that serves them. Both read what newest clients wrote, and those read what the
// old ones wrote.
func TestOldClientsSeeTheSameOnBothBrokers(t *testing.T) {
	pair, done := oldPair(t)
	defer done()
	table := newTable("old-clients", oldClients(), oldSteps())
	table.before, table.after = writeNew, readNew
	table.fill(t, pair)
}

func oldPair(t *testing.T) (*harness.Pair, func()) {
	t.Helper()
	kafka, err := harness.StartKafka(harness.Options{Name: "old-clients", Old: true, Properties: harness.Proof()})
	harness.Missing(t, err)
	if err != nil {
		t.Fatal(err)
	}
	gregor, err := harness.StartGregor(harness.Options{Name: "old-clients", Properties: harness.Proof()})
	if err != nil {
		_ = kafka.Remove()
		t.Fatal(err)
	}
	return &harness.Pair{Kafka: kafka.Addr(), Gregor: gregor.Addr()}, func() {
		if err := errors.Join(kafka.Remove(), gregor.Remove()); err != nil {
			t.Error(err)
		}
	}
}

// writeNew makes a script's topics, and writes what a newest client writes: all
// codecs, headers, an idempotent producer's many batches, and transactions.
func writeNew(bootstrap, prefix string) error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	topics := []string{"nulls", "acks-none", "many", "txn", "new-zstd"}
	for _, codec := range oldCodecs() {
		topics = append(topics, "codec-"+codec, "new-"+codec)
	}
	for i := range topics {
		topics[i] = prefix + topics[i]
	}
	cl, err := kgo.NewClient(kgo.SeedBrokers(bootstrap))
	if err != nil {
		return err
	}
	defer cl.Close()
	made, err := kadm.NewClient(cl).CreateTopics(ctx, 1, 1, nil, topics...)
	if err = errors.Join(err, made.Error()); err != nil {
		return err
	}
	for codec, o := range map[string]kgo.CompressionCodec{
		"none": kgo.NoCompression(), "gzip": kgo.GzipCompression(), "snappy": kgo.SnappyCompression(), "lz4": kgo.Lz4Compression(), "zstd": kgo.ZstdCompression(),
	} {
		for batch := range 3 {
			if err := writeBatch(ctx, bootstrap, prefix+"new-"+codec, batch*20, 20, kgo.ProducerBatchCompression(o)); err != nil {
				return fmt.Errorf("write %s: %w", codec, err)
			}
		}
	}
	if err := writeBatch(ctx, bootstrap, prefix+"many", 0, 5000, kgo.ProducerBatchMaxBytes(8000)); err != nil {
		return err
	}
	return writeTransactions(ctx, bootstrap, prefix)
}

// oldEpoch is the first timestamp of what is written: 2020-01-01.
const oldEpoch = int64(1577836800000)

func newRecord(topic string, i int) *kgo.Record {
	return &kgo.Record{
		Topic: topic, Key: fmt.Appendf(nil, "key-%d", i), Value: []byte(strings.Repeat(fmt.Sprintf("value %d ", i), i%23)),
		Timestamp: time.UnixMilli(oldEpoch + int64(i)), Headers: []kgo.RecordHeader{{Key: "h", Value: []byte("v")}},
	}
}

// writeBatch writes so many records, as few batches as their limit allows.
func writeBatch(ctx context.Context, bootstrap, topic string, from, count int, opts ...kgo.Opt) error {
	cl, err := kgo.NewClient(append(opts, kgo.SeedBrokers(bootstrap), kgo.ProducerLinger(50*time.Millisecond))...)
	if err != nil {
		return err
	}
	defer cl.Close()
	records := make([]*kgo.Record, count)
	for i := range records {
		records[i] = newRecord(topic, from+i)
	}
	return cl.ProduceSync(ctx, records...).FirstErr()
}

// writeTransactions leaves committed and aborted records with markers between
// them, and one record behind the last: thirteen offsets, nine records.
func writeTransactions(ctx context.Context, bootstrap, prefix string) error {
	cl, err := kgo.NewClient(kgo.SeedBrokers(bootstrap), kgo.TransactionalID(prefix+"id"), kgo.ProducerLinger(0))
	if err != nil {
		return err
	}
	defer cl.Close()
	for i := range 4 {
		if err := cl.BeginTransaction(); err != nil {
			return err
		}
		if err := cl.ProduceSync(ctx, newRecord(prefix+"txn", 2*i), newRecord(prefix+"txn", 2*i+1)).FirstErr(); err != nil {
			return err
		}
		if err := cl.EndTransaction(ctx, kgo.TransactionEndTry(i%2 == 0)); err != nil {
			return err
		}
	}
	return writeBatch(ctx, bootstrap, prefix+"txn", 8, 1)
}

// readNew is the step that a newest client adds: it reads what the script wrote.
func readNew(bootstrap, prefix string, said map[string]line) []line {
	const step = "read by a new client"
	var all []string
	topics := []string{"nulls", "acks-none"}
	for _, codec := range oldCodecs() {
		if said["produce "+codec].Answer != nil {
			topics = append(topics, "codec-"+codec)
		}
	}
	for _, topic := range topics {
		read, err := readAll(bootstrap, prefix+topic)
		if err != nil {
			fmt.Fprintf(os.Stderr, "read %s%s: %v\n", prefix, topic, err)
			return []line{{Step: step, Error: err.Error()}}
		}
		all = append(all, topic+": "+read)
	}
	answer, err := json.Marshal(all)
	if err != nil {
		return []line{{Step: step, Error: err.Error()}}
	}
	return []line{{Step: step, Answer: answer}}
}

// readAll reads a topic to its end.
func readAll(bootstrap, topic string) (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	cl, err := kgo.NewClient(kgo.SeedBrokers(bootstrap), kgo.ConsumeTopics(topic), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()))
	if err != nil {
		return "", err
	}
	defer cl.Close()
	ends, err := kadm.NewClient(cl).ListEndOffsets(ctx, topic)
	if err = errors.Join(err, ends.Error()); err != nil {
		return "", err
	}
	end, _ := ends.Lookup(topic, 0)
	var text strings.Builder
	for next := int64(0); next < end.Offset; {
		fetched := cl.PollFetches(ctx)
		if err := fetched.Err0(); err != nil {
			return "", err
		}
		fetched.EachRecord(func(r *kgo.Record) {
			next = r.Offset + 1
			stamp := fmt.Sprint(r.Timestamp.UnixMilli())
			if now := time.Now(); r.Timestamp.After(now.Add(-24 * time.Hour)) { // a client that sets the time itself
				stamp = "now"
			}
			fmt.Fprintf(&text, "%d %s %q %v %q %v %v\n", r.Offset, stamp, r.Key, r.Key == nil, r.Value, r.Value == nil, r.Headers)
		})
	}
	return fmt.Sprintf("%d records %x", end.Offset, md5.Sum([]byte(text.String()))), nil
}

func oldPythonScript(version string) func() ([]string, error) {
	return func() ([]string, error) {
		python, err := harness.PythonOld().Find()
		return []string{python, script("python", "kafka_python_old.py"), "api_version=" + version}, err
	}
}

func oldKcatScript() ([]string, error) {
	kcat, err := harness.Kcat().Find()
	return []string{"bash", script("shell", "kcat_old.sh"), kcat}, err
}

// withVersion adds the version that a script takes as its last argument.
func withVersion(command func() ([]string, error), version string) func() ([]string, error) {
	var once sync.Mutex // a program is built by one at a time
	return func() ([]string, error) {
		once.Lock()
		defer once.Unlock()
		c, err := command()
		return append(c, "api_version="+version), err
	}
}
