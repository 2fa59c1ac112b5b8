package group

import (
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/gregor-stream/gregor/internal/coordinator"
	"github.com/gregor-stream/gregor/internal/kafka"
	"github.com/gregor-stream/gregor/internal/msg"
)

// client is a consumer of the model: it does what the protocol asks, or not.
type client struct {
	instance   *string
	id         string
	generation int32
	leads      []string // the members, where it is the leader
	has        bool     // an assignment of the generation
	behind     bool     // a heartbeat told it to join again
	waits      coordinator.Ticket
	restarted  bool
}

// model watches what a group tells its members.
type model struct {
	t       *rapid.T
	w       *world
	clients []*client
	waiting map[coordinator.Ticket]*client
	// assigned is what each generation's leader has assigned, by member id, and
	// by /instance id.
	assigned   map[int32]map[string]string
	generation int32
	group      *classic
	answered   map[coordinator.Ticket]bool
	stable     int // how many assignments were handed out
	asked      int
}

// TestGroupKeepsItsPromises drives a group with random clients, clocks, failed
// writes and failovers. It promises: one assignment a generation, and everybody
// gets their part of that; generations only grow; a request is answered at most
// once, and once in the end; a commit is taken from members of the current
// generation only; what is recorded is what was told.
func TestGroupKeepsItsPromises(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := &model{
			t: t, w: newWorld(Config{InitialRebalanceDelay: time.Second, MaxSize: 5}),
			waiting: map[coordinator.Ticket]*client{}, assigned: map[int32]map[string]string{}, answered: map[coordinator.Ticket]bool{},
		}
		for i := range 6 {
			c := &client{}
			if i < 3 {
				instance := fmt.Sprint("i", i)
				c.instance = &instance
			}
			m.clients = append(m.clients, c)
		}
		t.Repeat(map[string]func(*rapid.T){
			"join":      m.join,
			"sync":      m.sync,
			"heartbeat": m.heartbeat,
			"delete":    m.delete,
			"round":     m.round,
			"round 2":   m.round,
			"round 3":   m.round,
			"leave":     m.leave,
			"commit":    m.commit,
			"restart":   m.restart,
			"wait":      m.wait,
			"hold":      func(*rapid.T) { m.w.held = true },
			"release":   func(*rapid.T) { m.w.held = false; m.w.settle(); m.read() },
			"fail":      m.fail,
			"failover":  m.failover,
			"":          m.check,
		})
		m.w.held = false
		m.w.settle()
		m.w.advance(time.Hour)
		m.read()
		if len(m.waiting) > 0 {
			t.Fatalf("after an hour %d requests are not answered", len(m.waiting))
		}
	})
}

func (m *model) any(t *rapid.T) *client { return rapid.SampledFrom(m.clients).Draw(t, "client") }

func (m *model) free(t *rapid.T) *client {
	c := m.any(t)
	if c.waits != 0 {
		t.Skip("it waits for an answer")
	}
	return c
}

func (m *model) join(t *rapid.T) {
	c := m.free(t)
	m.joinAs(c, rapid.SampledFrom([]int16{3, 5, 9}).Draw(t, "version"), rapid.Bool().Draw(t, "other order"))
}

func (m *model) joinAs(c *client, version int16, otherOrder bool) {
	protocols := []msg.JoinGroupRequestProtocol{{Name: "range", Metadata: subscription("t")}, {Name: "sticky", Metadata: subscription("t")}}
	if otherOrder {
		slices.Reverse(protocols)
	}
	c.waits = m.w.ask(func(ticket coordinator.Ticket) coordinator.Result {
		m.waiting[ticket] = c
		return m.w.shard.JoinGroup(m.w.now, ticket, Caller{Version: version, ClientID: "c"}, &msg.JoinGroupRequest{
			GroupId: "g", MemberId: c.id, GroupInstanceId: c.instance, SessionTimeoutMs: 6000, RebalanceTimeoutMs: 20000,
			ProtocolType: "consumer", Protocols: protocols,
		})
	})
	m.read()
}

func (m *model) sync(t *rapid.T) { m.syncAs(m.free(t)) }

func (m *model) syncAs(c *client) {
	req := &msg.SyncGroupRequest{GroupId: "g", MemberId: c.id, GroupInstanceId: c.instance, GenerationId: c.generation}
	m.asked++
	if c.leads != nil {
		parts := map[string]string{}
		for _, id := range c.leads {
			parts[id] = fmt.Sprint(m.asked, id)
			req.Assignments = append(req.Assignments, msg.SyncGroupRequestAssignment{MemberId: id, Assignment: []byte(parts[id])})
		}
		g := m.w.shard.live["g"]
		if g != nil && g.state == completingRebalance && g.generation == c.generation && g.leader == c.id && m.assigned[c.generation] == nil {
			m.assigned[c.generation] = parts
			for instance, id := range g.static {
				parts["/"+instance] = parts[id]
			}
		}
	}
	c.waits = m.w.ask(func(ticket coordinator.Ticket) coordinator.Result {
		m.waiting[ticket] = c
		return m.w.shard.SyncGroup(m.w.now, ticket, req)
	})
	m.read()
}

