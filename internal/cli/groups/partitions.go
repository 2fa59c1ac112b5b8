package groups

import (
	"context"
	"maps"
	"slices"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/gregor-stream/gregor/internal/cli/admin"
	"github.com/gregor-stream/gregor/internal/cli/java"
	"github.com/gregor-stream/gregor/internal/kafka"
)

// committed is an offset that a group has committed.
type committed struct {
	offset int64
	epoch  int32 // the leader epoch, -1: none
}

// offsets are values of partitions and the order in which Kafka's maps have
// them.
type offsets[V any] struct {
	order []kafka.TopicPartition
	of    map[kafka.TopicPartition]V
}

func newOffsets[V any](order []kafka.TopicPartition, of map[kafka.TopicPartition]V) offsets[V] {
	return offsets[V]{java.Order(order, java.HashPartition), of}
}

// committed asks for all offsets of a group.
func (a *cluster) committed(ctx context.Context, group string) (offsets[committed], error) {
	bounded, cancel := context.WithTimeout(ctx, a.timeout)
	defer cancel()
	resp, err := kadm.NewClient(a.Client()).FetchOffsets(bounded, group)
	if err != nil {
		return offsets[committed]{}, a.thrown(ctx, kmsg.OffsetFetch.Int16(), err)
	}
	of := make(map[kafka.TopicPartition]committed)
	for topic, partitions := range resp {
		for p, o := range partitions {
			if o.Err == nil && o.At >= 0 {
				of[kafka.TopicPartition{Topic: topic, Partition: p}] = committed{o.At, o.LeaderEpoch}
			}
		}
	}
	return newOffsets(slices.SortedFunc(maps.Keys(of), kafka.TopicPartition.Compare), of), nil
}

// The timestamps of ListOffsets that mean an end of the log.
const (
	latest   = -1
	earliest = -2
)

// listOffsets asks the leaders for the offset at a time in milliseconds, or
// at [latest] or [earliest]; -1 is that no record is so late. A partition
// that cannot be asked fails the call.
func (a *cluster) listOffsets(ctx context.Context, partitions []kafka.TopicPartition, at int64) (map[kafka.TopicPartition]int64, error) {
	found := make(map[kafka.TopicPartition]int64, len(partitions))
	if len(partitions) == 0 {
		return found, nil
	}
	resp, err := admin.OffsetsRequest(partitions, at).RequestWith(ctx, a)
	if err != nil {
		return nil, err
	}
	for _, t := range resp.Topics {
		for _, p := range t.Partitions {
			if p.ErrorCode != 0 {
				return nil, java.Code(p.ErrorCode, "")
			}
			found[kafka.TopicPartition{Topic: t.Topic, Partition: p.Partition}] = p.Offset
		}
	}
	return found, nil
}

// leaders says of every partition of the topics whether it has a leader. A
// topic that is not there is an error, as in Kafka's describeTopics.
func (a *cluster) leaders(ctx context.Context, topics []string) (map[kafka.TopicPartition]bool, error) {
	found := make(map[kafka.TopicPartition]bool)
	details, err := a.topics(ctx, topics)
	if err != nil {
		return nil, err
	}
	for _, t := range details {
		if t.failure != nil {
			return nil, t.failure
		}
		maps.Copy(found, t.leaders)
	}
	return found, nil
}

// topicDetail is what the cluster says of one topic.
type topicDetail struct {
	topic   string
	failure *java.Thrown
	leaders map[kafka.TopicPartition]bool // and whether they have one
}

// partitions are the topic's partitions in their order.
func (t *topicDetail) partitions() []kafka.TopicPartition {
	return slices.SortedFunc(maps.Keys(t.leaders), kafka.TopicPartition.Compare)
}

// topics asks for topics, each once, in the order of Kafka's map of them.
func (a *cluster) topics(ctx context.Context, names []string) ([]topicDetail, error) {
	names = sorted(names)
	if len(names) == 0 {
		return nil, nil
	}
	if names[0] == "" { // which no broker is asked about
		return []topicDetail{{failure: java.Code(kerr.InvalidTopicException.Code, "The given topic name '' cannot be represented in a request.")}}, nil
	}
	names = java.Order(names, java.Hash)
	req := kmsg.NewPtrMetadataRequest()
	for _, name := range names {
		t := kmsg.NewMetadataRequestTopic()
		t.Topic = new(name)
		req.Topics = append(req.Topics, t)
	}
	resp, err := req.RequestWith(ctx, a)
	if err != nil {
		return nil, err
	}
	found := make(map[string]topicDetail, len(names))
	for _, t := range resp.Topics {
		d := topicDetail{topic: textOf(t.Topic), leaders: make(map[kafka.TopicPartition]bool, len(t.Partitions))}
		if t.ErrorCode != 0 {
			d.failure = java.Code(t.ErrorCode, "")
		}
		for _, p := range t.Partitions {
			d.leaders[kafka.TopicPartition{Topic: d.topic, Partition: p.Partition}] = p.Leader >= 0
		}
		found[d.topic] = d
	}
	list := make([]topicDetail, len(names))
	for i, name := range names {
		d, ok := found[name]
		if !ok {
			d = topicDetail{topic: name, failure: java.Code(kerr.UnknownTopicOrPartition.Code, "")}
		}
		list[i] = d
	}
	return list, nil
}

func topicsOf(partitions []kafka.TopicPartition) []string {
	names := make([]string, len(partitions))
	for i, p := range partitions {
		names[i] = p.Topic
	}
	return names
}
