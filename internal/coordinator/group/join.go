package group

import (
	"encoding/hex"
	"fmt"
	"io"
	"time"

	"github.com/gregor-stream/gregor/internal/coordinator"
	"github.com/gregor-stream/gregor/internal/kafka"
	"github.com/gregor-stream/gregor/internal/msg"
)

// The first versions of JoinGroup that do something.
const (
	joinKnownMember    = 4 // a dynamic member is given its id first (KIP-394)
	joinNullProtocol   = 7 // no protocol is null instead of ""
	joinSkipAssignment = 9 // a leader may be told that nothing is to be assigned (KIP-814)
)

// join is a JoinGroup request that is being decided on.
type join struct {
	*msg.JoinGroupRequest
	caller Caller
	ticket coordinator.Ticket
}

func (j *join) protocols() []protocol { return copyProtocols(j.Protocols) }

// joinRefused is the answer to a member that is not let in.
func joinRefused(id string, code kafka.Error) *msg.JoinGroupResponse {
	return &msg.JoinGroupResponse{ErrorCode: int16(code), GenerationId: -1, MemberId: id}
}

// refuse is joinRefused as a result.
func refuse(id string, code kafka.Error) coordinator.Result {
	return coordinator.Respond(joinRefused(id, code))
}

// JoinGroup lets a member join. Its answer is a *msg.JoinGroupResponse, at once
// or when the group is complete.
func (s *Shard) JoinGroup(now time.Time, ticket coordinator.Ticket, caller Caller, req *msg.JoinGroupRequest) coordinator.Result {
	if caller.Version == 0 {
		req.RebalanceTimeoutMs = req.SessionTimeoutMs
	}
	j := &join{req, caller, ticket}
	if s.foreign.has(req.GroupId) {
		return refuse("", kafka.ErrInconsistentGroupProtocol)
	}
	g := s.group(req.GroupId)
	if g == nil {
		if req.MemberId != "" {
			return refuse(req.MemberId, kafka.ErrUnknownMemberID)
		}
		return s.createGroup(now, j)
	}
	return s.joinGroup(now, g, j)
}

// createGroup records the new group before anybody is in it, so that the first
// member finds it after a failover.
func (s *Shard) createGroup(now time.Time, j *join) coordinator.Result {
	g := newClassic(j.GroupId)
	g.since = now
	return coordinator.Result{
		Records: []coordinator.Record{newGroupRecord(j.GroupId, now)},
		Apply:   func() { s.enliven(g) },
		Then:    func(now time.Time) coordinator.Result { return s.joinGroup(now, g, j) },
	}
}

func (s *Shard) joinGroup(now time.Time, g *classic, j *join) coordinator.Result {
	switch {
	case !s.hasRoom(g, j.MemberId):
		result := refuse("", kafka.ErrGroupMaxSizeReached)
		result.Apply = func() { g.remove(j.MemberId) }
		return result
	case !g.supports(j.ProtocolType, j.Protocols):
		return refuse(j.MemberId, kafka.ErrInconsistentGroupProtocol)
	case j.MemberId != "":
		return s.joinAgain(now, g, j)
	case j.GroupInstanceId == nil:
		return s.joinDynamic(now, g, j)
	}
	id := s.memberID(*j.GroupInstanceId)
	if old, ok := g.static[*j.GroupInstanceId]; ok {
		return s.replaceStatic(now, g, j, g.members[old], id)
	}
	return s.addMember(now, g, j, id)
}

// hasRoom says whether the group is large enough for the member. While members
// join again, those count that have: so the last ones are left out when the
// limit was lowered.
func (s *Shard) hasRoom(g *classic, id string) bool {
	m := g.members[id]
	switch g.state {
	case preparingRebalance:
		return m != nil && m.joining != 0 || g.awaitingJoin < s.config.MaxSize
	case completingRebalance, stable:
		return m != nil || len(g.members) < s.config.MaxSize
	case empty, dead:
	}
	return true
}

// joinDynamic lets in a member that has no id. Newer clients are told their id
// first, and join with it: otherwise each try of a client that gives up waiting
// would leave a member behind.
func (s *Shard) joinDynamic(now time.Time, g *classic, j *join) coordinator.Result {
	id := s.memberID(j.caller.ClientID)
	if j.caller.Version < joinKnownMember {
		return s.addMember(now, g, j, id)
	}
	key := g.sessionKey(id)
	return coordinator.Result{
		Response: joinRefused(id, kafka.ErrMemberIDRequired),
		Timers:   []coordinator.Timer{coordinator.Set(key, now, millis(j.SessionTimeoutMs))},
		Apply: func() {
			s.enliven(g)
			g.pendingJoin[id] = struct{}{}
		},
	}
}

