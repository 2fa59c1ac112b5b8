package api

import (
	"context"

	"github.com/gregor-stream/gregor/internal/batch"
	"github.com/gregor-stream/gregor/internal/coordinator/txn"
	"github.com/gregor-stream/gregor/internal/kafka"
	"github.com/gregor-stream/gregor/internal/storage/producer"
)

// The versions of Produce that differ in transactions.
const (
	produceAborts = 11 // knows TRANSACTION_ABORTABLE
	produceAdds   = 12 // adds its partitions to the transaction
)

// produceEnlisted is what is known of a partition's transaction before the
// append: the guard, or why there is none.
type produceEnlisted struct {
	guard   producer.Guard
	code    kafka.Error
	message *string
}

// enlistedAt is what is known of the partition that is next in order, nil where
// nothing is transactional.
func (st *produceState) enlistedAt(next int) *produceEnlisted {
	if next >= len(st.enlisted) {
		return nil
	}
	return &st.enlisted[next]
}

// enlistProduce makes sure that the partitions of a request are part of the
// producer's transaction: those where it is not open yet are asked about, or
// added, all at once.
func (h *Handlers) enlistProduce(ctx context.Context, s *Session, st *produceState) error {
	e := enlisting{id: *st.req.TransactionalId, producer: txn.NoProducer(), support: enlistVerify}
	switch {
	case s.call.Version >= produceAdds:
		e.support = enlistAdd
	case s.call.Version >= produceAborts:
		e.support = enlistAbortable
	}
	var names []kafka.TopicPartition
	var places []int // in st.enlisted
	for i := range st.req.TopicData {
		topic := &st.req.TopicData[i]
		for j := range topic.PartitionData {
			st.enlisted = append(st.enlisted, produceEnlisted{})
			place := &st.enlisted[len(st.enlisted)-1]
			p, code := h.produceTarget(s, topic, &topic.PartitionData[j])
			first := batch.Batch(topic.PartitionData[j].Records)
			if code != kafka.ErrNone || !first.Transactional() || !first.HasProducerID() {
				continue
			}
			who := txn.Producer{ID: first.ProducerID(), Epoch: first.ProducerEpoch()}
			if e.producer != txn.NoProducer() && e.producer != who {
				return kafka.Errorf(kafka.ErrInvalidProducerIDMapping, "Transactional records contained more than one producer ID")
			}
			e.producer = who
			guard, err := h.begin(&s.call, &e, p, first.BaseSequence())
			place.guard, place.code = guard, kafka.CodeOf(err)
			if guard != 0 {
				names, places = append(names, p.Name()), append(places, len(st.enlisted)-1)
			}
		}
	}
	if len(names) == 0 {
		return nil
	}
	for i, code := range h.enlist(ctx, &e, names) {
		st.enlisted[places[i]].refuse(code, e.support)
	}
	return nil
}

// refuse puts the coordinator's code into words that producers know from here:
// what they retry is NOT_ENOUGH_REPLICAS, which makes them look nothing up.
func (p *produceEnlisted) refuse(code kafka.Error, support enlistSupport) {
	p.code = code
	message := "Unable to verify the partition has been added to the transaction. Underlying error: " + code.Error()
	switch code {
	case kafka.ErrInvalidTxnState:
		message = "Partition was not added to the transaction"
		p.message = &message
	case kafka.ErrConcurrentTransactions:
		if support != enlistAdd {
			p.code, p.message = kafka.ErrNotEnoughReplicas, &message
		}
	case kafka.ErrNetworkException, kafka.ErrCoordinatorLoadInProgress, kafka.ErrCoordinatorNotAvailable, kafka.ErrNotCoordinator:
		p.code, p.message = kafka.ErrNotEnoughReplicas, &message
	}
}
