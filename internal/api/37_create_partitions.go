package api

import (
	"context"

	"github.com/gregor-stream/gregor/internal/controller"
	"github.com/gregor-stream/gregor/internal/kafka"
	"github.com/gregor-stream/gregor/internal/msg"
)

func (h *Handlers) createPartitions(ctx context.Context, call *Call, req *msg.CreatePartitionsRequest) (*msg.CreatePartitionsResponse, error) {
	resp := msg.NewCreatePartitionsResponse()
	refuse := func(name string, err error) {
		r := msg.CreatePartitionsResponseCreatePartitionsTopicResult{Name: name}
		r.ErrorCode, r.ErrorMessage = failure(err)
		resp.Results = append(resp.Results, r)
	}
	left := *req
	left.Topics = nil
	for _, t := range req.Topics {
		if h.allowed(call, Alter, Topic, t.Name) {
			left.Topics = append(left.Topics, t)
		} else {
			refuse(t.Name, kafka.ErrTopicAuthorizationFailed)
		}
	}
	if len(left.Topics) == 0 {
		return resp, nil
	}
	done, err := executeWithin[*msg.CreatePartitionsResponse](ctx, h, call, req.TimeoutMs, func(in controller.Input) controller.Result {
		return controller.CreatePartitions(in, &left)
	})
	if err != nil {
		for _, t := range left.Topics {
			refuse(t.Name, err)
		}
		return resp, nil
	}
	resp.Results = append(resp.Results, done.Results...)
	return resp, nil
}
