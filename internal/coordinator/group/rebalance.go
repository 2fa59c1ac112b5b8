package group

import (
	"slices"
	"strings"
	"time"

	"github.com/gregor-stream/gregor/internal/coordinator"
	"github.com/gregor-stream/gregor/internal/kafka"
	"github.com/gregor-stream/gregor/internal/msg"
)

// rebalanceOrComplete is what follows a change of members: a rebalance begins
// where one can, otherwise the one that runs may be complete.
func (s *Shard) rebalanceOrComplete(now time.Time, g *classic) coordinator.Result {
	if preparingRebalance.mayFollow(g.state) {
		return s.prepareRebalance(now, g)
	}
	return s.maybeCompleteJoin(now, g)
}

// prepareRebalance asks all members to join again. A group that was empty
// waits for a while, so that its first members come together.
func (s *Shard) prepareRebalance(now time.Time, g *classic) coordinator.Result {
	result := coordinator.Result{Timers: []coordinator.Timer{coordinator.Cancel(g.key(syncTimer))}}
	abandon := g.state == completingRebalance
	if abandon {
		result.Answers, result.Timers = g.answerSync(now, kafka.ErrRebalanceInProgress, nil, result.Timers)
	}
	initial := g.state == empty
	delay := s.config.InitialRebalanceDelay
	if initial {
		result.Timers = append(result.Timers, coordinator.Set(g.key(joinTimer), now, delay))
	} else {
		result.Then = func(now time.Time) coordinator.Result { return s.completeOrWait(now, g) }
	}
	result.Apply = func() {
		for m := g.first; abandon && m != nil; m = m.next {
			m.assignment, m.syncing = nil, 0
		}
		clear(g.pendingSync)
		if g.initial = initial; initial {
			g.delay, g.remaining = delay, max(g.rebalanceTimeout()-delay, 0)
		}
		g.become(now, preparingRebalance)
	}
	return result
}

// completeOrWait ends the join phase where everybody has joined, or gives the
// members time until the longest of their rebalance timeouts.
func (s *Shard) completeOrWait(now time.Time, g *classic) coordinator.Result {
	if g.allJoined() {
		return s.completeJoin(now, g)
	}
	return coordinator.Result{Timers: []coordinator.Timer{coordinator.Set(g.key(joinTimer), now, g.rebalanceTimeout())}}
}

// maybeCompleteJoin ends the join phase where everybody has joined. The first
// rebalance of an empty group is ended by its timer alone.
func (s *Shard) maybeCompleteJoin(now time.Time, g *classic) coordinator.Result {
	if g.state != preparingRebalance || g.previous == empty || !g.allJoined() {
		return coordinator.Result{}
	}
	return s.completeJoin(now, g)
}

// expireJoin ends the join phase because its time is up. The initial delay is
// extended as long as members keep coming, within the rebalance timeout.
func (s *Shard) expireJoin(now time.Time, g *classic) coordinator.Result {
	if !g.initial || !g.newMember || g.remaining == 0 {
		return s.completeJoin(now, g)
	}
	delay := min(s.config.InitialRebalanceDelay, g.remaining)
	remaining := max(g.remaining-g.delay, 0)
	return coordinator.Result{
		Timers: []coordinator.Timer{coordinator.Set(g.key(joinTimer), now, delay)},
		Apply:  func() { g.newMember, g.delay, g.remaining = false, delay, remaining },
	}
}

// completeJoin ends the join phase: who has not come back is out, except for
// static members, and the next generation begins.
func (s *Shard) completeJoin(_ time.Time, g *classic) coordinator.Result {
	result := coordinator.Result{Timers: []coordinator.Timer{coordinator.Cancel(g.key(joinTimer))}}
	if g.state != preparingRebalance {
		return result // a timer that was overtaken
	}
	var gone []string
	for m := g.first; m != nil; m = m.next {
		if m.joining == 0 && m.instanceID == nil {
			gone = append(gone, m.id)
			result.Timers = append(result.Timers, coordinator.Cancel(g.sessionKey(m.id)))
		}
	}
	result.Apply = func() {
		g.initial = false
		for _, id := range gone {
			g.remove(id)
		}
	}
	result.Then = func(now time.Time) coordinator.Result { return s.nextGeneration(now, g) }
	return result
}

