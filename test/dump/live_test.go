package dump

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/gregor-stream/gregor/test/harness"
)

// live is a broker that a test fills and stops.
type live struct {
	*testing.T
	b   *harness.Broker
	ctx context.Context
}

func startLive(t *testing.T, start func(harness.Options) (*harness.Broker, error)) *live {
	t.Helper()
	b, err := start(harness.Options{Name: "dump", Properties: map[string]string{
		"log.retention.ms": "-1", "log.index.interval.bytes": "256", "log.cleaner.backoff.ms": "100",
		"metadata.log.max.record.bytes.between.snapshots": "2000",
	}})
	harness.Missing(t, err)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := b.Remove(); err != nil {
			t.Error(err)
		}
	})
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	t.Cleanup(cancel)
	return &live{t, b, ctx}
}

func (l *live) must(err error) {
	l.Helper()
	if err != nil {
		l.Fatal(err)
	}
}

func (l *live) client(opts ...kgo.Opt) *kgo.Client {
	l.Helper()
	cl, err := kgo.NewClient(append([]kgo.Opt{kgo.SeedBrokers(l.b.Addr())}, opts...)...)
	l.must(err)
	l.Cleanup(cl.Close)
	return cl
}

func (l *live) topic(name string, configs ...string) {
	l.Helper()
	pointers := map[string]*string{}
	for i := 0; i < len(configs); i += 2 {
		pointers[configs[i]] = &configs[i+1]
	}
	resp, err := kadm.NewClient(l.client()).CreateTopic(l.ctx, 1, 1, pointers, name)
	l.must(errors.Join(err, resp.Err))
}

// odd gives records of every kind: null and empty keys and values, headers,
// text that is not ASCII, bytes that are no text.
func odd(topic string, count int) []*kgo.Record {
	now := time.Now().Truncate(time.Millisecond)
	values := [][]byte{[]byte("plain"), nil, {}, []byte("é 漢字 \"quoted\"\n"), {0xff, 0xfe, 0xe2, 0x82, 'x'}, {0, 0, 0, 0, 0, 0, 0, 42}}
	keys := [][]byte{[]byte("key"), nil, {}, {0, 0, 0, 7}}
	var out []*kgo.Record
	for i := range count {
		r := &kgo.Record{Topic: topic, Key: keys[i%len(keys)], Value: values[i%len(values)], Timestamp: now.Add(time.Duration(i%17) * time.Millisecond)}
		for h := range i % 3 {
			r.Headers = append(r.Headers, kgo.RecordHeader{Key: fmt.Sprintf("h%d", h), Value: values[h]})
		}
		out = append(out, r)
	}
	return out
}

// fill writes topics of every codec, and one whose timestamps the log sets.
func (l *live) fill() {
	for name, codec := range map[string]kgo.CompressionCodec{
		"none": kgo.NoCompression(), "gzip": kgo.GzipCompression(), "snappy": kgo.SnappyCompression(), "lz4": kgo.Lz4Compression(), "zstd": kgo.ZstdCompression(),
	} {
		l.topic(name)
		cl := l.client(kgo.ProducerBatchCompression(codec), kgo.ProducerBatchMaxBytes(2<<10))
		for range 4 {
			l.must(cl.ProduceSync(l.ctx, odd(name, 120)...).FirstErr())
		}
	}
	l.topic("append", "message.timestamp.type", "LogAppendTime")
	l.must(l.client(kgo.DisableIdempotentWrite(), kgo.ProducerBatchCompression(kgo.Lz4Compression())).ProduceSync(l.ctx, odd("append", 30)...).FirstErr())
}

// groups makes a classic group with a member and commits.
func (l *live) groups() {
	cl := l.client(kgo.ConsumerGroup("classic"), kgo.ConsumeTopics("none", "gzip"), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()))
	if errs := cl.PollFetches(l.ctx).Errors(); len(errs) > 0 {
		l.Fatal(errs[0].Err)
	}
	cl.Close()
	var offsets kadm.Offsets
	offsets.Add(kadm.Offset{Topic: "none", At: 42, LeaderEpoch: 3, Metadata: "a note"})
	adm := kadm.NewClient(l.client())
	l.must(adm.CommitAllOffsets(l.ctx, "classic", offsets))
	l.must(adm.CommitAllOffsets(l.ctx, "gone", offsets))
	_, err := adm.DeleteGroups(l.ctx, "gone") // leaves tombstones
	l.must(err)
}

// metadata changes what makes records in the metadata log.
func (l *live) metadata() {
	adm := kadm.NewClient(l.client())
	value := "123456"
	_, err := adm.AlterTopicConfigs(l.ctx, []kadm.AlterConfig{{Name: "retention.bytes", Value: &value}}, "none")
	l.must(err)
	_, err = adm.AlterBrokerConfigs(l.ctx, []kadm.AlterConfig{{Name: "log.cleaner.threads", Value: &[]string{"2"}[0]}})
	l.must(err)
	l.topic("dropped")
	_, err = adm.DeleteTopics(l.ctx, "dropped")
	l.must(err)
}

