package txn

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/gregor-stream/gregor/internal/coordinator"
	"github.com/gregor-stream/gregor/internal/kafka"
)

// world drives a shard as a runtime does, on one thread and with a clock that
// only the test moves. Who writes markers, and hands out producer ids, is the
// test.
type world struct {
	config Config
	shard  *Shard
	epoch  kafka.LeaderEpoch
	level  int16
	now    time.Time
	log    []coordinator.Record
	// committed is the high watermark; held keeps it from following the log.
	committed kafka.Offset
	held      bool
	timers    map[coordinator.TimerKey]time.Time
	pending   []pending
	tickets   coordinator.Ticket
	ids       kafka.ProducerID // the last that was handed out
	out       []coordinator.Answer
	sent      []any
	asked     map[coordinator.Ticket]request
}

// request is what somebody asks for.
type request func(ticket coordinator.Ticket, fresh kafka.ProducerID) coordinator.Result

type pending struct {
	end      kafka.Offset
	ticket   coordinator.Ticket
	response any
	settled  func(time.Time, error) coordinator.Result
}

func newWorld(config Config, level int16) *world {
	w := &world{
		config: config, level: level, now: time.UnixMilli(1_000_000), ids: 999, asked: map[coordinator.Ticket]request{},
	}
	w.load()
	return w
}

// load begins anew from the log, as after a failover.
func (w *world) load() {
	w.epoch++
	w.shard = New(w.config, w.epoch, w.level)
	w.timers = map[coordinator.TimerKey]time.Time{}
	w.pending, w.sent = nil, nil
	w.committed = w.end()
	w.shard.Commit(w.committed)
	for i, r := range w.log {
		if err := w.shard.Replay(kafka.Offset(i), kafka.NoProducerID, r); err != nil {
			panic(err)
		}
	}
	w.carry(0, w.shard.Loaded(w.now))
	w.settle()
}

// ask carries out a decision.
func (w *world) ask(decide request) coordinator.Ticket {
	w.tickets++
	ticket := w.tickets
	w.asked[ticket] = decide
	w.carry(ticket, decide(ticket, kafka.NoProducerID))
	w.settle()
	return ticket
}

// need asks again with a producer id, as the shell does.
func (w *world) need(ticket coordinator.Ticket) {
	w.ids++
	w.carry(ticket, w.asked[ticket](ticket, w.ids))
}

// answer takes an answer, unless it is a question.
func (w *world) answer(a coordinator.Answer) {
	if errors.Is(a.Err, ErrNeedProducerID) {
		w.need(a.Ticket)
		return
	}
	w.out = append(w.out, a)
}

func (w *world) carry(ticket coordinator.Ticket, r coordinator.Result) {
	var response any
	for {
		if r.Err != nil {
			w.answer(coordinator.Answer{Ticket: ticket, Err: r.Err})
			return
		}
		for _, record := range r.Records {
			if err := w.shard.Replay(w.end(), kafka.NoProducerID, record); err != nil {
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
		for _, a := range r.Answers {
			w.answer(a)
		}
		w.sent = append(w.sent, r.Send...)
		if r.Response != nil {
			response = r.Response
		}
		if r.Settled != nil {
			w.pending = append(w.pending, pending{end: w.end(), settled: r.Settled})
		}
		if r.Then == nil {
			break
		}
		r = r.Then(w.now)
	}
	if response != nil {
		w.pending = append(w.pending, pending{end: w.end(), ticket: ticket, response: response})
	}
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
	lost := w.pending
	w.pending = nil
	w.log = w.log[:w.committed]
	w.held = false
	w.carry(0, w.shard.Revert(w.now, w.committed))
	for _, p := range lost {
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
	name := func(key coordinator.TimerKey) string { return fmt.Sprint(key.Kind, key.Group, key.Member) }
	for key, t := range w.timers {
		if !ok || t.Before(at) || t.Equal(at) && name(key) < name(first) {
			first, at, ok = key, t, true
		}
	}
	return first, at, ok
}

// complete writes the markers that are due, that is, says so.
func (w *world) complete() (written []any) {
	for len(w.sent) > 0 {
		sent := w.sent
		w.sent = nil
		written = append(written, sent...)
		for _, s := range sent {
			switch s := s.(type) {
			case Markers:
				w.ask(func(coordinator.Ticket, kafka.ProducerID) coordinator.Result { return w.shard.Complete(w.now, &s) })
			case TimedOut:
				w.ask(func(_ coordinator.Ticket, fresh kafka.ProducerID) coordinator.Result {
					return w.shard.AbortTimedOut(w.now, &s, fresh)
				})
			}
		}
	}
	return written
}

func (w *world) take() []coordinator.Answer {
	out := w.out
	w.out = nil
	return out
}

// check finds broken invariants of a shard.
func check(w *world) error {
	s := w.shard
	for id, list := range s.waiting {
		t, ok := s.ids.Get(id)
		if len(list) == 0 || !ok || !t.state.preparing() {
			return fmt.Errorf("%s: %d requests wait for nothing", id, len(list))
		}
		for _, waiting := range list {
			if _, ok := w.timers[waiting.timer(id)]; !ok {
				return fmt.Errorf("%s: request %d waits for ever", id, waiting.ticket)
			}
		}
	}
	for id, t := range s.ids.All() {
		if t.state.idle() && len(t.partitions) > 0 || t.state == empty && t.started != -1 || t.epoch < 0 {
			return fmt.Errorf("%s: %+v", id, t)
		}
	}
	again := New(w.config, w.epoch, w.level)
	for i, r := range w.log {
		if err := again.Replay(kafka.Offset(i), kafka.NoProducerID, r); err != nil {
			return err
		}
	}
	if live, replayed := show(s), show(again); live != replayed {
		return fmt.Errorf("live:\n%s\nreplayed:\n%s", live, replayed)
	}
	return nil
}

// show tells the latest state of all ids.
func show(s *Shard) string {
	var b strings.Builder
	for id, t := range s.ids.Sorted(strings.Compare) {
		fmt.Fprintf(&b, "%s %s\n", id, t)
	}
	return b.String()
}

func (t *transaction) String() string {
	out := fmt.Sprintf("%s id=%d epoch=%d", t.state, t.producer, t.epoch)
	if t.previous != t.producer {
		out += fmt.Sprintf(" previous=%d", t.previous)
	}
	if t.next != kafka.NoProducerID {
		out += fmt.Sprintf(" next=%d", t.next)
	}
	if t.version != 0 {
		out += fmt.Sprintf(" v%d", t.version)
	}
	out += fmt.Sprintf(" timeout=%d", t.timeoutMs)
	if t.started >= 0 {
		out += fmt.Sprintf(" started=%d", t.started)
	}
	out += fmt.Sprintf(" updated=%d", t.updated)
	for _, p := range t.partitions {
		out += " " + p.String()
	}
	return out
}
