package disk

import (
	"context"
	"errors"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/gregor-stream/gregor/test/harness"
)

// transact writes values in a transaction, with an offset of a group, and ends it.
func transact(t *testing.T, s *kgo.GroupTransactSession, cl *kgo.Client, topic string, how kgo.TransactionEndTry, values ...string) {
	t.Helper()
	begin, end := cl.BeginTransaction, func() error { return cl.EndTransaction(limited(t), how) }
	if s != nil {
		begin, end = s.Begin, func() error { _, err := s.End(limited(t), how); return err }
	}
	if err := begin(); err != nil {
		t.Fatal(err)
	}
	for _, v := range values {
		if err := cl.ProduceSync(limited(t), &kgo.Record{Topic: topic, Value: []byte(v)}).FirstErr(); err != nil {
			t.Fatal(err)
		}
	}
	if err := end(); err != nil {
		t.Fatal(err)
	}
}

// committed reads what counts in a topic's partition 0, up to n values.
func committed(t *testing.T, b *harness.Broker, topic string, n int) []string {
	t.Helper()
	cl := client(t, b, kgo.ConsumeTopics(topic), kgo.FetchIsolationLevel(kgo.ReadCommitted()), kgo.FetchMaxWait(100*time.Millisecond))
	defer cl.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	var values []string
	for len(values) < n && ctx.Err() == nil {
		cl.PollFetches(ctx).EachRecord(func(r *kgo.Record) { values = append(values, string(r.Value)) })
	}
	return values
}

// describedState waits until no markers of an id are due.
func describedState(t *testing.T, b *harness.Broker, id string) string {
	t.Helper()
	adm := kadm.NewClient(client(t, b))
	for {
		d, err := adm.DescribeTransactions(limited(t), id)
		if err = errors.Join(err, d[id].Err); err != nil {
			t.Fatal(err)
		}
		if !strings.HasPrefix(d[id].State, "Prepare") {
			return d[id].State
		}
	}
}

// tellTransactions is the same for both brokers: producers that commit, abort,
// begin anew over each other, and commit offsets.
func tellTransactions(t *testing.T, b *harness.Broker) {
	t.Helper()
	create(t, b, "data", nil)
	create(t, b, "in", nil)
	fill(t, b, "in", 10, kgo.NoCompression())
	opts := func(id string) []kgo.Opt {
		return []kgo.Opt{kgo.SeedBrokers(b.Addr()), kgo.TransactionalID(id), kgo.ProducerBatchCompression(kgo.NoCompression())}
	}
	one := client(t, b, opts("one")...)
	transact(t, nil, one, "data", kgo.TryCommit, "a", "b")
	describedState(t, b, "one")
	transact(t, nil, one, "data", kgo.TryAbort, "c")
	describedState(t, b, "one")
	if err := one.BeginTransaction(); err != nil {
		t.Fatal(err)
	}
	if err := one.ProduceSync(limited(t), kgo.StringRecord("d")).FirstErr(); err == nil {
		t.Fatal("a record without a topic was written")
	}
	if err := one.ProduceSync(limited(t), &kgo.Record{Topic: "data", Value: []byte("d")}).FirstErr(); err != nil {
		t.Fatal(err)
	}
	again := client(t, b, opts("one")...)
	transact(t, nil, again, "data", kgo.TryCommit, "e")
	describedState(t, b, "one")

	s, err := kgo.NewGroupTransactSession(append(opts("two"), kgo.ConsumerGroup("etl"), kgo.ConsumeTopics("in"),
		kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()), kgo.FetchIsolationLevel(kgo.ReadCommitted()))...)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	for _, how := range []kgo.TransactionEndTry{kgo.TryCommit, kgo.TryAbort, kgo.TryCommit} {
		if n := s.PollRecords(limited(t), 2).NumRecords(); n != 2 {
			t.Fatalf("%d records to transform, not 2", n)
		}
		transact(t, s, s.Client(), "data", how, "f", "g")
		describedState(t, b, "two")
	}
}

// TestTransactionsLieOnDiskAsKafkaWritesThem tells the same to both brokers and
// lets Kafka's tool show what they wrote: the same records and markers.
func TestTransactionsLieOnDiskAsKafkaWritesThem(t *testing.T) {
	_, err := harness.Java().Find()
	harness.Missing(t, err)
	g := start(t, "txn-disk")
	k, err := harness.StartKafka(harness.Options{Name: "txn-disk-kafka", Properties: map[string]string{"log.retention.ms": "-1"}})
	harness.Missing(t, err)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = k.Remove() }()
	var shown [2][]string
	for i, b := range []*harness.Broker{k, g} {
		tellTransactions(t, b)
		if err := b.Stop(); err != nil {
			t.Fatal(err)
		}
		shown[i] = showTransactions(t, b)
	}
	if n := len(shown[0]); n < 60 {
		t.Errorf("only %d lines to compare", n)
	}
	for i := range max(len(shown[0]), len(shown[1])) {
		var kafka, gregor string
		if i < len(shown[0]) {
			kafka = shown[0][i]
		}
		if i < len(shown[1]) {
			gregor = shown[1][i]
		}
		if kafka != gregor {
			t.Fatalf("line %d\nkafka  %s\ngregor %s", i, kafka, gregor)
		}
	}
}

