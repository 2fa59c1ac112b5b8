package api

import (
	"context"

	"github.com/gregor-stream/gregor/internal/coordinator/txn"
	"github.com/gregor-stream/gregor/internal/kafka"
	"github.com/gregor-stream/gregor/internal/storage/producer"
)

// enlistSupport is what the version of a request lets its broker do about the
// transaction that it writes in (KIP-890).
type enlistSupport uint8

const (
	enlistVerify    enlistSupport = iota // ask the coordinator whether the partition was added
	enlistAbortable                      // the client knows TRANSACTION_ABORTABLE, too
	enlistAdd                            // add it: the client does not (transactions v2)
)

// enlisting is a producer that writes to partitions in its transaction.
type enlisting struct {
	id       string
	producer txn.Producer
	support  enlistSupport
}

// begin asks a partition whether the coordinator has to be asked: where the
// guard is not 0.
func (h *Handlers) begin(call *Call, e *enlisting, p Partition, sequence int32) (producer.Guard, error) {
	if e.support != enlistAdd && !h.Broker().Bool("transaction.partition.verification.enable") {
		return 0, nil
	}
	return p.BeginVerification(call.Received, e.producer.ID, e.producer.Epoch, sequence, e.support == enlistAdd)
}

// enlist asks the coordinator about partitions; there is a code for each.
func (h *Handlers) enlist(ctx context.Context, e *enlisting, partitions []kafka.TopicPartition) []kafka.Error {
	req := &txn.Enlist{TransactionalID: e.id, Producer: e.producer, Partitions: partitions}
	var codes []kafka.Error
	if e.support == enlistAdd {
		req.Version = txn.VersionEpochBump
		code := h.Transactions.AddPartitions(ctx, req)
		codes = make([]kafka.Error, len(partitions))
		for i := range codes {
			codes[i] = code
		}
	} else {
		codes = h.Transactions.VerifyPartitions(ctx, req)
	}
	for i, code := range codes {
		switch {
		case code == kafka.ErrProducerFenced:
			codes[i] = kafka.ErrInvalidProducerEpoch // what producers expect here
		case code == kafka.ErrTransactionAbortable && e.support == enlistVerify:
			codes[i] = kafka.ErrInvalidTxnState
		}
	}
	return codes
}
