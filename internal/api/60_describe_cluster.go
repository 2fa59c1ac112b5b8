package api

import (
	"context"
	"fmt"
	"slices"

	"github.com/gregor-stream/gregor/internal/config"
	"github.com/gregor-stream/gregor/internal/kafka"
	"github.com/gregor-stream/gregor/internal/msg"
)

// The kinds of endpoint that DescribeCluster tells of (KIP-919).
const (
	brokerEndpoints     = 1
	controllerEndpoints = 2
)

func (h *Handlers) describeCluster(_ context.Context, call *Call, req *msg.DescribeClusterRequest) (*msg.DescribeClusterResponse, error) {
	resp := msg.NewDescribeClusterResponse()
	here := int8(brokerEndpoints)
	if slices.ContainsFunc(h.Broker().ControllerListeners, func(l config.Listener) bool { return l.Name == call.Listener }) {
		here = controllerEndpoints
	}
	if code, message := checkEndpointType(req.EndpointType, here, call.Version); code != kafka.ErrNone {
		resp.ErrorCode, resp.ErrorMessage = int16(code), &message
		return resp, nil
	}
	if req.IncludeClusterAuthorizedOperations {
		resp.ClusterAuthorizedOperations = 0
		if h.allowed(call, Describe, Cluster, ClusterName) {
			resp.ClusterAuthorizedOperations = h.operationsOf(call, Cluster, ClusterName)
		}
	}
	resp.ClusterId, resp.EndpointType = h.ClusterID, here
	if here == controllerEndpoints {
		h.describeControllers(call, resp)
		return resp, nil
	}
	v := h.viewFor(call)
	for b := range v.img.Cluster.Brokers() {
		if e, ok := b.Endpoint(call.Listener); ok && (!b.Fenced || req.IncludeFencedBrokers) {
			resp.Brokers = append(resp.Brokers, msg.DescribeClusterResponseDescribeClusterBroker{
				BrokerId: int32(b.ID), Host: e.Host, Port: int32(e.Port), Rack: b.Rack, IsFenced: b.Fenced,
			})
		}
	}
	resp.ControllerId = h.controllerFor(v)
	if !slices.ContainsFunc(resp.Brokers, func(b msg.DescribeClusterResponseDescribeClusterBroker) bool { return b.BrokerId == resp.ControllerId }) {
		resp.ControllerId = -1
	}
	return resp, nil
}

func checkEndpointType(asked, here int8, version int16) (kafka.Error, string) {
	names := [...]string{brokerEndpoints: "BROKER", controllerEndpoints: "CONTROLLER"}
	switch {
	case asked == here:
		return kafka.ErrNone, ""
	case asked != brokerEndpoints && asked != controllerEndpoints:
		if version == 0 {
			return kafka.ErrInvalidRequest, fmt.Sprintf("Unsupported endpoint type %d", asked)
		}
		return kafka.ErrUnsupportedEndpointType, fmt.Sprintf("Unsupported endpoint type %d", asked)
	}
	message := fmt.Sprintf("The request was sent to an endpoint of type %s, but we wanted an endpoint of type %s", names[here], names[asked])
	if version == 0 {
		return kafka.ErrInvalidRequest, message
	}
	return kafka.ErrMismatchedEndpointType, message
}

func (h *Handlers) describeControllers(call *Call, resp *msg.DescribeClusterResponse) {
	status := h.Quorum.Status()
	for c := range h.Image().Cluster.Controllers() {
		if e, ok := c.Endpoint(call.Listener); ok {
			resp.Brokers = append(resp.Brokers, msg.DescribeClusterResponseDescribeClusterBroker{BrokerId: int32(c.ID), Host: e.Host, Port: int32(e.Port)})
			if c.ID == status.Leader {
				resp.ControllerId = int32(c.ID)
			}
		}
	}
}
