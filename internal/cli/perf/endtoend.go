package perf

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/gregor-stream/gregor/internal/cli/client"
	"github.com/gregor-stream/gregor/internal/cli/command"
	"github.com/gregor-stream/gregor/internal/cli/java"
)

// latencyRun is one run of e2e-latency.
type latencyRun struct {
	*latencyFlags

	env        *command.Env
	json       bool
	properties client.Properties

	producer *client.Producer
	consumer *kgo.Client
	random   *java.Random
}

// pollLimit is how long a record may take from the acknowledgement on.
const pollLimit = time.Minute

// progressEvery is how many records lie between two lines of progress.
const progressEvery = 1000

func (r *latencyRun) do(ctx context.Context) error {
	r.random = java.NewRandom(0)
	if err := r.open(ctx); err != nil {
		return err
	}
	defer r.producer.Close()
	defer r.consumer.Close()
	var sum time.Duration
	latencies := make([]int64, 0, min(r.numRecords, samplesMost))
	for i := range int(r.numRecords) {
		took, err := r.trip(ctx)
		if ctx.Err() != nil {
			if i > 0 {
				r.results(i, sum, latencies)
			}
			interrupted(r.env, "%d of %d records made the trip", i, r.numRecords)
			return command.Fail(ctx.Err())
		}
		if err != nil {
			return client.Explain(fmt.Errorf("record %d of %d: %w", i+1, r.numRecords, err), r.properties.Servers())
		}
		if i%progressEvery == 0 {
			r.progress(i, took)
		}
		sum += took
		latencies = append(latencies, took.Milliseconds())
	}
	r.results(int(r.numRecords), sum, latencies)
	return nil
}

// open makes both clients, and the topic where it is missing. The consumer
// stands at the end of every partition before anything is written.
func (r *latencyRun) open(ctx context.Context) error {
	p := r.properties.Clone()
	maps.Copy(p, map[string]string{"linger.ms": "0", "acks": r.acks})
	p.Default("max.block.ms", "60000") // Kafka waits for ever, and nobody would know for what
	largest := int(r.recordSize) + int(r.keySize) + int(r.numHeaders)*(int(r.headerKeySize)+int(max(r.headerSize, 0))+10)
	var err error
	if r.producer, err = client.OpenProducer(ctx, r.env, p, largest); err != nil {
		return err
	}
	if r.consumer, err = r.follow(ctx); err != nil {
		r.producer.Close()
		return client.Explain(err, r.properties.Servers())
	}
	return nil
}

func (r *latencyRun) follow(ctx context.Context) (*kgo.Client, error) {
	admin := kadm.NewClient(r.producer.Client)
	topics, err := admin.ListTopics(ctx)
	if err != nil {
		return nil, err
	}
	if !topics.Has(r.topic) {
		if err := r.create(ctx, admin); err != nil {
			return nil, err
		}
	}
	if err := r.producer.AwaitTopic(ctx, r.topic); err != nil {
		return nil, err
	}
	ends, err := admin.ListEndOffsets(ctx, r.topic)
	if err == nil {
		err = ends.Error()
	}
	if err != nil {
		return nil, err
	}
	from := make(map[int32]kgo.Offset)
	ends.Each(func(o kadm.ListedOffset) { from[o.Partition] = kgo.NewOffset().At(o.Offset) })
	p := r.properties.Clone()
	maps.Copy(p, map[string]string{"auto.offset.reset": "latest", "fetch.max.wait.ms": "0"})
	return client.OpenConsumer(ctx, r.env, p, client.Subscription{Partitions: map[string]map[int32]kgo.Offset{r.topic: from}})
}

func (r *latencyRun) create(ctx context.Context, admin *kadm.Client) error {
	if !r.json {
		r.env.Printf("Topic \"%s\" does not exist. Will create topic with 1 partition(s) and replication factor = 1\n", r.topic)
	}
	resp, err := admin.CreateTopic(ctx, 1, 1, nil, r.topic)
	if err == nil {
		err = resp.Err
	}
	if err != nil {
		if !r.json {
			r.env.Printf("Creation of topic %s failed\n", r.topic)
		}
		return fmt.Errorf("create topic %s: %w", r.topic, err)
	}
	return nil
}

// letterRun is so many times one random letter; nil where n is below 0.
func (r *latencyRun) letterRun(n int32) []byte {
	if n < 0 {
		return nil
	}
	return bytes.Repeat([]byte{'A' + byte(r.random.Intn(26))}, int(n))
}

