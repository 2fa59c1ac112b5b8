package api

import (
	"context"

	"github.com/gregor-stream/gregor/internal/kafka"
	"github.com/gregor-stream/gregor/internal/msg"
)

func (h *Handlers) offsetForLeaderEpoch(_ context.Context, call *Call, req *msg.OffsetForLeaderEpochRequest) (*msg.OffsetForLeaderEpochResponse, error) {
	resp := msg.NewOffsetForLeaderEpochResponse()
	resp.Topics = make([]msg.OffsetForLeaderEpochResponseOffsetForLeaderTopicResult, len(req.Topics))
	for i := range req.Topics {
		topic, out := &req.Topics[i], &resp.Topics[i]
		out.Topic = topic.Topic
		out.Partitions = make([]msg.OffsetForLeaderEpochResponseEpochEndOffset, len(topic.Partitions))
		allowed := h.allowed(call, Describe, Topic, topic.Topic)
		for j, want := range topic.Partitions {
			part := &out.Partitions[j]
			part.SetDefaults()
			part.Partition = want.Partition
			code := kafka.ErrTopicAuthorizationFailed
			var p Partition
			if allowed {
				p, code = h.findByName(topic.Topic, want.Partition)
			}
			if code != kafka.ErrNone {
				part.ErrorCode = int16(code)
				continue
			}
			end, err := p.EpochEnd(kafka.LeaderEpoch(want.CurrentLeaderEpoch), kafka.LeaderEpoch(want.LeaderEpoch))
			part.ErrorCode = int16(kafka.CodeOf(err))
			part.LeaderEpoch, part.EndOffset = int32(end.Epoch), int64(end.End)
		}
	}
	return resp, nil
}
