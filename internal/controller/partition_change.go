package controller

import (
	"slices"

	"github.com/gregor-stream/gregor/internal/kafka"
	"github.com/gregor-stream/gregor/internal/metadata"
	"github.com/gregor-stream/gregor/internal/msg"
)

// election says who may become leader.
type election uint8

const (
	// electOnline keeps the leader where it may stay, else takes the first
	// replica that is in sync.
	electOnline election = iota
	// electPreferred takes the first replica where it may lead.
	electPreferred
	// electUnclean takes, as a last resort, a replica that is not in sync.
	electUnclean
)

// partitionChange works out the one record that takes a partition from its
// registration to a target: the caller sets the target, [partitionChange.build]
// elects, completes reassignments, keeps the eligible leader replicas
// (KIP-966), and leaves out what does not change.
type partitionChange struct {
	in    *Input
	topic *metadata.Topic
	index int32
	old   *metadata.Partition

	acceptable func(broker int32) bool
	election   election
	minISR     int
	elrOn      bool

	isr, replicas, removing, adding, elr []int32
	recovery                             metadata.RecoveryState
	dirs                                 map[int32]kafka.UUID
	unclean                              int32 // a broker that lost what it had; -1: none

	record *msg.PartitionChangeRecord
}

// change begins a change of a partition that exists.
func (in *Input) change(topic *metadata.Topic, index int32, old *metadata.Partition) *partitionChange {
	c := &partitionChange{
		in: in, topic: topic, index: index, old: old, minISR: in.minISR(topic), elrOn: in.elrEnabled(), election: electOnline,
		isr: old.Isr, replicas: old.Replicas, removing: old.Removing, adding: old.Adding, elr: old.Elr,
		recovery: old.Recovery, unclean: -1, dirs: make(map[int32]kafka.UUID, len(old.Replicas)),
	}
	for i, r := range old.Replicas {
		c.dirs[r] = old.Directories[i]
	}
	c.accept(in.active)
	return c
}

// accept says which brokers may lead; a replica in a directory that is
// offline may not in any case.
func (c *partitionChange) accept(broker func(int32) bool) {
	c.acceptable = func(b int32) bool {
		if !broker(b) {
			return false
		}
		dir, ok := c.old.Directory(kafka.NodeID(b))
		return !ok || c.in.hasOnlineDir(b, dir)
	}
}

// build gives the record, and false where nothing changes.
func (c *partitionChange) build() (metadata.Record, bool) {
	c.record = msg.NewPartitionChangeRecord()
	c.record.TopicId, c.record.PartitionId = c.topic.ID, c.index
	c.completeReassignment()
	c.targetElr()
	c.elect()
	if c.record.Leader == metadata.NoLeaderChange && !containsAll(c.replicas, c.old.Replicas) {
		c.record.Leader = int32(c.old.Leader) // a replica goes: bump the leader epoch
	}
	c.recordElr()
	if c.record.Isr == nil && (len(c.isr) > 0 || c.elrOn) && !slices.Equal(c.isr, c.old.Isr) {
		c.record.Isr = list(c.isr)
	}
	c.epochForShrink()
	c.recordLastKnownLeader()
	c.recordAssignment()
	if c.recovery != c.old.Recovery {
		c.record.LeaderRecoveryState = int8(c.recovery)
	}
	if c.isNoOp() {
		return metadata.Record{}, false
	}
	return metadata.Record{Message: c.record, Version: c.in.level().Partition()}, true
}

// list is a copy that is not nil: in a change record nil means unchanged.
func list(ids []int32) []int32 { return append(make([]int32, 0, len(ids)), ids...) }

func containsAll(set, members []int32) bool {
	for _, m := range members {
		if !slices.Contains(set, m) {
			return false
		}
	}
	return true
}

func without(ids []int32, gone ...int32) []int32 {
	return slices.DeleteFunc(slices.Clone(ids), func(id int32) bool { return slices.Contains(gone, id) })
}

// completeReassignment ends a reassignment whose new replicas are all in sync.
func (c *partitionChange) completeReassignment() {
	if len(c.removing)+len(c.adding) == 0 {
		return
	}
	isr, replicas := without(c.isr, c.removing...), without(c.replicas, c.removing...)
	if len(c.removing) > 0 && (len(isr) == 0 || len(replicas) == 0) {
		return
	}
	if !containsAll(isr, c.adding) {
		return
	}
	// Where the factor shrinks, wait for all that stay: going on earlier could
	// leave fewer in sync than there are now.
	if len(c.adding) < len(c.removing) && !containsAll(isr, replicas) {
		return
	}
	c.isr, c.replicas, c.removing, c.adding = isr, replicas, nil, nil
}

