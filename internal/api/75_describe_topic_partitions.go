package api

import (
	"context"
	"iter"
	"slices"

	"github.com/gregor-stream/gregor/internal/kafka"
	"github.com/gregor-stream/gregor/internal/metadata"
	"github.com/gregor-stream/gregor/internal/msg"
)

// describeTopicPartitions answers page by page (KIP-966): in order of name,
// from the cursor on, up to a number of partitions, with a cursor to the next.
func (h *Handlers) describeTopicPartitions(_ context.Context, call *Call, req *msg.DescribeTopicPartitionsRequest) (*msg.DescribeTopicPartitionsResponse, error) {
	p := topicPage{h: h, call: call, view: h.viewFor(call), all: len(req.Topics) == 0, resp: msg.NewDescribeTopicPartitionsResponse()}
	if req.Cursor != nil {
		p.from, p.fromPartition = req.Cursor.TopicName, req.Cursor.PartitionIndex
	}
	names := p.names(req)
	if req.Cursor != nil && (p.fromPartition < 0 || !p.all && !slices.Contains(names, p.from)) {
		for _, t := range req.Topics {
			p.refuse(kafka.ErrInvalidRequest, t.Name)
		}
		return p.resp, nil
	}
	p.room = max(min(h.Broker().MaxRequestPartitionSizeLimit, int(req.ResponsePartitionLimit)), 1)
	for name := range p.walk(names) {
		if p.room == 0 {
			p.resp.NextCursor = &msg.DescribeTopicPartitionsResponseCursor{TopicName: name}
			break
		}
		if !p.add(name) {
			break
		}
	}
	for i := range p.resp.Topics {
		t := &p.resp.Topics[i]
		t.TopicAuthorizedOperations = h.operationsOf(call, Topic, *t.Name)
	}
	for _, name := range p.unauthorized {
		p.refuse(kafka.ErrTopicAuthorizationFailed, name)
	}
	return p.resp, nil
}

// topicPage is one answer in the making.
type topicPage struct {
	h             *Handlers
	call          *Call
	view          view
	all           bool // every topic, not a list of names
	from          string
	fromPartition int32
	room          int // partitions that still fit
	resp          *msg.DescribeTopicPartitionsResponse
	unauthorized  []string
}

// names are the topics that were named, from the cursor on, sorted, each once.
func (p *topicPage) names(req *msg.DescribeTopicPartitionsRequest) []string {
	var names []string
	for _, t := range req.Topics {
		if t.Name >= p.from {
			names = append(names, t.Name)
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// walk gives the names that the caller may see.
func (p *topicPage) walk(names []string) iter.Seq[string] {
	return func(yield func(string) bool) {
		if p.all {
			for t := range p.view.img.Topics.From(p.from) {
				if p.h.allowed(p.call, Describe, Topic, t.Name) && !yield(t.Name) {
					return
				}
			}
			return
		}
		for _, name := range names {
			if !p.h.allowed(p.call, Describe, Topic, name) {
				p.unauthorized = append(p.unauthorized, name)
			} else if !yield(name) {
				return
			}
		}
	}
}

func (p *topicPage) refuse(code kafka.Error, name string) {
	p.resp.Topics = append(p.resp.Topics, msg.DescribeTopicPartitionsResponseTopic{
		ErrorCode: int16(code), Name: &name, IsInternal: code != kafka.ErrTopicAuthorizationFailed && kafka.IsInternalTopic(name),
		TopicAuthorizedOperations: noOperations,
	})
}

// add appends one topic, or as much of it as there is room for; then it sets
// the cursor and returns false.
func (p *topicPage) add(name string) bool {
	t, ok := p.view.img.Topics.ByName(name)
	if !ok {
		code := kafka.ErrUnknownTopicOrPartition
		if kafka.CheckTopicName(name) != nil {
			code = kafka.ErrInvalidTopicException
		}
		p.refuse(code, name)
		return true
	}
	first := int32(0)
	if name == p.from {
		first = p.fromPartition
	}
	last := int32(min(int64(t.NumPartitions()), int64(first)+int64(p.room)))
	topic := msg.DescribeTopicPartitionsResponseTopic{Name: &t.Name, TopicId: t.ID, IsInternal: kafka.IsInternalTopic(t.Name)}
	for n := first; n < last; n++ {
		if partition, ok := t.Partition(n); ok {
			topic.Partitions = append(topic.Partitions, p.partition(n, partition))
		}
	}
	p.resp.Topics = append(p.resp.Topics, topic)
	if last < t.NumPartitions() {
		p.resp.NextCursor = &msg.DescribeTopicPartitionsResponseCursor{TopicName: name, PartitionIndex: last}
		return false
	}
	p.room -= len(topic.Partitions)
	return true
}

func (p *topicPage) partition(n int32, partition *metadata.Partition) msg.DescribeTopicPartitionsResponsePartition {
	leader, _ := p.view.leader(partition, true)
	notNull := func(ids []int32) []int32 {
		if ids == nil {
			return []int32{}
		}
		return ids
	}
	return msg.DescribeTopicPartitionsResponsePartition{
		PartitionIndex: n, LeaderId: leader, LeaderEpoch: int32(partition.LeaderEpoch),
		ReplicaNodes: partition.Replicas, IsrNodes: partition.Isr, OfflineReplicas: p.view.offline(partition),
		EligibleLeaderReplicas: notNull(partition.Elr), LastKnownElr: notNull(partition.LastKnownElr),
	}
}
