package replica

import (
	"slices"
	"time"

	"github.com/gregor-stream/gregor/internal/kafka"
)

// Leader is the leader's side of a partition.
//
// Invariants: the high watermark never falls; it is at most the log's end; at
// most one proposal is under way; followers holds each replica but the local.
type Leader struct {
	settings       *Settings
	leaderEpoch    kafka.LeaderEpoch // -1 before the first
	partitionEpoch int32
	epochStart     kafka.Offset // where the log ended when leaderEpoch began
	end            kafka.Offset // of the local log
	synced         kafka.Offset // how much of it is on disk
	highWatermark  kafka.Offset
	durability     Durability
	minISR         int            // as configured; see effectiveMinISR
	replicas       []kafka.NodeID // in the order of the assignment
	isr            []kafka.NodeID // committed, sorted
	followers      []follower     // sorted by id
	pending        *Proposal
}

// NewLeader makes the state of a leader that has not begun: call
// [Leader.SetMinISR] and [Leader.Become]. settings is kept. A node that has
// followed in between begins anew, with a new one: what it knew of the other
// replicas is over.
func NewLeader(settings *Settings) *Leader {
	return &Leader{settings: settings, leaderEpoch: kafka.NoLeaderEpoch}
}

// Become begins a leader epoch, or takes over a change of the assignment or the
// in-sync set within it. at is where the local log stands. It returns begun
// where the epoch is new: the caller writes (epoch, end) into the log's epoch
// cache. A registration older than what is known does nothing.
func (l *Leader) Become(now time.Time, r *Registration, at Position, brokers Brokers) (effect Effect, begun bool) {
	if r.PartitionEpoch < l.partitionEpoch {
		return Effect{}, false
	}
	// An epoch between the one we led and this one may have been another
	// leader's, though nobody told us: its followers may have cut what we
	// believe they have. Walkthrough: we lead epoch 0 and know that node 2 ends
	// at 1; node 3 leads epoch 1 from an empty log, and node 2 cuts to 0; we
	// lead epoch 2, having seen only the last change. With what we knew of node
	// 2 we would commit record 0, which only we have.
	newLeader := l.leaderEpoch == kafka.NoLeaderEpoch || r.LeaderEpoch > l.leaderEpoch+1
	begun = r.LeaderEpoch > l.leaderEpoch
	l.end, l.synced, l.highWatermark = at.End, at.Synced, max(l.highWatermark, at.HighWatermark)
	l.assign(r)
	l.isr = slices.Sorted(slices.Values(r.ISR))
	l.pending = nil
	if begun {
		l.leaderEpoch, l.epochStart = r.LeaderEpoch, at.End
		for i := range l.followers {
			f := &l.followers[i]
			f.reset(now, at.End, newLeader, contains(l.isr, f.id))
		}
	}
	l.partitionEpoch = r.PartitionEpoch
	// The in-sync set may be down to the leader alone.
	effect = l.settled(now, brokers)
	// What a crash left unsynced behind the recovery point is read again when
	// it is on disk: nobody should have to ask for that.
	effect.Sync = effect.Sync || begun && l.Behind()
	return effect, begun
}

// assign takes over the replicas: it keeps what is known of those that stay.
func (l *Leader) assign(r *Registration) {
	l.replicas = slices.Clone(r.Replicas)
	var followers []follower
	for _, id := range slices.Sorted(slices.Values(r.Replicas)) {
		if id == l.settings.Local || len(followers) > 0 && followers[len(followers)-1].id == id {
			continue
		}
		if f := l.follower(id); f != nil {
			followers = append(followers, *f)
		} else {
			followers = append(followers, newFollower(id))
		}
	}
	l.followers = followers
}

func (l *Leader) follower(id kafka.NodeID) *follower {
	for i := range l.followers {
		if l.followers[i].id == id {
			return &l.followers[i]
		}
	}
	return nil
}

func contains(ids []kafka.NodeID, id kafka.NodeID) bool { return slices.Contains(ids, id) }

// SetMinISR sets min.insync.replicas of the topic.
func (l *Leader) SetMinISR(now time.Time, n int, brokers Brokers) Effect {
	l.minISR = n
	return l.settled(now, brokers)
}

// effectiveMinISR: a minimum above the number of replicas could never be met.
func (l *Leader) effectiveMinISR() int { return min(l.minISR, len(l.followers)+1) }