// joinAgain lets a member join that has an id.
func (s *Shard) joinAgain(now time.Time, g *classic, j *join) coordinator.Result {
	if _, pending := g.pendingJoin[j.MemberId]; pending {
		if j.GroupInstanceId != nil {
			return coordinator.Fail(kafka.Errorf(kafka.ErrUnknownServerError,
				"the pending member %s of group %s joins with the instance id %s", j.MemberId, g.id, *j.GroupInstanceId))
		}
		return s.addMember(now, g, j, j.MemberId)
	}
	if err := g.check(j.MemberId, j.GroupInstanceId); err != nil {
		return refuse(j.MemberId, kafka.CodeOf(err))
	}
	m := g.members[j.MemberId]
	switch {
	case g.state == preparingRebalance:
		return s.updateMember(now, g, j, m)
	case g.state == completingRebalance && m.sameProtocols(j.Protocols):
		// It seems to have missed the answer: here it is again.
		return coordinator.Respond(g.joined(m.id))
	case g.state == completingRebalance:
		return s.updateMember(now, g, j, m)
	case g.state == stable && (m.id == g.leader || !m.sameProtocols(j.Protocols)):
		// The leader may ask for a rebalance for reasons that its metadata does
		// not show, such as a topic that has grown.
		return s.updateMember(now, g, j, m)
	case g.state == stable:
		return coordinator.Respond(g.joined(m.id))
	}
	return refuse(j.MemberId, kafka.ErrUnknownMemberID)
}

// updateMember parks a member that joins again, with what it says now.
func (s *Shard) updateMember(_ time.Time, g *classic, j *join, m *member) coordinator.Result {
	protocols := j.protocols()
	return coordinator.Result{
		Parked:  true,
		Answers: g.overtaken(m.joining),
		Apply: func() {
			g.update(m, protocols, millis(j.RebalanceTimeoutMs), millis(j.SessionTimeoutMs), j.ticket)
		},
		Then: func(now time.Time) coordinator.Result { return s.rebalanceOrComplete(now, g) },
	}
}

// overtaken answers a parked JoinGroup whose member has sent another one.
// Kafka would never answer it.
func (g *classic) overtaken(ticket coordinator.Ticket) []coordinator.Answer {
	if ticket == 0 {
		return nil
	}
	return []coordinator.Answer{{Ticket: ticket, Response: joinRefused("", kafka.ErrRebalanceInProgress)}}
}

// addMember parks a new member.
func (s *Shard) addMember(now time.Time, g *classic, j *join, id string) coordinator.Result {
	m := &member{
		id: id, instanceID: copyString(j.GroupInstanceId),
		clientID: j.caller.ClientID, clientHost: j.caller.ClientHost,
		rebalanceTimeout: millis(j.RebalanceTimeoutMs), sessionTimeout: millis(j.SessionTimeoutMs),
		protocols: j.protocols(), isNew: true, joining: j.ticket,
	}
	protocolType := j.ProtocolType
	return coordinator.Result{
		Parked: true,
		Timers: []coordinator.Timer{coordinator.Set(g.sessionKey(id), now, newMemberJoinTimeout)},
		Apply: func() {
			s.enliven(g)
			if g.state == preparingRebalance && g.previous == empty {
				g.newMember = true
			}
			if len(g.members) == 0 {
				g.protocolType = &protocolType
			}
			g.add(m)
		},
		Then: func(now time.Time) coordinator.Result { return s.rebalanceOrComplete(now, g) },
	}
}

// memberID is a new id: what the member calls itself and a random UUID.
func (s *Shard) memberID(prefix string) string {
	var b [16]byte
	if _, err := io.ReadFull(s.random, b[:]); err != nil {
		panic(fmt.Sprintf("no randomness for a member id: %v", err))
	}
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	h := hex.EncodeToString(b[:])
	return prefix + "-" + h[:8] + "-" + h[8:12] + "-" + h[12:16] + "-" + h[16:20] + "-" + h[20:]
}

func copyString(s *string) *string {
	if s == nil {
		return nil
	}
	c := *s
	return &c
}
