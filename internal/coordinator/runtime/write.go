package runtime

import (
	"time"

	"github.com/gregor-stream/gregor/internal/batch"
	"github.com/gregor-stream/gregor/internal/coordinator"
	"github.com/gregor-stream/gregor/internal/kafka"
)

// write is an operation that is being carried out; nil stands for what nobody
// asked for, such as a timer.
type write struct {
	ticket   coordinator.Ticket
	reply    chan outcome
	read     bool
	producer *Producer // see operation
	parked   bool
	response any
}

// recordOverhead bounds what a record takes in a batch besides key and value.
const recordOverhead = 32

// carryOut carries out a result and all that follow it.
func (s *shard[S]) carryOut(now time.Time, w *write, result coordinator.Result) {
	for {
		if err := s.step(now, w, &result); err != nil {
			s.refuse(now, w, &result, err)
			return
		}
		if result.Then == nil {
			break
		}
		result = result.Then(now)
	}
	switch {
	case w == nil || w.parked:
	case w.read || len(s.pending) == 0 && s.next <= s.highWatermark:
		w.reply <- outcome{response: w.response}
	default:
		s.await(now, entry{reply: w.reply, response: w.response})
	}
}

// step carries out one result.
func (s *shard[S]) step(now time.Time, w *write, result *coordinator.Result) error {
	if result.Err != nil {
		return result.Err
	}
	if err := s.write(now, w, result); err != nil {
		return err
	}
	if w != nil && result.Parked {
		w.parked = true
		s.parked[w.ticket] = w.reply
	}
	if w != nil && result.Response != nil {
		w.response = result.Response
	}
	if result.Apply != nil {
		result.Apply()
	}
	for _, t := range result.Timers {
		s.order++
		s.timers.set(s.order, t)
	}
	for _, a := range result.Answers {
		s.answer(a)
	}
	for _, m := range result.Send {
		s.r.config.Deliver(s.partition, s.epoch, m)
	}
	if result.Settled != nil {
		s.await(now, entry{settled: result.Settled})
	}
	return nil
}

// refuse fails an operation whose result could not be carried out.
func (s *shard[S]) refuse(now time.Time, w *write, result *coordinator.Result, err error) {
	if w != nil && w.parked {
		s.answer(coordinator.Answer{Ticket: w.ticket, Err: err})
	} else if w != nil {
		w.reply <- outcome{err: err}
	}
	if result.Err == nil && result.Settled != nil {
		s.carryOut(now, nil, result.Settled(now, err))
	}
}

// write replays the records and puts them into the batch.
func (s *shard[S]) write(now time.Time, w *write, result *coordinator.Result) error {
	if len(result.Records) == 0 {
		return nil
	}
	limit := s.log.MaxBatchBytes()
	size := 0
	for i := range result.Records {
		n := recordSize(&result.Records[i])
		size += n
		if result.Divisible && n+batch.HeaderSize > limit || !result.Divisible && size+batch.HeaderSize > limit {
			return kafka.Errorf(kafka.ErrRecordListTooLarge,
				"%d records take more than the %d bytes of max.message.bytes", len(result.Records), limit)
		}
	}
	if w != nil && w.producer != nil {
		return s.writeInTransaction(now, w.producer, result.Records)
	}
	if !result.Divisible && s.batch.Count() > 0 && s.batch.Size()+size > limit {
		s.append()
	}
	for i := range result.Records {
		if s.batch.Count() > 0 && s.batch.Size()+recordSize(&result.Records[i]) > limit {
			s.append()
		}
		if s.failed != nil {
			return kafka.ErrNotCoordinator
		}
		if err := s.record(now, result.Records[i]); err != nil {
			return err
		}
	}
	return nil
}

// batchOptions are those of Kafka's coordinators: most have no producer, and yet
// a first sequence number of 0.
func batchOptions[S coordinator.Shard](c *Config[S]) batch.Options {
	o := batch.Options{Codec: c.Codec}
	if !c.Unsequenced {
		o.Producer = &batch.Producer{ID: kafka.NoProducerID, Epoch: kafka.NoProducerEpoch}
	}
	return o
}

func recordSize(r *coordinator.Record) int { return len(r.Key) + len(r.Value) + recordOverhead }

func (s *shard[S]) record(now time.Time, r coordinator.Record) error {
	if err := s.machine.Replay(s.next, kafka.NoProducerID, r); err != nil {
		s.fail("replay its own record", err)
		return kafka.ErrNotCoordinator
	}
	if s.batch.Count() == 0 {
		s.batch.Reset(s.options)
		s.base = s.next
	}
	s.batch.Append(kafka.Timestamp(now.UnixMilli()), r.Key, r.Value)
	s.next++
	return nil
}

