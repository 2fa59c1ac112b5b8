package api

import (
	"context"

	"github.com/gregor-stream/gregor/internal/coordinator/group"
	"github.com/gregor-stream/gregor/internal/kafka"
	"github.com/gregor-stream/gregor/internal/msg"
)

// describeOperations is the version of DescribeGroups from which the caller may
// ask what it is allowed to do.
const describeOperations = 3

func (h *Handlers) describeGroups(ctx context.Context, call *Call, req *msg.DescribeGroupsRequest) (*msg.DescribeGroupsResponse, error) {
	response := &msg.DescribeGroupsResponse{}
	allowed := make([]string, 0, len(req.Groups))
	for _, id := range req.Groups {
		if h.allowed(call, Describe, Group, id) {
			allowed = append(allowed, id)
		} else {
			response.Groups = append(response.Groups, group.DescribeFailed([]string{id}, kafka.ErrGroupAuthorizationFailed)...)
		}
	}
	described := h.Groups.DescribeGroups(ctx, call.caller(), allowed)
	if call.Version >= describeOperations && req.IncludeAuthorizedOperations {
		for i := range described {
			if described[i].ErrorCode == 0 {
				described[i].AuthorizedOperations = h.operationsOf(call, Group, described[i].GroupId)
			}
		}
	}
	response.Groups = append(response.Groups, described...)
	return response, nil
}
