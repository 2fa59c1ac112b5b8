package runtime

import (
	"context"
	"maps"
	"slices"
	"sync/atomic"
	"time"

	"github.com/gregor-stream/gregor/internal/batch"
	"github.com/gregor-stream/gregor/internal/coordinator"
	"github.com/gregor-stream/gregor/internal/kafka"
)

// Decision is what a request wants of a shard.
type Decision[S coordinator.Shard] func(shard S, now time.Time, ticket coordinator.Ticket) coordinator.Result

// operation is a decision that waits in a shard's queue.
type operation[S coordinator.Shard] struct {
	decide Decision[S]
	read   bool // answer at once, whatever is not committed yet
	// producer writes in its transaction; nil: the coordinator for itself.
	producer *Producer
	marker   *Marker // instead of decide: the end of a transaction
	reply    chan outcome
}

type outcome struct {
	response any
	err      error
}

// shard is one partition. Its goroutine owns everything below done.
//
// The goroutine takes operations one after the other; as long as more are
// waiting it collects their records in one batch, which is written when none is
// left or it is full. So a lone commit is written at once, and many share a
// write without waiting for a timer.
type shard[S coordinator.Shard] struct {
	r         *Runtime[S]
	partition int32
	epoch     kafka.LeaderEpoch
	after     <-chan struct{} // the shard of an older epoch ends first
	started   bool            // guarded by r.mu
	resigned  bool            // guarded by r.mu
	loading   atomic.Bool
	queue     chan operation[S]
	quit      chan struct{}
	done      chan struct{} // closed when nobody will be answered any more

	log     Log
	machine S
	next    kafka.Offset // what the next record will have
	// highWatermark is what the machine has been told of it.
	highWatermark kafka.Offset
	batch         *batch.Builder
	options       batch.Options // of every batch
	encoded       []byte
	base          kafka.Offset // of the batch that is being collected
	timers        *timers
	order         uint64
	tickets       coordinator.Ticket
	parked        map[coordinator.Ticket]chan outcome
	// pending is what waits for the high watermark, in order. It is bounded by
	// the requests that connections may have, one each.
	pending   []entry
	room      [1]entry        // of pending: a lone write waits often
	moved     <-chan struct{} // while pending is not empty
	stopWatch func()
	failed    error // the log and the machine have parted: nothing is served
}

// entry waits for everything below end to be committed.
type entry struct {
	end      kafka.Offset
	deadline time.Time
	reply    chan outcome // nil: nobody waits
	response any
	settled  func(now time.Time, err error) coordinator.Result
	read     func(now time.Time) // a read that waited
}

func newShard[S coordinator.Shard](r *Runtime[S], partition int32, epoch kafka.LeaderEpoch) *shard[S] {
	return &shard[S]{
		r: r, partition: partition, epoch: epoch,
		quit: make(chan struct{}), done: make(chan struct{}), options: batchOptions(&r.config),
	}
}

func sorted[S coordinator.Shard](shards map[int32]*shard[S]) []*shard[S] {
	out := make([]*shard[S], 0, len(shards))
	for _, p := range slices.Sorted(maps.Keys(shards)) {
		out = append(out, shards[p])
	}
	return out
}

// empty says that there is nothing to load. The caller holds r.mu.
func (s *shard[S]) empty() bool {
	log, err := s.r.config.Logs.Lead(s.partition, s.epoch)
	return err == nil && log.StartOffset() == log.EndOffset()
}

// start starts the goroutine, once. The caller holds r.mu.
func (s *shard[S]) start() {
	if s.started || s.resigned {
		return
	}
	s.started = true
	s.queue = make(chan operation[S], queueMax)
	s.r.running.Go(s.run)
}

// resign ends the goroutine. The caller holds r.mu.
func (s *shard[S]) resign() {
	if s.resigned {
		return
	}
	s.resigned = true
	close(s.quit)
	if !s.started {
		close(s.done)
	}
}

// ask puts an operation into the queue and waits for its answer.
func (s *shard[S]) ask(ctx context.Context, op operation[S]) (any, error) {
	op.reply = make(chan outcome, 1)
	select {
	case s.queue <- op:
	case <-s.done:
		return nil, kafka.ErrNotCoordinator
	case <-ctx.Done():
		return nil, kafka.ErrCoordinatorNotAvailable
	}
	select {
	case out := <-op.reply:
		return out.response, out.err
	case <-ctx.Done():
		return nil, kafka.ErrCoordinatorNotAvailable
	case <-s.done:
	}
	select {
	case out := <-op.reply: // it was answered before the end
		return out.response, out.err
	default:
		return nil, kafka.ErrNotCoordinator
	}
}

