package api

import (
	"context"

	"github.com/gregor-stream/gregor/internal/coordinator/group"
	"github.com/gregor-stream/gregor/internal/kafka"
	"github.com/gregor-stream/gregor/internal/msg"
)

// syncNamesProtocol is the version of SyncGroup from which a member must name
// the protocol that it believes to be chosen (KIP-559).
const syncNamesProtocol = 5

func (h *Handlers) syncGroup(ctx context.Context, call *Call, req *msg.SyncGroupRequest) (*msg.SyncGroupResponse, error) {
	switch {
	case call.Version >= syncNamesProtocol && (req.ProtocolType == nil || req.ProtocolName == nil):
		return group.SyncFailed(kafka.ErrInconsistentGroupProtocol), nil
	case !h.allowed(call, Read, Group, req.GroupId):
		return group.SyncFailed(kafka.ErrGroupAuthorizationFailed), nil
	}
	h.waiting.group.Add(1)
	defer h.waiting.group.Add(-1)
	var resp *msg.SyncGroupResponse
	call.waits(true, func() { resp = h.Groups.SyncGroup(ctx, call.caller(), req) })
	return resp, nil
}
