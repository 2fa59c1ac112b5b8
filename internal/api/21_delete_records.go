package api

import (
	"context"

	"github.com/gregor-stream/gregor/internal/kafka"
	"github.com/gregor-stream/gregor/internal/msg"
)

func (h *Handlers) deleteRecords(ctx context.Context, call *Call, req *msg.DeleteRecordsRequest) (*msg.DeleteRecordsResponse, error) {
	resp := msg.NewDeleteRecordsResponse()
	resp.Topics = make([]msg.DeleteRecordsResponseDeleteRecordsTopicResult, len(req.Topics))
	for i := range req.Topics {
		topic, out := &req.Topics[i], &resp.Topics[i]
		out.Name = topic.Name
		out.Partitions = make([]msg.DeleteRecordsResponseDeleteRecordsPartitionResult, len(topic.Partitions))
		allowed := h.allowed(call, Delete, Topic, topic.Name)
		for j, want := range topic.Partitions {
			low, err := kafka.NoOffset, error(kafka.ErrTopicAuthorizationFailed)
			if allowed {
				low, err = h.deleteRecordsOf(ctx, topic.Name, want.PartitionIndex, kafka.Offset(want.Offset))
			}
			out.Partitions[j] = msg.DeleteRecordsResponseDeleteRecordsPartitionResult{
				PartitionIndex: want.PartitionIndex, LowWatermark: int64(low), ErrorCode: int16(kafka.CodeOf(err))}
		}
	}
	return resp, nil
}

func (h *Handlers) deleteRecordsOf(ctx context.Context, topic string, partition int32, offset kafka.Offset) (kafka.Offset, error) {
	p, code := h.findByName(topic, partition)
	if code != kafka.ErrNone {
		return kafka.NoOffset, code
	}
	if isInternal(topic) {
		return kafka.NoOffset, kafka.ErrInvalidTopicException
	}
	if err := p.CatchUp(ctx); err != nil {
		return kafka.NoOffset, err
	}
	return p.DeleteRecords(offset)
}
