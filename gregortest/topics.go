package gregortest

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/gregor-stream/gregor/internal/batch"
	"github.com/gregor-stream/gregor/internal/kafka"
	"github.com/gregor-stream/gregor/internal/msg"
)

// Record is a record to seed a topic with.
type Record struct {
	Partition int32 // where it goes; 0 where nothing is said
	Key       []byte
	Value     []byte // nil is a tombstone
	Headers   []Header
	Time      time.Time // zero: now
}

// Header is a header of a record.
type Header struct {
	Key   string
	Value []byte
}

// Values makes records without keys for partition 0.
func Values(values ...string) []Record {
	records := make([]Record, len(values))
	for i, v := range values {
		records[i].Value = []byte(v)
	}
	return records
}

// CreateTopic makes a topic, with configs as "key=value".
func (b *Broker) CreateTopic(name string, partitions int, configs ...string) {
	b.t.Helper()
	req, resp := msg.NewCreateTopicsRequest(), msg.NewCreateTopicsResponse()
	topic := msg.NewCreateTopicsRequestCreatableTopic()
	topic.Name, topic.NumPartitions, topic.ReplicationFactor = name, int32(partitions), 1 //nolint:gosec // the broker refuses what is too many
	for _, c := range configs {
		key, value, ok := strings.Cut(c, "=")
		if !ok {
			b.t.Fatalf("gregortest: CreateTopic(%q): the config %q is not key=value", name, c)
		}
		topic.Configs = append(topic.Configs, msg.CreateTopicsRequestCreatableTopicConfig{Name: key, Value: &value})
	}
	req.Topics = append(req.Topics, *topic)
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	err := b.call(ctx, newest(req), req, resp)
	if err == nil && len(resp.Topics) == 1 {
		err = problem(resp.Topics[0].ErrorCode, resp.Topics[0].ErrorMessage)
	}
	if err != nil {
		b.t.Fatalf("gregortest: CreateTopic(%q): %v", name, err)
	}
}

// Produce writes records to a topic with acks=all, those of a partition in their
// order. The topic has to be there.
func (b *Broker) Produce(topic string, records ...Record) {
	b.t.Helper()
	byPartition := map[int32][]Record{}
	for _, r := range records {
		byPartition[r.Partition] = append(byPartition[r.Partition], r)
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	for _, partition := range slices.Sorted(maps.Keys(byPartition)) {
		for left := byPartition[partition]; len(left) > 0; {
			built, n, err := buildBatch(left)
			if err == nil {
				err = b.produceBatch(ctx, topic, partition, built)
			}
			if err != nil {
				b.t.Fatalf("gregortest: Produce to %s: %v", kafka.TopicPartition{Topic: topic, Partition: partition}, err)
			}
			left = left[n:]
		}
	}
}

// batchBytes is where a batch has enough: well below message.max.bytes.
const batchBytes = 256 << 10

// buildBatch puts the first records into a batch, and says how many.
func buildBatch(records []Record) ([]byte, int, error) {
	b := batch.NewBuilder(nil, batch.Options{})
	n := 0
	for n < len(records) && b.Size() < batchBytes {
		r := &records[n]
		at := r.Time
		if at.IsZero() {
			at = time.Now()
		}
		headers := make([]batch.Header, len(r.Headers))
		for i, h := range r.Headers {
			headers[i] = batch.Header(h)
		}
		b.Append(kafka.Timestamp(at.UnixMilli()), r.Key, r.Value, headers...)
		n++
	}
	built, err := b.Build(nil)
	return built, n, err
}

// produceVersion is the newest that names topics.
const produceVersion = 12

func (b *Broker) produceBatch(ctx context.Context, topic string, partition int32, records []byte) error {
	req, resp := msg.NewProduceRequest(), msg.NewProduceResponse()
	req.Acks, req.TimeoutMs = -1, int32(patience.Milliseconds())
	req.TopicData = []msg.ProduceRequestTopicProduceData{{
		Name:          topic,
		PartitionData: []msg.ProduceRequestPartitionProduceData{{Index: partition, Records: records}},
	}}
	if err := b.call(ctx, produceVersion, req, resp); err != nil {
		return err
	}
	if len(resp.Responses) != 1 || len(resp.Responses[0].PartitionResponses) != 1 {
		return fmt.Errorf("an answer for one partition was expected: %+v", resp)
	}
	p := &resp.Responses[0].PartitionResponses[0]
	return problem(p.ErrorCode, p.ErrorMessage)
}
