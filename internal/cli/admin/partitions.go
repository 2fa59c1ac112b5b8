package admin

import (
	"context"
	"errors"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/gregor-stream/gregor/internal/cli/java"
	"github.com/gregor-stream/gregor/internal/kafka"
)

// Offset is what a broker answered about one partition.
type Offset struct {
	Offset    int64
	Timestamp int64 // of the record there; -1 where the question was not about time
	Err       error // a *java.Thrown where the broker refused
}

// ListOffsets asks the leaders for the offset at a time (Unix milliseconds,
// or one of the protocol's negative numbers). Each partition has its answer.
func (a *Admin) ListOffsets(ctx context.Context, partitions []kafka.TopicPartition, time int64) map[kafka.TopicPartition]Offset {
	req := kmsg.NewPtrListOffsetsRequest()
	req.ReplicaID = -1
	at := make(map[string]int)
	for _, p := range partitions {
		i, ok := at[p.Topic]
		if !ok {
			i = len(req.Topics)
			at[p.Topic] = i
			t := kmsg.NewListOffsetsRequestTopic()
			t.Topic = p.Topic
			req.Topics = append(req.Topics, t)
		}
		one := kmsg.NewListOffsetsRequestTopicPartition()
		one.Partition, one.Timestamp = p.Partition, time
		req.Topics[i].Partitions = append(req.Topics[i].Partitions, one)
	}
	all := make(map[kafka.TopicPartition]Offset, len(partitions))
	for _, shard := range a.c.RequestSharded(ctx, req) {
		if shard.Err != nil {
			err := a.thrown(shard)
			for _, t := range shard.Req.(*kmsg.ListOffsetsRequest).Topics {
				for _, p := range t.Partitions {
					all[kafka.TopicPartition{Topic: t.Topic, Partition: p.Partition}] = Offset{Err: err}
				}
			}
			continue
		}
		for _, t := range shard.Resp.(*kmsg.ListOffsetsResponse).Topics {
			for _, p := range t.Partitions {
				o := Offset{Offset: p.Offset, Timestamp: p.Timestamp}
				if thrown := java.Throw(p.ErrorCode, nil); thrown != nil {
					o.Err = thrown
				}
				all[kafka.TopicPartition{Topic: t.Topic, Partition: p.Partition}] = o
			}
		}
	}
	return all
}

// DeleteRecords deletes the records below an offset of each partition (-1: all
// there are), and answers with the first offset that is left.
func (a *Admin) DeleteRecords(ctx context.Context, before map[kafka.TopicPartition]int64) map[kafka.TopicPartition]Offset {
	req := kmsg.NewPtrDeleteRecordsRequest()
	req.TimeoutMillis = 30_000
	at := make(map[string]int)
	for p, offset := range before {
		i, ok := at[p.Topic]
		if !ok {
			i = len(req.Topics)
			at[p.Topic] = i
			t := kmsg.NewDeleteRecordsRequestTopic()
			t.Topic = p.Topic
			req.Topics = append(req.Topics, t)
		}
		one := kmsg.NewDeleteRecordsRequestTopicPartition()
		one.Partition, one.Offset = p.Partition, offset
		req.Topics[i].Partitions = append(req.Topics[i].Partitions, one)
	}
	all := make(map[kafka.TopicPartition]Offset, len(before))
	for _, shard := range a.c.RequestSharded(ctx, req) {
		if shard.Err != nil {
			err := a.thrown(shard)
			for _, t := range shard.Req.(*kmsg.DeleteRecordsRequest).Topics {
				for _, p := range t.Partitions {
					all[kafka.TopicPartition{Topic: t.Topic, Partition: p.Partition}] = Offset{Err: err}
				}
			}
			continue
		}
		for _, t := range shard.Resp.(*kmsg.DeleteRecordsResponse).Topics {
			for _, p := range t.Partitions {
				o := Offset{Offset: p.LowWatermark}
				if thrown := java.Throw(p.ErrorCode, nil); thrown != nil {
					o.Err = thrown
				}
				all[kafka.TopicPartition{Topic: t.Topic, Partition: p.Partition}] = o
			}
		}
	}
	return all
}

// thrown is the error of a part of a request, in Kafka's words where it has a
// code.
func (a *Admin) thrown(shard kgo.ResponseShard) error {
	if known, ok := errors.AsType[*kerr.Error](shard.Err); ok {
		return java.Throw(known.Code, nil)
	}
	return a.explain(shard.Req, shard.Err)
}