// nextGeneration begins the next generation with the members that are left.
func (s *Shard) nextGeneration(now time.Time, g *classic) coordinator.Result {
	if len(g.members) == 0 {
		return s.emptyGeneration(now, g)
	}
	leader := g.members[g.leader]
	for m := g.first; m != nil && leader.joining == 0; m = m.next {
		if m.joining != 0 {
			leader = m
		}
	}
	if leader.joining == 0 {
		// Only static members, and none has come back: wait until the sessions
		// have taken those that are gone.
		return coordinator.Result{Timers: []coordinator.Timer{coordinator.Set(g.key(joinTimer), now, g.rebalanceTimeout())}}
	}
	chosen := g.elect()
	return coordinator.Result{
		Apply: func() {
			g.leader = leader.id
			g.generation++
			g.protocol = &chosen
			g.subscribed, g.knowsTopics = g.topics()
			g.become(now, completingRebalance)
			clear(g.pendingSync)
		},
		Then: func(now time.Time) coordinator.Result { return s.answerJoins(now, g) },
	}
}

// emptyGeneration records that nobody is left. When the record cannot be
// written, the last generation stands in the log with members that are gone:
// after a failover they time out.
func (s *Shard) emptyGeneration(now time.Time, g *classic) coordinator.Result {
	generation := g.generation + 1
	return coordinator.Result{
		Records: []coordinator.Record{emptyGroupRecord(g, generation, now)},
		Apply: func() {
			g.generation, g.protocol, g.leader = generation, nil, ""
			g.subscribed, g.knowsTopics = g.topics()
			g.become(now, empty)
			clear(g.pendingSync)
		},
		Settled: func(_ time.Time, err error) coordinator.Result {
			if err != nil {
				return coordinator.Result{}
			}
			return s.retire(g)
		},
	}
}

// answerJoins tells the members of their new generation, and waits for them to
// ask for their assignments.
func (s *Shard) answerJoins(now time.Time, g *classic) coordinator.Result {
	result := coordinator.Result{
		Answers: make([]coordinator.Answer, 0, g.awaitingJoin),
		Timers:  make([]coordinator.Timer, 0, len(g.members)+1),
	}
	for m := g.first; m != nil; m = m.next {
		if m.joining != 0 {
			result.Answers = append(result.Answers, coordinator.Answer{Ticket: m.joining, Response: g.joined(m.id)})
		}
		result.Timers = append(result.Timers, g.session(m, now))
	}
	result.Timers = append(result.Timers, coordinator.Set(g.key(syncTimer), now, g.rebalanceTimeout()))
	result.Apply = func() {
		for m := g.first; m != nil; m = m.next {
			g.setJoining(m, 0)
			m.isNew = false
			g.pendingSync[m.id] = struct{}{}
		}
	}
	return result
}

// joined answers a member that is part of the generation; the leader is told
// the members.
func (g *classic) joined(id string) *msg.JoinGroupResponse {
	response := &msg.JoinGroupResponse{
		GenerationId: g.generation, ProtocolType: g.protocolType, ProtocolName: g.protocol,
		Leader: g.leader, MemberId: id,
	}
	if id != g.leader {
		return response
	}
	response.Members = make([]msg.JoinGroupResponseMember, 0, len(g.members))
	for m := g.first; m != nil; m = m.next {
		response.Members = append(response.Members, msg.JoinGroupResponseMember{
			MemberId: m.id, GroupInstanceId: m.instanceID, Metadata: m.metadata(*g.protocol),
		})
	}
	return response
}

// answerSync answers those who wait for their assignment, with an error or
// with what assignment gives, and begins their sessions anew: a session that
// ran out meanwhile was ignored.
func (g *classic) answerSync(
	now time.Time, code kafka.Error, assignment func(*member) []byte, timers []coordinator.Timer,
) ([]coordinator.Answer, []coordinator.Timer) {
	var answers []coordinator.Answer
	for m := g.first; m != nil; m = m.next {
		if m.syncing == 0 {
			continue
		}
		response := &msg.SyncGroupResponse{ErrorCode: int16(code)}
		if code == kafka.ErrNone {
			response.ProtocolType, response.ProtocolName = g.protocolType, g.protocol
			response.Assignment = assignment(m)
		}
		answers = append(answers, coordinator.Answer{Ticket: m.syncing, Response: response})
		timers = append(timers, g.session(m, now))
	}
	return answers, timers
}

