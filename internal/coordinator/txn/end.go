package txn

import (
	"time"

	"github.com/gregor-stream/gregor/internal/coordinator"
	"github.com/gregor-stream/gregor/internal/kafka"
)

// End is a producer that ends its transaction.
type End struct {
	TransactionalID string
	Producer        Producer
	Commit          bool
	Version         int16 // as in Enlist
}

// EndTxn decides the producer's transaction. Its answer is a Producer: with
// transactions v2 what the producer goes on with, otherwise NoProducer. The
// answer does not wait for the markers. fresh is as in InitProducerID.
func (s *Shard) EndTxn(now time.Time, req *End, fresh kafka.ProducerID) coordinator.Result {
	t, ok := s.ids.Get(req.TransactionalID)
	switch {
	case req.TransactionalID == "":
		return coordinator.Fail(kafka.ErrInvalidRequest)
	case !ok:
		return coordinator.Fail(kafka.ErrInvalidProducerIDMapping)
	}
	if req.Version >= VersionEpochBump {
		return s.endV2(now, t, req, fresh)
	}
	return s.endV1(now, t, req)
}

// endV1 ends a transaction whose epoch is that of the one before and the next:
// a request that comes late cannot be told from one that comes in time.
func (s *Shard) endV1(now time.Time, t *transaction, req *End) coordinator.Result {
	same := t.state == prepareCommit || t.state == completeCommit
	same = same == req.Commit
	switch {
	case t.producer != req.Producer.ID:
		return coordinator.Fail(kafka.ErrInvalidProducerIDMapping)
	case t.epoch != req.Producer.Epoch:
		return coordinator.Fail(kafka.ErrProducerFenced)
	case t.state.preparing():
		return coordinator.Fail(kafka.ErrConcurrentTransactions)
	case t.state == empty || t.state.complete() && !same:
		return coordinator.Fail(kafka.ErrInvalidTxnState)
	case t.state.complete():
		return coordinator.Respond(NoProducer())
	}
	result, _ := s.prepare(now, req.TransactionalID, t, req.Commit, 0, kafka.NoProducerID)
	result.Response = NoProducer()
	return result
}

// endV2 ends a transaction of transactions v2. The epoch tells a retry, which
// has the epoch before, from the end of the next transaction:
//
//	                 abort              commit
//	                 retry  current     retry  current
//	Empty            fenced new epoch   fenced invalid
//	CompleteAbort    same   new epoch   invalid invalid
//	CompleteCommit   invalid new epoch  same   invalid
func (s *Shard) endV2(now time.Time, t *transaction, req *End, fresh kafka.ProducerID) coordinator.Result {
	if t.state.preparing() {
		return coordinator.Fail(kafka.ErrConcurrentTransactions)
	}
	current := req.Producer.Epoch == t.epoch
	rotated := t.previous == req.Producer.ID && req.Producer.Epoch == maxEpoch-1 && t.epoch == 0
	retry := rotated || int(t.epoch) == int(req.Producer.Epoch)+1
	switch {
	case t.producer != req.Producer.ID && !rotated:
		return coordinator.Fail(kafka.ErrInvalidProducerIDMapping)
	case !current && !(retry && t.state.complete()):
		return coordinator.Fail(kafka.ErrProducerFenced)
	case retry && (t.state == completeCommit) == req.Commit:
		return coordinator.Respond(Producer{t.producer, t.epoch})
	case retry, req.Commit && t.state != ongoing:
		return coordinator.Fail(kafka.ErrInvalidTxnState)
	}
	result, next := s.prepare(now, req.TransactionalID, t, req.Commit, VersionEpochBump, fresh)
	if result.Err != nil {
		return result
	}
	producer, epoch := next.goesOnWith()
	result.Response = Producer{producer, epoch}
	return result
}

// prepare decides a transaction, and sends the markers when that is committed.
func (s *Shard) prepare(
	now time.Time, id string, t *transaction, commit bool, version int16, fresh kafka.ProducerID,
) (coordinator.Result, *transaction) {
	last := kafka.NoProducerEpoch
	if version >= VersionEpochBump {
		last = t.epoch
		if !exhausted(t.epoch) {
			fresh = kafka.NoProducerID
		} else if fresh == kafka.NoProducerID {
			return coordinator.Fail(ErrNeedProducerID), nil
		}
	}
	next := t.prepare(now.UnixMilli(), commit, version, fresh)
	result := s.put(id, next, last)
	var decided *transaction // as Replay has put it
	apply := result.Apply
	result.Apply = func() { apply(); decided, _ = s.ids.Get(id) }
	result.Settled = func(now time.Time, err error) coordinator.Result { return s.sendMarkers(id, decided)(now, err) }
	return result, next
}

// sendMarkers is what happens when the decision t is committed.
func (s *Shard) sendMarkers(id string, t *transaction) func(time.Time, error) coordinator.Result {
	return func(now time.Time, err error) coordinator.Result {
		latest, _ := s.ids.Get(id)
		switch {
		case t == nil || latest != t || !t.state.preparing():
			return coordinator.Result{} // it was taken back
		case err != nil:
			// It stands in the log, and takes longer than its client waits.
			return coordinator.Result{Settled: s.sendMarkers(id, t)}
		}
		m := Markers{
			TransactionalID: id, Producer: Producer{t.producer, t.epoch}, CoordinatorEpoch: s.epoch,
			Commit: t.state == prepareCommit, Version: t.version, Partitions: t.partitions,
		}
		if len(m.Partitions) == 0 {
			return s.Complete(now, &m)
		}
		return coordinator.Result{Send: []any{m}}
	}
}

// Complete ends a transaction whose markers are written, and lets those go on
// that waited for it. It has no answer; a transaction that is not the one of
// the markers any more is left alone: a coordinator after this one writes its own.
func (s *Shard) Complete(now time.Time, m *Markers) coordinator.Result {
	t, ok := s.ids.Get(m.TransactionalID)
	if !ok || !t.state.preparing() || m.CoordinatorEpoch != s.epoch || t.producer != m.Producer.ID || t.epoch != m.Producer.Epoch {
		return coordinator.Result{}
	}
	result := s.put(m.TransactionalID, t.completed(now.UnixMilli()), s.lastEpoch(m.TransactionalID))
	result.Then = s.resume(m.TransactionalID)
	return result
}
