package replica

import (
	"time"

	"github.com/gregor-stream/gregor/internal/kafka"
)

// follower is what the leader knows of one other replica. Times are in
// milliseconds; 0 is long ago.
type follower struct {
	id             kafka.NodeID
	brokerEpoch    int64 // of its last fetch; noBrokerEpoch before the first
	logStart       kafka.Offset
	end            kafka.Offset // its fetch offset; -1 before the first fetch
	leaderEnd      kafka.Offset // the leader's end at its last fetch
	lastFetchMs    int64
	lastCaughtUpMs int64
}

// noBrokerEpoch says that a follower has not fetched yet.
const noBrokerEpoch = -2

func newFollower(id kafka.NodeID) follower {
	return follower{
		id:          id,
		brokerEpoch: noBrokerEpoch,
		logStart:    kafka.NoOffset,
		end:         kafka.NoOffset,
		leaderEnd:   kafka.NoOffset,
	}
}

// reset begins a leader epoch. A follower in sync counts as caught up now: it
// has the whole lag time to show itself. Another counts as never caught up, so
// that it does not hold the high watermark back.
func (f *follower) reset(now time.Time, leaderEnd kafka.Offset, newLeader, inSync bool) {
	if newLeader {
		*f = newFollower(f.id)
	} else {
		f.leaderEnd, f.lastFetchMs = leaderEnd, 0
	}
	f.lastCaughtUpMs = 0
	if inSync {
		f.lastCaughtUpMs = now.UnixMilli()
		if !newLeader {
			f.lastFetchMs = now.UnixMilli()
		}
	}
}

// fetched takes note of a fetch. A fetch at the leader's end is caught up now;
// one at where the leader's end was at the previous fetch was caught up then:
// so a follower that is always a little behind a busy leader stays in sync.
func (f *follower) fetched(now time.Time, fetch *FollowerFetch) {
	switch {
	case fetch.Offset >= fetch.LeaderEnd:
		f.lastCaughtUpMs = max(f.lastCaughtUpMs, now.UnixMilli())
	case fetch.Offset >= f.leaderEnd:
		f.lastCaughtUpMs = max(f.lastCaughtUpMs, f.lastFetchMs)
	}
	f.logStart, f.end = fetch.LogStart, fetch.Offset
	f.leaderEnd = max(f.leaderEnd, fetch.LeaderEnd)
	f.lastFetchMs = now.UnixMilli()
	f.brokerEpoch = fetch.BrokerEpoch
}

// FollowerFetch is a follower's fetch of this partition.
type FollowerFetch struct {
	Node kafka.NodeID
	// BrokerEpoch is the follower's; -1 in old versions of the request.
	BrokerEpoch int64
	// Offset is where it fetches from: its log's end.
	Offset kafka.Offset
	// LogStart is its log's start.
	LogStart kafka.Offset
	// LeaderEnd is where the local log ended before it was read for this fetch:
	// an append meanwhile does not keep the follower from being caught up.
	LeaderEnd kafka.Offset
}

// CheckFollower refuses a fetch from a node that is no replica:
// UNKNOWN_LEADER_EPOCH where the request carries a leader epoch (the node may
// know of an assignment that we do not know yet), otherwise
// NOT_LEADER_OR_FOLLOWER. Check the epoch first.
func (l *Leader) CheckFollower(node kafka.NodeID, epoch kafka.LeaderEpoch) error {
	if l.follower(node) != nil {
		return nil
	}
	code := kafka.ErrUnknownLeaderEpoch
	if epoch == kafka.NoLeaderEpoch {
		code = kafka.ErrNotLeaderOrFollower
	}
	return kafka.Errorf(code, "node %d is no replica %v in leader epoch %d, partition epoch %d", node, l.replicas, l.leaderEpoch, l.partitionEpoch)
}

// Fetched takes note of a follower's fetch, after the read; not where the read
// found a diverging epoch. A fetch in a broker epoch that is over is refused
// with NOT_LEADER_OR_FOLLOWER.
func (l *Leader) Fetched(now time.Time, fetch *FollowerFetch, brokers Brokers) (Effect, error) {
	f := l.follower(fetch.Node)
	if f == nil {
		return Effect{}, l.CheckFollower(fetch.Node, kafka.NoLeaderEpoch)
	}
	if epoch, alive := aliveEpoch(brokers, fetch.Node); alive && fetch.BrokerEpoch != -1 && epoch > fetch.BrokerEpoch {
		return Effect{}, kafka.Errorf(kafka.ErrNotLeaderOrFollower, "fetch by node %d in broker epoch %d, which is over: it is %d", fetch.Node, fetch.BrokerEpoch, epoch)
	}
	before := f.end
	f.fetched(now, fetch)
	effect := Effect{Propose: l.maybeExpand(f, brokers)}
	if f.end != before {
		effect.Advanced = l.maybeAdvance(now, brokers)
	}
	return effect, nil
}

// caughtUp says whether f is, or was within the lag time, at the leader's end.
func (l *Leader) caughtUp(f *follower, now time.Time) bool {
	return f.end == l.end || now.UnixMilli()-f.lastCaughtUpMs <= l.settings.lagMax().Milliseconds()
}

// eligible says whether f may join the in-sync set: not fenced, not shutting
// down, and the same life of the broker that fetched.
func (l *Leader) eligible(f *follower, brokers Brokers) bool {
	if brokers == nil || f.brokerEpoch == noBrokerEpoch {
		return false
	}
	broker, ok := brokers.Broker(f.id)
	return ok && !broker.Fenced && !broker.ShuttingDown && (f.brokerEpoch == -1 || f.brokerEpoch == broker.Epoch)
}

// aliveEpoch is the epoch of a broker that is registered and not fenced.
func aliveEpoch(brokers Brokers, id kafka.NodeID) (epoch int64, alive bool) {
	if brokers == nil {
		return 0, false
	}
	broker, ok := brokers.Broker(id)
	return broker.Epoch, ok && !broker.Fenced
}

// FollowerState is one follower, for metrics and descriptions. The times are
// zero before the first fetch.
type FollowerState struct {
	ID           kafka.NodeID
	End          kafka.Offset
	LogStart     kafka.Offset
	LastFetch    time.Time
	LastCaughtUp time.Time
	InSync       bool
}

// Followers are the other replicas, sorted by id.
func (l *Leader) Followers() []FollowerState {
	states := make([]FollowerState, len(l.followers))
	for i, f := range l.followers {
		states[i] = FollowerState{ID: f.id, End: f.end, LogStart: f.logStart, InSync: contains(l.isr, f.id)}
		if f.lastFetchMs != 0 {
			states[i].LastFetch = time.UnixMilli(f.lastFetchMs)
		}
		if f.lastCaughtUpMs != 0 {
			states[i].LastCaughtUp = time.UnixMilli(f.lastCaughtUpMs)
		}
	}
	return states
}