func (m *model) heartbeat(t *rapid.T) { m.heartbeatAs(m.free(t)) }

func (m *model) heartbeatAs(c *client) {
	c.waits = m.w.ask(func(ticket coordinator.Ticket) coordinator.Result {
		m.waiting[ticket] = c
		return m.w.shard.Heartbeat(m.w.now, &msg.HeartbeatRequest{GroupId: "g", MemberId: c.id, GroupInstanceId: c.instance, GenerationId: c.generation})
	})
	m.read()
}

func (m *model) leave(t *rapid.T) {
	c := m.free(t)
	m.w.ask(func(coordinator.Ticket) coordinator.Result {
		return m.w.shard.LeaveGroup(m.w.now, &msg.LeaveGroupRequest{GroupId: "g",
			Members: []msg.LeaveGroupRequestMemberIdentity{{MemberId: c.id, GroupInstanceId: c.instance}}})
	})
	c.id, c.leads, c.generation = "", nil, -1
	m.read()
}

func (m *model) commit(t *rapid.T) {
	c := m.free(t)
	if c.id == "" || c.generation < 0 {
		t.Skip("no member")
	}
	r := m.w.shard.CommitOffsets(m.w.now, Caller{Version: 9}, &msg.OffsetCommitRequest{GroupId: "g", MemberId: c.id,
		GroupInstanceId: c.instance, GenerationIdOrMemberEpoch: c.generation, RetentionTimeMs: -1,
		Topics: []msg.OffsetCommitRequestTopic{{Name: "t", Partitions: []msg.OffsetCommitRequestPartition{{CommittedOffset: int64(c.generation)}}}}})
	if r.Err == nil {
		g := m.w.shard.live["g"]
		if g == nil || g.generation != c.generation || g.members[c.id] == nil {
			m.t.Fatalf("a commit of %s in generation %d was taken", c.id, c.generation)
		}
	}
	m.w.ask(func(coordinator.Ticket) coordinator.Result { return r })
	m.read()
}

// round lets some clients do what the protocol asks of them, one after the
// other, and some time go by: so that groups become stable at all.
func (m *model) round(t *rapid.T) {
	n := rapid.IntRange(1, len(m.clients)).Draw(t, "clients")
	for range rapid.IntRange(1, 4).Draw(t, "rounds") {
		for _, c := range m.clients[:n] {
			switch {
			case c.waits != 0:
			case c.id == "" || c.generation < 1 || c.behind:
				m.joinAs(c, 9, false)
			case !c.has:
				m.syncAs(c)
			default:
				m.heartbeatAs(c)
			}
		}
		m.w.advance(1500 * time.Millisecond)
		m.read()
	}
}

func (m *model) delete(t *rapid.T) {
	if m.w.held {
		t.Skip("it might be taken back: a story tells of that")
	}
	m.w.ask(func(coordinator.Ticket) coordinator.Result { return m.w.shard.DeleteGroups([]string{"g"}) })
	m.read()
	if _, ok := m.w.shard.groups.Get("g"); !ok {
		clear(m.assigned)
	}
}

// restart makes a client forget everything: what it waits for goes nowhere.
func (m *model) restart(t *rapid.T) {
	c := m.any(t)
	if c.waits != 0 {
		m.waiting[c.waits] = &client{restarted: true}
	}
	*c = client{instance: c.instance, generation: -1}
}

func (m *model) wait(t *rapid.T) {
	m.w.advance(time.Duration(rapid.IntRange(0, 8000).Draw(t, "ms")) * time.Millisecond)
	m.read()
}

func (m *model) fail(*rapid.T) {
	m.w.fail(kafka.ErrKafkaStorageError)
	if m.w.shard.live["g"] == nil { // not even its creation was written
		clear(m.assigned)
	}
	m.read()
}

