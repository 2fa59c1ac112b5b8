package runtime

import (
	"context"
	"time"

	"github.com/gregor-stream/gregor/internal/coordinator"
	"github.com/gregor-stream/gregor/internal/coordinator/txn"
	"github.com/gregor-stream/gregor/internal/kafka"
)

// MarkerWriter writes the markers of a transaction to partitions, wherever they
// are led, and says for each how that went, when it is committed.
type MarkerWriter interface {
	WriteMarkers(ctx context.Context, m *Marker, partitions []kafka.TopicPartition) []kafka.Error
}

// Between two tries to write markers, and to write down that they are written.
const (
	retryFirst = 10 * time.Millisecond
	retryMax   = time.Second
)

// deliver takes what the shards send. Each transaction has at most one message
// under way, so that their number is bounded by that of the transactional ids.
func (t *Transactions) deliver(partition int32, epoch kafka.LeaderEpoch, message any) {
	t.sending.Go(func() {
		switch m := message.(type) {
		case txn.Markers:
			t.finish(partition, epoch, &m)
		case txn.TimedOut:
			t.abortTimedOut(partition, &m)
		}
	})
}

// finish writes the markers of a transaction, and then that it is complete. It
// goes on until that is done, or another coordinator has taken over.
func (t *Transactions) finish(partition int32, epoch kafka.LeaderEpoch, m *txn.Markers) {
	marker := &Marker{
		ID: m.Producer.ID, Epoch: m.Producer.Epoch, CoordinatorEpoch: m.CoordinatorEpoch, Commit: m.Commit, Version: m.Version,
	}
	left := m.Partitions
	for wait := retryFirst; ; wait = min(2*wait, retryMax) {
		codes := t.config.Markers.WriteMarkers(t.ctx, marker, left)
		var again []kafka.TopicPartition
		for i, p := range left {
			switch code := codes[i]; code {
			case kafka.ErrNone:
			case kafka.ErrTransactionCoordinatorFenced:
				t.config.Log.Info("another coordinator ends the transaction", "id", m.TransactionalID, "partition", p)
				return
			case kafka.ErrInvalidProducerEpoch, kafka.ErrUnsupportedForMessageFormat, kafka.ErrUnsupportedVersion:
				// A later producer is at work there: this transaction is over.
				t.config.Log.Warn("a transaction's marker was refused", "id", m.TransactionalID, "partition", p, "code", code.Error())
			default:
				again = append(again, p)
			}
		}
		if left = again; len(left) == 0 {
			break
		}
		t.config.Log.Debug("markers are tried again", "id", m.TransactionalID, "partitions", left)
		if !t.pause(partition, epoch, wait) {
			return
		}
	}
	for wait := retryFirst; ; wait = min(2*wait, retryMax) {
		_, err := t.Write(t.ctx, partition, func(s *txn.Shard, now time.Time, _ coordinator.Ticket) coordinator.Result {
			return s.Complete(now, m)
		})
		if err == nil {
			return
		}
		if !t.pause(partition, epoch, wait) {
			return
		}
		t.config.Log.Warn("a transaction could not be completed; it is tried again", "id", m.TransactionalID, "error", err)
	}
}

// pause waits, and says whether to go on.
func (t *Transactions) pause(partition int32, epoch kafka.LeaderEpoch, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return t.Leads(partition, epoch)
	case <-t.ctx.Done():
		return false
	}
}

// abortTimedOut gets the producer id that an abort needs. Where there is none,
// the next look at the transactions asks again.
func (t *Transactions) abortTimedOut(partition int32, out *txn.TimedOut) {
	_, err := t.decide(t.ctx, partition,
		func(s *txn.Shard, now time.Time, _ coordinator.Ticket, fresh kafka.ProducerID) coordinator.Result {
			return s.AbortTimedOut(now, out, fresh)
		})
	if err != nil {
		t.config.Log.Warn("a transaction that took too long could not be aborted", "id", out.TransactionalID, "error", err)
	}
}
