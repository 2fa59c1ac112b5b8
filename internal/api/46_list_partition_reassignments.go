package api

import (
	"context"

	"github.com/gregor-stream/gregor/internal/controller"
	"github.com/gregor-stream/gregor/internal/kafka"
	"github.com/gregor-stream/gregor/internal/msg"
)

func (h *Handlers) listPartitionReassignments(ctx context.Context, call *Call, req *msg.ListPartitionReassignmentsRequest) (*msg.ListPartitionReassignmentsResponse, error) {
	err := error(kafka.Errorf(kafka.ErrClusterAuthorizationFailed, "Cluster authorization failed."))
	if h.allowed(call, Describe, Cluster, ClusterName) {
		var resp *msg.ListPartitionReassignmentsResponse
		resp, err = execute[*msg.ListPartitionReassignmentsResponse](ctx, h, call, func(in controller.Input) controller.Result {
			return controller.ListPartitionReassignments(in, req)
		})
		if err == nil {
			return resp, nil
		}
	}
	resp := msg.NewListPartitionReassignmentsResponse()
	resp.ErrorCode, resp.ErrorMessage = failure(err)
	for _, t := range req.Topics {
		topic := msg.ListPartitionReassignmentsResponseOngoingTopicReassignment{Name: t.Name}
		for _, p := range t.PartitionIndexes {
			topic.Partitions = append(topic.Partitions, msg.ListPartitionReassignmentsResponseOngoingPartitionReassignment{PartitionIndex: p})
		}
		resp.Topics = append(resp.Topics, topic)
	}
	return resp, nil
}
