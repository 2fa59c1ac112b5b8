package group

import (
	"encoding/binary"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/gregor-stream/gregor/internal/coordinator"
	"github.com/gregor-stream/gregor/internal/kafka"
	"github.com/gregor-stream/gregor/internal/msg"
)

// world drives a shard as a runtime does, on one thread and with a clock that
// only the test moves.
type world struct {
	config Config
	shard  *Shard
	random io.Reader
	now    time.Time
	log    []coordinator.Record
	// committed is the high watermark; held keeps it from following the log.
	committed kafka.Offset
	held      bool
	timers    map[coordinator.TimerKey]time.Time
	pending   []waiting
	tickets   coordinator.Ticket
	// out collects what was answered: by ticket.
	out []coordinator.Answer
}

type waiting struct {
	end      kafka.Offset
	ticket   coordinator.Ticket
	response any
	settled  func(time.Time, error) coordinator.Result
}

// counter is a source of distinct bytes.
type counter struct{ n uint64 }

func (c *counter) Read(p []byte) (int, error) {
	c.n++
	clear(p)
	binary.BigEndian.PutUint64(p[len(p)-8:], c.n)
	return len(p), nil
}

func newWorld(config Config) *world {
	w := &world{config: config, random: &counter{}, now: time.UnixMilli(1_000_000)}
	w.load()
	return w
}

// load begins anew from the log, as after a failover.
func (w *world) load() {
	w.shard = New(w.config, w.random)
	w.timers = map[coordinator.TimerKey]time.Time{}
	w.pending = nil
	w.committed = kafka.Offset(len(w.log))
	w.shard.Commit(w.committed)
	for i, r := range w.log {
		if err := w.shard.Replay(kafka.Offset(i), kafka.NoProducerID, r); err != nil {
			panic(err)
		}
	}
	w.carry(0, w.shard.Loaded(w.now))
}

// ask gives a decision a ticket and carries it out.
func (w *world) ask(decide func(ticket coordinator.Ticket) coordinator.Result) coordinator.Ticket {
	w.tickets++
	ticket := w.tickets
	w.carry(ticket, decide(ticket))
	w.settle()
	return ticket
}

func (w *world) carry(ticket coordinator.Ticket, r coordinator.Result) {
	var response any
	for {
		if r.Err != nil {
			w.out = append(w.out, coordinator.Answer{Ticket: ticket, Err: r.Err})
			return
		}
		for _, record := range r.Records {
			if err := w.shard.Replay(kafka.Offset(len(w.log)), kafka.NoProducerID, record); err != nil {
				panic(err)
			}
			w.log = append(w.log, record)
		}
		if r.Apply != nil {
			r.Apply()
		}
		for _, t := range r.Timers {
			if t.Cancels() {
				delete(w.timers, t.Key)
			} else {
				w.timers[t.Key] = t.At
			}
		}
		w.out = append(w.out, r.Answers...)
		if r.Response != nil {
			response = r.Response
		}
		if r.Settled != nil {
			w.pending = append(w.pending, waiting{end: w.end(), settled: r.Settled})
		}
		if r.Then == nil {
			break
		}
		r = r.Then(w.now)
	}
	if response != nil {
		w.pending = append(w.pending, waiting{end: w.end(), ticket: ticket, response: response})
	}
}

// append puts a record into the log that somebody else has written.
func (w *world) append(record coordinator.Record, producer kafka.ProducerID) {
	must(w.shard.Replay(w.end(), producer, record))
	w.log = append(w.log, record)
	w.settle()
}

func (w *world) end() kafka.Offset { return kafka.Offset(len(w.log)) }

// settle commits what may be committed.
func (w *world) settle() {
	if !w.held {
		w.committed = w.end()
		w.shard.Commit(w.committed)
	}
	for len(w.pending) > 0 && w.pending[0].end <= w.committed {
		p := w.pending[0]
		w.pending = w.pending[1:]
		if p.response != nil {
			w.out = append(w.out, coordinator.Answer{Ticket: p.ticket, Response: p.response})
		}
		if p.settled != nil {
			w.carry(0, p.settled(w.now, nil))
			w.settle()
		}
	}
}