// UnderMinISR says whether the in-sync set is too small for acks=all.
func (l *Leader) UnderMinISR() bool { return len(l.isr) < l.effectiveMinISR() }

// AtMinISR says whether the in-sync set could not lose a member.
func (l *Leader) AtMinISR() bool { return len(l.isr) == l.effectiveMinISR() }

// CheckEpoch compares the epoch that a request carries with the leader's:
// FENCED_LEADER_EPOCH or UNKNOWN_LEADER_EPOCH; -1 is not compared.
func (l *Leader) CheckEpoch(epoch kafka.LeaderEpoch) error { return checkEpoch(epoch, l.leaderEpoch) }

func checkEpoch(theirs, ours kafka.LeaderEpoch) error {
	switch {
	case theirs == kafka.NoLeaderEpoch || theirs == ours:
		return nil
	case theirs < ours:
		return kafka.Errorf(kafka.ErrFencedLeaderEpoch, "leader epoch %d is over: it is %d", theirs, ours)
	}
	return kafka.Errorf(kafka.ErrUnknownLeaderEpoch, "leader epoch %d is not known yet: it is %d", theirs, ours)
}

// CheckAppend refuses an append with acks=all that too few replicas would see:
// NOT_ENOUGH_REPLICAS.
func (l *Leader) CheckAppend(acks int16) error {
	if acks == -1 && l.UnderMinISR() {
		return kafka.Errorf(kafka.ErrNotEnoughReplicas, "%d replicas are in sync %v, min.insync.replicas needs %d",
			len(l.isr), l.isr, l.effectiveMinISR())
	}
	return nil
}

// Appended says that the local log ends at end.
func (l *Leader) Appended(now time.Time, end kafka.Offset, brokers Brokers) Effect {
	l.end = end
	return Effect{Advanced: l.maybeAdvance(now, brokers)}
}

// maximalISR says whether id is in the in-sync set, or would be if the proposal
// under way were accepted: for the high watermark the larger set is the safe one
// (KIP-497).
func (l *Leader) maximalISR(id kafka.NodeID) bool {
	return contains(l.isr, id) || l.pending != nil && l.pending.Expand && contains(l.pending.members, id)
}

func (l *Leader) maximalISRSize() int {
	if l.pending != nil && l.pending.Expand {
		return len(l.pending.members)
	}
	return len(l.isr)
}

// maybeAdvance moves the high watermark to the lowest end of the replicas that
// are in sync, or that are caught up and about to be: it waits for these, or a
// follower could chase a high watermark that always runs ahead of it.
func (l *Leader) maybeAdvance(now time.Time, brokers Brokers) bool {
	if l.UnderMinISR() {
		return false
	}
	target := l.end
	if l.countsSynced() {
		target = min(target, l.synced)
	}
	for i := range l.followers {
		f := &l.followers[i]
		if f.end < target && (l.maximalISR(f.id) || l.caughtUp(f, now) && l.eligible(f, brokers)) {
			target = f.end
		}
	}
	if target <= l.highWatermark {
		return false
	}
	l.highWatermark = target
	return true
}

// HighWatermark is the end of what all in-sync replicas have.
func (l *Leader) HighWatermark() kafka.Offset { return l.highWatermark }

// LowWatermark is the lowest log start of the live replicas; logStart is the
// local one.
func (l *Leader) LowWatermark(logStart kafka.Offset, brokers Brokers) kafka.Offset {
	low := logStart
	for i := range l.followers {
		if _, alive := aliveEpoch(brokers, l.followers[i].id); alive {
			low = min(low, l.followers[i].logStart)
		}
	}
	return low
}

// LeaderEpoch is the epoch that the leader is in.
func (l *Leader) LeaderEpoch() kafka.LeaderEpoch { return l.leaderEpoch }

// EpochStart is where the local log ended when the leader epoch began.
func (l *Leader) EpochStart() kafka.Offset { return l.epochStart }

// PartitionEpoch is the version of the in-sync set that the leader knows.
func (l *Leader) PartitionEpoch() int32 { return l.partitionEpoch }

// ISR is the committed in-sync set, sorted. The caller must not change it.
func (l *Leader) ISR() []kafka.NodeID { return l.isr }

// Replicas are in the order of the assignment. The caller must not change them.
func (l *Leader) Replicas() []kafka.NodeID { return l.replicas }
