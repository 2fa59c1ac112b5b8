package api

import (
	"context"

	"github.com/gregor-stream/gregor/internal/controller"
	"github.com/gregor-stream/gregor/internal/kafka"
	"github.com/gregor-stream/gregor/internal/msg"
)

func (h *Handlers) createTopics(ctx context.Context, call *Call, req *msg.CreateTopicsRequest) (*msg.CreateTopicsResponse, error) {
	resp := msg.NewCreateTopicsResponse()
	everywhere := h.allowed(call, Create, Cluster, ClusterName)
	left := *req
	left.Topics = nil
	var refused []msg.CreateTopicsResponseCreatableTopicResult
	for _, t := range req.Topics {
		if everywhere || h.allowed(call, Create, Topic, t.Name) {
			left.Topics = append(left.Topics, t)
			continue
		}
		refused = append(refused, createFailure(t.Name, kafka.Errorf(kafka.ErrTopicAuthorizationFailed, "Authorization failed.")))
	}
	if len(left.Topics) > 0 {
		done, err := executeWithin[*msg.CreateTopicsResponse](ctx, h, call, req.TimeoutMs, func(in controller.Input) controller.Result {
			return controller.CreateTopics(in, &left)
		})
		if err != nil {
			for _, t := range left.Topics {
				resp.Topics = append(resp.Topics, createFailure(t.Name, err))
			}
		} else {
			resp = done
		}
	}
	for i := range resp.Topics {
		if t := &resp.Topics[i]; t.ErrorCode == 0 && !h.allowed(call, DescribeConfigs, Topic, t.Name) {
			t.Configs, t.NumPartitions, t.ReplicationFactor = nil, -1, -1
			t.TopicConfigErrorCode = int16(kafka.ErrTopicAuthorizationFailed)
		}
		if resp.Topics[i].Configs == nil {
			resp.Topics[i].Configs = []msg.CreateTopicsResponseCreatableTopicConfigs{} // Kafka never sends null
		}
	}
	resp.Topics = append(resp.Topics, refused...)
	return resp, nil
}

func createFailure(name string, err error) msg.CreateTopicsResponseCreatableTopicResult {
	t := msg.NewCreateTopicsResponseCreatableTopicResult()
	t.Name, t.Configs = name, []msg.CreateTopicsResponseCreatableTopicConfigs{}
	t.ErrorCode, t.ErrorMessage = failure(err)
	return *t
}