// record is the next one to send, made as Kafka's command makes it.
func (r *latencyRun) record() *kgo.Record {
	record := &kgo.Record{Topic: r.topic, Key: r.letterRun(r.keySize), Value: r.letterRun(r.recordSize)}
	for range r.numHeaders {
		record.Headers = append(record.Headers, kgo.RecordHeader{Key: string(r.letterRun(r.headerKeySize)), Value: r.letterRun(r.headerSize)})
	}
	return record
}

// trip sends a record and reads it.
func (r *latencyRun) trip(ctx context.Context) (time.Duration, error) {
	sent := r.record()
	begun := time.Now()
	if err := r.producer.ProduceSync(ctx, sent).FirstErr(); err != nil {
		return 0, fmt.Errorf("write: %w", err)
	}
	limited, cancel := context.WithTimeout(ctx, pollLimit)
	defer cancel()
	fetches := r.consumer.PollFetches(limited)
	took := time.Since(begun)
	if err := client.PollError(fetches); err != nil {
		return 0, fmt.Errorf("read: %w", err)
	}
	return took, compare(sent, fetches.Records())
}

// compare says what is wrong with what was read.
func compare(sent *kgo.Record, read []*kgo.Record) error {
	if len(read) == 0 {
		return fmt.Errorf("poll() timed out before finding a result (timeout:[%dms])", pollLimit.Milliseconds())
	}
	got := read[0]
	switch {
	case !bytes.Equal(got.Value, sent.Value):
		return fmt.Errorf("The message value read [%s] did not match the message value sent [%s] (does somebody else write to the topic?)", short(got.Value), short(sent.Value))
	case !bytes.Equal(got.Key, sent.Key):
		return fmt.Errorf("The message key read [%s] did not match the message key sent [%s]", short(got.Key), short(sent.Key))
	case len(got.Headers) != len(sent.Headers):
		return fmt.Errorf("Header count mismatch between sent and received messages")
	}
	for i, h := range sent.Headers {
		g := got.Headers[i]
		if g.Key != h.Key || !bytes.Equal(g.Value, h.Value) || (g.Value == nil) != (h.Value == nil) {
			return fmt.Errorf("The message header read [%s:%s] did not match the message header sent [%s:%s]", short([]byte(g.Key)), short(g.Value), short([]byte(h.Key)), short(h.Value))
		}
	}
	if len(read) != 1 {
		return fmt.Errorf("Only one result was expected during this test. We found [%d]", len(read))
	}
	return nil
}

// short is the beginning of b, for a line about it.
func short(b []byte) string {
	const most = 64
	if len(b) > most {
		return string(b[:most]) + "..."
	}
	return string(b)
}

func (r *latencyRun) progress(i int, took time.Duration) {
	ms := float64(took.Nanoseconds()) / 1000 / 1000
	if r.json {
		printLine(r.env, struct {
			Type      string `json:"type"`
			Record    int    `json:"record"`
			LatencyMs figure `json:"latencyMs"`
		}{kindReport, i, figure(ms)})
		return
	}
	r.env.Println(strconv.Itoa(i) + "\t" + java.Double(ms))
}

// latencySummary is the line of JSON about a run.
type latencySummary struct {
	Type         string `json:"type"`
	Records      int    `json:"records"`
	AvgLatencyMs figure `json:"avgLatencyMs"`
	P50          int64  `json:"p50LatencyMs"`
	P99          int64  `json:"p99LatencyMs"`
	P999         int64  `json:"p999LatencyMs"`
}

func (r *latencyRun) results(n int, sum time.Duration, latencies []int64) {
	slices.Sort(latencies)
	s := latencySummary{
		Type: kindSummary, Records: n, AvgLatencyMs: figure(float64(sum.Nanoseconds()) / float64(n) / 1000 / 1000),
		P50: percentile(latencies, 0.5), P99: percentile(latencies, 0.99), P999: percentile(latencies, 0.999),
	}
	if r.json {
		printLine(r.env, s)
		return
	}
	r.env.Printf("Avg latency: %s ms\n", four(float64(s.AvgLatencyMs)))
	r.env.Printf("Percentiles: 50th = %d, 99th = %d, 99.9th = %d\n", s.P50, s.P99, s.P999)
}
