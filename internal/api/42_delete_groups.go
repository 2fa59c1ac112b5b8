package api

import (
	"context"

	"github.com/gregor-stream/gregor/internal/coordinator/group"
	"github.com/gregor-stream/gregor/internal/kafka"
	"github.com/gregor-stream/gregor/internal/msg"
)

func (h *Handlers) deleteGroups(ctx context.Context, call *Call, req *msg.DeleteGroupsRequest) (*msg.DeleteGroupsResponse, error) {
	var allowed, refused []string
	seen := map[string]struct{}{}
	for _, id := range req.GroupsNames {
		if _, again := seen[id]; again {
			continue
		}
		seen[id] = struct{}{}
		if h.allowed(call, Delete, Group, id) {
			allowed = append(allowed, id)
		} else {
			refused = append(refused, id)
		}
	}
	return &msg.DeleteGroupsResponse{Results: append(
		h.Groups.DeleteGroups(ctx, call.caller(), allowed),
		group.DeleteGroupsFailed(refused, kafka.ErrGroupAuthorizationFailed)...,
	)}, nil
}
