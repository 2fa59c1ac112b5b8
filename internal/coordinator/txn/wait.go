package txn

import (
	"slices"
	"strconv"
	"time"

	"github.com/gregor-stream/gregor/internal/coordinator"
	"github.com/gregor-stream/gregor/internal/kafka"
)

// waiter is a request that came while the markers of the transaction before
// were being written. Kafka sends it away with CONCURRENT_TRANSACTIONS, into its
// client's back-off; here it is decided on when the markers are there.
type waiter struct {
	ticket coordinator.Ticket
	decide decision
}

// decision decides on a request, again where it had to wait.
type decision func(now time.Time, ticket coordinator.Ticket) coordinator.Result

func (w *waiter) timer(id string) coordinator.TimerKey {
	return coordinator.TimerKey{Kind: waitTimer, Group: id, Member: strconv.FormatUint(uint64(w.ticket), 10)}
}

// wait parks a request until the markers of t are written, as long as that
// transaction might have taken: then it is CONCURRENT_TRANSACTIONS after all.
func (s *Shard) wait(now time.Time, id string, t *transaction, ticket coordinator.Ticket, decide decision) coordinator.Result {
	w := &waiter{ticket, decide}
	patience := min(time.Duration(t.timeoutMs)*time.Millisecond, s.config.MaxWait)
	return coordinator.Result{
		Parked: true,
		Timers: []coordinator.Timer{coordinator.Set(w.timer(id), now, patience)},
		Apply:  func() { s.waiting[id] = append(s.waiting[id], w) },
	}
}

// stopWaiting takes out who waits for an id.
func (s *Shard) stopWaiting(id string) []*waiter {
	list := s.waiting[id]
	delete(s.waiting, id)
	return list
}

// giveUpWaiting sends a request away that has waited long enough.
func (s *Shard) giveUpWaiting(key coordinator.TimerKey) coordinator.Result {
	list := s.waiting[key.Group]
	i := slices.IndexFunc(list, func(w *waiter) bool { return w.timer(key.Group) == key })
	if i < 0 {
		return coordinator.Result{}
	}
	return coordinator.Result{
		Answers: []coordinator.Answer{{Ticket: list[i].ticket, Err: kafka.ErrConcurrentTransactions}},
		Apply:   func() { s.setWaiting(key.Group, slices.Delete(list, i, i+1)) },
	}
}

// resume decides on the requests that waited for an id, one after the other, as
// long as none of them has to wait again.
func (s *Shard) resume(id string) func(now time.Time) coordinator.Result {
	return func(time.Time) coordinator.Result {
		list := s.waiting[id]
		if t, ok := s.ids.Get(id); len(list) == 0 || ok && t.state.preparing() {
			return coordinator.Result{}
		}
		w := list[0]
		return coordinator.Result{
			Timers: []coordinator.Timer{coordinator.Cancel(w.timer(id))},
			Apply:  func() { s.setWaiting(id, list[1:]) },
			Then: func(now time.Time) coordinator.Result {
				return each(answered(w.ticket, w.decide(now, w.ticket)), []func(time.Time) coordinator.Result{s.resume(id)})
			},
		}
	}
}

func (s *Shard) setWaiting(id string, list []*waiter) {
	if len(list) == 0 {
		delete(s.waiting, id)
		return
	}
	s.waiting[id] = list
}

// answered is a decision about a parked request: what would be its response
// becomes its answer, once everything that was written is committed.
func answered(ticket coordinator.Ticket, r coordinator.Result) coordinator.Result {
	if r.Parked {
		r.Parked = false // it waits on
		return r
	}
	if r.Err != nil {
		return coordinator.Result{Answers: []coordinator.Answer{{Ticket: ticket, Err: r.Err}}}
	}
	response, settled := r.Response, r.Settled
	r.Response = nil
	r.Settled = func(now time.Time, err error) coordinator.Result {
		out := coordinator.Result{}
		if settled != nil {
			out = settled(now, err)
		}
		answer := coordinator.Answer{Ticket: ticket, Response: response}
		if err != nil {
			answer = coordinator.Answer{Ticket: ticket, Err: err}
		}
		out.Answers = append(out.Answers, answer)
		return out
	}
	return r
}