// showTransactions is what Kafka's tool shows of the logs, the indexes of
// aborted transactions and the producers' snapshots; times and generated ids
// are masked.
func showTransactions(t *testing.T, b *harness.Broker) []string {
	t.Helper()
	var lines []string
	show := func(args ...string) {
		out := dump(t, args...)
		refuse(t, out, "isvalid: false", "Exception", "Could not")
		for line := range strings.SplitSeq(out, "\n") {
			// How many records share a batch of the coordinator is a matter of time.
			coordinators := args[0] == "--transaction-log-decoder"
			if strings.HasPrefix(line, "|") || strings.Contains(line, "producerId") && !coordinators {
				lines = append(lines, maskTransactions(line))
			}
		}
	}
	used := func(pattern, suffix string) []string {
		return slices.DeleteFunc(files(t, b, pattern, suffix), func(path string) bool { return len(read(t, path)) == 0 })
	}
	for _, path := range used("__transaction_state-*", "*.log") {
		show("--transaction-log-decoder", "--print-data-log", "--files", path)
	}
	for _, path := range used("data-0", "*.log") {
		show("--deep-iteration", "--print-data-log", "--files", path)
	}
	for _, path := range used("data-0", "*.txnindex") {
		show("--files", path)
	}
	for _, path := range used("data-0", "*.snapshot") {
		show("--files", path)
	}
	for _, path := range used("__consumer_offsets-*", "*.log") {
		out := dump(t, "--offsets-decoder", "--print-data-log", "--files", path)
		for line := range strings.SplitSeq(out, "\n") {
			if strings.Contains(line, "isTransactional: true") || strings.Contains(line, "endTxnMarker") || strings.Contains(line, `"topic":"in","partition"`) {
				lines = append(lines, maskTransactions(line))
			}
		}
	}
	return lines
}

func maskTransactions(line string) string {
	masks := [][2]string{
		{`CreateTime: \d+`, "CreateTime: T"}, {`crc: \d+`, "crc: C"}, {`"topicId":"[^"]+"`, "topicId: I"}, {`"metadata":"kgo-[0-9a-f-]+"`, "metadata: M"},
		{`(?i)"?(previous|next)?producerId"?[:=] ?\d+`, "${1}producerId: P"}, {`(?i)"?(\w*timestamp\w*)"?[:=] ?\d{10,}`, "$1: T"},
	}
	if strings.Contains(line, `"topic":"in","partition"`) || strings.Contains(line, "isTransactional") || strings.Contains(line, "endTxnMarker") {
		// Behind the group's own records, whose texts have any length.
		masks = append(masks, [2]string{`(baseOffset|lastOffset|offset|position): \d+`, "$1"})
	}
	for _, m := range masks {
		line = regexp.MustCompile(m[0]).ReplaceAllString(line, m[1])
	}
	return line
}

// TestKafkaGoesOnWithGregorsTransactions moves a directory from gregor to Apache
// Kafka and back, with a transaction that is open all the way.
func TestKafkaGoesOnWithGregorsTransactions(t *testing.T) {
	b := start(t, "txn-moving")
	create(t, b, "moved", nil)
	ids := func(b *harness.Broker, id string) *kgo.Client {
		return client(t, b, kgo.TransactionalID(id), kgo.TransactionTimeout(10*time.Minute))
	}
	done, open := ids(b, "done"), ids(b, "open")
	transact(t, nil, done, "moved", kgo.TryCommit, "a", "b")
	transact(t, nil, done, "moved", kgo.TryAbort, "never")
	transact(t, nil, done, "moved", kgo.TryCommit, "c")
	if err := open.BeginTransaction(); err != nil {
		t.Fatal(err)
	}
	if err := open.ProduceSync(limited(t), &kgo.Record{Topic: "moved", Value: []byte("open 1")}).FirstErr(); err != nil {
		t.Fatal(err)
	}
	if err := b.Stop(); err != nil {
		t.Fatal(err)
	}
	kept := map[string]string{"log.retention.ms": "-1"}
	k, err := harness.StartKafka(harness.Options{Name: "txn-moving", Dir: b.Dir, Port: b.Port, Controller: b.Controller, Properties: kept})
	harness.Missing(t, err)
	if err != nil {
		t.Fatal(err)
	}
	equal(t, "Apache Kafka on gregor's directory", []string{"a", "b", "c"}, committed(t, k, "moved", 3))
	if err := open.ProduceSync(limited(t), &kgo.Record{Topic: "moved", Value: []byte("open 2")}).FirstErr(); err != nil {
		t.Fatalf("the open transaction on Apache Kafka: %v", err)
	}
	transact(t, nil, done, "moved", kgo.TryAbort, "never")
	if err := k.Stop(); err != nil {
		t.Fatal(err)
	}
	g, err := harness.StartGregor(harness.Options{Name: "txn-moving", Dir: b.Dir, Port: b.Port, Controller: b.Controller, Properties: kept})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = g.Kill() }()
	if state := describedState(t, g, "open"); state != "Ongoing" {
		t.Errorf("the open transaction is %s", state)
	}
	if err := open.EndTransaction(limited(t), kgo.TryCommit); err != nil {
		t.Fatalf("the end of the open transaction: %v", err)
	}
	transact(t, nil, done, "moved", kgo.TryCommit, "d")
	equal(t, "back on gregor", []string{"a", "b", "c", "open 1", "open 2", "d"}, committed(t, g, "moved", 6))
}
