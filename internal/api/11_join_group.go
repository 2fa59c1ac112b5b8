package api

import (
	"context"

	"github.com/gregor-stream/gregor/internal/coordinator/group"
	"github.com/gregor-stream/gregor/internal/kafka"
	"github.com/gregor-stream/gregor/internal/msg"
	"github.com/gregor-stream/gregor/internal/storage/producer"
)

// Groups coordinates consumer groups. Whatever goes wrong is an error code in
// the response.
type Groups interface {
	GroupMembers
	GroupOffsets
	GroupAdmin
	// PartitionFor is the partition of __consumer_offsets of the group.
	PartitionFor(groupID string) int32
}

// GroupMembers is the classic group protocol.
type GroupMembers interface {
	JoinGroup(ctx context.Context, caller group.Caller, req *msg.JoinGroupRequest) *msg.JoinGroupResponse
	SyncGroup(ctx context.Context, caller group.Caller, req *msg.SyncGroupRequest) *msg.SyncGroupResponse
	Heartbeat(ctx context.Context, caller group.Caller, req *msg.HeartbeatRequest) *msg.HeartbeatResponse
	LeaveGroup(ctx context.Context, caller group.Caller, req *msg.LeaveGroupRequest) *msg.LeaveGroupResponse
}

// GroupOffsets keeps the offsets of groups. The topics of a commit have both
// name and id (a zero id where the topic has none).
type GroupOffsets interface {
	CommitOffsets(ctx context.Context, caller group.Caller, req *msg.OffsetCommitRequest) *msg.OffsetCommitResponse
	// CommitTransactionOffsets commits in a transaction; the guard is that of the
	// group's partition of __consumer_offsets.
	CommitTransactionOffsets(ctx context.Context, caller group.Caller, req *msg.TxnOffsetCommitRequest, guard producer.Guard) *msg.TxnOffsetCommitResponse
	FetchOffsets(ctx context.Context, caller group.Caller, req *msg.OffsetFetchRequestGroup, stable bool) msg.OffsetFetchResponseGroup
	DeleteOffsets(ctx context.Context, caller group.Caller, req *msg.OffsetDeleteRequest) *msg.OffsetDeleteResponse
}

// GroupAdmin looks at groups and deletes them.
type GroupAdmin interface {
	ListGroups(ctx context.Context, caller group.Caller, req *msg.ListGroupsRequest) *msg.ListGroupsResponse
	DescribeGroups(ctx context.Context, caller group.Caller, ids []string) []msg.DescribeGroupsResponseDescribedGroup
	DeleteGroups(ctx context.Context, caller group.Caller, ids []string) []msg.DeleteGroupsResponseDeletableGroupResult
}

func (h *Handlers) joinGroup(ctx context.Context, call *Call, req *msg.JoinGroupRequest) (*msg.JoinGroupResponse, error) {
	if !h.allowed(call, Read, Group, req.GroupId) {
		return group.JoinVersion(group.JoinFailed(kafka.ErrGroupAuthorizationFailed), call.Version), nil
	}
	h.waiting.group.Add(1)
	defer h.waiting.group.Add(-1)
	var resp *msg.JoinGroupResponse
	call.waits(true, func() { resp = h.Groups.JoinGroup(ctx, call.caller(), req) })
	return resp, nil
}
