package api

import (
	"context"

	"github.com/gregor-stream/gregor/internal/controller"
	"github.com/gregor-stream/gregor/internal/kafka"
	"github.com/gregor-stream/gregor/internal/msg"
)

func (h *Handlers) deleteTopics(ctx context.Context, call *Call, req *msg.DeleteTopicsRequest) (*msg.DeleteTopicsResponse, error) {
	resp := msg.NewDeleteTopicsResponse()
	refuse := func(name *string, id kafka.TopicID, err error) {
		r := msg.DeleteTopicsResponseDeletableTopicResult{Name: name, TopicId: id}
		r.ErrorCode, r.ErrorMessage = failure(err)
		resp.Responses = append(resp.Responses, r)
	}
	left := *req
	left.TopicNames, left.Topics = nil, nil
	everywhere := h.allowed(call, Delete, Cluster, ClusterName)
	may := func(op Operation, name string) bool { return everywhere || h.allowed(call, op, Topic, name) }
	for i, name := range req.TopicNames {
		if may(Describe, name) && may(Delete, name) {
			left.TopicNames = append(left.TopicNames, name)
		} else {
			refuse(&req.TopicNames[i], kafka.TopicID{}, kafka.ErrTopicAuthorizationFailed)
		}
	}
	for _, t := range req.Topics {
		name := t.Name
		if name == nil {
			// What somebody may do is said of names; an id that nobody has is
			// no secret.
			if topic, ok := h.Image().Topics.ByID(t.TopicId); ok {
				name = &topic.Name
			}
		}
		switch {
		case name == nil || may(Describe, *name) && may(Delete, *name):
			left.Topics = append(left.Topics, t)
		case t.Name != nil || may(Describe, *name):
			refuse(name, t.TopicId, kafka.ErrTopicAuthorizationFailed)
		default:
			refuse(nil, t.TopicId, kafka.ErrTopicAuthorizationFailed)
		}
	}
	if len(left.TopicNames)+len(left.Topics) == 0 {
		return resp, nil
	}
	done, err := executeWithin[*msg.DeleteTopicsResponse](ctx, h, call, req.TimeoutMs, func(in controller.Input) controller.Result {
		return controller.DeleteTopics(in, &left, call.Version)
	})
	if err != nil {
		for i := range left.TopicNames {
			refuse(&left.TopicNames[i], kafka.TopicID{}, err)
		}
		for _, t := range left.Topics {
			refuse(t.Name, t.TopicId, err)
		}
		return resp, nil
	}
	resp.Responses = append(resp.Responses, done.Responses...)
	return resp, nil
}