// expireSync removes the members that have not asked for their assignment in
// time.
func (s *Shard) expireSync(_ time.Time, g *classic) coordinator.Result {
	if !g.in(completingRebalance, stable) || len(g.pendingSync) == 0 {
		return coordinator.Result{}
	}
	gone := make([]string, 0, len(g.pendingSync))
	for id := range g.pendingSync {
		gone = append(gone, id)
	}
	slices.Sort(gone)
	var result coordinator.Result
	for _, id := range gone {
		result.Timers = append(result.Timers, coordinator.Cancel(g.sessionKey(id)))
	}
	result.Apply = func() {
		for _, id := range gone {
			g.remove(id)
		}
	}
	result.Then = func(now time.Time) coordinator.Result { return s.prepareRebalance(now, g) }
	return result
}

// expireSession removes a member that was not heard of, or one that was given
// an id and did not come back with it.
func (s *Shard) expireSession(_ time.Time, g *classic, id string) coordinator.Result {
	m := g.members[id]
	if _, pending := g.pendingJoin[id]; pending {
		return coordinator.Result{
			Apply: func() { g.remove(id) },
			Then:  func(now time.Time) coordinator.Result { return s.afterRemoval(now, g, false) },
		}
	}
	if m == nil || m.satisfied() {
		return coordinator.Result{}
	}
	return coordinator.Result{
		Answers: g.refuseJoin(m),
		Apply:   func() { g.remove(id) },
		Then:    func(now time.Time) coordinator.Result { return s.afterRemoval(now, g, true) },
	}
}

// afterRemoval goes on when a member, or one that was only pending, is gone by
// a timeout. Here the initial rebalance ends too when nobody is waited for.
func (s *Shard) afterRemoval(now time.Time, g *classic, wasMember bool) coordinator.Result {
	switch {
	case wasMember && g.in(stable, completingRebalance):
		return s.rebalanceOrComplete(now, g)
	case g.state == preparingRebalance && g.allJoined():
		return s.completeJoin(now, g)
	}
	return s.retire(g)
}

// refuseJoin lets a parked JoinGroup go when its member is removed; a client
// that is alive joins again as a new member.
func (g *classic) refuseJoin(m *member) []coordinator.Answer {
	if m.joining == 0 {
		return nil
	}
	return []coordinator.Answer{{Ticket: m.joining, Response: joinRefused("", kafka.ErrUnknownMemberID)}}
}

// answerAll answers everybody who waits in the group with an error.
func (g *classic) answerAll(code kafka.Error) []coordinator.Answer {
	var answers []coordinator.Answer
	for m := g.first; m != nil; m = m.next {
		if m.joining != 0 {
			answers = append(answers, coordinator.Answer{Ticket: m.joining, Response: joinRefused(m.id, code)})
		}
		if m.syncing != 0 {
			answers = append(answers, coordinator.Answer{Ticket: m.syncing, Response: &msg.SyncGroupResponse{ErrorCode: int16(code)}})
		}
	}
	return answers
}

// cancelAll takes back all timers of the group.
func (g *classic) cancelAll() []coordinator.Timer {
	timers := []coordinator.Timer{coordinator.Cancel(g.key(joinTimer)), coordinator.Cancel(g.key(syncTimer))}
	for m := g.first; m != nil; m = m.next {
		timers = append(timers, coordinator.Cancel(g.sessionKey(m.id)))
	}
	pending := make([]string, 0, len(g.pendingJoin))
	for id := range g.pendingJoin {
		pending = append(pending, id)
	}
	slices.Sort(pending)
	for _, id := range pending {
		timers = append(timers, coordinator.Cancel(g.sessionKey(id)))
	}
	return timers
}

func (g *classic) key(kind uint8) coordinator.TimerKey {
	return coordinator.TimerKey{Kind: kind, Group: g.id}
}

func (g *classic) sessionKey(id string) coordinator.TimerKey {
	return coordinator.TimerKey{Kind: sessionTimer, Group: g.id, Member: id}
}

// session begins the member's session anew.
func (g *classic) session(m *member, now time.Time) coordinator.Timer {
	return coordinator.Set(g.sessionKey(m.id), now, m.sessionTimeout)
}

// liveSorted are the live groups in the order of their ids.
func (s *Shard) liveSorted() []*classic {
	groups := make([]*classic, 0, len(s.live))
	for _, g := range s.live {
		groups = append(groups, g)
	}
	slices.SortFunc(groups, func(a, b *classic) int { return strings.Compare(a.id, b.id) })
	return groups
}