// answer lets a parked request go. Nobody waiting is no error: the request was
// answered by the end of its state.
func (s *shard[S]) answer(a coordinator.Answer) {
	if reply, ok := s.parked[a.Ticket]; ok {
		delete(s.parked, a.Ticket)
		reply <- outcome{response: a.Response, err: a.Err}
	}
}

// await lets e wait until everything that is written now is committed.
func (s *shard[S]) await(now time.Time, e entry) {
	e.end = s.next
	e.deadline = now.Add(s.r.config.WriteTimeout)
	if s.pending == nil {
		s.pending = s.room[:0]
	}
	s.pending = append(s.pending, e)
}

func (e *entry) answer(out outcome) {
	if e.reply != nil {
		e.reply <- out
	}
}

// flush writes the batch, and settles what is committed, until nothing more
// comes of it.
func (s *shard[S]) flush() {
	for s.failed == nil {
		s.append()
		s.advance()
		if s.batch == nil || s.batch.Count() == 0 {
			break
		}
	}
	// What nobody waits for, such as what a timer wrote, is to be committed too:
	// the log may move its high watermark only for who watches.
	uncommitted := s.failed == nil && (len(s.pending) > 0 || s.next > s.highWatermark)
	s.watch(uncommitted)
	if uncommitted {
		s.advance() // who watches first and looks then misses nothing
	}
}

// append writes the batch. Where that fails, what was replayed is taken back.
func (s *shard[S]) append() {
	if s.batch == nil || s.batch.Count() == 0 {
		return
	}
	now := time.Now()
	var err error
	if s.encoded, err = s.batch.Build(s.encoded[:0]); err == nil {
		var base kafka.Offset
		if base, err = s.log.Append(now, s.encoded, AppendOptions{}); err == nil && base != s.base {
			err = kafka.Errorf(kafka.ErrNotCoordinator, "records for offset %d were written at %d", s.base, base)
			s.fail("write", err)
			return
		}
	}
	s.batch.Reset(s.options)
	if cap(s.encoded) > encodedKeep {
		s.encoded = nil
	}
	if err != nil {
		s.revert(now, err)
	}
}

// encodedKeep is the largest buffer that a shard keeps between writes.
const encodedKeep = 64 << 10

// revert takes back the records of the batch that could not be written, and
// fails who waits for them.
func (s *shard[S]) revert(now time.Time, err error) {
	s.next = s.base
	first := len(s.pending)
	for first > 0 && s.pending[first-1].end > s.base {
		first--
	}
	failed := append([]entry(nil), s.pending[first:]...)
	clear(s.pending[first:])
	s.pending = s.pending[:first]
	s.carryOut(now, nil, s.machine.Revert(now, s.base))
	for _, e := range failed {
		if e.read != nil {
			e.read(now)
			continue
		}
		e.answer(outcome{err: err})
		if e.settled != nil {
			s.carryOut(now, nil, e.settled(now, err))
		}
	}
}

// advance commits what the high watermark has passed, and answers.
func (s *shard[S]) advance() {
	if s.failed != nil {
		return
	}
	if hw := min(s.log.HighWatermark(), s.written()); hw > s.highWatermark {
		s.highWatermark = hw
		s.machine.Commit(hw)
	}
	now := time.Now()
	for len(s.pending) > 0 && s.pending[0].end <= s.highWatermark {
		s.settleFirst(now, nil)
	}
}

// written is the end of what is in the log.
func (s *shard[S]) written() kafka.Offset {
	if s.batch != nil && s.batch.Count() > 0 {
		return s.base
	}
	return s.next
}

// settleFirst ends the waiting of the first entry.
func (s *shard[S]) settleFirst(now time.Time, err error) {
	e := s.pending[0]
	s.pending[0] = entry{}
	if s.pending = s.pending[1:]; len(s.pending) == 0 {
		s.pending, s.room[0] = nil, entry{}
	}
	out := outcome{response: e.response}
	if err != nil {
		out = outcome{err: err}
	}
	if e.read != nil { // also where it waited for too long: it sees what is committed
		e.read(now)
		return
	}
	e.answer(out)
	if e.settled != nil {
		s.carryOut(now, nil, e.settled(now, err))
	}
}

// watch begins or ends watching the high watermark.
func (s *shard[S]) watch(on bool) {
	switch {
	case on && s.moved == nil:
		s.moved, s.stopWatch = s.log.Watch()
	case !on && s.moved != nil:
		s.stopWatch()
		s.moved, s.stopWatch = nil, nil
	}
}
