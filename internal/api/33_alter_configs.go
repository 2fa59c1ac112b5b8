package api

import (
	"context"

	"github.com/gregor-stream/gregor/internal/config"
	"github.com/gregor-stream/gregor/internal/controller"
	"github.com/gregor-stream/gregor/internal/kafka"
	"github.com/gregor-stream/gregor/internal/msg"
)

func (h *Handlers) alterConfigs(ctx context.Context, call *Call, req *msg.AlterConfigsRequest) (*msg.AlterConfigsResponse, error) {
	key := func(r *msg.AlterConfigsRequestAlterConfigsResource) resourceKey {
		return resourceKey{r.ResourceType, r.ResourceName}
	}
	twice := repeated(req.Resources, key)
	answers := make(map[resourceKey]error, len(req.Resources))
	left := *req
	left.Resources = nil
	for i := range req.Resources {
		r := &req.Resources[i]
		if twice[key(r)] {
			answers[key(r)] = kafka.Errorf(kafka.ErrInvalidRequest, "Each resource must appear at most once.")
			continue
		}
		if err := h.checkAlterConfigs(call, r); err != nil {
			answers[key(r)] = err
			continue
		}
		left.Resources = append(left.Resources, *r)
	}
	resp := msg.NewAlterConfigsResponse()
	done := map[resourceKey]msg.AlterConfigsResponseAlterConfigsResourceResponse{}
	if len(left.Resources) > 0 {
		result, err := execute[*msg.AlterConfigsResponse](ctx, h, call, func(in controller.Input) controller.Result {
			return controller.AlterConfigs(in, &left)
		})
		if err != nil {
			for i := range left.Resources {
				answers[key(&left.Resources[i])] = err
			}
		} else {
			for _, r := range result.Responses {
				done[resourceKey{r.ResourceType, r.ResourceName}] = r
			}
		}
	}
	for i := range req.Resources {
		r := &req.Resources[i]
		answer, ok := done[key(r)]
		if !ok {
			answer.ResourceType, answer.ResourceName = r.ResourceType, r.ResourceName
			answer.ErrorCode, answer.ErrorMessage = failure(answers[key(r)])
		}
		resp.Responses = append(resp.Responses, answer)
	}
	return resp, nil
}

// checkAlterConfigs is what a broker checks before it passes the change on.
func (h *Handlers) checkAlterConfigs(call *Call, r *msg.AlterConfigsRequestAlterConfigsResource) error {
	var names, withoutValue []string
	configs := map[string]string{}
	for _, c := range r.Configs {
		names = append(names, c.Name)
		if c.Value == nil {
			withoutValue = append(withoutValue, c.Name)
			continue
		}
		configs[c.Name] = *c.Value
	}
	if err := checkNames(names, withoutValue); err != nil {
		return err
	}
	kind := config.Resource(r.ResourceType)
	if kind == config.ResourceBrokerLogger || configAuthority(kind) == 0 {
		return kafka.Errorf(kafka.ErrInvalidRequest, "Unknown resource type %d", r.ResourceType)
	}
	if kind == config.ResourceBroker {
		if err := h.brokerNamed(r.ResourceName); err != nil {
			return err
		}
		if err := h.checkBrokerChange(r.ResourceName, configs); err != nil {
			return err
		}
	}
	if code := h.mayConfig(call, AlterConfigs, kind, r.ResourceName); code != kafka.ErrNone {
		return code
	}
	return nil
}
