package api

import (
	"context"

	"github.com/gregor-stream/gregor/internal/controller"
	"github.com/gregor-stream/gregor/internal/kafka"
	"github.com/gregor-stream/gregor/internal/msg"
)

func (h *Handlers) electLeaders(ctx context.Context, call *Call, req *msg.ElectLeadersRequest) (*msg.ElectLeadersResponse, error) {
	err := error(kafka.Errorf(kafka.ErrClusterAuthorizationFailed, "Cluster authorization failed."))
	if h.allowed(call, Alter, Cluster, ClusterName) {
		var resp *msg.ElectLeadersResponse
		resp, err = executeWithin[*msg.ElectLeadersResponse](ctx, h, call, req.TimeoutMs, func(in controller.Input) controller.Result {
			return controller.ElectLeaders(in, req)
		})
		if err == nil {
			return resp, nil
		}
	}
	resp := msg.NewElectLeadersResponse()
	resp.ErrorCode, _ = failure(err)
	for _, t := range req.TopicPartitions {
		topic := msg.ElectLeadersResponseReplicaElectionResult{Topic: t.Topic}
		for _, p := range t.Partitions {
			result := msg.ElectLeadersResponsePartitionResult{PartitionId: p}
			result.ErrorCode, result.ErrorMessage = failure(err)
			topic.PartitionResult = append(topic.PartitionResult, result)
		}
		resp.ReplicaElectionResults = append(resp.ReplicaElectionResults, topic)
	}
	return resp, nil
}