// fail takes back everything that is not committed, as after a failed append.
func (w *world) fail(err error) {
	pending := w.pending
	w.pending = nil
	w.log = w.log[:w.committed]
	w.held = false
	w.carry(0, w.shard.Revert(w.now, w.committed))
	for _, p := range pending {
		if p.response != nil {
			w.out = append(w.out, coordinator.Answer{Ticket: p.ticket, Err: err})
		}
		if p.settled != nil {
			w.carry(0, p.settled(w.now, err))
		}
	}
	w.settle()
}

// advance moves the clock, firing timers in their order.
func (w *world) advance(d time.Duration) {
	end := w.now.Add(d)
	for {
		key, at, ok := w.next()
		if !ok || at.After(end) {
			break
		}
		delete(w.timers, key)
		if at.After(w.now) {
			w.now = at
		}
		w.carry(0, w.shard.Expire(w.now, key))
		w.settle()
	}
	w.now = end
}

func (w *world) next() (first coordinator.TimerKey, at time.Time, ok bool) {
	for key, t := range w.timers {
		if !ok || t.Before(at) || t.Equal(at) && timerName(key) < timerName(first) {
			first, at, ok = key, t, true
		}
	}
	return first, at, ok
}

func timerName(key coordinator.TimerKey) string {
	return fmt.Sprintf("%d %s %s", key.Kind, key.Group, key.Member)
}

// take empties out.
func (w *world) take() []coordinator.Answer {
	out := w.out
	w.out = nil
	return out
}

// check finds broken invariants of a shard.
func check(s *Shard) error {
	for id, g := range s.live {
		awaiting := 0
		supporters := map[string]int{}
		static := 0
		count := 0
		for m := g.first; m != nil; m = m.next {
			count++
			if g.members[m.id] != m {
				return fmt.Errorf("group %s: %s is in the list and not in the map", id, m.id)
			}
			if m.joining != 0 {
				awaiting++
			}
			if m.instanceID != nil {
				static++
				if g.static[*m.instanceID] != m.id {
					return fmt.Errorf("group %s: instance %s is not %s", id, *m.instanceID, m.id)
				}
			}
			var names []string
			for _, p := range m.protocols {
				if !slices.Contains(names, p.name) {
					names = append(names, p.name)
					supporters[p.name]++
				}
			}
		}
		for name, n := range supporters {
			if g.supporters[name] != n {
				return fmt.Errorf("group %s: %d support %s, not %d", id, n, name, g.supporters[name])
			}
		}
		switch {
		case count != len(g.members) || static != len(g.static):
			return fmt.Errorf("group %s: %d members, %d in the map; %d static, %d in the map", id, count, len(g.members), static, len(g.static))
		case awaiting != g.awaitingJoin:
			return fmt.Errorf("group %s: %d wait to join, not %d", id, awaiting, g.awaitingJoin)
		case g.state == empty && count != 0:
			return fmt.Errorf("group %s is empty with %d members", id, count)
		case count > 0 && g.members[g.leader] == nil:
			return fmt.Errorf("group %s: the leader %q is not a member", id, g.leader)
		}
		if _, ok := s.groups.Get(id); !ok {
			return fmt.Errorf("group %s lives and is not recorded", id)
		}
	}
	for id, value := range s.groups.All() {
		if len(value.Members) > 0 && s.live[id] == nil {
			return fmt.Errorf("group %s has members that nobody watches", id)
		}
	}
	return nil
}

// subscription is what a consumer of these topics says.
func subscription(topics ...string) []byte {
	m := &msg.ConsumerProtocolSubscription{Topics: topics}
	return m.AppendTo([]byte{0, 0}, 0)
}

// names gives short names to member ids, in the order in which they are made.
type names struct{ byID map[string]string }

// made takes note of the member ids that g has since the last time.
func (n *names) made(g *classic) {
	var ids []string
	for id := range g.members {
		ids = append(ids, id)
	}
	for id := range g.pendingJoin {
		ids = append(ids, id)
	}
	slices.SortFunc(ids, func(a, b string) int { return strings.Compare(a[len(a)-12:], b[len(b)-12:]) })
	for _, id := range ids {
		if n.byID[id] == "" {
			n.byID[id] = fmt.Sprintf("m%d", len(n.byID)+1)
		}
	}
}

func (n *names) of(id string) string {
	if id == "" {
		return "-"
	}
	if name, ok := n.byID[id]; ok {
		return name
	}
	return id
}

func (n *names) id(name string) string {
	for id, known := range n.byID {
		if known == name {
			return id
		}
	}
	return strings.TrimPrefix(strings.TrimPrefix(name, "-"), "=")
}
