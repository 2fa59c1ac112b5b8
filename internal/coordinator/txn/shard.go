package txn

import (
	"slices"
	"strings"
	"time"

	"github.com/gregor-stream/gregor/internal/coordinator"
	"github.com/gregor-stream/gregor/internal/kafka"
	"github.com/gregor-stream/gregor/internal/timeline"
)

// Shard is the transactional ids of one partition of __transaction_state. It is
// a coordinator.Shard.
//
// Invariant: every key of waiting has a request that waits, and a transaction
// whose markers are being written.
type Shard struct {
	config Config
	// epoch is the leader epoch of the partition: markers carry it, so that a
	// coordinator that was replaced cannot end a transaction any more.
	epoch int32
	level int16 // transaction.version of the cluster

	time timeline.Registry
	ids  *timeline.Map[string, *transaction]
	// last is the epoch before the current one, for ids where a retry may still
	// come with it (KIP-360). No record has it: after a failover a retry is
	// fenced, as in Kafka. It lies on the timeline so that a failed write takes
	// it back.
	last *timeline.Map[string, kafka.ProducerEpoch]
	// waiting are the requests that wait for the markers of the transaction
	// before, in the order in which they came.
	waiting map[string][]*waiter
}

// The timers of a shard.
const (
	abortTimer  uint8 = iota + 1 // of the shard: look for transactions that took too long
	expiryTimer                  // of the shard: look for unused ids
	waitTimer                    // of a waiting request
)

// New makes an empty shard, in a leader epoch of its partition, and at a level
// of transaction.version.
func New(config Config, epoch kafka.LeaderEpoch, level int16) *Shard {
	s := &Shard{config: config.WithDefaults(), epoch: int32(epoch), level: level, waiting: map[string][]*waiter{}}
	s.ids = timeline.NewMap[string, *transaction](&s.time)
	s.last = timeline.NewMap[string, kafka.ProducerEpoch](&s.time)
	return s
}

// SetLevel says that transaction.version is another.
func (s *Shard) SetLevel(level int16) coordinator.Result {
	return coordinator.Result{Apply: func() { s.level = level }}
}

// Replay implements coordinator.Shard.
func (s *Shard) Replay(offset kafka.Offset, _ kafka.ProducerID, r coordinator.Record) error {
	id, t, ok, err := parse(r)
	if err != nil {
		return replayError(offset, r, err)
	}
	s.time.At(offset)
	if !ok {
		return nil
	}
	s.last.Delete(id)
	if t == nil {
		s.ids.Delete(id)
	} else {
		s.ids.Put(id, t)
	}
	return nil
}

// ReplayEnd implements coordinator.Shard: nobody writes transactions about
// transactions.
func (s *Shard) ReplayEnd(offset kafka.Offset, _ kafka.ProducerID, _ bool) error {
	s.time.At(offset)
	return nil
}

// Commit implements coordinator.Shard.
func (s *Shard) Commit(end kafka.Offset) { s.time.Commit(end) }

// Revert implements coordinator.Shard. Who waits for markers that are not due
// any more begins anew.
func (s *Shard) Revert(_ time.Time, end kafka.Offset) coordinator.Result {
	s.time.Revert(end)
	var result coordinator.Result
	for _, id := range s.waitingIDs() {
		if t, ok := s.ids.Get(id); ok && t.state.preparing() {
			continue
		}
		for _, w := range s.stopWaiting(id) {
			result.Answers = append(result.Answers, coordinator.Answer{Ticket: w.ticket, Err: kafka.ErrCoordinatorNotAvailable})
			result.Timers = append(result.Timers, coordinator.Cancel(w.timer(id)))
		}
	}
	return result
}

// Loaded implements coordinator.Shard: the transactions that are decided and
// not complete get their markers, those of the coordinator before notwithstanding.
func (s *Shard) Loaded(now time.Time) coordinator.Result {
	result := coordinator.Result{Timers: []coordinator.Timer{s.nextAbort(now), s.nextExpiry(now)}}
	var due []func(time.Time) coordinator.Result
	for id, t := range s.ids.Sorted(strings.Compare) {
		if t.state.preparing() {
			due = append(due, func(time.Time) coordinator.Result { return coordinator.Result{Settled: s.sendMarkers(id, t)} })
		}
	}
	return each(result, due)
}

// each lets decisions follow one after the other.
func each(r coordinator.Result, next []func(time.Time) coordinator.Result) coordinator.Result {
	if len(next) == 0 {
		return r
	}
	if then := r.Then; then != nil {
		r.Then = func(now time.Time) coordinator.Result { return each(then(now), next) }
	} else {
		r.Then = func(now time.Time) coordinator.Result { return each(next[0](now), next[1:]) }
	}
	return r
}

// Expire implements coordinator.Shard.
func (s *Shard) Expire(now time.Time, key coordinator.TimerKey) coordinator.Result {
	switch key.Kind {
	case abortTimer:
		return s.abortTimedOut(now)
	case expiryTimer:
		return s.expireIDs(now)
	case waitTimer:
		return s.giveUpWaiting(key)
	}
	return coordinator.Result{}
}

// Unload implements coordinator.Shard.
func (s *Shard) Unload() []coordinator.Answer {
	var answers []coordinator.Answer
	for _, id := range s.waitingIDs() {
		for _, w := range s.stopWaiting(id) {
			answers = append(answers, coordinator.Answer{Ticket: w.ticket, Err: kafka.ErrNotCoordinator})
		}
	}
	return answers
}

func (s *Shard) waitingIDs() []string {
	ids := make([]string, 0, len(s.waiting))
	for id := range s.waiting {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	return ids
}

// put is the result of one step: the record, and what no record has.
func (s *Shard) put(id string, t *transaction, last kafka.ProducerEpoch) coordinator.Result {
	return coordinator.Result{
		Records: []coordinator.Record{record(id, t, s.level)},
		Apply: func() {
			if last != kafka.NoProducerEpoch {
				s.last.Put(id, last)
			}
		},
	}
}

// lastEpoch is the epoch before the current one, -1 where it is not known.
func (s *Shard) lastEpoch(id string) kafka.ProducerEpoch {
	if last, ok := s.last.Get(id); ok {
		return last
	}
	return kafka.NoProducerEpoch
}
