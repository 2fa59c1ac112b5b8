package txn

import (
	"errors"
	"maps"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/gregor-stream/gregor/internal/coordinator"
	"github.com/gregor-stream/gregor/internal/kafka"
)

// TestTransactionsKeepTheirPromises drives an id with producers that come, go,
// retry and are late, with clocks, failed writes and failovers, over clusters of
// transactions v0 and v2. What is written where is the model: a partition has
// data of a producer and epoch, and gets markers. It promises:
//
//   - a request is answered at most once, and once in the end;
//   - two answers to a producer that begins never are the same;
//   - a transaction that was committed for somebody has commit markers on every
//     partition that was added, and abort markers on none: never torn;
//   - markers are only asked for when the decision is in the log;
//   - live state is what a replay gives.
func TestTransactionsKeepTheirPromises(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := &model{
			t: t, w: newWorld(Config{AbortInterval: 5 * time.Second}, rapid.SampledFrom([]int16{0, 2}).Draw(t, "level")),
			asked: map[coordinator.Ticket]func(coordinator.Answer){}, given: map[Producer]bool{},
			open: map[kafka.TopicPartition]*life{},
		}
		for range 3 {
			m.clients = append(m.clients, &client{})
		}
		t.Repeat(map[string]func(*rapid.T){
			"init":     m.init,
			"go on":    m.goOn,
			"add":      m.add,
			"add 2":    m.add,
			"end":      m.end,
			"end 2":    m.end,
			"retry":    m.retry,
			"markers":  m.markers,
			"wait":     m.wait,
			"hold":     func(*rapid.T) { m.w.held = true },
			"release":  func(*rapid.T) { m.w.held = false; m.w.settle(); m.read() },
			"fail":     m.fail,
			"failover": m.failover,
			"":         m.check,
		})
		m.w.held = false
		m.w.settle()
		for range 3 {
			m.writeMarkers(len(m.w.sent))
			m.w.advance(time.Minute)
		}
		m.writeMarkers(len(m.w.sent))
		m.read()
		if len(m.asked) > 0 {
			t.Fatalf("in the end %d requests are not answered", len(m.asked))
		}
		if len(m.open) > 0 {
			t.Fatalf("in the end transactions hang on %v", slices.Collect(maps.Keys(m.open)))
		}
	})
}

// life is one transaction as its client sees it.
type life struct {
	producer  Producer
	added     map[kafka.TopicPartition]bool
	committed bool // the client was told so
	ended     bool // by markers
	aborted   bool
}

type client struct {
	who     Producer
	begun   bool
	version int16
	txn     *life
	last    *End // for a retry
	lastOf  *life
}

type model struct {
	t       *rapid.T
	w       *world
	clients []*client
	asked   map[coordinator.Ticket]func(coordinator.Answer)
	given   map[Producer]bool
	// open is who has data without a marker on a partition.
	open map[kafka.TopicPartition]*life
	all  []*life
}

func (m *model) any(t *rapid.T) *client { return rapid.SampledFrom(m.clients).Draw(t, "client") }

func (m *model) ask(decide request, then func(coordinator.Answer)) {
	m.asked[m.w.tickets+1] = then
	m.w.ask(decide)
	m.read()
}

func (m *model) read() {
	for _, a := range m.w.take() {
		then, ok := m.asked[a.Ticket]
		if !ok {
			m.t.Fatalf("request %d is answered twice, or was never asked: %+v", a.Ticket, a)
		}
		delete(m.asked, a.Ticket)
		if then != nil {
			then(a)
		}
	}
}

func (m *model) init(t *rapid.T) {
	c := m.any(t)
	version := int16(0)
	if m.w.level >= VersionEpochBump && rapid.Bool().Draw(t, "v2") {
		version = VersionEpochBump
	}
	m.begin(c, version, NoProducer)
}

// goOn is a producer that begins again after an error.
func (m *model) goOn(t *rapid.T) {
	c := m.any(t)
	if !c.begun {
		t.Skip("it has nothing to go on with")
	}
	m.begin(c, c.version, c.who)
}

func (m *model) begin(c *client, version int16, expected Producer) {
	req := &Init{TransactionalID: "t", TimeoutMs: 10_000, Expected: expected}
	m.ask(func(ticket coordinator.Ticket, fresh kafka.ProducerID) coordinator.Result {
		return m.w.shard.InitProducerID(m.w.now, ticket, req, fresh)
	}, func(a coordinator.Answer) {
		if a.Err != nil {
			return
		}
		who := a.Response.(Producer)
		if expected == NoProducer && m.given[who] {
			m.t.Fatalf("%+v was given out before", who)
		}
		m.given[who] = true
		*c = client{who: who, begun: true, version: version}
	})
}

func (m *model) add(t *rapid.T) {
	c := m.any(t)
	if !c.begun {
		t.Skip("no producer")
	}
	who := c.who
	p := kafka.TopicPartition{Topic: "a", Partition: rapid.Int32Range(0, 3).Draw(t, "partition")}
	req := &Enlist{TransactionalID: "t", Producer: who, Partitions: []kafka.TopicPartition{p}, Version: c.version}
	m.ask(func(ticket coordinator.Ticket, _ kafka.ProducerID) coordinator.Result {
		return m.w.shard.AddPartitions(m.w.now, ticket, req)
	}, func(a coordinator.Answer) {
		if a.Err != nil || c.who != who {
			return
		}
		if c.txn == nil {
			c.txn = &life{producer: who, added: map[kafka.TopicPartition]bool{}}
			m.all = append(m.all, c.txn)
		}
		m.write(c, who, p)
	})
}

