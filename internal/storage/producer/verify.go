package producer

import (
	"github.com/gregor-stream/gregor/internal/batch"
	"github.com/gregor-stream/gregor/internal/kafka"
)

// Guard is proof that the transaction coordinator was asked about a transaction
// after it was given out; 0 is none. The answer to a question from before a
// marker is no proof for what comes after it: with the marker the guard is void.
type Guard uint64

// verification is a producer whose transaction is being verified, as Kafka's
// VerificationStateEntry: until its first batch or a marker is written.
type verification struct {
	guard Guard
	epoch kafka.ProducerEpoch
	// lowest is the lowest sequence number that waits: a batch behind it must
	// not be written before it, or the first never can be.
	lowest int32
	v2     bool            // of transactions v2
	since  kafka.Timestamp // for expiry
}

// BeginVerification says that a producer is about to write the first batch of a
// transaction here, from a sequence number on (NoSequence where there is none).
// The guard is 0 where its transaction is open already and there is nothing to
// ask. A producer that was fenced is INVALID_PRODUCER_EPOCH.
func (s *State) BeginVerification(now kafka.Timestamp, id kafka.ProducerID, epoch kafka.ProducerEpoch, sequence int32, v2 bool) (Guard, error) {
	e := s.producers[id]
	switch {
	case e != nil && epoch < e.Epoch:
		return 0, fencedEpoch(id, epoch, e.Epoch)
	case e != nil && e.Epoch == epoch && e.TxnFirstOffset >= 0:
		return 0, nil
	}
	v := s.verifications[id]
	if v == nil {
		s.guards++
		v = &verification{guard: s.guards, epoch: epoch, lowest: sequence, v2: v2, since: now}
		if s.verifications == nil {
			s.verifications = map[kafka.ProducerID]*verification{}
		}
		s.verifications[id] = v
	}
	if epoch > v.epoch {
		v.epoch, v.lowest = epoch, sequence
	} else if epoch == v.epoch {
		v.lowest = min(v.lowest, sequence)
	}
	return v.guard, nil
}

func fencedEpoch(id kafka.ProducerID, epoch, last kafka.ProducerEpoch) error {
	return kafka.Errorf(kafka.ErrInvalidProducerEpoch,
		"Epoch of producer %d is %d, which is smaller than the last seen epoch %d", id, epoch, last)
}

// guarded says whether a guard is still good.
func (s *State) guarded(id kafka.ProducerID, guard Guard) bool {
	v := s.verifications[id]
	return v != nil && v.guard == guard
}

// verified ends the verification of a producer with the append of its batch: the
// transaction has begun, or is over. Only the marker of the transaction before,
// which has the epoch of the next one in transactions v2, leaves it alone.
func (s *State) verified(b batch.Batch) {
	v := s.verifications[b.ProducerID()]
	if v == nil || v.v2 && b.Control() && b.ProducerEpoch() == v.epoch {
		return
	}
	s.settled = append(s.settled, b.ProducerID())
}
