package group

import (
	"github.com/gregor-stream/gregor/internal/kafka"
	"github.com/gregor-stream/gregor/internal/msg"
)

// CodeOf is the code that a client is told when an operation failed: what the
// log says is put in a coordinator's words.
func CodeOf(err error) kafka.Error {
	switch code := kafka.CodeOf(err); code {
	case kafka.ErrNetworkException:
		return kafka.ErrCoordinatorLoadInProgress
	case kafka.ErrUnknownTopicOrPartition, kafka.ErrNotEnoughReplicas, kafka.ErrRequestTimedOut:
		return kafka.ErrCoordinatorNotAvailable
	case kafka.ErrNotLeaderOrFollower, kafka.ErrKafkaStorageError:
		return kafka.ErrNotCoordinator
	case kafka.ErrMessageTooLarge, kafka.ErrRecordListTooLarge, kafka.ErrInvalidFetchSize:
		return kafka.ErrUnknownServerError
	default:
		return code
	}
}

// CheckJoin refuses requests before they are given to a shard; nil lets them
// through.
func (c Config) CheckJoin(req *msg.JoinGroupRequest) *msg.JoinGroupResponse {
	c = c.WithDefaults()
	timeout := int64(req.SessionTimeoutMs)
	switch {
	case req.GroupId == "":
		return joinRefused(req.MemberId, kafka.ErrInvalidGroupID)
	case timeout < c.MinSessionTimeout.Milliseconds() || timeout > c.MaxSessionTimeout.Milliseconds():
		return joinRefused(req.MemberId, kafka.ErrInvalidSessionTimeout)
	}
	return nil
}

// JoinFailed answers a JoinGroup whose operation failed.
func JoinFailed(err error) *msg.JoinGroupResponse { return joinRefused("", CodeOf(err)) }

// JoinVersion makes the answer fit the version: before 7 no protocol is "".
func JoinVersion(response *msg.JoinGroupResponse, version int16) *msg.JoinGroupResponse {
	switch {
	case version < joinNullProtocol && response.ProtocolName == nil:
		response.ProtocolName = new(string)
	case version >= joinNullProtocol && response.ProtocolName != nil && *response.ProtocolName == "":
		response.ProtocolName = nil
	}
	return response
}

// SyncFailed answers a SyncGroup whose operation failed.
func SyncFailed(err error) *msg.SyncGroupResponse {
	return &msg.SyncGroupResponse{ErrorCode: int16(CodeOf(err))}
}

// HeartbeatFailed answers a Heartbeat whose operation failed. While the group
// is loading, members are left in peace.
func HeartbeatFailed(err error) *msg.HeartbeatResponse {
	code := CodeOf(err)
	if code == kafka.ErrCoordinatorLoadInProgress {
		code = kafka.ErrNone
	}
	return &msg.HeartbeatResponse{ErrorCode: int16(code)}
}

// LeaveFailed answers a LeaveGroup whose operation failed: a group that does
// not exist has none of the members.
func LeaveFailed(req *msg.LeaveGroupRequest, err error) *msg.LeaveGroupResponse {
	code := CodeOf(err)
	if code != kafka.ErrUnknownMemberID {
		return &msg.LeaveGroupResponse{ErrorCode: int16(code)}
	}
	response := &msg.LeaveGroupResponse{}
	for i := range req.Members {
		response.Members = append(response.Members, msg.LeaveGroupResponseMemberResponse{
			MemberId: req.Members[i].MemberId, GroupInstanceId: req.Members[i].GroupInstanceId,
			ErrorCode: int16(code),
		})
	}
	return response
}

// CommitFailed answers an OffsetCommit whose operation failed.
func CommitFailed(req *msg.OffsetCommitRequest, err error) *msg.OffsetCommitResponse {
	code := int16(CodeOf(err))
	response := &msg.OffsetCommitResponse{Topics: make([]msg.OffsetCommitResponseTopic, len(req.Topics))}
	for i := range req.Topics {
		out := &response.Topics[i]
		out.Name, out.TopicId = req.Topics[i].Name, req.Topics[i].TopicId
		for j := range req.Topics[i].Partitions {
			out.Partitions = append(out.Partitions, msg.OffsetCommitResponsePartition{
				PartitionIndex: req.Topics[i].Partitions[j].PartitionIndex, ErrorCode: code,
			})
		}
	}
	return response
}

// fetchGroupError is the version of OffsetFetch from which a whole group can
// fail; before, each partition does.
const fetchGroupError = 2

// FetchFailed answers an OffsetFetch whose operation failed. Old consumers do
// not know COORDINATOR_NOT_AVAILABLE here: they are told NOT_COORDINATOR, which
// lets them look again.
func FetchFailed(req *msg.OffsetFetchRequestGroup, version int16, err error) msg.OffsetFetchResponseGroup {
	code := CodeOf(err)
	if code == kafka.ErrCoordinatorNotAvailable && kafka.CodeOf(err) != code {
		code = kafka.ErrNotCoordinator
	}
	return FetchError(req, version, code)
}

// FetchError is the answer for a group that failed with the code.
func FetchError(req *msg.OffsetFetchRequestGroup, version int16, code kafka.Error) msg.OffsetFetchResponseGroup {
	response := msg.OffsetFetchResponseGroup{GroupId: req.GroupId}
	if version >= fetchGroupError {
		response.ErrorCode = int16(code)
		return response
	}
	nothing := ""
	for i := range req.Topics {
		out := msg.OffsetFetchResponseTopics{Name: req.Topics[i].Name}
		for _, index := range req.Topics[i].PartitionIndexes {
			out.Partitions = append(out.Partitions, msg.OffsetFetchResponsePartitions{
				PartitionIndex: index, CommittedOffset: -1, CommittedLeaderEpoch: -1, Metadata: &nothing, ErrorCode: int16(code),
			})
		}
		response.Topics = append(response.Topics, out)
	}
	return response
}

// DeleteOffsetsFailed answers an OffsetDelete whose operation failed.
func DeleteOffsetsFailed(err error) *msg.OffsetDeleteResponse {
	return &msg.OffsetDeleteResponse{ErrorCode: int16(CodeOf(err))}
}

// DescribeFailed answers DescribeGroups for groups whose shard failed.
func DescribeFailed(ids []string, err error) []msg.DescribeGroupsResponseDescribedGroup {
	out := make([]msg.DescribeGroupsResponseDescribedGroup, len(ids))
	for i, id := range ids {
		out[i] = *msg.NewDescribeGroupsResponseDescribedGroup()
		out[i].GroupId, out[i].ErrorCode = id, int16(CodeOf(err))
	}
	return out
}

// DeleteGroupsFailed answers DeleteGroups for groups whose shard failed.
func DeleteGroupsFailed(ids []string, err error) []msg.DeleteGroupsResponseDeletableGroupResult {
	out := make([]msg.DeleteGroupsResponseDeletableGroupResult, len(ids))
	for i, id := range ids {
		out[i].GroupId, out[i].ErrorCode = id, int16(CodeOf(err))
	}
	return out
}
