package quorum

import (
	"context"
	"time"

	"github.com/gregor-stream/gregor/internal/controller"
	"github.com/gregor-stream/gregor/internal/kafka"
)

// request is one call of Execute.
type request struct {
	decide func(in controller.Input) controller.Result
	answer chan answer // has room for the one answer
}

// answer is what Execute returns.
type answer struct {
	response any
	err      error
}

func (r *request) reply(response any, err error) { r.answer <- answer{response, err} }

// Execute has a decision taken on the newest, uncommitted image, one at a
// time, and returns its response when its records are committed, applied and
// published. A decision that writes nothing is answered when everything that
// it saw is committed. Concurrent calls share a sync. Errors: the decision's
// own (Result.Err), kafka.ErrNotController where this node does not lead (the
// records may still be committed where leadership was lost in between), and
// ctx's; after ctx's error the records may be committed.
//
// decide runs on the quorum's goroutine: it must be quick and call nothing
// that waits.
func (q *Quorum) Execute(ctx context.Context, decide func(in controller.Input) controller.Result) (any, error) {
	r := &request{decide: decide, answer: make(chan answer, 1)}
	select {
	case q.requests <- r:
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-q.done:
		return nil, errClosed
	}
	select {
	case a := <-r.answer:
		return a.response, a.err
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-q.done:
	}
	select { // Run may have answered just before it ended
	case a := <-r.answer:
		return a.response, a.err
	default:
		return nil, errClosed
	}
}

// waiter is an answer that waits until the log is committed up to end.
type waiter struct {
	end kafka.Offset
	to  *request
	answer
}

// serve decides one request, as the active controller.
func (q *Quorum) serve(r *request, now time.Time) {
	l := &q.lead
	result := r.decide(q.input(now))
	if result.Err != nil {
		r.reply(nil, result.Err)
		return
	}
	if err := q.proposeAll(now, &result); err != nil {
		r.reply(nil, err)
		return
	}
	for _, h := range result.Heard {
		l.liveness.Note(h, l.next)
	}
	if l.next <= q.applied { // all that it saw is committed and published
		r.reply(result.Response, nil)
		return
	}
	l.waiting = append(l.waiting, waiter{end: l.next, to: r, answer: answer{response: result.Response}})
}

func (q *Quorum) input(now time.Time) controller.Input {
	return controller.Input{
		Now: now, Image: q.lead.working, Next: q.lead.next, Rand: q.cfg.Rand, Env: q.cfg.Env, Liveness: q.lead.liveness,
	}
}
