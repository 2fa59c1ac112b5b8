package replica

import (
	"slices"
	"time"

	"github.com/gregor-stream/gregor/internal/kafka"
)

// Proposal asks the controller for another in-sync set (AlterPartition). The
// caller sends it, fills in the local broker's epoch, and gives the answer to
// [Leader.AlterPartitionDone] or [Leader.AlterPartitionFailed] with the same
// pointer: it is how an answer that came too late is known.
type Proposal struct {
	LeaderEpoch    kafka.LeaderEpoch
	PartitionEpoch int32
	Expand         bool          // false: shrink
	ISR            []BrokerEpoch // sorted by id; the local broker's epoch is -1
	members        []kafka.NodeID
}

// BrokerEpoch is a member of a proposed in-sync set, with the epoch in which it
// fetched; -1 is not known.
type BrokerEpoch struct {
	ID    kafka.NodeID
	Epoch int64
}

// maybeExpand proposes to take f into the in-sync set: where it has reached the
// high watermark, and the start of this leader's epoch. Without the latter it
// could become leader before it has what was committed above the high watermark
// that this leader knew when it began.
func (l *Leader) maybeExpand(f *follower, brokers Brokers) *Proposal {
	if l.pending != nil || contains(l.isr, f.id) || !l.eligible(f, brokers) {
		return nil
	}
	if f.end < l.highWatermark || f.end < l.epochStart {
		return nil
	}
	return l.propose(true, slices.Sorted(slices.Values(append(slices.Clone(l.isr), f.id))))
}

// MaybeShrinkISR proposes to leave out the followers that lag; to be called
// every half of replica.lag.time.max.ms. A leader that would be alone first has
// on disk what was committed on several: until then the followers stay.
func (l *Leader) MaybeShrinkISR(now time.Time) Effect {
	if l.pending != nil {
		return Effect{}
	}
	members := slices.DeleteFunc(slices.Clone(l.isr), func(id kafka.NodeID) bool {
		if id == l.settings.Local {
			return false
		}
		f := l.follower(id)
		return f == nil || !l.caughtUp(f, now)
	})
	if len(members) == len(l.isr) {
		return Effect{}
	}
	if len(members) == 1 && l.durability != PageCache && l.synced < l.highWatermark {
		return Effect{Sync: true}
	}
	return Effect{Propose: l.propose(false, members)}
}

func (l *Leader) propose(expand bool, members []kafka.NodeID) *Proposal {
	p := &Proposal{LeaderEpoch: l.leaderEpoch, PartitionEpoch: l.partitionEpoch, Expand: expand, members: members}
	for _, id := range members {
		epoch := int64(-1)
		if f := l.follower(id); f != nil && f.brokerEpoch != noBrokerEpoch {
			epoch = f.brokerEpoch
		}
		p.ISR = append(p.ISR, BrokerEpoch{id, epoch})
	}
	l.pending = p
	return p
}

// Pending is the proposal under way; nil is none.
func (l *Leader) Pending() *Proposal { return l.pending }

// AlterPartitionDone takes the controller's answer to a proposal: the partition
// as it is now. It may not be what was proposed.
func (l *Leader) AlterPartitionDone(now time.Time, p *Proposal, r *Registration, brokers Brokers) Effect {
	if l.pending != p || r.LeaderEpoch != l.leaderEpoch || r.PartitionEpoch < l.partitionEpoch {
		return Effect{} // the metadata has overtaken the answer, or will
	}
	l.isr = slices.Sorted(slices.Values(r.ISR))
	l.partitionEpoch = r.PartitionEpoch
	l.pending = nil
	return l.settled(now, brokers)
}

// AlterPartitionFailed takes the controller's refusal of a proposal; retry says
// to send the same proposal again, after a pause.
//
// Only where the controller says that it did not do it, and that the partition
// epoch is the newest, the committed set is known to stand. After the other
// final errors it is not known what happened: the proposal stays, and with it
// the larger set, until newer metadata comes.
func (l *Leader) AlterPartitionFailed(p *Proposal, code kafka.Error) (retry bool) {
	if l.pending != p {
		return false
	}
	switch code {
	case kafka.ErrOperationNotAttempted, kafka.ErrIneligibleReplica:
		l.pending = nil
		return false
	case kafka.ErrUnknownTopicOrPartition, kafka.ErrUnknownTopicID, kafka.ErrFencedLeaderEpoch,
		kafka.ErrInvalidUpdateVersion, kafka.ErrInvalidRequest, kafka.ErrNewLeaderElected:
		return false
	}
	return true
}
