package quorum

import (
	"time"

	"go.etcd.io/raft/v3"
	"go.etcd.io/raft/v3/tracker"

	"github.com/gregor-stream/gregor/internal/kafka"
	"github.com/gregor-stream/gregor/internal/metadata"
)

// Status is what DescribeQuorum and Metadata answer from.
type Status struct {
	Leader        kafka.NodeID // kafka.NoNode: none known
	LeaderEpoch   kafka.LeaderEpoch
	HighWatermark kafka.Offset // the end of what is committed
	KRaftVersion  int16
	Voters        []Replica
	Observers     []Replica
}

// Replica is one voter or observer in a [Status].
type Replica struct {
	ID           kafka.NodeID
	DirectoryID  kafka.UUID
	Endpoints    []metadata.Endpoint
	LogEndOffset kafka.Offset
	LastFetch    kafka.Timestamp // kafka.NoTimestamp: not known
	LastCaughtUp kafka.Timestamp
}

// updateStatus publishes the state for other goroutines.
func (q *Quorum) updateStatus() {
	basic := q.raft.BasicStatus()
	s := &Status{
		Leader: kafka.NoNode, LeaderEpoch: kafka.LeaderEpoch(basic.GetTerm()), //nolint:gosec // terms are leader epochs
		HighWatermark: q.committed, KRaftVersion: q.members.version,
	}
	if basic.Lead != raft.None {
		s.Leader = nodeID(basic.Lead)
	}
	now := kafka.Timestamp(time.Now().UnixMilli())
	end := q.log.log.End()
	matched := map[kafka.NodeID]kafka.Offset{}
	if basic.RaftState == raft.StateLeader {
		q.raft.WithProgress(func(id uint64, _ raft.ProgressType, p tracker.Progress) {
			matched[nodeID(id)] = kafka.Offset(p.Match) //nolint:gosec // indexes are small
		})
	}
	for _, v := range q.members.voters {
		r := Replica{
			ID: v.ID, DirectoryID: v.DirectoryID, Endpoints: v.Endpoints, LogEndOffset: -1,
			LastFetch: kafka.NoTimestamp, LastCaughtUp: kafka.NoTimestamp,
		}
		if offset, ok := matched[v.ID]; ok {
			r.LogEndOffset = offset
			if offset >= end {
				r.LastFetch, r.LastCaughtUp = now, now
			}
		}
		if v.ID == q.cfg.Env.NodeID {
			r.LogEndOffset, r.LastFetch, r.LastCaughtUp = end, now, now
			if q.members.version > 0 && r.DirectoryID.IsZero() {
				r.DirectoryID = q.cfg.DirectoryID
			}
		}
		s.Voters = append(s.Voters, r)
	}
	q.status.Store(s)
}
