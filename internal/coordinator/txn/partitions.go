package txn

import (
	"time"

	"github.com/gregor-stream/gregor/internal/coordinator"
	"github.com/gregor-stream/gregor/internal/kafka"
)

// Enlist asks about partitions of a producer's transaction.
type Enlist struct {
	TransactionalID string
	Producer        Producer
	Partitions      []kafka.TopicPartition
	// Version is VersionEpochBump for clients whose transactions get a new epoch
	// each, otherwise 0.
	Version int16
	// NoWait is a broker that asks for several transactions at once: one that
	// would have to wait is CONCURRENT_TRANSACTIONS, and holds up none of them.
	NoWait bool
	// Offsets is AddOffsetsToTxn: the partition is one of the groups' offsets.
	Offsets bool
}

// AddPartitions puts partitions into the transaction, and begins it where none
// is open. Its answer is kafka.ErrNone. While the transaction before is being
// completed the request waits.
func (s *Shard) AddPartitions(now time.Time, ticket coordinator.Ticket, req *Enlist) coordinator.Result {
	t, ok := s.ids.Get(req.TransactionalID)
	switch {
	case req.TransactionalID == "":
		return coordinator.Fail(kafka.ErrInvalidRequest)
	case !ok:
		return coordinator.Fail(kafka.ErrInvalidProducerIDMapping)
	case t.state.preparing() && (req.NoWait || s.sentAway(now, t, req)):
		return coordinator.Fail(kafka.ErrConcurrentTransactions)
	case t.state.preparing():
		// This comes first: with the last epoch the producer has an id already
		// that becomes its own with the end of the transaction.
		return s.wait(now, req.TransactionalID, t, ticket, func(now time.Time, ticket coordinator.Ticket) coordinator.Result {
			return s.AddPartitions(now, ticket, req)
		})
	case t.producer != req.Producer.ID:
		return coordinator.Fail(kafka.ErrInvalidProducerIDMapping)
	case t.epoch != req.Producer.Epoch:
		return coordinator.Fail(kafka.ErrProducerFenced)
	case s.sentAway(now, t, req):
		return coordinator.Fail(kafka.ErrConcurrentTransactions)
	case t.state == ongoing && t.hasAll(req.Partitions):
		return coordinator.Respond(kafka.ErrNone)
	}
	result := s.put(req.TransactionalID, t.add(now.UnixMilli(), req.Partitions, req.Version), s.lastEpoch(req.TransactionalID))
	result.Response = kafka.ErrNone
	return result
}

// sentAway says that offsets come first in a transaction, so soon after the one
// before that they are sent into their client's back-off: see Config.OffsetsAway.
func (s *Shard) sentAway(now time.Time, t *transaction, req *Enlist) bool {
	soon := t.state.preparing() || t.state.complete() && now.UnixMilli()-t.updated < s.config.OffsetsAway.Milliseconds()
	return req.Offsets && s.config.OffsetsAway > 0 && soon
}

// VerifyPartitions says whether partitions are in the producer's transaction, so
// that records of one that is over are not written (KIP-890). Its answer is a
// []kafka.Error, one for each partition.
func (s *Shard) VerifyPartitions(req *Enlist) coordinator.Result {
	t, ok := s.ids.Get(req.TransactionalID)
	switch {
	case req.TransactionalID == "":
		return coordinator.Fail(kafka.ErrInvalidRequest)
	case !ok || t.producer != req.Producer.ID:
		return coordinator.Fail(kafka.ErrInvalidProducerIDMapping)
	case t.epoch != req.Producer.Epoch:
		return coordinator.Fail(kafka.ErrProducerFenced)
	case t.state.preparing():
		return coordinator.Fail(kafka.ErrConcurrentTransactions)
	}
	codes := make([]kafka.Error, len(req.Partitions))
	for i, p := range req.Partitions {
		if !t.has(p) {
			codes[i] = kafka.ErrTransactionAbortable
		}
	}
	return coordinator.Respond(codes)
}
