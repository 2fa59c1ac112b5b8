package replica

import (
	"time"

	"github.com/gregor-stream/gregor/internal/kafka"
)

// Leader is the leader's side of a partition.
//
// Invariants: the high watermark never falls; it is at most the log's end; the
// committed in-sync set contains the local node; at most one proposal is under
// way.
type Leader struct {
	settings       *Settings
	leaderEpoch    kafka.LeaderEpoch
	partitionEpoch int32
	epochStart     kafka.Offset // where the log ended when leaderEpoch began
	end            kafka.Offset // of the local log
	synced         kafka.Offset // how much of it is on disk
	highWatermark  kafka.Offset
	minISR         int
	replicas       []kafka.NodeID // in the order of the assignment
	isr            []kafka.NodeID // committed, sorted
	followers      []follower     // sorted by id
	pending        *Proposal
}

// follower is what the leader knows of one other replica.
type follower struct {
	id           kafka.NodeID
	brokerEpoch  int64 // of its last fetch; noBrokerEpoch before the first
	logStart     kafka.Offset
	end          kafka.Offset // its fetch offset; -1 before the first fetch
	leaderEnd    kafka.Offset // the leader's end at its last fetch
	lastFetch    time.Time    // zero before the first
	lastCaughtUp time.Time
}

// noBrokerEpoch says that a follower has not fetched yet.
const noBrokerEpoch = -2

// NewLeader makes the state of a leader that has not begun: call
// [Leader.Become]. settings is kept.
func NewLeader(settings *Settings) *Leader { return &Leader{settings: settings} }

// Become begins a leader epoch, or takes over a change of the assignment or the
// in-sync set within it. end and highWatermark are those of the local log. It
// returns begun where the epoch is new: the caller writes (epoch, end) into the
// log's epoch cache. A registration older than what is known does nothing.
func (l *Leader) Become(now time.Time, r *Registration, end, highWatermark kafka.Offset, brokers Brokers) (effect Effect, begun bool) {
	return Effect{}, false
}

// SetMinISR sets min.insync.replicas of the topic.
func (l *Leader) SetMinISR(now time.Time, n int, brokers Brokers) Effect { return Effect{} }

// CheckEpoch compares the epoch that a request carries with the leader's:
// FENCED_LEADER_EPOCH or UNKNOWN_LEADER_EPOCH; -1 is not compared.
func (l *Leader) CheckEpoch(epoch kafka.LeaderEpoch) error { return nil }

// CheckAppend refuses an append with acks=all that too few replicas would see:
// NOT_ENOUGH_REPLICAS.
func (l *Leader) CheckAppend(acks int16) error { return nil }

// Appended says that the local log ends at end.
func (l *Leader) Appended(now time.Time, end kafka.Offset, brokers Brokers) Effect { return Effect{} }

// Synced says that the local log is on disk up to end.
func (l *Leader) Synced(now time.Time, end kafka.Offset, brokers Brokers) Effect { return Effect{} }

// FollowerFetch is a follower's fetch of this partition.
type FollowerFetch struct {
	Node kafka.NodeID
	// BrokerEpoch is the follower's; -1 in old versions of the request.
	BrokerEpoch int64
	// Offset is where it fetches from: its log's end.
	Offset kafka.Offset
	// LogStart is its log's start.
	LogStart kafka.Offset
	// LeaderEnd is where the local log ended before it was read for this fetch.
	LeaderEnd kafka.Offset
}

// CheckFollower refuses a fetch from a node that is no replica:
// UNKNOWN_LEADER_EPOCH where the request carries a leader epoch (the node may
// know of an assignment that we do not know yet), otherwise
// NOT_LEADER_OR_FOLLOWER.
func (l *Leader) CheckFollower(node kafka.NodeID, epoch kafka.LeaderEpoch) error { return nil }

// Fetched takes note of a follower's fetch, after the read; not where the read
// found a diverging epoch. A fetch in a broker epoch that is over is refused
// with NOT_LEADER_OR_FOLLOWER.
func (l *Leader) Fetched(now time.Time, fetch *FollowerFetch, brokers Brokers) (Effect, error) {
	return Effect{}, nil
}

// MaybeShrinkISR proposes to leave out the followers that lag; to be called
// every half of replica.lag.time.max.ms.
func (l *Leader) MaybeShrinkISR(now time.Time) Effect { return Effect{} }

// AlterPartitionDone takes the controller's answer to a proposal.
func (l *Leader) AlterPartitionDone(now time.Time, p *Proposal, r *Registration, brokers Brokers) Effect {
	return Effect{}
}

// AlterPartitionFailed takes the controller's refusal of a proposal; retry says
// to send the same proposal again, after a pause.
func (l *Leader) AlterPartitionFailed(p *Proposal, code kafka.Error) (retry bool) { return false }

// HighWatermark is the end of what all in-sync replicas have.
func (l *Leader) HighWatermark() kafka.Offset { return l.highWatermark }

// Acknowledged says whether an append that ended at end may be acknowledged to
// a producer with acks=all, and with which error: NOT_ENOUGH_REPLICAS_AFTER_APPEND
// where the in-sync set shrank below the minimum meanwhile.
func (l *Leader) Acknowledged(end kafka.Offset) (done bool, err error) { return false, nil }

// LowWatermark is the lowest log start of the live replicas; logStart is the
// local one.
func (l *Leader) LowWatermark(logStart kafka.Offset, brokers Brokers) kafka.Offset { return logStart }

// LeaderEpoch is the epoch that the leader is in.
func (l *Leader) LeaderEpoch() kafka.LeaderEpoch { return l.leaderEpoch }

// PartitionEpoch is the version of the in-sync set that the leader knows.
func (l *Leader) PartitionEpoch() int32 { return l.partitionEpoch }

// ISR is the committed in-sync set, sorted. The caller must not change it.
func (l *Leader) ISR() []kafka.NodeID { return l.isr }

// UnderMinISR says whether the in-sync set is too small for acks=all.
func (l *Leader) UnderMinISR() bool { return false }

// FollowerState is one follower, for metrics and DescribeQuorum.
type FollowerState struct {
	ID           kafka.NodeID
	End          kafka.Offset
	LastFetch    time.Time
	LastCaughtUp time.Time
}

// Followers are the other replicas, sorted by id.
func (l *Leader) Followers() []FollowerState { return nil }
