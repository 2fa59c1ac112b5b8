package group

import (
	"cmp"
	"strings"

	"github.com/gregor-stream/gregor/internal/kafka"
	"github.com/gregor-stream/gregor/internal/msg"
	"github.com/gregor-stream/gregor/internal/timeline"

	"github.com/gregor-stream/gregor/internal/coordinator"
)

// partition is what an offset is committed for.
type partition struct {
	topic string
	index int32
}

func comparePartitions(a, b partition) int {
	if c := strings.Compare(a.topic, b.topic); c != 0 {
		return c
	}
	return cmp.Compare(a.index, b.index)
}

// committed is a committed offset. It is never changed.
type committed struct {
	offset      int64
	leaderEpoch int32 // -1: not known
	metadata    string
	committedAt int64        // ms
	expires     int64        // ms, -1: by the broker's retention
	topicID     kafka.UUID   // zero: not known
	record      kafka.Offset // of the commit in __consumer_offsets
}

// groupOffsets are the offsets of one group.
type groupOffsets = timeline.Map[partition, *committed]

// offsets are the committed offsets of all groups of the shard, and those of
// transactions that have not ended. All of it is on the timeline.
//
// Invariants: no group in byGroup and no transaction in pending is empty; open
// counts, for each group and partition, the transactions in pending that have
// an offset for it.
type offsets struct {
	time    *timeline.Registry
	byGroup *timeline.Map[string, *groupOffsets]
	pending *timeline.Map[kafka.ProducerID, *timeline.Map[groupPartition, *committed]]
	open    *timeline.Map[string, *timeline.Map[partition, int]]
}

type groupPartition struct {
	group string
	at    partition
}

func newOffsets(time *timeline.Registry) *offsets {
	return &offsets{
		time:    time,
		byGroup: timeline.NewMap[string, *groupOffsets](time),
		pending: timeline.NewMap[kafka.ProducerID, *timeline.Map[groupPartition, *committed]](time),
		open:    timeline.NewMap[string, *timeline.Map[partition, int]](time),
	}
}

func (o *offsets) get(group string, at partition) *committed {
	if of, ok := o.byGroup.Get(group); ok {
		c, _ := of.Get(at)
		return c
	}
	return nil
}

func (o *offsets) put(group string, at partition, c *committed) {
	of, ok := o.byGroup.Get(group)
	if !ok {
		of = timeline.NewMap[partition, *committed](o.time)
		o.byGroup.Put(group, of)
	}
	of.Put(at, c)
}

// remove drops an offset, and what open transactions have for the partition.
func (o *offsets) remove(group string, at partition) {
	if of, ok := o.byGroup.Get(group); ok {
		of.Delete(at)
		if of.Len() == 0 {
			o.byGroup.Delete(group)
		}
	}
	if !o.unstable(group, at) {
		return
	}
	var producers []kafka.ProducerID
	for producer, of := range o.pending.All() {
		if _, ok := of.Get(groupPartition{group, at}); ok {
			producers = append(producers, producer)
		}
	}
	for _, producer := range producers {
		o.removePending(producer, groupPartition{group, at})
	}
}

// putPending keeps an offset until its transaction ends.
func (o *offsets) putPending(producer kafka.ProducerID, group string, at partition, c *committed) {
	of, ok := o.pending.Get(producer)
	if !ok {
		of = timeline.NewMap[groupPartition, *committed](o.time)
		o.pending.Put(producer, of)
	}
	key := groupPartition{group, at}
	if _, had := of.Get(key); !had {
		o.count(key, 1)
	}
	of.Put(key, c)
}

func (o *offsets) removePending(producer kafka.ProducerID, key groupPartition) {
	of, ok := o.pending.Get(producer)
	if !ok {
		return
	}
	of.Delete(key)
	o.count(key, -1)
	if of.Len() == 0 {
		o.pending.Delete(producer)
	}
}

func (o *offsets) count(key groupPartition, by int) {
	open, ok := o.open.Get(key.group)
	if !ok {
		open = timeline.NewMap[partition, int](o.time)
		o.open.Put(key.group, open)
	}
	n, _ := open.Get(key.at)
	if n += by; n > 0 {
		open.Put(key.at, n)
		return
	}
	open.Delete(key.at)
	if open.Len() == 0 {
		o.open.Delete(key.group)
	}
}

// unstable says that a transaction which has not ended has an offset for the
// partition.
func (o *offsets) unstable(group string, at partition) bool {
	open, ok := o.open.Get(group)
	if !ok {
		return false
	}
	_, ok = open.Get(at)
	return ok
}

// endTransaction makes the offsets of a transaction count, where no later
// commit has overtaken them, or drops them.
func (o *offsets) endTransaction(producer kafka.ProducerID, commit bool) {
	of, ok := o.pending.Get(producer)
	if !ok {
		return
	}
	type entry struct {
		key groupPartition
		c   *committed
	}
	var entries []entry
	for key, c := range of.All() {
		entries = append(entries, entry{key, c})
	}
	for _, e := range entries {
		o.removePending(producer, e.key)
		if !commit {
			continue
		}
		if now := o.get(e.key.group, e.key.at); now == nil || e.c.record > now.record {
			o.put(e.key.group, e.key.at, e.c)
		}
	}
}

// replayOffset replays a commit or its tombstone.
func (s *Shard) replayOffset(offset kafka.Offset, producer kafka.ProducerID, record coordinator.Record) error {
	var key msg.OffsetCommitKey // the legacy key has the same bytes
	if err := decode(&key, record.Key, 0); err != nil {
		return err
	}
	at := partition{key.Topic, key.Partition}
	if record.Value == nil {
		s.offsets.remove(key.Group, at)
		return nil
	}
	c, err := decodeCommitted(record)
	if err != nil {
		return err
	}
	c.record = offset
	if _, ok := s.groups.Get(key.Group); !ok && !s.foreign.has(key.Group) {
		// Nobody has joined it: its offsets alone make the group.
		s.groups.Put(key.Group, s.simple)
	}
	if producer >= 0 {
		s.offsets.putPending(producer, key.Group, at, c)
	} else {
		s.offsets.put(key.Group, at, c)
	}
	return nil
}

func decodeCommitted(record coordinator.Record) (*committed, error) {
	version, err := number(record.Value)
	if err != nil {
		return nil, err
	}
	if kind, _ := number(record.Key); kind == legacyOffsetCommitType {
		var value msg.LegacyOffsetCommitValue
		if err := decode(&value, record.Value, version); err != nil {
			return nil, err
		}
		return &committed{
			offset: value.Offset, leaderEpoch: -1, metadata: value.Metadata,
			committedAt: value.CommitTimestamp, expires: -1,
		}, nil
	}
	var value msg.OffsetCommitValue
	if err := decode(&value, record.Value, version); err != nil {
		return nil, err
	}
	return &committed{
		offset: value.Offset, leaderEpoch: value.LeaderEpoch, metadata: value.Metadata,
		committedAt: value.CommitTimestamp, expires: value.ExpireTimestamp, topicID: value.TopicId,
	}, nil
}
