package api

import (
	"context"

	"github.com/gregor-stream/gregor/internal/clientmetrics"
	"github.com/gregor-stream/gregor/internal/kafka"
	"github.com/gregor-stream/gregor/internal/msg"
)

func (h *Handlers) pushTelemetry(_ context.Context, call *Call, req *msg.PushTelemetryRequest) (*msg.PushTelemetryResponse, error) {
	resp := msg.NewPushTelemetryResponse()
	err := h.Telemetry.Push(call.Received, call.client(), clientmetrics.Push{
		Instance: req.ClientInstanceId, Subscription: req.SubscriptionId, Terminating: req.Terminating,
		Compression: req.CompressionType, Metrics: req.Metrics,
	})
	if err != nil {
		resp.ErrorCode = int16(kafka.CodeOf(err))
	}
	return resp, nil
}