func (m *model) failover(t *rapid.T) {
	if m.w.held {
		m.fail(t)
	}
	for _, a := range m.w.shard.Unload() {
		m.answer(a)
	}
	m.w.load()
	m.group, m.generation = m.w.shard.live["g"], 0
	if value, ok := m.w.shard.groups.Get("g"); ok {
		m.generation = value.Generation
	}
	maps.DeleteFunc(m.assigned, func(generation int32, _ map[string]string) bool { return generation > m.generation })
	if g := m.group; g != nil {
		for id, member := range g.members {
			if told := m.part(g.generation, id, member.instanceID); len(member.assignment) > 0 && told != "" && told != string(member.assignment) {
				m.t.Fatalf("%s has %q recorded and was told %q", id, member.assignment, told)
			}
		}
	}
	m.read()
}

// read takes the answers.
func (m *model) read() {
	for _, a := range m.w.take() {
		m.answer(a)
	}
}

func (m *model) answer(a coordinator.Answer) {
	if m.answered[a.Ticket] {
		m.t.Fatalf("request %d is answered twice", a.Ticket)
	}
	m.answered[a.Ticket] = true
	c := m.waiting[a.Ticket]
	delete(m.waiting, a.Ticket)
	if c == nil {
		return
	}
	if c.restarted {
		return
	}
	c.waits = 0
	switch r := a.Response.(type) {
	case *msg.JoinGroupResponse:
		m.joined(c, r)
	case *msg.SyncGroupResponse:
		m.synced(c, r)
	case *msg.HeartbeatResponse:
		c.behind = r.ErrorCode != 0
	default:
		if a.Err != nil {
			c.id, c.generation, c.leads, c.has = "", -1, nil, false
		}
	}
}

// part is what the generation's leader has assigned to a member. A static one
// that was restarted has what it had under its old id.
func (m *model) part(generation int32, id string, instance *string) string {
	if instance != nil {
		return m.assigned[generation]["/"+*instance]
	}
	return m.assigned[generation][id]
}

func (m *model) synced(c *client, r *msg.SyncGroupResponse) {
	if c.has = r.ErrorCode == 0; !c.has {
		c.behind = true
		return
	}
	if want := m.part(c.generation, c.id, c.instance); want != string(r.Assignment) {
		m.t.Fatalf("%s in generation %d is given %q, its leader said %q", c.id, c.generation, r.Assignment, want)
	}
	m.stable++
}

func (m *model) joined(c *client, r *msg.JoinGroupResponse) {
	c.leads, c.has, c.behind = nil, false, false
	switch kafka.Error(r.ErrorCode) {
	case kafka.ErrNone:
		if c.id != "" && c.id != r.MemberId {
			m.t.Fatalf("%s became %s", c.id, r.MemberId)
		}
		c.id, c.generation = r.MemberId, r.GenerationId
		if r.Leader == r.MemberId && !r.SkipAssignment {
			for _, member := range r.Members {
				c.leads = append(c.leads, member.MemberId)
			}
		}
	case kafka.ErrMemberIDRequired:
		c.id = r.MemberId
	default:
		c.id, c.generation = "", -1
	}
}

// check runs after each step.
func (m *model) check(t *rapid.T) {
	if err := check(m.w.shard); err != nil {
		t.Fatal(err)
	}
	g := m.w.shard.live["g"]
	if g == nil {
		return
	}
	if g != m.group { // the old one's creation was taken back
		maps.DeleteFunc(m.assigned, func(generation int32, _ map[string]string) bool { return generation > g.generation })
		m.group, m.generation = g, g.generation
	}
	if g.generation < m.generation {
		t.Fatalf("generation %d after %d", g.generation, m.generation)
	}
	m.generation = g.generation
	if g.state == stable && !m.w.held {
		m.checkRecorded(t, g)
	}
}

// checkRecorded compares a stable group with what a failover would load.
func (m *model) checkRecorded(t *rapid.T, g *classic) {
	again := New(m.w.config, &counter{})
	for i, r := range m.w.log {
		must(again.Replay(kafka.Offset(i), kafka.NoProducerID, r))
	}
	again.Loaded(m.w.now)
	loaded := again.live["g"]
	if loaded == nil {
		t.Fatal("a stable group is not recorded")
	}
	if got, want := slices.Sorted(maps.Keys(loaded.members)), slices.Sorted(maps.Keys(g.members)); !slices.Equal(got, want) {
		t.Fatalf("recorded are the members %v, not %v", got, want)
	}
	if loaded.generation != g.generation || *loaded.protocol != *g.protocol || loaded.leader != g.leader {
		t.Fatalf("recorded: generation %d, %s, leader %s; not %d, %s, %s", loaded.generation, *loaded.protocol, loaded.leader,
			g.generation, *g.protocol, g.leader)
	}
	for id, member := range g.members {
		if string(loaded.members[id].assignment) != string(member.assignment) {
			t.Fatalf("%s: recorded is %q, not %q", id, loaded.members[id].assignment, member.assignment)
		}
	}
}
