package group

import (
	"time"

	"github.com/gregor-stream/gregor/internal/coordinator"
	"github.com/gregor-stream/gregor/internal/kafka"
	"github.com/gregor-stream/gregor/internal/msg"
)

// txnCommitGroupNotFound is the version of TxnOffsetCommit from which a missing
// group is GROUP_ID_NOT_FOUND instead of ILLEGAL_GENERATION (KIP-1319).
const txnCommitGroupNotFound = 6

// CommitTransactionOffsets commits offsets in a producer's transaction: they
// count with its end. Topics are as in CommitOffsets. Its answer is a
// *msg.TxnOffsetCommitResponse.
func (s *Shard) CommitTransactionOffsets(now time.Time, caller Caller, req *msg.TxnOffsetCommitRequest) coordinator.Result {
	if err := s.mayCommitInTransaction(caller, req); err != nil {
		return coordinator.Fail(err)
	}
	plain := &msg.OffsetCommitRequest{GroupId: req.GroupId, RetentionTimeMs: -1, Topics: make([]msg.OffsetCommitRequestTopic, len(req.Topics))}
	for i := range req.Topics {
		from, to := &req.Topics[i], &plain.Topics[i]
		to.Name, to.TopicId = from.Name, from.TopicId
		to.Partitions = make([]msg.OffsetCommitRequestPartition, len(from.Partitions))
		for j, p := range from.Partitions {
			to.Partitions[j] = msg.OffsetCommitRequestPartition{
				PartitionIndex: p.PartitionIndex, CommittedOffset: p.CommittedOffset,
				CommittedLeaderEpoch: p.CommittedLeaderEpoch, CommittedMetadata: p.CommittedMetadata,
			}
		}
	}
	const ownTime = commitOwnTime + 1 // transactions cannot bring their time
	result, done := s.commitRecords(now, Caller{Version: ownTime}, plain)
	response := &msg.TxnOffsetCommitResponse{Topics: make([]msg.TxnOffsetCommitResponseTopic, len(done.Topics))}
	for i := range done.Topics {
		from, to := &done.Topics[i], &response.Topics[i]
		to.Name, to.TopicId = from.Name, from.TopicId
		for _, p := range from.Partitions {
			to.Partitions = append(to.Partitions, msg.TxnOffsetCommitResponsePartition(p))
		}
	}
	result.Response = response
	return result
}

// mayCommitInTransaction says whether the caller may commit for the group.
// Unlike a plain commit it may while the group rebalances, and without saying
// who it is, as producers did before KIP-447; it is no sign of life.
func (s *Shard) mayCommitInTransaction(caller Caller, req *msg.TxnOffsetCommitRequest) error {
	generation := req.GenerationIdOrMemberEpoch
	if s.foreign.has(req.GroupId) {
		if generation < 0 && s.foreign.members(req.GroupId) == 0 {
			return nil
		}
		return kafka.ErrUnknownMemberID
	}
	g := s.group(req.GroupId)
	switch {
	case g == nil && generation < 0:
		return nil
	case g == nil && caller.Version >= txnCommitGroupNotFound:
		return kafka.Errorf(kafka.ErrGroupIDNotFound, "Group %s not found.", req.GroupId)
	case g == nil:
		return kafka.ErrIllegalGeneration
	case generation < 0 && g.state == empty:
		return nil
	case generation < 0 && req.MemberId == "" && req.GroupInstanceId == nil:
		return nil
	}
	if err := g.check(req.MemberId, req.GroupInstanceId); err != nil {
		return err
	}
	if generation != g.generation {
		return kafka.ErrIllegalGeneration
	}
	return nil
}

// CommitTransactionFailed answers a TxnOffsetCommit whose operation failed.
func CommitTransactionFailed(req *msg.TxnOffsetCommitRequest, err error) *msg.TxnOffsetCommitResponse {
	code := int16(CodeOf(err))
	response := &msg.TxnOffsetCommitResponse{Topics: make([]msg.TxnOffsetCommitResponseTopic, len(req.Topics))}
	for i := range req.Topics {
		out := &response.Topics[i]
		out.Name, out.TopicId = req.Topics[i].Name, req.Topics[i].TopicId
		for j := range req.Topics[i].Partitions {
			out.Partitions = append(out.Partitions, msg.TxnOffsetCommitResponsePartition{
				PartitionIndex: req.Topics[i].Partitions[j].PartitionIndex, ErrorCode: code,
			})
		}
	}
	return response
}
