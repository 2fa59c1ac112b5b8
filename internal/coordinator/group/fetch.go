package group

import (
	"github.com/gregor-stream/gregor/internal/coordinator"
	"github.com/gregor-stream/gregor/internal/kafka"
	"github.com/gregor-stream/gregor/internal/msg"
	"github.com/gregor-stream/gregor/internal/timeline"
)

// view is the committed state, or the latest one: that of a caller who wants
// stable offsets, and whose answer waits until the latest is committed.
type view struct{ latest bool }

func lookUp[K comparable, V any](v view, m *timeline.Map[K, V], key K) (V, bool) {
	if v.latest {
		return m.Get(key)
	}
	return m.GetCommitted(key)
}

// FetchOffsets reads offsets of a group; nil topics are all it has. Its answer
// is a msg.OffsetFetchResponseGroup. With stable set, partitions that an open
// transaction has offsets for are UNSTABLE_OFFSET_COMMIT.
func (s *Shard) FetchOffsets(req *msg.OffsetFetchRequestGroup, stable bool) coordinator.Result {
	v := view{latest: stable}
	response := msg.OffsetFetchResponseGroup{GroupId: req.GroupId}
	of, ok := lookUp(v, s.offsets.byGroup, req.GroupId)
	if !ok {
		of = nil
	}
	if req.Topics == nil {
		response.Topics = s.fetchAll(v, req.GroupId, of)
		return coordinator.Respond(response)
	}
	response.Topics = make([]msg.OffsetFetchResponseTopics, len(req.Topics))
	for i := range req.Topics {
		topic := &req.Topics[i]
		out := &response.Topics[i]
		out.Name, out.TopicId = topic.Name, topic.TopicId
		out.Partitions = make([]msg.OffsetFetchResponsePartitions, len(topic.PartitionIndexes))
		for j, index := range topic.PartitionIndexes {
			at := partition{topic.Name, index}
			var c *committed
			if of != nil {
				c, _ = lookUp(v, of, at)
			}
			if c != nil && mismatch(c.topicID, topic.TopicId) {
				c = nil // of a topic that had the same name
			}
			out.Partitions[j] = s.fetched(v, req.GroupId, at, c)
		}
	}
	return coordinator.Respond(response)
}

// fetchAll is every offset of the group, in order of topic and partition.
func (s *Shard) fetchAll(v view, group string, of *groupOffsets) []msg.OffsetFetchResponseTopics {
	if of == nil {
		return nil
	}
	all := of.SortedCommitted
	if v.latest {
		all = of.Sorted
	}
	var topics []msg.OffsetFetchResponseTopics
	for at, c := range all(comparePartitions) {
		if n := len(topics); n == 0 || topics[n-1].Name != at.topic {
			topics = append(topics, msg.OffsetFetchResponseTopics{Name: at.topic})
		}
		last := &topics[len(topics)-1]
		last.Partitions = append(last.Partitions, s.fetched(v, group, at, c))
	}
	return topics
}

func (s *Shard) fetched(v view, group string, at partition, c *committed) msg.OffsetFetchResponsePartitions {
	nothing := ""
	out := msg.OffsetFetchResponsePartitions{
		PartitionIndex: at.index, CommittedOffset: -1, CommittedLeaderEpoch: -1, Metadata: &nothing,
	}
	switch {
	case v.latest && s.offsets.unstable(group, at):
		out.ErrorCode = int16(kafka.ErrUnstableOffsetCommit)
	case c != nil:
		out.CommittedOffset, out.CommittedLeaderEpoch, out.Metadata = c.offset, c.leaderEpoch, &c.metadata
	}
	return out
}

// mismatch says that both ids are known and differ.
func mismatch(a, b kafka.UUID) bool {
	return a != kafka.UUID{} && b != kafka.UUID{} && a != b
}
