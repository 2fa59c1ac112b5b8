package admin

import (
	"context"

	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/gregor-stream/gregor/internal/cli/java"
	"github.com/gregor-stream/gregor/internal/kafka"
)

// Election is the outcome of one partition's election.
type Election struct {
	kafka.TopicPartition

	Err *java.Thrown // nil where it has a new leader
}

// ElectLeaders elects leaders of partitions; nil stands for all. The answers
// come in the order in which the admin client's map lists them.
func (a *Admin) ElectLeaders(ctx context.Context, unclean bool, partitions []kafka.TopicPartition) ([]Election, error) {
	req := kmsg.NewPtrElectLeadersRequest()
	req.TimeoutMillis = 15_000
	if unclean {
		req.ElectionType = 1
	}
	if partitions != nil {
		req.Topics = []kmsg.ElectLeadersRequestTopic{}
	}
	for _, topic := range ByTopic(partitions) {
		t := kmsg.NewElectLeadersRequestTopic()
		t.Topic, t.Partitions = topic.Topic, topic.Partitions
		req.Topics = append(req.Topics, t)
	}
	resp, err := req.RequestWith(ctx, a)
	if err != nil {
		return nil, err
	}
	if thrown := java.Throw(resp.ErrorCode, nil); thrown != nil {
		return nil, thrown
	}
	var all []Election
	for _, t := range resp.Topics {
		for _, p := range t.Partitions {
			all = append(all, Election{kafka.TopicPartition{Topic: t.Topic, Partition: p.Partition}, java.Throw(p.ErrorCode, p.ErrorMessage)})
		}
	}
	return java.Order(all, func(e Election) int32 { return java.HashPartition(e.TopicPartition) }), nil
}
