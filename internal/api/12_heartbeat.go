package api

import (
	"context"

	"github.com/gregor-stream/gregor/internal/coordinator/group"
	"github.com/gregor-stream/gregor/internal/kafka"
	"github.com/gregor-stream/gregor/internal/msg"
)

func (h *Handlers) heartbeat(ctx context.Context, call *Call, req *msg.HeartbeatRequest) (*msg.HeartbeatResponse, error) {
	if !h.allowed(call, Read, Group, req.GroupId) {
		return group.HeartbeatFailed(kafka.ErrGroupAuthorizationFailed), nil
	}
	return h.Groups.Heartbeat(ctx, call.caller(), req), nil
}
