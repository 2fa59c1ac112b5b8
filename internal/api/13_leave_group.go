package api

import (
	"context"

	"github.com/gregor-stream/gregor/internal/kafka"
	"github.com/gregor-stream/gregor/internal/msg"
)

// leaveMany is the version of LeaveGroup from which several members leave at
// once, each with an answer of its own.
const leaveMany = 3

func (h *Handlers) leaveGroup(ctx context.Context, call *Call, req *msg.LeaveGroupRequest) (*msg.LeaveGroupResponse, error) {
	if !h.allowed(call, Read, Group, req.GroupId) {
		return &msg.LeaveGroupResponse{ErrorCode: int16(kafka.ErrGroupAuthorizationFailed)}, nil
	}
	if call.Version >= leaveMany {
		return h.Groups.LeaveGroup(ctx, call.caller(), req), nil
	}
	req.Members = []msg.LeaveGroupRequestMemberIdentity{{MemberId: req.MemberId}}
	response := h.Groups.LeaveGroup(ctx, call.caller(), req)
	if response.ErrorCode == 0 && len(response.Members) == 1 {
		response.ErrorCode = response.Members[0].ErrorCode
	}
	response.Members = nil
	return response, nil
}
