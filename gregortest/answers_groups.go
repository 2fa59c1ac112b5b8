package gregortest

import (
	"github.com/gregor-stream/gregor/internal/kafka"
	"github.com/gregor-stream/gregor/internal/msg"
)

func failOffsetCommit(req *msg.OffsetCommitRequest, f failure) *msg.OffsetCommitResponse {
	resp := msg.NewOffsetCommitResponse()
	resp.Topics = each(req.Topics, func(t *msg.OffsetCommitRequestTopic) msg.OffsetCommitResponseTopic {
		return msg.OffsetCommitResponseTopic{Name: t.Name, TopicId: t.TopicId,
			Partitions: each(t.Partitions, func(p *msg.OffsetCommitRequestPartition) msg.OffsetCommitResponsePartition {
				return msg.OffsetCommitResponsePartition{PartitionIndex: p.PartitionIndex, ErrorCode: f.number()}
			})}
	})
	return resp
}

// ofOffset says whether a code is one of a partition's offset and not of a group.
func ofOffset(code kafka.Error) bool {
	switch code {
	case kafka.ErrUnstableOffsetCommit, kafka.ErrUnknownTopicOrPartition, kafka.ErrUnknownTopicID, kafka.ErrTopicAuthorizationFailed:
		return true
	}
	return false
}

// failOffsetFetch: from version 8 a request asks for several groups. What is of
// the group stands beside the group, before version 2 in each partition.
func failOffsetFetch(req *msg.OffsetFetchRequest, f failure) *msg.OffsetFetchResponse {
	resp := msg.NewOffsetFetchResponse()
	if f.version >= 8 {
		resp.Groups = each(req.Groups, func(g *msg.OffsetFetchRequestGroup) msg.OffsetFetchResponseGroup {
			return failOffsetsOf(g, f)
		})
		return resp
	}
	if f.version >= 2 && (!ofOffset(f.code) || req.Topics == nil) {
		resp.ErrorCode = f.number()
		return resp
	}
	resp.Topics = each(req.Topics, func(t *msg.OffsetFetchRequestTopic) msg.OffsetFetchResponseTopic {
		return msg.OffsetFetchResponseTopic{Name: t.Name,
			Partitions: each(t.PartitionIndexes, func(p *int32) msg.OffsetFetchResponsePartition {
				return msg.OffsetFetchResponsePartition{
					PartitionIndex: *p, ErrorCode: f.number(), CommittedOffset: -1, CommittedLeaderEpoch: -1, Metadata: new(string)}
			})}
	})
	return resp
}

func failOffsetsOf(g *msg.OffsetFetchRequestGroup, f failure) msg.OffsetFetchResponseGroup {
	out := msg.OffsetFetchResponseGroup{GroupId: g.GroupId}
	if !ofOffset(f.code) || g.Topics == nil {
		out.ErrorCode = f.number()
		return out
	}
	out.Topics = each(g.Topics, func(t *msg.OffsetFetchRequestTopics) msg.OffsetFetchResponseTopics {
		return msg.OffsetFetchResponseTopics{Name: t.Name, TopicId: t.TopicId,
			Partitions: each(t.PartitionIndexes, func(p *int32) msg.OffsetFetchResponsePartitions {
				return msg.OffsetFetchResponsePartitions{
					PartitionIndex: *p, ErrorCode: f.number(), CommittedOffset: -1, CommittedLeaderEpoch: -1, Metadata: new(string)}
			})}
	})
	return out
}

func failFindCoordinator(req *msg.FindCoordinatorRequest, f failure) *msg.FindCoordinatorResponse {
	resp := msg.NewFindCoordinatorResponse()
	resp.ErrorCode, resp.ErrorMessage, resp.NodeId, resp.Port = f.number(), f.text(), -1, -1
	resp.Coordinators = each(req.CoordinatorKeys, func(key *string) msg.FindCoordinatorResponseCoordinator {
		return msg.FindCoordinatorResponseCoordinator{Key: *key, NodeId: -1, Port: -1, ErrorCode: f.number(), ErrorMessage: f.text()}
	})
	return resp
}

// failJoinGroup gives the member its id back, as the coordinator does; who is told
// that an id is required is told one, too.
func failJoinGroup(req *msg.JoinGroupRequest, f failure) *msg.JoinGroupResponse {
	resp := msg.NewJoinGroupResponse()
	resp.ErrorCode, resp.GenerationId, resp.MemberId = f.number(), -1, req.MemberId
	if f.version < 7 {
		resp.ProtocolName = new(string)
	}
	if f.code == kafka.ErrMemberIDRequired && req.MemberId == "" {
		resp.MemberId = clientID + "-" + req.GroupId
	}
	return resp
}

func failHeartbeat(_ *msg.HeartbeatRequest, f failure) *msg.HeartbeatResponse {
	resp := msg.NewHeartbeatResponse()
	resp.ErrorCode = f.number()
	return resp
}

// failLeaveGroup: from version 3 a request names several members, and what is
// wrong with one of them stands beside it.
func failLeaveGroup(req *msg.LeaveGroupRequest, f failure) *msg.LeaveGroupResponse {
	resp := msg.NewLeaveGroupResponse()
	if f.version >= 3 && (f.code == kafka.ErrUnknownMemberID || f.code == kafka.ErrFencedInstanceID) {
		resp.Members = each(req.Members, func(m *msg.LeaveGroupRequestMemberIdentity) msg.LeaveGroupResponseMemberResponse {
			return msg.LeaveGroupResponseMemberResponse{MemberId: m.MemberId, GroupInstanceId: m.GroupInstanceId, ErrorCode: f.number()}
		})
		return resp
	}
	resp.ErrorCode = f.number()
	return resp
}

func failSyncGroup(_ *msg.SyncGroupRequest, f failure) *msg.SyncGroupResponse {
	resp := msg.NewSyncGroupResponse()
	resp.ErrorCode, resp.Assignment = f.number(), []byte{}
	return resp
}

func failDescribeGroups(req *msg.DescribeGroupsRequest, f failure) *msg.DescribeGroupsResponse {
	resp := msg.NewDescribeGroupsResponse()
	resp.Groups = each(req.Groups, func(name *string) msg.DescribeGroupsResponseDescribedGroup {
		out := msg.NewDescribeGroupsResponseDescribedGroup()
		out.GroupId, out.ErrorCode, out.ErrorMessage = *name, f.number(), f.text()
		return *out
	})
	return resp
}

func failListGroups(_ *msg.ListGroupsRequest, f failure) *msg.ListGroupsResponse {
	resp := msg.NewListGroupsResponse()
	resp.ErrorCode = f.number()
	return resp
}

func failDeleteGroups(req *msg.DeleteGroupsRequest, f failure) *msg.DeleteGroupsResponse {
	resp := msg.NewDeleteGroupsResponse()
	resp.Results = each(req.GroupsNames, func(name *string) msg.DeleteGroupsResponseDeletableGroupResult {
		return msg.DeleteGroupsResponseDeletableGroupResult{GroupId: *name, ErrorCode: f.number(), ErrorMessage: f.text()}
	})
	return resp
}

func failOffsetDelete(_ *msg.OffsetDeleteRequest, f failure) *msg.OffsetDeleteResponse {
	resp := msg.NewOffsetDeleteResponse()
	resp.ErrorCode = f.number()
	return resp
}
