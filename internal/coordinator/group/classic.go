package group

import (
	"fmt"
	"slices"
	"time"

	"github.com/gregor-stream/gregor/internal/coordinator"
	"github.com/gregor-stream/gregor/internal/kafka"
	"github.com/gregor-stream/gregor/internal/msg"
)

// consumerProtocol is the protocol type whose metadata the coordinator can
// read: that of consumers.
const consumerProtocol = "consumer"

// classic is the part of a classic group that is kept in memory only, as in
// Kafka: its members and where its rebalance stands. What of it is recorded
// lies in the shard's groups; after a failover it begins anew from there. Only
// functions given to coordinator.Result.Apply change it.
//
// Invariants: a group in Empty has no members; leader is a member's id where
// there are members; awaitingJoin counts the members with joining != 0;
// supporters counts, for each protocol name, the members that support it;
// static maps the instance ids of exactly the static members.
type classic struct {
	id           string
	state        state
	previous     state
	since        time.Time // of the last change of state, zero: not known
	protocolType *string   // nil: nobody has joined yet
	protocol     *string   // chosen for the generation
	generation   int32
	leader       string // "": none

	members      map[string]*member
	first, last  *member // members in the order in which they joined
	static       map[string]string
	pendingJoin  map[string]struct{} // were told their id and have not come back
	pendingSync  map[string]struct{} // have the generation and have not synced
	awaitingJoin int
	supporters   map[string]int

	subscribed  map[string]struct{} // topics of all members
	knowsTopics bool                // subscribed is known

	// newMember: somebody has joined since the initial delay was set.
	newMember bool
	// delay and remaining are the running initial delay and what may follow;
	// initial says that the join timer is that of the initial delay.
	initial          bool
	delay, remaining time.Duration
}

// newClassic is an empty group without maps: enough to look at, see [classic.grow].
func newClassic(id string) *classic {
	return &classic{id: id, state: empty, previous: dead}
}

// grow gives the group its maps, before somebody is put into it.
func (g *classic) grow() {
	if g.members == nil {
		g.members, g.static = map[string]*member{}, map[string]string{}
		g.pendingJoin, g.pendingSync = map[string]struct{}{}, map[string]struct{}{}
		g.supporters = map[string]int{}
	}
}

// fromRecord is the group as its record tells it: stable with the recorded
// members, or empty. The value is kept.
func fromRecord(id string, value *msg.GroupMetadataValue) *classic {
	g := newClassic(id)
	g.generation = value.Generation
	g.protocol = value.Protocol
	if value.ProtocolType != "" {
		g.protocolType = &value.ProtocolType
	}
	if value.CurrentStateTimestamp != -1 {
		g.since = time.UnixMilli(value.CurrentStateTimestamp)
	}
	name := ""
	if value.Protocol != nil {
		name = *value.Protocol
	}
	if len(value.Members) > 0 {
		g.grow()
		g.protocol = &name
	}
	for i := range value.Members {
		v := &value.Members[i]
		if g.members[v.MemberId] != nil || v.GroupInstanceId != nil && g.static[*v.GroupInstanceId] != "" {
			continue // no record of Kafka's has a member twice
		}
		rebalance := v.RebalanceTimeout
		if rebalance == -1 {
			rebalance = v.SessionTimeout
		}
		g.add(&member{
			id: v.MemberId, instanceID: v.GroupInstanceId, clientID: v.ClientId, clientHost: v.ClientHost,
			rebalanceTimeout: millis(rebalance), sessionTimeout: millis(v.SessionTimeout),
			protocols: []protocol{{name, v.Subscription}}, assignment: v.Assignment,
		})
	}
	if len(g.members) > 0 {
		g.state = stable
		g.protocolType = &value.ProtocolType
		if value.Leader != nil && g.members[*value.Leader] != nil {
			g.leader = *value.Leader
		}
	}
	g.subscribed, g.knowsTopics = g.topics()
	return g
}

func (g *classic) in(states ...state) bool { return slices.Contains(states, g.state) }

func (g *classic) become(now time.Time, to state) {
	if !to.mayFollow(g.state) {
		panic(fmt.Sprintf("group %q cannot go from %s to %s", g.id, g.state, to))
	}
	g.previous, g.state, g.since = g.state, to, now
}

