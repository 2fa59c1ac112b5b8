package api

import (
	"context"
	"slices"

	"github.com/gregor-stream/gregor/internal/msg"
)

func (h *Handlers) listGroups(ctx context.Context, call *Call, req *msg.ListGroupsRequest) (*msg.ListGroupsResponse, error) {
	response := h.Groups.ListGroups(ctx, call.caller(), req)
	if !h.allowed(call, Describe, Cluster, ClusterName) {
		response.Groups = slices.DeleteFunc(response.Groups, func(g msg.ListGroupsResponseListedGroup) bool {
			return !h.allowed(call, Describe, Group, g.GroupId)
		})
	}
	return response, nil
}
