package group

import (
	"time"

	"github.com/gregor-stream/gregor/internal/coordinator"
	"github.com/gregor-stream/gregor/internal/kafka"
	"github.com/gregor-stream/gregor/internal/msg"
)

// replaced is what a static member was before another one took its place.
type replaced struct {
	id                 string
	leader             string // of the group
	protocols          []protocol
	rebalance, session time.Duration
}

// replaceStatic lets a member take the place of the one with the same instance
// id (KIP-345): a client that was restarted. Whoever still waits under the old
// id is fenced. A stable group does not rebalance for that, unless it would
// choose another protocol; the new id is recorded before it is told.
func (s *Shard) replaceStatic(now time.Time, g *classic, j *join, m *member, id string) coordinator.Result {
	old := replaced{m.id, g.leader, m.protocols, m.rebalanceTimeout, m.sessionTimeout}
	protocols := j.protocols()
	result := coordinator.Result{
		Parked: true,
		// The timer of the old id runs out without effect.
		Timers: []coordinator.Timer{coordinator.Set(g.sessionKey(id), now, old.session)},
		Apply: func() {
			s.enliven(g)
			g.replace(m, id)
			g.update(m, protocols, millis(j.RebalanceTimeoutMs), millis(j.SessionTimeoutMs), j.ticket)
		},
		Then: func(now time.Time) coordinator.Result { return s.afterReplace(now, g, j, m, old) },
	}
	if m.joining != 0 {
		result.Answers = append(result.Answers,
			coordinator.Answer{Ticket: m.joining, Response: joinRefused(m.id, kafka.ErrFencedInstanceID)})
	}
	if m.syncing != 0 {
		result.Answers = append(result.Answers,
			coordinator.Answer{Ticket: m.syncing, Response: &msg.SyncGroupResponse{ErrorCode: int16(kafka.ErrFencedInstanceID)}})
	}
	return result
}

func (s *Shard) afterReplace(now time.Time, g *classic, j *join, m *member, old replaced) coordinator.Result {
	switch {
	case g.state == completingRebalance:
		// The leader may be assigning to the old id just now.
		return s.prepareRebalance(now, g)
	case g.state != stable:
		return s.maybeCompleteJoin(now, g)
	case g.protocol == nil || g.elect() != *g.protocol:
		return s.rebalanceOrComplete(now, g)
	}
	return coordinator.Result{
		Records: []coordinator.Record{groupRecord(g, func(m *member) []byte { return m.assignment })},
		Settled: func(now time.Time, err error) coordinator.Result { return s.staticSettled(now, g, j, m, old, err) },
	}
}

// staticSettled answers the new member when its id is recorded, or puts the old
// one back when it could not be.
func (s *Shard) staticSettled(now time.Time, g *classic, j *join, m *member, old replaced, err error) coordinator.Result {
	if s.live[g.id] != g || g.members[m.id] != m || m.joining != j.ticket {
		return coordinator.Result{} // the group is gone, it has left, or joined again
	}
	if err != nil {
		return s.staticFailed(now, g, j, m, old, err)
	}
	if g.state == preparingRebalance {
		return coordinator.Result{} // a rebalance has begun: it answers
	}
	var response *msg.JoinGroupResponse
	if j.caller.Version >= joinSkipAssignment {
		response = g.joined(m.id)
		response.SkipAssignment = m.id == g.leader
	} else {
		// Older leaders would assign anew: they are told that somebody else,
		// the old id, is the leader.
		response = g.joined(m.id)
		response.Leader, response.Members = old.leader, nil
	}
	return coordinator.Result{
		Answers: []coordinator.Answer{{Ticket: j.ticket, Response: response}},
		Apply:   func() { g.setJoining(m, 0) },
	}
}

// staticFailed puts back the id that is recorded: where several replacements
// failed one after the other, that is the one before all of them.
func (s *Shard) staticFailed(now time.Time, g *classic, j *join, m *member, old replaced, err error) coordinator.Result {
	if value, ok := s.groups.Get(g.id); ok {
		for i := range value.Members {
			if v := &value.Members[i]; v.GroupInstanceId != nil && *v.GroupInstanceId == *m.instanceID {
				old.id = v.MemberId
			}
		}
	}
	response := g.joined(m.id)
	response.ErrorCode = int16(CodeOf(err))
	response.MemberId, response.Leader, response.Members = "", old.leader, nil
	return coordinator.Result{
		Answers: []coordinator.Answer{{Ticket: j.ticket, Response: response}},
		Timers:  []coordinator.Timer{coordinator.Set(g.sessionKey(old.id), now, old.session)},
		Apply: func() {
			g.update(m, old.protocols, old.rebalance, old.session, 0)
			g.replace(m, old.id)
		},
	}
}
