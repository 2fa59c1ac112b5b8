package api

import (
	"context"

	"github.com/gregor-stream/gregor/internal/kafka"
	"github.com/gregor-stream/gregor/internal/msg"
)

func (h *Handlers) getTelemetrySubscriptions(_ context.Context, call *Call, req *msg.GetTelemetrySubscriptionsRequest) (*msg.GetTelemetrySubscriptionsResponse, error) {
	resp := msg.NewGetTelemetrySubscriptionsResponse()
	s, err := h.Telemetry.Subscribe(call.Received, call.client(), req.ClientInstanceId)
	if err != nil {
		resp.ErrorCode = int16(kafka.CodeOf(err))
		return resp, nil
	}
	resp.ClientInstanceId, resp.SubscriptionId = s.Instance, s.ID
	resp.AcceptedCompressionTypes = s.Compressions
	resp.PushIntervalMs = int32(s.Interval.Milliseconds()) //nolint:gosec // an hour at most
	resp.TelemetryMaxBytes = int32(s.MaxBytes)             //nolint:gosec // an int key
	resp.DeltaTemporality = true
	resp.RequestedMetrics = s.Metrics
	return resp, nil
}
