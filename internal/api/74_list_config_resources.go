package api

import (
	"context"
	"slices"
	"strconv"

	"github.com/gregor-stream/gregor/internal/config"
	"github.com/gregor-stream/gregor/internal/kafka"
	"github.com/gregor-stream/gregor/internal/msg"
)

func (h *Handlers) listConfigResources(_ context.Context, call *Call, req *msg.ListConfigResourcesRequest) (*msg.ListConfigResourcesResponse, error) {
	resp := msg.NewListConfigResourcesResponse()
	if !h.allowed(call, DescribeConfigs, Cluster, ClusterName) {
		resp.ErrorCode = int16(kafka.ErrClusterAuthorizationFailed)
		return resp, nil
	}
	// The order is Kafka's.
	supported := []config.Resource{config.ResourceGroup, config.ResourceClientMetrics, config.ResourceBrokerLogger, config.ResourceBroker, config.ResourceTopic}
	if call.Version == 0 {
		supported = []config.Resource{config.ResourceClientMetrics}
	}
	for _, kind := range req.ResourceTypes {
		if !slices.Contains(supported, config.Resource(kind)) {
			resp.ErrorCode = int16(kafka.ErrUnsupportedVersion)
			return resp, nil
		}
	}
	for _, kind := range supported {
		if len(req.ResourceTypes) > 0 && !slices.Contains(req.ResourceTypes, int8(kind)) {
			continue
		}
		for _, name := range h.resources(call, kind) {
			resp.ConfigResources = append(resp.ConfigResources, msg.ListConfigResourcesResponseConfigResource{ResourceName: name, ResourceType: int8(kind)})
		}
	}
	return resp, nil
}

// resources are the names of all resources of a kind, sorted: of groups and
// subscriptions those that have configuration.
func (h *Handlers) resources(call *Call, kind config.Resource) []string {
	v := h.viewFor(call)
	var names []string
	switch kind {
	case config.ResourceTopic:
		for t := range v.img.Topics.All() {
			names = append(names, t.Name)
		}
	case config.ResourceBroker, config.ResourceBrokerLogger:
		for b := range v.img.Cluster.Brokers() {
			if _, ok := b.Endpoint(v.listener); ok {
				names = append(names, strconv.Itoa(int(b.ID)))
			}
		}
	case config.ResourceGroup, config.ResourceClientMetrics:
		for r := range v.img.Configs.Resources() {
			if r.Type == kind {
				names = append(names, r.Name)
			}
		}
	case config.ResourceUnknown:
	}
	return names
}
