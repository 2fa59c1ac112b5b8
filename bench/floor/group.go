package floor

import (
	"fmt"

	"github.com/twmb/franz-go/pkg/kmsg"
)

// group answers as the coordinator of a group of one member, and remembers
// nothing.
func (s *server) group(req kmsg.Request) (kmsg.Response, error) {
	switch req := req.(type) {
	case *kmsg.FindCoordinatorRequest:
		r := kmsg.NewPtrFindCoordinatorResponse()
		r.NodeID, r.Host, r.Port = 1, s.host, s.port
		return r, nil
	case *kmsg.JoinGroupRequest:
		return join(req), nil
	case *kmsg.SyncGroupRequest:
		r := kmsg.NewPtrSyncGroupResponse()
		r.MemberAssignment = []byte{}
		if len(req.GroupAssignment) > 0 {
			r.MemberAssignment = req.GroupAssignment[0].MemberAssignment
		}
		return r, nil
	case *kmsg.HeartbeatRequest:
		return kmsg.NewPtrHeartbeatResponse(), nil
	case *kmsg.LeaveGroupRequest:
		return kmsg.NewPtrLeaveGroupResponse(), nil
	case *kmsg.OffsetCommitRequest:
		r := kmsg.NewPtrOffsetCommitResponse()
		for _, t := range req.Topics {
			out := kmsg.NewOffsetCommitResponseTopic()
			out.Topic = t.Topic
			for _, p := range t.Partitions {
				o := kmsg.NewOffsetCommitResponseTopicPartition()
				o.Partition = p.Partition
				out.Partitions = append(out.Partitions, o)
			}
			r.Topics = append(r.Topics, out)
		}
		return r, nil
	case *kmsg.OffsetFetchRequest:
		r := kmsg.NewPtrOffsetFetchResponse()
		for _, t := range req.Topics {
			out := kmsg.NewOffsetFetchResponseTopic()
			out.Topic = t.Topic
			for _, p := range t.Partitions {
				o := kmsg.NewOffsetFetchResponseTopicPartition()
				o.Partition, o.Offset = p, -1
				out.Partitions = append(out.Partitions, o)
			}
			r.Topics = append(r.Topics, out)
		}
		return r, nil
	}
	return nil, fmt.Errorf("key %d: %w", req.Key(), errShape)
}

func join(req *kmsg.JoinGroupRequest) *kmsg.JoinGroupResponse {
	const member = "member"
	r := kmsg.NewPtrJoinGroupResponse()
	if req.MemberID == "" && req.Version >= 4 {
		r.ErrorCode, r.MemberID = 79, member // MEMBER_ID_REQUIRED
		return r
	}
	r.Generation, r.LeaderID, r.MemberID = 1, member, member
	m := kmsg.NewJoinGroupResponseMember()
	m.MemberID = member
	if len(req.Protocols) > 0 {
		r.Protocol, m.ProtocolMetadata = new(req.Protocols[0].Name), req.Protocols[0].Metadata
	}
	r.Members = append(r.Members, m)
	return r
}
