package group

import (
	"time"

	"github.com/gregor-stream/gregor/internal/coordinator"
	"github.com/gregor-stream/gregor/internal/kafka"
	"github.com/gregor-stream/gregor/internal/msg"
)

// Heartbeat keeps a member's session. Its answer is a *msg.HeartbeatResponse.
func (s *Shard) Heartbeat(now time.Time, req *msg.HeartbeatRequest) coordinator.Result {
	g := s.live[req.GroupId]
	if g == nil {
		return coordinator.Fail(kafka.ErrUnknownMemberID)
	}
	if err := g.check(req.MemberId, req.GroupInstanceId); err != nil {
		return coordinator.Fail(err)
	}
	if req.GenerationId != g.generation {
		return coordinator.Fail(kafka.ErrIllegalGeneration)
	}
	response := &msg.HeartbeatResponse{}
	if g.state == preparingRebalance {
		response.ErrorCode = int16(kafka.ErrRebalanceInProgress)
	}
	return coordinator.Result{
		Response: response,
		Timers:   []coordinator.Timer{g.session(g.members[req.MemberId], now)},
	}
}

// LeaveGroup removes members: by member id, or by instance id alone as an
// administrator does. Its answer is a *msg.LeaveGroupResponse as of version 3.
func (s *Shard) LeaveGroup(_ time.Time, req *msg.LeaveGroupRequest) coordinator.Result {
	g := s.group(req.GroupId)
	if g == nil {
		return coordinator.Fail(kafka.ErrUnknownMemberID)
	}
	response := &msg.LeaveGroupResponse{Members: make([]msg.LeaveGroupResponseMemberResponse, len(req.Members))}
	result := coordinator.Result{Response: response}
	leaving := map[string]struct{}{}
	var ids []string
	for i := range req.Members {
		who := &req.Members[i]
		id, code := g.leaves(who, leaving)
		response.Members[i] = msg.LeaveGroupResponseMemberResponse{
			MemberId: who.MemberId, GroupInstanceId: who.GroupInstanceId, ErrorCode: int16(code),
		}
		if code != kafka.ErrNone {
			continue
		}
		leaving[id] = struct{}{}
		ids = append(ids, id)
		result.Timers = append(result.Timers, coordinator.Cancel(g.sessionKey(id)))
		if m := g.members[id]; m != nil {
			result.Answers = append(result.Answers, g.refuseJoin(m)...)
			result.Answers = append(result.Answers, g.refuseSync(m)...)
		}
	}
	if len(ids) == 0 {
		return result
	}
	result.Apply = func() {
		for _, id := range ids {
			g.remove(id)
		}
	}
	result.Then = func(now time.Time) coordinator.Result {
		switch {
		case g.in(stable, completingRebalance):
			return s.rebalanceOrComplete(now, g)
		case g.state == preparingRebalance:
			return s.maybeCompleteJoin(now, g)
		}
		return s.retire(g)
	}
	return result
}

// leaves says which member leaves; those in leaving have left already.
func (g *classic) leaves(who *msg.LeaveGroupRequestMemberIdentity, leaving map[string]struct{}) (string, kafka.Error) {
	id := g.identify(who)
	if _, left := leaving[id]; left || id == "" {
		return "", kafka.ErrUnknownMemberID
	}
	if _, pending := g.pendingJoin[id]; pending || who.MemberId == "" {
		return id, kafka.ErrNone
	}
	return id, kafka.CodeOf(g.check(id, who.GroupInstanceId))
}

// identify is the id of the member that is meant, "" for nobody.
func (g *classic) identify(who *msg.LeaveGroupRequestMemberIdentity) string {
	if who.MemberId == "" && who.GroupInstanceId != nil {
		return g.static[*who.GroupInstanceId]
	}
	return who.MemberId
}

// refuseSync lets a parked SyncGroup go when its member is removed. Kafka would
// never answer it.
func (g *classic) refuseSync(m *member) []coordinator.Answer {
	if m.syncing == 0 {
		return nil
	}
	return []coordinator.Answer{{Ticket: m.syncing,
		Response: &msg.SyncGroupResponse{ErrorCode: int16(kafka.ErrUnknownMemberID)}}}
}