// TestWhatGregorWrites compares on all files of a Gregor.
func TestWhatGregorWrites(t *testing.T) {
	k := tools(t, "tools")
	l := startLive(t, harness.StartGregor)
	l.fill()
	l.groups()
	l.metadata()
	l.must(l.b.Stop())
	everyOption(t, k, l.b.Data(), 25)
}

// TestWhatKafkaWrites compares on all files of an Apache Kafka, with
// transactions, compaction, the new groups, and share groups.
func TestWhatKafkaWrites(t *testing.T) {
	k := tools(t, "tools")
	l := startLive(t, harness.StartKafka)
	l.fill()
	l.groups()
	l.metadata()
	l.transactions()
	l.compacted()
	l.quotas()
	l.newGroups(k)
	l.must(l.b.Stop())
	everyOption(t, k, l.b.Data(), 40)
}

// transactions commits, aborts, and leaves one open.
func (l *live) transactions() {
	l.topic("txn")
	cl := l.client(kgo.TransactionalID("a-producer"))
	for i := range 5 {
		l.must(cl.BeginTransaction())
		l.must(cl.ProduceSync(l.ctx, odd("txn", 10)...).FirstErr())
		end := kgo.TryCommit
		if i%2 == 1 {
			end = kgo.TryAbort
		}
		l.must(cl.EndTransaction(l.ctx, end))
	}
	open := l.client(kgo.TransactionalID("an-open-one"))
	l.must(open.BeginTransaction())
	l.must(open.ProduceSync(l.ctx, odd("txn", 3)...).FirstErr())
	open.CloseAllowingRebalance()
}

// compacted waits until the cleaner has been at a topic: its batches have gaps
// and a time after which tombstones may go.
func (l *live) compacted() {
	l.topic("compacted", "cleanup.policy", "compact", "min.cleanable.dirty.ratio", "0.01", "segment.ms", "100", "min.compaction.lag.ms", "0")
	cl := l.client(kgo.ProducerBatchCompression(kgo.ZstdCompression()))
	adm := kadm.NewClient(l.client())
	before := int64(-1)
	for round := range 60 {
		var records []*kgo.Record
		for i := range 40 {
			r := &kgo.Record{Topic: "compacted", Key: fmt.Appendf(nil, "%d", i%7), Value: fmt.Appendf(nil, "%d-%d", round, i)}
			if i > 35 {
				r.Value = nil
			}
			records = append(records, r)
		}
		l.must(cl.ProduceSync(l.ctx, records...).FirstErr())
		dirs, err := adm.DescribeAllLogDirs(l.ctx, kadm.TopicsSet{"compacted": {0: {}}})
		l.must(err)
		size := int64(0)
		dirs.Each(func(d kadm.DescribedLogDir) { size += d.Size() })
		if round > 10 && size < before {
			return
		}
		before = size
		timer := time.NewTimer(100 * time.Millisecond)
		select {
		case <-l.ctx.Done():
		case <-timer.C:
		}
	}
	l.Error("nothing was compacted")
}

// quotas makes records with numbers, and SCRAM credentials.
func (l *live) quotas() {
	adm := kadm.NewClient(l.client())
	user := "alice"
	entity := kadm.ClientQuotaEntity{{Type: "user", Name: &user}, {Type: "client-id"}}
	_, err := adm.AlterClientQuotas(l.ctx, []kadm.AlterClientQuotaEntry{{Entity: entity, Ops: []kadm.AlterClientQuotaOp{
		{Key: "producer_byte_rate", Value: 1234567.5}, {Key: "consumer_byte_rate", Value: 1e12}, {Key: "request_percentage", Value: 12.25},
	}}})
	l.must(err)
	_, err = adm.AlterUserSCRAMs(l.ctx, nil, []kadm.UpsertSCRAM{{User: "alice", Mechanism: kadm.ScramSha256, Iterations: 4096, Password: "secret"}})
	l.must(err)
}

// newGroups lets Kafka's own consumers make a group of the new protocol and a
// share group.
func (l *live) newGroups(k *kafkaTools) {
	reset := "earliest"
	req := kmsg.NewPtrIncrementalAlterConfigsRequest()
	req.Resources = []kmsg.IncrementalAlterConfigsRequestResource{{
		ResourceType: kmsg.ConfigResourceTypeGroupConfig, ResourceName: "shared",
		Configs: []kmsg.IncrementalAlterConfigsRequestResourceConfig{{Name: "share.auto.offset.reset", Value: &reset}},
	}}
	_, err := req.RequestWith(l.ctx, l.client())
	l.must(err)
	for _, args := range [][]string{
		{"org.apache.kafka.tools.consumer.ConsoleConsumer", "--topic", "none", "--group", "modern", "--from-beginning", "--command-property", "group.protocol=consumer"},
		{"org.apache.kafka.tools.consumer.ConsoleShareConsumer", "--topic", "none", "--group", "shared"},
	} {
		r, err := k.run(args[0], append(args[1:], "--bootstrap-server", l.b.Addr(), "--max-messages", "50", "--timeout-ms", "30000")...)
		l.must(err)
		if r.Code != 0 || r.Out == "" {
			l.Errorf("%s: exit code %d\n%.1000s", args[0], r.Code, r.Err)
		}
	}
}
