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
		code := kafka.ErrNone
		switch {
		case !validTopicName(topic.Name):
			code = kafka.ErrInvalidTopicException
		case !h.allowed(call, Read, Topic, topic.Name):
			code = kafka.ErrTopicAuthorizationFailed
		}
		for j, n := range topic.PartitionIndexes {
			part := &out.Partitions[j]
			part.PartitionIndex = n
			part.ErrorCode = int16(code)
			if code == kafka.ErrNone {
				h.producersOf(topic.Name, n, part)
			}
		}
	}
	return resp, nil
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

// validTopicName is Kafka's rule for names of topics.
func validTopicName(name string) bool {
	if name == "" || name == "." || name == ".." || len(name) > 249 {
		return false
	}
	for _, c := range []byte(name) {
		switch {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', c == '.', c == '_', c == '-':
		default:
			return false
		}
	}
	return true
}
