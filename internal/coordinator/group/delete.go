package group

import (
	"time"

	"github.com/gregor-stream/gregor/internal/coordinator"
	"github.com/gregor-stream/gregor/internal/kafka"
	"github.com/gregor-stream/gregor/internal/msg"
)

// DeleteOffsets removes offsets of topics that the group does not read. Its
// answer is a *msg.OffsetDeleteResponse.
func (s *Shard) DeleteOffsets(req *msg.OffsetDeleteRequest) coordinator.Result {
	g := s.group(req.GroupId)
	switch {
	case s.foreign.has(req.GroupId) && s.foreign.members(req.GroupId) > 0:
		return coordinator.Fail(kafka.ErrNonEmptyGroup)
	case s.foreign.has(req.GroupId):
		g = newClassic(req.GroupId)
	case g == nil:
		return coordinator.Fail(kafka.Errorf(kafka.ErrGroupIDNotFound, "Group %s not found.", req.GroupId))
	case g.state != empty && !g.usesConsumerProtocol():
		return coordinator.Fail(kafka.ErrNonEmptyGroup)
	}
	response := &msg.OffsetDeleteResponse{Topics: make([]msg.OffsetDeleteResponseTopic, len(req.Topics))}
	result := coordinator.Result{Response: response}
	for i := range req.Topics {
		topic := &req.Topics[i]
		out := &response.Topics[i]
		out.Name = topic.Name
		out.Partitions = make([]msg.OffsetDeleteResponsePartition, len(topic.Partitions))
		subscribed := g.subscribesTo(topic.Name)
		for j := range topic.Partitions {
			at := partition{topic.Name, topic.Partitions[j].PartitionIndex}
			out.Partitions[j].PartitionIndex = at.index
			switch {
			case subscribed:
				out.Partitions[j].ErrorCode = int16(kafka.ErrGroupSubscribedToTopic)
			case s.offsets.get(req.GroupId, at) != nil || s.offsets.unstable(req.GroupId, at):
				result.Records = append(result.Records, offsetTombstone(req.GroupId, at))
			}
		}
	}
	return result
}

// DeleteGroups deletes groups without members, and their offsets. Its answer is
// a []msg.DeleteGroupsResponseDeletableGroupResult, one for each id.
func (s *Shard) DeleteGroups(ids []string) coordinator.Result {
	results := make([]msg.DeleteGroupsResponseDeletableGroupResult, len(ids))
	result := coordinator.Result{Response: results}
	for i, id := range ids {
		results[i].GroupId = id
		g := s.group(id)
		switch {
		case s.foreign.has(id) && s.foreign.members(id) > 0, g != nil && g.state != empty:
			results[i].ErrorCode = int16(kafka.ErrNonEmptyGroup)
			continue
		case g == nil && !s.foreign.has(id):
			results[i].ErrorCode = int16(kafka.ErrGroupIDNotFound)
			continue
		}
		result.Records = append(result.Records, s.offsetTombstones(id)...)
		result.Records = append(result.Records, s.foreign.tombstones(id)...)
		if g != nil {
			result.Records = append(result.Records, groupTombstone(id))
			result.Timers = append(result.Timers, g.cancelAll()...)
		}
	}
	result.Apply = func() {
		for i := range results {
			if results[i].ErrorCode == 0 {
				s.drop(results[i].GroupId)
			}
		}
	}
	return result
}

// offsetTombstones remove all offsets of a group, those of open transactions
// too.
func (s *Shard) offsetTombstones(id string) []coordinator.Record {
	var records []coordinator.Record
	of, ok := s.offsets.byGroup.Get(id)
	if ok {
		for at := range of.Sorted(comparePartitions) {
			records = append(records, offsetTombstone(id, at))
		}
	}
	if open, isOpen := s.offsets.open.Get(id); isOpen {
		for at := range open.Sorted(comparePartitions) {
			if s.offsets.get(id, at) == nil {
				records = append(records, offsetTombstone(id, at))
			}
		}
	}
	return records
}

// TopicsDeleted removes the offsets of topics that were deleted, also those
// which do not say which topic of that name they are for.
func (s *Shard) TopicsDeleted(topics []coordinator.TopicRef) coordinator.Result {
	deleted := make(map[string]kafka.UUID, len(topics))
	for _, t := range topics {
		deleted[t.Name] = t.ID
	}
	gone := func(at partition, c *committed) bool {
		id, ok := deleted[at.topic]
		return ok && !mismatch(c.topicID, id)
	}
	result := coordinator.Result{Divisible: true}
	for group, of := range s.offsets.byGroup.Sorted(compareStrings) {
		for at, c := range of.Sorted(comparePartitions) {
			if gone(at, c) {
				result.Records = append(result.Records, offsetTombstone(group, at))
			}
		}
	}
	for _, of := range s.offsets.pending.Sorted(compareProducers) {
		for key, c := range of.Sorted(compareGroupPartitions) {
			if gone(key.at, c) && s.offsets.get(key.group, key.at) == nil {
				result.Records = append(result.Records, offsetTombstone(key.group, key.at))
			}
		}
	}
	return result
}

// nextExpiry is when the shard looks for expired offsets again.
func (s *Shard) nextExpiry(now time.Time) coordinator.Timer {
	return coordinator.Set(coordinator.TimerKey{Kind: expiryTimer}, now, s.config.RetentionCheckInterval)
}

// expireOffsets removes offsets whose retention is over, and groups that have
// neither members nor offsets.
func (s *Shard) expireOffsets(now time.Time) coordinator.Result {
	result := coordinator.Result{Divisible: true, Timers: []coordinator.Timer{s.nextExpiry(now)}}
	var gone []string
	for id := range s.groups.Sorted(compareStrings) {
		g := s.group(id)
		records, all := s.expired(now, g)
		result.Records = append(result.Records, records...)
		if all && g.state == empty {
			result.Records = append(result.Records, groupTombstone(id))
			result.Timers = append(result.Timers, g.cancelAll()...)
			gone = append(gone, id)
		}
	}
	result.Apply = func() {
		for _, id := range gone {
			s.drop(id)
		}
	}
	return result
}

// expired are tombstones for the offsets of a group whose retention is over,
// and whether that is all it has. The retention runs
//
//   - in a group that members have left: since then, for each offset;
//   - in a stable group of consumers: since the commit, for topics that nobody
//     in it reads;
//   - in a group that nobody ever joined: since the commit;
//   - in any other group: not.
//
// An offset with a time of its own (commits of version 2 to 4) goes by that.
func (s *Shard) expired(now time.Time, g *classic) (records []coordinator.Record, all bool) {
	_, open := s.offsets.open.Get(g.id)
	of, ok := s.offsets.byGroup.Get(g.id)
	if !ok {
		return nil, !open
	}
	sinceEmpty := g.protocolType != nil && g.state == empty && !g.since.IsZero()
	expires := g.protocolType == nil || g.state == empty || g.state == stable && g.usesConsumerProtocol() && g.knowsTopics
	if !expires {
		return nil, false
	}
	all = !open
	for at, c := range of.Sorted(comparePartitions) {
		from := c.committedAt
		if sinceEmpty {
			from = g.since.UnixMilli()
		}
		over := now.UnixMilli()-from >= s.config.OffsetsRetention.Milliseconds()
		if c.expires != -1 {
			over = now.UnixMilli() >= c.expires
		}
		if over && !g.subscribesTo(at.topic) && !s.offsets.unstable(g.id, at) {
			records = append(records, offsetTombstone(g.id, at))
		} else {
			all = false
		}
	}
	return records, all
}