// run is the shard's goroutine.
func (s *shard[S]) run() {
	defer close(s.done)
	if s.after != nil {
		<-s.after
	}
	s.timers = newTimers()
	s.parked = map[coordinator.Ticket]chan outcome{}
	s.machine = s.r.config.Make(s.partition, s.epoch)
	switch err := s.load(); {
	case s.leaving():
		s.loading.Store(false)
		s.unload()
		return
	case err != nil:
		s.fail("load", err)
	default:
		s.carryOut(time.Now(), nil, s.machine.Loaded(time.Now()))
		s.flush()
	}
	s.loading.Store(false)
	clock := time.NewTimer(time.Hour)
	defer clock.Stop()
	for {
		clock.Reset(s.sleep())
		select {
		case op := <-s.queue:
			s.decide(op)
			s.drain()
		case <-s.moved:
		case <-clock.C:
			s.expire()
		case <-s.quit:
			s.unload()
			return
		}
		s.flush()
	}
}

// leaving says that the shard has been told to end.
func (s *shard[S]) leaving() bool {
	select {
	case <-s.quit:
		return true
	default:
		return false
	}
}

// drain takes what else is waiting, as much as the queue holds at once.
func (s *shard[S]) drain() {
	for range queueMax {
		select {
		case op := <-s.queue:
			s.decide(op)
		default:
			return
		}
	}
}

// decide carries out one operation.
func (s *shard[S]) decide(op operation[S]) {
	if s.failed != nil {
		op.reply <- outcome{err: kafka.ErrNotCoordinator}
		return
	}
	now := time.Now()
	if op.marker != nil {
		s.endTransaction(now, op.marker, op.reply)
		return
	}
	if op.read && s.catchingUp() {
		s.await(now, entry{reply: op.reply, read: func(now time.Time) { s.execute(now, op) }})
		return
	}
	s.execute(now, op)
}

// execute asks the machine, unless it has failed meanwhile: what was to be
// written before a read may be what it failed by.
func (s *shard[S]) execute(now time.Time, op operation[S]) {
	if s.failed != nil {
		op.reply <- outcome{err: kafka.ErrNotCoordinator}
		return
	}
	s.tickets++
	w := &write{ticket: s.tickets, reply: op.reply, read: op.read, producer: op.producer}
	s.carryOut(now, w, op.decide(s.machine, now, w.ticket))
}

// catchingUp says that what was written is about to be committed.
func (s *shard[S]) catchingUp() bool {
	if s.next <= s.highWatermark {
		return false
	}
	s.append()
	s.advance()
	return s.failed == nil && s.next > s.highWatermark && s.log.Behind()
}

// sleep is how long nothing is due.
func (s *shard[S]) sleep() time.Duration {
	wait := time.Hour
	if at, ok := s.timers.next(); ok {
		wait = min(wait, time.Until(at))
	}
	if len(s.pending) > 0 {
		wait = min(wait, time.Until(s.pending[0].deadline))
	}
	return max(wait, 0)
}

// expire runs the timers that are due, and gives up writes that wait too long.
func (s *shard[S]) expire() {
	now := time.Now()
	for range queueMax { // more are due at once the next time round
		key, ok := s.timers.due(now)
		if !ok {
			break
		}
		s.carryOut(now, nil, s.machine.Expire(now, key))
	}
	for len(s.pending) > 0 && !s.pending[0].deadline.After(now) {
		s.settleFirst(now, kafka.ErrRequestTimedOut)
	}
}

// unload answers everybody: this node leads the partition no more.
func (s *shard[S]) unload() {
	for _, answer := range s.machine.Unload() {
		s.answer(answer)
	}
	for _, e := range s.pending {
		e.answer(outcome{err: kafka.ErrNotCoordinator})
	}
	for _, reply := range s.parked {
		reply <- outcome{err: kafka.ErrNotCoordinator}
	}
	s.pending, s.parked = nil, nil
	s.watch(false)
}

// fail ends service: the machine cannot be trusted any more, or never was. A
// new election begins anew.
func (s *shard[S]) fail(what string, err error) {
	s.failed = err
	s.r.config.Log.Error("a coordinator cannot serve its partition", "what", what,
		"topic", s.r.config.Topic, "partition", s.partition, "epoch", s.epoch, "error", err)
	s.unload()
	s.parked = map[coordinator.Ticket]chan outcome{}
	s.timers = newTimers()
}
