package admin

import (
	"context"
	"maps"
	"slices"

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

// OfTopic are partitions of one topic.
type OfTopic struct {
	Topic      string
	Partitions []int32
}

// ByTopic sorts partitions into their topics, as requests name them, in the
// order in which each came first.
func ByTopic(partitions []kafka.TopicPartition) []OfTopic {
	var topics []OfTopic
	at := make(map[string]int)
	for _, p := range partitions {
		i, ok := at[p.Topic]
		if !ok {
			i = len(topics)
			at[p.Topic] = i
			topics = append(topics, OfTopic{Topic: p.Topic})
		}
		topics[i].Partitions = append(topics[i].Partitions, p.Partition)
	}
	return topics
}

// OffsetsRequest asks for the offset of partitions at a time (Unix
// milliseconds, or one of the protocol's negative numbers).
func OffsetsRequest(partitions []kafka.TopicPartition, time int64) *kmsg.ListOffsetsRequest {
	req := kmsg.NewPtrListOffsetsRequest()
	req.ReplicaID = -1
	for _, topic := range ByTopic(partitions) {
		t := kmsg.NewListOffsetsRequestTopic()
		t.Topic = topic.Topic
		for _, n := range topic.Partitions {
			p := kmsg.NewListOffsetsRequestTopicPartition()
			p.Partition, p.Timestamp = n, time
			t.Partitions = append(t.Partitions, p)
		}
		req.Topics = append(req.Topics, t)
	}
	return req
}

// ListOffsets asks the leaders for the offset at a time (Unix milliseconds,
// or one of the protocol's negative numbers). Each partition has its answer.
func (a *Admin) ListOffsets(ctx context.Context, partitions []kafka.TopicPartition, time int64) map[kafka.TopicPartition]Offset {
	req := OffsetsRequest(partitions, time)
	all := make(map[kafka.TopicPartition]Offset, len(partitions))
	for _, shard := range a.c.RequestSharded(ctx, req) {
		if shard.Err != nil {
			err := a.Explain(shard.Req.Key(), shard.Err)
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
	for _, topic := range ByTopic(slices.SortedFunc(maps.Keys(before), kafka.TopicPartition.Compare)) {
		t := kmsg.NewDeleteRecordsRequestTopic()
		t.Topic = topic.Topic
		for _, n := range topic.Partitions {
			p := kmsg.NewDeleteRecordsRequestTopicPartition()
			p.Partition, p.Offset = n, before[kafka.TopicPartition{Topic: topic.Topic, Partition: n}]
			t.Partitions = append(t.Partitions, p)
		}
		req.Topics = append(req.Topics, t)
	}
	all := make(map[kafka.TopicPartition]Offset, len(before))
	for _, shard := range a.c.RequestSharded(ctx, req) {
		if shard.Err != nil {
			err := a.Explain(shard.Req.Key(), shard.Err)
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
