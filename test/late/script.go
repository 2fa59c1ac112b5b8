package late

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/gregor-stream/gregor/test/harness"
)

// What a late EndTxn of the first transaction meets.
const (
	open      = "open"      // the next transaction of the same producer, which ended the first with a retry
	between   = "between"   // nothing: the next transaction has not begun
	over      = "over"      // the next transaction has ended
	abandoned = "abandoned" // that of another producer with the same id: the first is gone
	zombie    = "zombie"    // the same, and the first still waits for its answer
)

// Steps that are looked for again.
const (
	theEnd  = "the first transaction's end" // as its producer was told
	lateEnd = "the late EndTxn"             // as the broker answers it
	state   = "state"
)

// script is one story of two transactions of an id, of which the first one's
// EndTxn comes late.
type script struct {
	late, then string // how the first and the second one end: commit, abort
	meets      string
	way        string // timeout: the client gives up; cut: its connection ends; lost: an answer, too; wait: it waits on
	elsewhere  bool   // the last record of the second is in another partition
}

// scripts lists all.
func scripts() []script {
	var list []script
	for _, late := range []string{"commit", "abort"} {
		for _, then := range []string{"commit", "abort"} {
			list = append(list,
				script{late: late, then: then, meets: open, way: "timeout"},
				script{late: late, then: then, meets: open, way: "cut", elsewhere: true},
				script{late: late, then: then, meets: over, way: "cut"})
		}
		list = append(list,
			script{late: late, then: "commit", meets: open, way: "lost"},
			script{late: late, then: "commit", meets: between, way: "cut"},
			script{late: late, then: "commit", meets: abandoned, way: "wait"},
			script{late: late, then: "commit", meets: zombie, way: "wait"})
	}
	return list
}

// name is one word.
func (s script) name() string {
	name := fmt.Sprintf("late-%s-%s-%s-%s", s.late, s.meets, s.then, s.way)
	if s.elsewhere {
		name += "-elsewhere"
	}
	return name
}

// successor tells whether the second transaction is another producer's.
func (s script) successor() bool { return s.meets == abandoned || s.meets == zombie }

// place is a broker behind its proxy.
type place struct {
	name   string
	broker *harness.Broker
	proxy  *proxy
	addr   string // of the proxy
	cl     *kgo.Client
	adm    *kadm.Client
}

// step is what was done, and what was said to it: ok, or an error's name.
type step struct{ what, said string }

// told is one run of a script.
type told struct {
	script
	at      *place
	p       *program
	id      string        // transactional, and the topic's name
	version int16         // of the late EndTxn
	waiting <-chan string // the first producer's answer, where it comes last
	steps   []step
	err     error // of the proof itself; then the rest says nothing
}

// run tells a script to a broker. phase makes its names its own. middle is done
// after the first transaction.
func run(ctx context.Context, s script, at *place, p *program, phase string, middle func() error) *told {
	r := &told{script: s, at: at, p: p, id: phase + "-" + s.name()}
	resp, err := at.adm.CreateTopic(ctx, 2, 1, nil, r.id)
	r.err = errors.Join(err, resp.Err)
	first, second := r.id+".first", r.id+".first"
	h := r.first(ctx, first)
	r.err = errors.Join(r.err, middle())
	if s.successor() {
		second = r.id + ".second"
		r.open(second)
	}
	if s.meets == between {
		r.deliver(ctx, h)
	}
	r.say(second, "begin")
	r.send(second, 0, "b1")
	if s.meets == open || s.successor() {
		r.deliver(ctx, h)
	}
	if s.elsewhere {
		r.send(second, 1, "b2")
	} else {
		r.send(second, 0, "b2")
	}
	r.say(second, s.then)
	r.state(ctx)
	if s.meets == over {
		r.deliver(ctx, h)
	}
	r.open(r.id + ".next") // what it all leaves behind is no obstacle for who comes next
	r.say(r.id+".next", "begin")
	r.send(r.id+".next", 0, "c")
	r.say(r.id+".next", "commit")
	r.state(ctx)
	r.say(r.id+".reader", "read", r.at.addr, r.id)
	for _, who := range slices.Compact([]string{first, second, r.id + ".next"}) {
		r.say(who, "close")
	}
	return r
}

// first writes the first transaction, and asks for its end, which is held. A
// producer that goes on has asked again, and was answered.
func (r *told) first(ctx context.Context, who string) *hold {
	r.open(who)
	r.say(who, "begin")
	r.send(who, 0, "a")
	h := r.at.proxy.hold(who, r.way == "cut" || r.way == "lost", r.way == "lost")
	if r.err != nil {
		return h
	}
	ended, err := r.p.begin(who, r.late)
	if r.err = errors.Join(err, h.wait()); r.err != nil {
		return h
	}
	r.version = h.version
	switch r.meets {
	case zombie:
		r.waiting = ended
		return h
	case abandoned:
		r.say(who, "kill")
	}
	r.answered(theEnd, ended)
	r.state(ctx)
	return h
}

// deliver lets the late EndTxn arrive. A producer that still waits for the
// answer gets it.
func (r *told) deliver(ctx context.Context, h *hold) {
	if r.err != nil {
		return
	}
	var said string
	said, r.err = h.deliver()
	r.note(lateEnd, said)
	if r.waiting != nil {
		r.answered(theEnd, r.waiting)
	}
	r.state(ctx)
}

func (r *told) note(what, said string) {
	if r.err == nil {
		r.steps = append(r.steps, step{what, said})
	}
}

// say tells a producer or reader to do something, and notes what it answers.
func (r *told) say(who string, words ...string) {
	if r.err != nil {
		return
	}
	var said string
	said, r.err = r.p.tell(who, words...)
	what := words[0]
	if what == "send" {
		what += " " + words[len(words)-1]
	}
	r.note(strings.TrimPrefix(who, r.id+".")+" "+what, said)
}

// answered notes what a question that was begun is answered.
func (r *told) answered(step string, c <-chan string) {
	if r.err != nil {
		return
	}
	var said string
	said, r.err = r.p.wait(c)
	r.note(step, said)
}

func (r *told) open(who string) {
	timeoutMs := "30000"
	if r.way == "timeout" {
		timeoutMs = "2000"
	}
	r.say(who, "open", r.at.addr, r.id, timeoutMs)
}

func (r *told) send(who string, partition int, value string) {
	r.say(who, "send", r.id, strconv.Itoa(partition), value)
}

// state notes the state of the id, once no markers are due. It asks again where
// the proxy has ended its connection.
func (r *told) state(ctx context.Context) {
	for r.err == nil {
		all, err := r.at.adm.DescribeTransactions(ctx, r.id)
		switch d := all[r.id]; {
		case err == nil && d.Err != nil:
			r.err = d.Err
		case err == nil && !strings.HasPrefix(d.State, "Prepare"):
			r.note(state, d.State)
			return
		}
		select {
		case <-ctx.Done():
			r.err = errors.Join(ctx.Err(), err)
		case <-time.After(5 * time.Millisecond):
		}
	}
}

// story is all that was told, in one text.
func (r *told) story() string {
	var text strings.Builder
	for _, at := range r.steps {
		fmt.Fprintf(&text, "\n%s: %s", at.what, at.said)
	}
	return text.String()
}
