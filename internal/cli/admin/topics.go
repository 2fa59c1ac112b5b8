package admin

import (
	"cmp"
	"context"
	"errors"
	"slices"

	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/gregor-stream/gregor/internal/cli/java"
)

// Listing is a topic of a list.
type Listing struct {
	Name     string
	ID       [16]byte
	Internal bool
}

// Topics are all topics, in the order in which the admin client's map lists
// them.
func (a *Admin) Topics(ctx context.Context) ([]Listing, error) {
	req := kmsg.NewPtrMetadataRequest()
	req.Topics = nil // all of them
	resp, err := req.RequestWith(ctx, a)
	if err != nil {
		return nil, err
	}
	list := make([]Listing, 0, len(resp.Topics))
	for _, t := range resp.Topics {
		if t.Topic != nil {
			list = append(list, Listing{Name: *t.Topic, ID: t.TopicID, Internal: t.IsInternal})
		}
	}
	return java.Order(list, func(l Listing) int32 { return java.Hash(l.Name) }), nil
}

// Topic is what a cluster says about a topic.
type Topic struct {
	Name       string
	ID         [16]byte
	Internal   bool
	Partitions []Partition // by number
}

// Partition is one partition of a topic.
type Partition struct {
	Number   int32
	Leader   int32 // -1 where none is alive
	Replicas []int32
	ISR      []int32
	// Elr and LastKnownElr are the eligible leader replicas (KIP-966); nil
	// where the cluster was not asked in a way that tells them.
	Elr, LastKnownElr []int32
}

// Describe returns the topics of names, which are different, in the order in
// which the admin client's map lists them; limit is how many partitions one
// answer may have. The first topic with an error fails the call.
func (a *Admin) Describe(ctx context.Context, names []string, limit int32) ([]Topic, error) {
	if len(names) == 0 {
		return nil, nil
	}
	alive, err := a.Nodes(ctx)
	if err != nil {
		return nil, err
	}
	topics, err := a.describePages(ctx, names, limit)
	if Unsupported(err) {
		topics, err = a.describeByMetadata(ctx, metadataByName(names))
	}
	if err != nil {
		return nil, err
	}
	for _, t := range topics {
		for i := range t.Partitions {
			if !slices.Contains(alive, t.Partitions[i].Leader) {
				t.Partitions[i].Leader = -1
			}
		}
	}
	hash := func(t Topic) int32 { return java.Hash(t.Name) }
	futures := java.CopyOrder(java.OrderIn(topics, hash, len(topics)), hash)
	return java.OrderIn(futures, hash, len(topics)), nil
}

// describePages asks with DescribeTopicPartitions (KIP-966), page by page.
func (a *Admin) describePages(ctx context.Context, names []string, limit int32) ([]Topic, error) {
	names = slices.Sorted(slices.Values(names))
	req := kmsg.NewPtrDescribeTopicPartitionsRequest()
	req.ResponsePartitionLimit = limit
	for _, n := range names {
		t := kmsg.NewDescribeTopicPartitionsRequestTopic()
		t.Topic = n
		req.Topics = append(req.Topics, t)
	}
	var topics []Topic
	for {
		resp, err := req.RequestWith(ctx, a)
		if err != nil {
			return nil, err
		}
		if topics, err = appendPage(topics, resp.Topics); err != nil {
			return nil, err
		}
		next := resp.NextCursor
		if next == nil {
			return topics, nil
		}
		if c := req.Cursor; c != nil && c.Topic == next.Topic && c.Partition == next.Partition {
			return nil, errors.New("the broker's answer to DescribeTopicPartitions does not go on: ask another broker")
		}
		req.Cursor = (*kmsg.DescribeTopicPartitionsRequestCursor)(next)
		req.Topics = slices.DeleteFunc(req.Topics, func(t kmsg.DescribeTopicPartitionsRequestTopic) bool { return t.Topic < next.Topic })
	}
}

// appendPage adds an answer; its first topic may continue the last one.
func appendPage(topics []Topic, page []kmsg.DescribeTopicPartitionsResponseTopic) ([]Topic, error) {
	for _, t := range page {
		if thrown := java.Throw(t.ErrorCode, nil); thrown != nil {
			return nil, thrown
		}
		if t.Topic == nil {
			continue
		}
		if len(topics) == 0 || topics[len(topics)-1].Name != *t.Topic {
			topics = append(topics, Topic{Name: *t.Topic, ID: t.TopicID, Internal: t.IsInternal})
		}
		last := &topics[len(topics)-1]
		for _, p := range t.Partitions {
			last.Partitions = append(last.Partitions, Partition{
				Number: p.Partition, Leader: p.LeaderID, Replicas: p.Replicas, ISR: p.ISR,
				Elr: notNil(p.EligibleLeaderReplicas), LastKnownElr: notNil(p.LastKnownELR),
			})
		}
	}
	return topics, nil
}

func notNil(ids []int32) []int32 {
	if ids == nil {
		return []int32{}
	}
	return ids
}

// DescribeID returns the topic of an id, as Metadata knows it.
func (a *Admin) DescribeID(ctx context.Context, id [16]byte) (Topic, error) {
	t := kmsg.NewMetadataRequestTopic()
	t.TopicID = id
	topics, err := a.describeByMetadata(ctx, []kmsg.MetadataRequestTopic{t})
	if err != nil {
		return Topic{}, err
	}
	if len(topics) != 1 {
		return Topic{}, errors.New("the broker's answer has not the one topic that was asked for: ask another broker")
	}
	return topics[0], nil
}

func metadataByName(names []string) []kmsg.MetadataRequestTopic {
	topics := make([]kmsg.MetadataRequestTopic, len(names))
	for i, n := range names {
		topics[i] = kmsg.NewMetadataRequestTopic()
		topics[i].Topic = &n
	}
	return topics
}

func (a *Admin) describeByMetadata(ctx context.Context, asked []kmsg.MetadataRequestTopic) ([]Topic, error) {
	req := kmsg.NewPtrMetadataRequest()
	req.AllowAutoTopicCreation = false
	req.Topics = asked
	resp, err := req.RequestWith(ctx, a)
	if err != nil {
		return nil, err
	}
	topics := make([]Topic, 0, len(resp.Topics))
	for _, t := range resp.Topics {
		if thrown := java.Throw(t.ErrorCode, nil); thrown != nil {
			return nil, thrown
		}
		if t.Topic == nil {
			continue
		}
		topic := Topic{Name: *t.Topic, ID: t.TopicID, Internal: t.IsInternal}
		for _, p := range t.Partitions {
			leader := p.Leader
			if !slices.ContainsFunc(resp.Brokers, func(b kmsg.MetadataResponseBroker) bool { return b.NodeID == leader }) {
				leader = -1
			}
			topic.Partitions = append(topic.Partitions, Partition{Number: p.Partition, Leader: leader, Replicas: p.Replicas, ISR: p.ISR})
		}
		slices.SortFunc(topic.Partitions, func(x, y Partition) int { return cmp.Compare(x.Number, y.Number) })
		topics = append(topics, topic)
	}
	return topics, nil
}
