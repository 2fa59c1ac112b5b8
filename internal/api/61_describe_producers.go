package api

import (
	"context"

	"github.com/gregor-stream/gregor/internal/kafka"
	"github.com/gregor-stream/gregor/internal/msg"
)

func (h *Handlers) describeProducers(_ context.Context, call *Call, req *msg.DescribeProducersRequest) (*msg.DescribeProducersResponse, error) {
	resp := msg.NewDescribeProducersResponse()
	resp.Topics = make([]msg.DescribeProducersResponseTopicResponse, len(req.Topics))
	for i := range req.Topics {
		topic, out := &req.Topics[i], &resp.Topics[i]
		out.Name = topic.Name
		out.Partitions = make([]msg.DescribeProducersResponsePartitionResponse, len(topic.PartitionIndexes))
		err := h.describesProducers(call, topic.Name)
		for j, n := range topic.PartitionIndexes {
			part := &out.Partitions[j]
			part.PartitionIndex = n
			part.ErrorCode, part.ErrorMessage = int16(kafka.CodeOf(err)), kafka.MessageOf(err)
			if err == nil {
				h.producersOf(topic.Name, n, part)
			}
		}
	}
	return resp, nil
}

// describesProducers refuses a topic as a whole, with Kafka's sentences.
func (h *Handlers) describesProducers(call *Call, topic string) error {
	if err := kafka.CheckTopicName(topic); err != nil {
		return err
	}
	if !h.allowed(call, Read, Topic, topic) {
		return kafka.Errorf(kafka.ErrTopicAuthorizationFailed, "Topic authorization failed.")
	}
	if _, ok := h.Image().Topics.ByName(topic); !ok {
		return kafka.Errorf(kafka.ErrUnknownTopicOrPartition, "This server does not host this topic-partition.")
	}
	return nil
}

func (h *Handlers) producersOf(topic string, n int32, out *msg.DescribeProducersResponsePartitionResponse) {
	p, code := h.findByName(topic, n)
	if code != kafka.ErrNone {
		out.ErrorCode = int16(code)
		return
	}
	producers, err := p.Producers()
	out.ErrorCode = int16(kafka.CodeOf(err))
	for _, pr := range producers {
		out.ActiveProducers = append(out.ActiveProducers, msg.DescribeProducersResponseProducerState{
			ProducerId: int64(pr.ProducerID), ProducerEpoch: int32(pr.Epoch), LastSequence: pr.LastSequence,
			LastTimestamp: int64(pr.LastTimestamp), CoordinatorEpoch: pr.CoordinatorEpoch,
			CurrentTxnStartOffset: int64(pr.TxnFirstOffset),
		})
	}
}