// add puts a new member at the end. Its protocol type has been checked.
func (g *classic) add(m *member) {
	if m.instanceID != nil {
		g.static[*m.instanceID] = m.id
	}
	if g.leader == "" {
		g.leader = m.id
	}
	m.previous, m.next = g.last, nil
	if g.last == nil {
		g.first = m
	} else {
		g.last.next = m
	}
	g.last = m
	g.members[m.id] = m
	g.count(m, 1)
	if m.joining != 0 {
		g.awaitingJoin++
	}
	delete(g.pendingJoin, m.id)
}

// remove takes a member, or one that is only pending, out of the group. A
// leader is followed by the member that has been there longest.
func (g *classic) remove(id string) {
	if m := g.members[id]; m != nil {
		delete(g.members, id)
		g.count(m, -1)
		g.setJoining(m, 0)
		if m.instanceID != nil {
			delete(g.static, *m.instanceID)
		}
		if m.previous == nil {
			g.first = m.next
		} else {
			m.previous.next = m.next
		}
		if m.next == nil {
			g.last = m.previous
		} else {
			m.next.previous = m.previous
		}
		m.previous, m.next = nil, nil
	}
	if g.leader == id {
		g.leader = ""
		if g.first != nil {
			g.leader = g.first.id
		}
	}
	delete(g.pendingJoin, id)
	delete(g.pendingSync, id)
}

// replace gives the static member another id; it keeps its place.
func (g *classic) replace(m *member, id string) {
	if g.leader == m.id {
		g.leader = id
	}
	delete(g.members, m.id)
	g.setJoining(m, 0)
	m.syncing, m.isNew = 0, false
	m.id = id
	g.members[id] = m
	g.static[*m.instanceID] = id
}

// update takes over what a member says of itself when it joins again.
func (g *classic) update(m *member, protocols []protocol, rebalance, session time.Duration, joining coordinator.Ticket) {
	g.count(m, -1)
	m.protocols = protocols
	g.count(m, 1)
	m.rebalanceTimeout, m.sessionTimeout = rebalance, session
	g.setJoining(m, joining)
}

func (g *classic) setJoining(m *member, ticket coordinator.Ticket) {
	if m.joining != 0 {
		g.awaitingJoin--
	}
	m.joining = ticket
	if m.joining != 0 {
		g.awaitingJoin++
	}
}

// count adds by to the supporters of each protocol of m, once for each name.
func (g *classic) count(m *member, by int) {
	for i := range m.protocols {
		if !namedBefore(m.protocols, i) {
			g.supporters[m.protocols[i].name] += by
			if g.supporters[m.protocols[i].name] == 0 {
				delete(g.supporters, m.protocols[i].name)
			}
		}
	}
}

func namedBefore(protocols []protocol, i int) bool {
	for j := range i {
		if protocols[j].name == protocols[i].name {
			return true
		}
	}
	return false
}

// allJoined: every member waits for the next generation, nobody is pending.
func (g *classic) allJoined() bool {
	return len(g.members) == g.awaitingJoin && len(g.pendingJoin) == 0
}

// rebalanceTimeout is the longest of the members'.
func (g *classic) rebalanceTimeout() time.Duration {
	longest := time.Duration(0)
	for m := g.first; m != nil; m = m.next {
		longest = max(longest, m.rebalanceTimeout)
	}
	return longest
}

// supports says whether a member with these protocols fits the group.
func (g *classic) supports(protocolType string, offered []msg.JoinGroupRequestProtocol) bool {
	if g.state == empty {
		return protocolType != "" && len(offered) > 0
	}
	if g.protocolType == nil || *g.protocolType != protocolType {
		return false
	}
	for i := range offered {
		if g.supporters[offered[i].Name] == len(g.members) {
			return true
		}
	}
	return false
}

// check says whether a request may speak for the member.
func (g *classic) check(memberID string, instanceID *string) error {
	if instanceID != nil {
		current, ok := g.static[*instanceID]
		if !ok {
			return kafka.ErrUnknownMemberID
		}
		if current != memberID {
			return kafka.ErrFencedInstanceID
		}
	}
	if g.members[memberID] == nil {
		return kafka.ErrUnknownMemberID
	}
	return nil
}

func (g *classic) usesConsumerProtocol() bool {
	return g.protocolType != nil && *g.protocolType == consumerProtocol
}

// subscribesTo says whether somebody in the group reads the topic, as far as
// the coordinator knows: a consumer group whose subscriptions are not known
// reads everything.
func (g *classic) subscribesTo(topic string) bool {
	if !g.knowsTopics {
		return g.usesConsumerProtocol()
	}
	_, ok := g.subscribed[topic]
	return ok
}
