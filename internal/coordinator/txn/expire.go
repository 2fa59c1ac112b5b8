package txn

import (
	"math"
	"slices"
	"strings"
	"time"

	"github.com/gregor-stream/gregor/internal/coordinator"
	"github.com/gregor-stream/gregor/internal/kafka"
)

func (s *Shard) nextAbort(now time.Time) coordinator.Timer {
	return coordinator.Set(coordinator.TimerKey{Kind: abortTimer}, now, s.config.AbortInterval)
}

func (s *Shard) nextExpiry(now time.Time) coordinator.Timer {
	return coordinator.Set(coordinator.TimerKey{Kind: expiryTimer}, now, s.config.ExpireInterval)
}

// timedOut says that the transaction is open for longer than its producer asked
// for. The largest timeout is none (KIP-939).
func (t *transaction) timedOut(now time.Time) bool {
	return t.state == ongoing && t.timeoutMs != math.MaxInt32 && t.started+int64(t.timeoutMs) < now.UnixMilli()
}

// abortTimedOut aborts the transactions that took too long.
func (s *Shard) abortTimedOut(now time.Time) coordinator.Result {
	result := coordinator.Result{Timers: []coordinator.Timer{s.nextAbort(now)}}
	var late []string // few of many: they alone are sorted
	for id, t := range s.ids.All() {
		if t.timedOut(now) {
			late = append(late, id)
		}
	}
	slices.Sort(late)
	var due []func(time.Time) coordinator.Result
	for _, id := range late {
		t, _ := s.ids.Get(id)
		out := TimedOut{id, Producer{t.producer, t.epoch}}
		if s.level >= VersionEpochBump && exhausted(t.epoch) {
			result.Send = append(result.Send, out)
			continue
		}
		due = append(due, func(now time.Time) coordinator.Result { return s.AbortTimedOut(now, &out, kafka.NoProducerID) })
	}
	return each(result, due)
}

// AbortTimedOut aborts a transaction that took too long, where it is still open.
// It has no answer. fresh is as in InitProducerID.
func (s *Shard) AbortTimedOut(now time.Time, out *TimedOut, fresh kafka.ProducerID) coordinator.Result {
	t, ok := s.ids.Get(out.TransactionalID)
	if !ok || !t.timedOut(now) || (Producer{t.producer, t.epoch}) != out.Producer {
		return coordinator.Result{}
	}
	result, _ := s.abort(now, out.TransactionalID, t, fresh)
	return result
}

// expireIDs removes the ids that nobody used for long.
func (s *Shard) expireIDs(now time.Time) coordinator.Result {
	result := coordinator.Result{Divisible: true, Timers: []coordinator.Timer{s.nextExpiry(now)}}
	for id, t := range s.ids.Sorted(strings.Compare) {
		if t.state.idle() && t.updated <= now.Add(-s.config.Expiration).UnixMilli() {
			result.Records = append(result.Records, tombstone(id))
		}
	}
	return result
}
