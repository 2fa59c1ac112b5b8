package api

import (
	"context"

	"github.com/gregor-stream/gregor/internal/kafka"
	"github.com/gregor-stream/gregor/internal/msg"
)

func (h *Handlers) offsetDelete(ctx context.Context, call *Call, req *msg.OffsetDeleteRequest) (*msg.OffsetDeleteResponse, error) {
	if !h.allowed(call, Delete, Group, req.GroupId) {
		return &msg.OffsetDeleteResponse{ErrorCode: int16(kafka.ErrGroupAuthorizationFailed)}, nil
	}
	answer := &msg.OffsetDeleteResponse{}
	asked := *req
	asked.Topics = make([]msg.OffsetDeleteRequestTopic, 0, len(req.Topics))
	for i := range req.Topics {
		if topic := h.deleteTopicOffsets(call, answer, &req.Topics[i]); len(topic.Partitions) > 0 {
			asked.Topics = append(asked.Topics, topic)
		}
	}
	response := h.Groups.DeleteOffsets(ctx, call.caller(), &asked)
	if response.ErrorCode != 0 || len(answer.Topics) == 0 {
		return response, nil
	}
	for i := range response.Topics {
		to := deletedTopic(answer, response.Topics[i].Name)
		to.Partitions = append(to.Partitions, response.Topics[i].Partitions...)
	}
	return answer, nil
}

// deleteTopicOffsets answers for the partitions that do not exist or may not be
// touched, and returns the others.
func (h *Handlers) deleteTopicOffsets(
	call *Call, answer *msg.OffsetDeleteResponse, topic *msg.OffsetDeleteRequestTopic,
) msg.OffsetDeleteRequestTopic {
	out := msg.OffsetDeleteRequestTopic{Name: topic.Name}
	mayRead := h.allowed(call, Read, Topic, topic.Name)
	for _, p := range topic.Partitions {
		code := kafka.ErrUnknownTopicOrPartition
		switch {
		case !mayRead:
			code = kafka.ErrTopicAuthorizationFailed
		case h.partitionExists(topic.Name, p.PartitionIndex):
			out.Partitions = append(out.Partitions, p)
			continue
		}
		to := deletedTopic(answer, topic.Name)
		to.Partitions = append(to.Partitions,
			msg.OffsetDeleteResponsePartition{PartitionIndex: p.PartitionIndex, ErrorCode: int16(code)})
	}
	return out
}

// deletedTopic is the place of a topic in the answer.
func deletedTopic(answer *msg.OffsetDeleteResponse, name string) *msg.OffsetDeleteResponseTopic {
	for i := range answer.Topics {
		if answer.Topics[i].Name == name {
			return &answer.Topics[i]
		}
	}
	answer.Topics = append(answer.Topics, msg.OffsetDeleteResponseTopic{Name: name})
	return &answer.Topics[len(answer.Topics)-1]
}