// targetElr keeps who falls out of the in-sync set, while that is smaller
// than min.insync.replicas: they still have every committed record.
func (c *partitionChange) targetElr() {
	if !c.elrOn {
		return
	}
	if len(c.isr) >= c.minISR {
		c.elr = nil
		return
	}
	elr := make([]int32, 0, len(c.elr)+len(c.old.Isr))
	for _, r := range slices.Concat(c.elr, c.old.Isr) {
		if !slices.Contains(c.isr, r) && r != c.unclean && !slices.Contains(elr, r) {
			elr = append(elr, r)
		}
	}
	slices.Sort(elr) // Kafka's order is that of a hash set of small numbers
	c.elr = elr
}

// elect finds the leader of the target.
func (c *partitionChange) elect() {
	leader, unclean := c.leader()
	if leader == c.old.Leader {
		return
	}
	if slices.Contains(c.elr, int32(leader)) {
		c.isr = []int32{int32(leader)}
		c.elr = without(c.elr, int32(leader))
	}
	c.record.Leader = int32(leader)
	if unclean {
		// The in-sync set is the new leader alone: records may be lost.
		c.record.Isr = []int32{int32(leader)}
		if c.old.Recovery != metadata.Recovering {
			c.record.LeaderRecoveryState = int8(metadata.Recovering)
		}
	}
}

func (c *partitionChange) leader() (leader kafka.NodeID, unclean bool) {
	if c.election == electPreferred && c.valid(c.replicas[0]) {
		return kafka.NodeID(c.replicas[0]), false
	}
	if c.valid(int32(c.old.Leader)) {
		return c.old.Leader, false
	}
	if i := slices.IndexFunc(c.replicas, c.valid); i >= 0 {
		return kafka.NodeID(c.replicas[i]), false
	}
	if c.lastKnownLeads() {
		return kafka.NodeID(c.old.LastKnownElr[0]), true
	}
	if c.election == electUnclean {
		if i := slices.IndexFunc(c.replicas, c.acceptable); i >= 0 {
			return kafka.NodeID(c.replicas[i]), true
		}
	}
	return kafka.NoNode, false
}

// valid says whether a replica may lead cleanly.
func (c *partitionChange) valid(replica int32) bool {
	in := slices.Contains(c.isr, replica) || len(c.isr) == 0 && slices.Contains(c.elr, replica)
	return in && c.acceptable(replica)
}

// lastKnownLeads says whether the last leader may come back although it shut
// down uncleanly, because nobody else is left (KIP-966).
func (c *partitionChange) lastKnownLeads() bool {
	return c.elrOn && len(c.elr) == 0 && len(c.isr) == 0 && len(c.old.LastKnownElr) == 1 &&
		c.acceptable(c.old.LastKnownElr[0])
}

func (c *partitionChange) recordElr() {
	if c.record.Isr != nil || !c.elrOn { // an unclean election, or not kept
		c.elr = nil
	}
	if !slices.Equal(c.elr, c.old.Elr) {
		c.record.EligibleLeaderReplicas = list(c.elr)
	}
}

// epochForShrink bumps the leader epoch where the in-sync set shrinks, as
// clusters below 3.6 needed it (KAFKA-15021).
func (c *partitionChange) epochForShrink() {
	if c.in.level().ShrinkBumpsEpoch() && c.record.Leader == metadata.NoLeaderChange && c.record.Isr != nil &&
		!containsAll(c.record.Isr, c.old.Isr) {
		c.record.Leader = int32(c.old.Leader)
	}
}

// recordLastKnownLeader remembers the leader when there is none any more.
func (c *partitionChange) recordLastKnownLeader() {
	switch {
	case !c.elrOn:
	case c.record.Leader == int32(kafka.NoNode) && len(c.old.LastKnownElr) == 0:
		c.record.LastKnownElr = []int32{int32(c.old.Leader)}
	case c.record.Leader >= 0 && len(c.old.LastKnownElr) > 0:
		c.record.LastKnownElr = []int32{}
	}
}

func (c *partitionChange) recordAssignment() {
	if len(c.replicas) > 0 {
		if c.in.level().Directories() {
			dirs := make([]kafka.UUID, len(c.replicas))
			for i, r := range c.replicas {
				if dir, ok := c.dirs[r]; ok {
					dirs[i] = dir
				} else {
					dirs[i] = c.in.defaultDir(r)
				}
			}
			if !slices.Equal(dirs, c.old.Directories) {
				c.record.Directories = dirs
			}
		}
		if !slices.Equal(c.replicas, c.old.Replicas) {
			c.record.Replicas = list(c.replicas)
		}
	}
	if !slices.Equal(c.removing, c.old.Removing) {
		c.record.RemovingReplicas = list(c.removing)
	}
	if !slices.Equal(c.adding, c.old.Adding) {
		c.record.AddingReplicas = list(c.adding)
	}
}

func (c *partitionChange) isNoOp() bool {
	r := c.record
	return r.Isr == nil && r.Leader == metadata.NoLeaderChange && r.Replicas == nil && r.RemovingReplicas == nil &&
		r.AddingReplicas == nil && r.LeaderRecoveryState == -1 && r.Directories == nil &&
		r.EligibleLeaderReplicas == nil && r.LastKnownElr == nil
}
