package quorum

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"go.etcd.io/raft/v3/raftpb"

	"github.com/gregor-stream/gregor/internal/batch"
	"github.com/gregor-stream/gregor/internal/controller"
	"github.com/gregor-stream/gregor/internal/kafka"
	"github.com/gregor-stream/gregor/internal/metadata"
	"github.com/gregor-stream/gregor/internal/msg"
)

// leadership is what only the leader has. Losing leadership is forgetting it.
type leadership struct {
	// leading: the library says that this node leads.
	leading bool
	// active: what this leader's epoch began with is committed and applied, so
	// it may decide.
	active bool
	epoch  kafka.LeaderEpoch

	// working is the image with everything proposed; next is its end.
	// Invariant: committed <= next.
	working  *metadata.Image
	next     kafka.Offset
	liveness *controller.Liveness
	// pending is what was proposed and is not committed, in order, so that
	// committing needs no second reading.
	pending []proposal
	bytes   int
	waiting []waiter // by end, in order

	balanceAt, noopAt time.Time
}

// proposal is one batch of decided records, and what it comes to.
type proposal struct {
	base, end kafka.Offset
	after     *metadata.Image
	delta     *metadata.Delta
	bytes     int
	at        kafka.Timestamp // of its records
	// marker: a metadata transaction begins or ends in it; then the loader
	// says what may be seen.
	marker bool
}

// pendingBytesMax stops the deciding while so much is not committed.
const pendingBytesMax = 64 << 20

// accepts says whether requests are taken from the queue. While nobody leads
// they wait there: an election takes about as long as a client's patience.
func (q *Quorum) accepts() bool {
	if q.lead.active {
		return q.lead.bytes < pendingBytesMax
	}
	return !q.lead.leading && q.raft.BasicStatus().Lead != 0
}

// drop answers everything that waits with an error and forgets leadership.
func (l *leadership) drop(err error) {
	for _, w := range l.waiting {
		w.to.reply(nil, err)
	}
	*l = leadership{}
}

// become begins a leadership: its first entry is not in the log yet.
func (l *leadership) become(epoch kafka.LeaderEpoch) { *l = leadership{leading: true, epoch: epoch} }

// activate begins to decide, on what is committed, and writes the records
// that a leader begins with.
func (q *Quorum) activate(now time.Time) error {
	l := &q.lead
	l.active = true
	l.working, l.next = q.loader.Working(), q.applied
	l.liveness = controller.NewLiveness(now, l.working, q.cfg.Env)
	l.balanceAt, l.noopAt = now.Add(q.cfg.BalanceInterval), now.Add(q.cfg.MaxIdle)
	level := slog.LevelDebug // a voter that is alone always leads
	if q.watched() {
		level = slog.LevelInfo
	}
	q.cfg.Logger.Log(context.Background(), level, "this node is the active controller", "epoch", int32(l.epoch), "offset", int64(l.next))
	_, open := q.loader.Transaction()
	if open { // what it left half done is not decided on
		l.working = q.loader.Image().At(l.next, l.epoch)
	}
	result := controller.Activate(q.input(now), q.bootstrap, open)
	if err := q.propose(now, result.Records); err != nil {
		return fmt.Errorf("write the records that a controller begins with: %w", err)
	}
	return nil
}

// proposeAll proposes a decision's records: in one batch, or where they may be
// divided in as many as they need.
func (q *Quorum) proposeAll(now time.Time, r *controller.Result) error {
	records := r.Records
	for r.Divisible && len(records) > batchRecordsMax {
		if err := q.propose(now, records[:batchRecordsMax]); err != nil {
			return err
		}
		records = records[batchRecordsMax:]
	}
	return q.propose(now, records)
}

// propose applies records to the working image and gives them to Raft, as one
// batch. An error is the decision's fault: nothing was written.
func (q *Quorum) propose(now time.Time, records []metadata.Record) error {
	if len(records) == 0 {
		return nil
	}
	l := &q.lead
	after, delta, err := l.working.Apply(l.next, l.epoch, records)
	if err != nil {
		q.cfg.Logger.Error("a decision does not fit the metadata and is not written", "error", err)
		return kafka.ErrUnknownServerError
	}
	encoded, err := encodeBatch(q.builder, l.next, l.epoch, now, records)
	if err != nil {
		return kafka.Errorf(kafka.ErrPolicyViolation, "%s", err)
	}
	p := proposal{base: l.next, end: after.Offset, after: after, delta: delta, bytes: len(encoded), at: kafka.Timestamp(now.UnixMilli()), marker: hasMarker(records)}
	if err := q.proposeBatch(batch.Batch(encoded)); err != nil {
		return kafka.Errorf(kafka.ErrNotController, "the quorum takes no records now: %s", err)
	}
	l.working, l.next = after, p.end
	l.pending = append(l.pending, p)
	l.bytes += p.bytes
	l.noopAt = now.Add(q.cfg.MaxIdle)
	return nil
}

