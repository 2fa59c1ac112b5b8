package api

import (
	"context"
	"slices"

	"github.com/gregor-stream/gregor/internal/config"
	"github.com/gregor-stream/gregor/internal/controller"
	"github.com/gregor-stream/gregor/internal/kafka"
	"github.com/gregor-stream/gregor/internal/msg"
)

func (h *Handlers) incrementalAlterConfigs(ctx context.Context, call *Call, req *msg.IncrementalAlterConfigsRequest) (*msg.IncrementalAlterConfigsResponse, error) {
	key := func(r *msg.IncrementalAlterConfigsRequestAlterConfigsResource) resourceKey {
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
		pass, err := h.checkIncremental(call, r, req.ValidateOnly)
		answers[key(r)] = err
		if pass {
			left.Resources = append(left.Resources, *r)
		}
	}
	resp := msg.NewIncrementalAlterConfigsResponse()
	done := map[resourceKey]msg.IncrementalAlterConfigsResponseAlterConfigsResourceResponse{}
	if len(left.Resources) > 0 {
		result, err := execute[*msg.IncrementalAlterConfigsResponse](ctx, h, call, func(in controller.Input) controller.Result {
			return controller.IncrementalAlterConfigs(in, &left)
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

// checkIncremental is what a broker checks before it passes a change on; the
// loggers, which are nobody else's business, it changes itself and does not
// pass on.
func (h *Handlers) checkIncremental(call *Call, r *msg.IncrementalAlterConfigsRequestAlterConfigsResource, validateOnly bool) (pass bool, err error) {
	var names, withoutValue []string
	changes := make([]change, len(r.Configs))
	for i, c := range r.Configs {
		names = append(names, c.Name)
		if c.Value == nil && c.ConfigOperation != opDelete {
			withoutValue = append(withoutValue, c.Name)
		}
		changes[i] = change{name: c.Name, value: deref(c.Value), op: c.ConfigOperation}
	}
	if err := checkNames(names, withoutValue); err != nil {
		return false, err
	}
	kind := config.Resource(r.ResourceType)
	switch kind {
	case config.ResourceBrokerLogger:
		if code := h.mayConfig(call, AlterConfigs, kind, ""); code != kafka.ErrNone {
			return false, kafka.Errorf(code, "Cluster authorization failed.")
		}
		return false, h.alterLoggers(r, validateOnly)
	case config.ResourceBroker:
		if err := h.brokerNamed(r.ResourceName); err != nil {
			return false, err
		}
		configs, err := h.applied(r.ResourceName, changes)
		if err != nil {
			return false, err
		}
		if err := h.checkBrokerChange(r.ResourceName, configs); err != nil {
			return false, err
		}
	case config.ResourceTopic, config.ResourceGroup, config.ResourceClientMetrics:
		if slices.ContainsFunc(changes, func(c change) bool { return c.op < opSet || c.op > opSubtract }) {
			return false, kafka.ErrUnknownServerError // as Kafka fails on it
		}
	case config.ResourceUnknown:
		return false, kafka.Errorf(kafka.ErrInvalidRequest, "Unknown resource type %d", r.ResourceType)
	default:
		return false, kafka.Errorf(kafka.ErrInvalidRequest, "Unknown resource type %d", r.ResourceType)
	}
	if code := h.mayConfig(call, AlterConfigs, kind, r.ResourceName); code != kafka.ErrNone {
		return false, code
	}
	return true, nil
}
