package group

import (
	"time"
	"unicode/utf8"

	"github.com/gregor-stream/gregor/internal/coordinator"
	"github.com/gregor-stream/gregor/internal/kafka"
	"github.com/gregor-stream/gregor/internal/msg"
)

// The versions of OffsetCommit that differ here.
const (
	commitOwnTime       = 1 // the one in which a commit may bring its time
	commitGroupNotFound = 9 // GROUP_ID_NOT_FOUND instead of ILLEGAL_GENERATION
)

// CommitOffsets commits offsets. Every topic of the request has a name, and its
// id where it has one; partitions that do not exist are not in it. Its answer
// is a *msg.OffsetCommitResponse.
func (s *Shard) CommitOffsets(now time.Time, caller Caller, req *msg.OffsetCommitRequest) coordinator.Result {
	timers, err := s.mayCommit(now, caller, req)
	if err != nil {
		return coordinator.Fail(err)
	}
	result, response := s.commitRecords(now, caller, req)
	result.Response, result.Timers = response, timers
	return result
}

// commitRecords are the records of a commit that is allowed, and its answer.
func (s *Shard) commitRecords(now time.Time, caller Caller, req *msg.OffsetCommitRequest) (coordinator.Result, *msg.OffsetCommitResponse) {
	response := &msg.OffsetCommitResponse{Topics: make([]msg.OffsetCommitResponseTopic, len(req.Topics))}
	var result coordinator.Result
	expires := int64(-1)
	if req.RetentionTimeMs != -1 {
		expires = now.UnixMilli() + req.RetentionTimeMs
	}
	for i := range req.Topics {
		topic := &req.Topics[i]
		out := &response.Topics[i]
		out.Name, out.TopicId = topic.Name, topic.TopicId
		out.Partitions = make([]msg.OffsetCommitResponsePartition, len(topic.Partitions))
		for j := range topic.Partitions {
			p := &topic.Partitions[j]
			out.Partitions[j].PartitionIndex = p.PartitionIndex
			metadata := ""
			if p.CommittedMetadata != nil {
				metadata = *p.CommittedMetadata
			}
			if longer(metadata, s.config.OffsetMetadataMax) {
				out.Partitions[j].ErrorCode = int16(kafka.ErrOffsetMetadataTooLarge)
				continue
			}
			c := committed{
				offset: p.CommittedOffset, leaderEpoch: max(p.CommittedLeaderEpoch, -1), metadata: metadata,
				committedAt: now.UnixMilli(), expires: expires, topicID: topic.TopicId,
			}
			if caller.Version == commitOwnTime && p.CommitTimestamp != -1 {
				c.committedAt = p.CommitTimestamp
			}
			result.Records = append(result.Records, offsetRecord(req.GroupId, partition{topic.Name, p.PartitionIndex}, &c))
		}
	}
	return result, response
}

// mayCommit says whether the caller may commit for the group; a member's
// session begins anew with it.
func (s *Shard) mayCommit(now time.Time, caller Caller, req *msg.OffsetCommitRequest) ([]coordinator.Timer, error) {
	generation := req.GenerationIdOrMemberEpoch
	if s.foreign.has(req.GroupId) {
		if generation < 0 && s.foreign.members(req.GroupId) == 0 {
			return nil, nil
		}
		return nil, kafka.ErrUnknownMemberID
	}
	g := s.live[req.GroupId]
	if g == nil {
		_, exists := s.groups.Get(req.GroupId)
		switch {
		case generation < 0:
			return nil, nil // nobody manages the group: a consumer on its own, or an administrator
		case exists:
			return nil, kafka.ErrUnknownMemberID
		case caller.Version >= commitGroupNotFound:
			return nil, kafka.Errorf(kafka.ErrGroupIDNotFound, "Group %s not found.", req.GroupId)
		}
		return nil, kafka.ErrIllegalGeneration
	}
	if generation < 0 && g.state == empty {
		return nil, nil
	}
	if generation < 0 && req.MemberId == "" && req.GroupInstanceId == nil {
		return nil, kafka.ErrUnknownMemberID
	}
	if err := g.check(req.MemberId, req.GroupInstanceId); err != nil {
		return nil, err
	}
	if generation != g.generation {
		return nil, kafka.ErrIllegalGeneration
	}
	if g.state == completingRebalance {
		// The member has the generation, and not yet its assignment.
		return nil, kafka.ErrRebalanceInProgress
	}
	return []coordinator.Timer{g.session(g.members[req.MemberId], now)}, nil
}

// longer says whether s has more than limit characters, as Java counts them: in
// UTF-16 code units.
func longer(s string, limit int) bool {
	if len(s) <= limit {
		return false
	}
	units := 0
	for _, r := range s {
		units++
		if r > 0xffff && r <= utf8.MaxRune {
			units++
		}
	}
	return units > limit
}