func hasMarker(records []metadata.Record) bool {
	return slices.ContainsFunc(records, func(r metadata.Record) bool {
		switch r.Message.(type) {
		case *msg.BeginTransactionRecord, *msg.EndTransactionRecord, *msg.AbortTransactionRecord:
			return true
		}
		return false
	})
}

// proposeBatch gives the entries of one batch to the library in one message,
// which takes all or none.
func (q *Quorum) proposeBatch(b batch.Batch) error {
	kind := raftpb.MsgProp
	self := raftID(q.cfg.Env.NodeID)
	return q.raft.Step(&raftpb.Message{Type: &kind, From: &self, Entries: appendEntries(nil, b)})
}

// publishOwn publishes what this leader proposed and is committed now, without
// reading it again.
func (q *Quorum) publishOwn(end kafka.Offset) {
	l := &q.lead
	for len(l.pending) > 0 && l.pending[0].end <= end && l.pending[0].base == q.applied {
		p := l.pending[0]
		if p.marker {
			break // the loader reads it
		}
		if _, open := q.loader.Transaction(); open {
			break
		}
		l.pending = l.pending[1:]
		l.bytes -= p.bytes
		q.loader = metadata.NewLoader(p.after)
		q.applied, q.lastAppend = p.end, p.at
		q.snap.bytes += int64(p.bytes)
		q.publish(p.delta)
	}
}

// respond answers who waited for what is committed now.
func (q *Quorum) respond() {
	l := &q.lead
	n := 0
	for n < len(l.waiting) && l.waiting[n].end <= q.applied {
		l.waiting[n].to.reply(l.waiting[n].response, nil)
		n++
	}
	l.waiting = slices.Delete(l.waiting, 0, n)
	if len(l.waiting) == 0 {
		l.waiting = nil
	}
	if len(l.pending) == 0 {
		l.pending = nil
	}
}

// onTimer does what is due: fencing, balancing, a sign of life.
func (q *Quorum) onTimer(now time.Time) error {
	l := &q.lead
	if !l.active {
		return nil
	}
	if at, ok := l.liveness.NextExpiry(l.working); ok && now.After(at) {
		result := controller.FenceStaleBroker(q.input(now))
		if err := q.proposeAll(now, &result); err != nil {
			return err
		}
	}
	if q.cfg.BalanceInterval > 0 && !now.Before(l.balanceAt) {
		l.balanceAt = now.Add(q.cfg.BalanceInterval)
		for _, decide := range []func(controller.Input) controller.Result{controller.BalanceLeaders, controller.ElectUnclean} {
			result := decide(q.input(now))
			if err := q.propose(now, result.Records); err != nil {
				return err
			}
			if more, _ := result.Response.(bool); more {
				l.balanceAt = now
			}
		}
	}
	if q.watched() && q.cfg.MaxIdle > 0 && !now.Before(l.noopAt) {
		return q.propose(now, []metadata.Record{{Message: &msg.NoOpRecord{}}})
	}
	return nil
}

// watched says whether somebody else follows the log, who learns from its
// growth that the leader lives.
func (q *Quorum) watched() bool { return len(q.members.voters) > 1 }

// nextTimer is when onTimer has something to do; false: never.
func (q *Quorum) nextTimer() (time.Time, bool) {
	l := &q.lead
	if !l.active {
		return time.Time{}, false
	}
	next, ok := l.liveness.NextExpiry(l.working)
	if ok {
		next = next.Add(time.Millisecond)
	}
	earlier := func(at time.Time) {
		if !ok || at.Before(next) {
			next, ok = at, true
		}
	}
	if q.cfg.BalanceInterval > 0 {
		earlier(l.balanceAt)
	}
	if q.watched() && q.cfg.MaxIdle > 0 {
		earlier(l.noopAt)
	}
	return next, ok
}
