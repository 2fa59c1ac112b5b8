package api

import (
	"context"

	"github.com/gregor-stream/gregor/internal/controller"
	"github.com/gregor-stream/gregor/internal/kafka"
	"github.com/gregor-stream/gregor/internal/msg"
)

func (h *Handlers) alterPartitionReassignments(ctx context.Context, call *Call, req *msg.AlterPartitionReassignmentsRequest) (*msg.AlterPartitionReassignmentsResponse, error) {
	if len(req.Topics) == 0 {
		return msg.NewAlterPartitionReassignmentsResponse(), nil
	}
	err := error(kafka.Errorf(kafka.ErrClusterAuthorizationFailed, "Cluster authorization failed."))
	if h.allowed(call, Alter, Cluster, ClusterName) {
		var resp *msg.AlterPartitionReassignmentsResponse
		resp, err = executeWithin[*msg.AlterPartitionReassignmentsResponse](ctx, h, call, req.TimeoutMs, func(in controller.Input) controller.Result {
			return controller.AlterPartitionReassignments(in, req)
		})
		if err == nil {
			return resp, nil
		}
	}
	resp := msg.NewAlterPartitionReassignmentsResponse()
	resp.ErrorCode, resp.ErrorMessage = failure(err)
	for _, t := range req.Topics {
		topic := msg.AlterPartitionReassignmentsResponseReassignableTopicResponse{Name: t.Name}
		for _, p := range t.Partitions {
			topic.Partitions = append(topic.Partitions, msg.AlterPartitionReassignmentsResponseReassignablePartitionResponse{
				PartitionIndex: p.PartitionIndex, ErrorCode: resp.ErrorCode, ErrorMessage: resp.ErrorMessage,
			})
		}
		resp.Responses = append(resp.Responses, topic)
	}
	return resp, nil
}
