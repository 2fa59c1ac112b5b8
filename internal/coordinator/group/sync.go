package group

import (
	"bytes"
	"time"

	"github.com/gregor-stream/gregor/internal/coordinator"
	"github.com/gregor-stream/gregor/internal/kafka"
	"github.com/gregor-stream/gregor/internal/msg"
)

func syncRefused(code kafka.Error) coordinator.Result {
	return coordinator.Respond(&msg.SyncGroupResponse{ErrorCode: int16(code)})
}

// SyncGroup gives a member its assignment, and takes the leader's assignment
// for all. Its answer is a *msg.SyncGroupResponse, at once or when the
// assignment is recorded.
func (s *Shard) SyncGroup(now time.Time, ticket coordinator.Ticket, req *msg.SyncGroupRequest) coordinator.Result {
	g := s.live[req.GroupId] // a group with members is live
	if g == nil || g.state == empty {
		return syncRefused(kafka.ErrUnknownMemberID)
	}
	if err := g.check(req.MemberId, req.GroupInstanceId); err != nil {
		return syncRefused(kafka.CodeOf(err))
	}
	switch {
	case req.GenerationId != g.generation:
		return syncRefused(kafka.ErrIllegalGeneration)
	case differ(req.ProtocolType, g.protocolType) || differ(req.ProtocolName, g.protocol):
		return syncRefused(kafka.ErrInconsistentGroupProtocol)
	case g.state == preparingRebalance:
		return syncRefused(kafka.ErrRebalanceInProgress)
	}
	m := g.members[req.MemberId]
	result := coordinator.Result{Timers: g.syncedTimer(m.id)}
	if g.state == stable {
		result.Response = &msg.SyncGroupResponse{
			ProtocolType: g.protocolType, ProtocolName: g.protocol, Assignment: m.assignment,
		}
		result.Apply = func() { delete(g.pendingSync, m.id) }
		return result
	}
	result.Parked = true
	if m.syncing != 0 { // Kafka would never answer it
		result.Answers = []coordinator.Answer{{Ticket: m.syncing,
			Response: &msg.SyncGroupResponse{ErrorCode: int16(kafka.ErrRebalanceInProgress)}}}
	}
	result.Apply = func() {
		m.syncing = ticket
		delete(g.pendingSync, m.id)
	}
	if m.id == g.leader {
		s.assign(&result, g, req)
	}
	return result
}

// assign records the leader's assignment; members it does not name have an
// empty one.
func (s *Shard) assign(result *coordinator.Result, g *classic, req *msg.SyncGroupRequest) {
	assignments := make(map[string][]byte, len(req.Assignments))
	for i := range req.Assignments {
		a := &req.Assignments[i]
		assignments[a.MemberId] = bytes.Clone(a.Assignment)
	}
	generation := g.generation
	of := func(m *member) []byte { return assignments[m.id] }
	result.Records = []coordinator.Record{groupRecord(g, of)}
	result.Settled = func(now time.Time, err error) coordinator.Result {
		if s.live[g.id] != g || g.state != completingRebalance || g.generation != generation {
			return coordinator.Result{} // the group is gone, or has gone on meanwhile
		}
		if err != nil {
			return s.assignFailed(now, g, CodeOf(err))
		}
		return s.assigned(now, g, of)
	}
}

// assigned hands out the recorded assignment: the group is stable.
func (s *Shard) assigned(now time.Time, g *classic, of func(*member) []byte) coordinator.Result {
	var result coordinator.Result
	result.Answers, result.Timers = g.answerSync(now, kafka.ErrNone, of, nil)
	result.Apply = func() {
		for m := g.first; m != nil; m = m.next {
			m.assignment, m.syncing = of(m), 0
		}
		g.become(now, stable)
	}
	return result
}

// assignFailed tells those who wait that the assignment could not be recorded,
// and begins a rebalance.
func (s *Shard) assignFailed(now time.Time, g *classic, code kafka.Error) coordinator.Result {
	var result coordinator.Result
	result.Answers, result.Timers = g.answerSync(now, code, nil, nil)
	result.Apply = func() {
		for m := g.first; m != nil; m = m.next {
			m.assignment, m.syncing = nil, 0
		}
	}
	result.Then = func(now time.Time) coordinator.Result { return s.rebalanceOrComplete(now, g) }
	return result
}

// syncedTimer takes the sync timer back when the member is the last that it
// waits for.
func (g *classic) syncedTimer(id string) []coordinator.Timer {
	_, pending := g.pendingSync[id]
	if len(g.pendingSync) == 0 || len(g.pendingSync) == 1 && pending {
		return []coordinator.Timer{coordinator.Cancel(g.key(syncTimer))}
	}
	return nil
}

// differ says that both name something, and not the same.
func differ(asked, actual *string) bool {
	return asked != nil && actual != nil && *asked != *actual
}