// write is the record that follows: it is let in only while the transaction is
// open, which a partition asks the coordinator.
func (m *model) write(c *client, who Producer, p kafka.TopicPartition) {
	r := m.w.shard.VerifyPartitions(&Enlist{TransactionalID: "t", Producer: who, Partitions: []kafka.TopicPartition{p}})
	if r.Err != nil || r.Response.([]kafka.Error)[0] != kafka.ErrNone {
		return
	}
	if other := m.open[p]; other != nil && other != c.txn {
		m.t.Fatalf("%v: %+v writes into the transaction of %+v", p, c.txn.producer, other.producer)
	}
	m.open[p], c.txn.added[p] = c.txn, true
}

func (m *model) end(t *rapid.T) {
	c := m.any(t)
	if c.txn == nil {
		t.Skip("no transaction")
	}
	req := &End{TransactionalID: "t", Producer: c.who, Commit: rapid.Bool().Draw(t, "commit"), Version: c.version}
	c.last, c.lastOf = req, c.txn
	m.endAs(c, req, c.txn)
}

// retry is the end of a transaction that comes again, perhaps much later.
func (m *model) retry(t *rapid.T) {
	c := m.any(t)
	if c.last == nil || c.version < VersionEpochBump {
		t.Skip("before transactions v2 nobody can tell it from the end of the next")
	}
	m.endAs(c, c.last, c.lastOf)
}

func (m *model) endAs(c *client, req *End, of *life) {
	m.ask(func(_ coordinator.Ticket, fresh kafka.ProducerID) coordinator.Result {
		return m.w.shard.EndTxn(m.w.now, req, fresh)
	}, func(a coordinator.Answer) {
		if a.Err != nil {
			return
		}
		if req.Commit {
			of.committed = true
			if of.aborted {
				m.t.Fatalf("%+v is told that its transaction is committed, and it was aborted", req.Producer)
			}
		}
		if c.txn == of {
			c.txn = nil
			if next := a.Response.(Producer); next != NoProducer {
				c.who = next
			}
		}
	})
}

func (m *model) markers(t *rapid.T) {
	if len(m.w.sent) == 0 {
		t.Skip("none are due")
	}
	m.writeMarkers(rapid.IntRange(1, len(m.w.sent)).Draw(t, "markers"))
}

// writeMarkers writes the first n that are due. Those that fail with the
// partition's own check, as a late one does, are counted as written.
func (m *model) writeMarkers(n int) {
	due := m.w.sent[:n]
	m.w.sent = slices.Clone(m.w.sent[n:])
	for _, s := range due {
		switch s := s.(type) {
		case Markers:
			m.written(s)
			m.ask(func(coordinator.Ticket, kafka.ProducerID) coordinator.Result { return m.w.shard.Complete(m.w.now, &s) }, nil)
		case TimedOut:
			m.ask(func(_ coordinator.Ticket, fresh kafka.ProducerID) coordinator.Result {
				return m.w.shard.AbortTimedOut(m.w.now, &s, fresh)
			}, nil)
		}
	}
	for ticket, then := range m.asked { // what has no answer
		if then == nil {
			delete(m.asked, ticket)
		}
	}
}

func (m *model) written(s Markers) {
	if s.CoordinatorEpoch != int32(m.w.epoch) {
		return
	}
	for _, p := range s.Partitions {
		of := m.open[p]
		if of == nil || of.producer.ID != s.Producer.ID || of.producer.Epoch > s.Producer.Epoch {
			continue
		}
		delete(m.open, p)
		of.ended = true
		of.aborted = of.aborted || !s.Commit
		if of.committed && !s.Commit {
			m.t.Fatalf("%v: an abort marker for the transaction of %+v that was committed", p, of.producer)
		}
	}
}

func (m *model) wait(t *rapid.T) {
	m.w.advance(time.Duration(rapid.IntRange(0, 8000).Draw(t, "ms")) * time.Millisecond)
	m.read()
}

func (m *model) fail(*rapid.T) {
	m.w.fail(kafka.ErrKafkaStorageError)
	m.read()
}

func (m *model) failover(*rapid.T) {
	if m.w.held {
		m.w.fail(errors.New("the leader is another"))
	}
	m.w.out = append(m.w.out, m.w.shard.Unload()...)
	m.w.load()
	m.read()
}

func (m *model) check(t *rapid.T) {
	if err := check(m.w); err != nil {
		t.Fatal(err)
	}
	for _, of := range m.all {
		if !of.committed || of.ended {
			continue
		}
		// It is committed and has no marker yet: the coordinator must be about
		// to write them.
		if tx, ok := m.w.shard.ids.Get("t"); len(of.added) > 0 && (!ok || tx.state != prepareCommit) {
			t.Fatalf("the committed transaction of %+v has no markers, and none are due: %v", of.producer, tx)
		}
	}
}
