package group

import (
	"slices"
	"testing"
	"time"

	"github.com/gregor-stream/gregor/internal/coordinator"
	"github.com/gregor-stream/gregor/internal/msg"
)

// TestTenThousandMembersStayFast forms a group of 10,000 members, rebalances it
// and lets everybody leave, one after the other. It takes a fraction of a
// second; anything quadratic would take minutes.
func TestTenThousandMembersStayFast(t *testing.T) {
	const n = 10_000
	began := time.Now()
	w := &counting{world: newWorld(Config{InitialRebalanceDelay: time.Second})}
	protocols := []msg.JoinGroupRequestProtocol{{Name: "range", Metadata: subscription("t")}}
	join := func(id string) {
		w.ask(func(ticket coordinator.Ticket) coordinator.Result {
			return w.shard.JoinGroup(w.now, ticket, Caller{Version: 3, ClientID: "c"}, &msg.JoinGroupRequest{
				GroupId: "g", MemberId: id, SessionTimeoutMs: 30_000, RebalanceTimeoutMs: 300_000, ProtocolType: "consumer", Protocols: protocols,
			})
		})
	}
	for range n {
		join("")
	}
	w.fire(joinTimer)
	w.fire(joinTimer)
	g := w.shard.live["g"]
	if g.state != completingRebalance || len(g.members) != n {
		t.Fatalf("%s with %d members", g.state, len(g.members))
	}
	ids := make([]string, 0, n)
	for m := g.first; m != nil; m = m.next {
		ids = append(ids, m.id)
	}
	synced := func(generation int32) {
		for _, id := range slices.Backward(ids) {
			w.ask(func(ticket coordinator.Ticket) coordinator.Result {
				return w.shard.SyncGroup(w.now, ticket, &msg.SyncGroupRequest{GroupId: "g", MemberId: id, GenerationId: generation})
			})
		}
	}
	synced(1)
	for _, id := range ids {
		join(id)
	}
	if g.state != completingRebalance || g.generation != 2 {
		t.Fatalf("%s in generation %d", g.state, g.generation)
	}
	synced(2)
	if g.state != stable {
		t.Fatal(g.state)
	}
	for _, id := range ids {
		w.ask(func(coordinator.Ticket) coordinator.Result {
			return w.shard.LeaveGroup(w.now, &msg.LeaveGroupRequest{GroupId: "g", Members: []msg.LeaveGroupRequestMemberIdentity{{MemberId: id}}})
		})
	}
	if g.state != empty {
		t.Fatal(g.state)
	}
	if took := time.Since(began); took > 20*time.Second {
		t.Fatalf("it took %s", took)
	} else {
		t.Logf("%d members: %s", n, took)
	}
}

// counting is a world whose timers need not be searched.
type counting struct{ *world }

// fire lets the timer of a kind fire now.
func (c *counting) fire(kind uint8) {
	key := coordinator.TimerKey{Kind: kind, Group: "g"}
	at, ok := c.timers[key]
	if !ok {
		return
	}
	delete(c.timers, key)
	c.now = at
	c.carry(0, c.shard.Expire(c.now, key))
	c.settle()
}
