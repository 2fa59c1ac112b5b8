package api

import (
	"context"

	"github.com/gregor-stream/gregor/internal/coordinator/txn"
	"github.com/gregor-stream/gregor/internal/kafka"
	"github.com/gregor-stream/gregor/internal/msg"
)

// initFenced is the version of InitProducerId that knows PRODUCER_FENCED.
const initFenced = 4

// initProducerID gives an idempotent producer its id, and a transactional one
// its id and epoch.
func (h *Handlers) initProducerID(ctx context.Context, call *Call, req *msg.InitProducerIdRequest) (*msg.InitProducerIdResponse, error) {
	resp := msg.NewInitProducerIdResponse()
	who, code := h.newProducerID(ctx, call, req)
	resp.ErrorCode = int16(beforeFenced(code, call.Version, initFenced))
	resp.ProducerId, resp.ProducerEpoch = int64(who.ID), int16(who.Epoch)
	return resp, nil
}

func (h *Handlers) newProducerID(ctx context.Context, call *Call, req *msg.InitProducerIdRequest) (txn.Producer, kafka.Error) {
	switch {
	case req.TransactionalId != nil && !h.allowed(call, Write, TransactionalID, *req.TransactionalId):
		return txn.NoProducer(), kafka.ErrTransactionalIDAuthorizationFailed
	case req.TransactionalId == nil && !h.allowed(call, IdempotentWrite, Cluster, ClusterName):
		return txn.NoProducer(), kafka.ErrClusterAuthorizationFailed
	case (req.ProducerId == -1) != (req.ProducerEpoch == -1):
		return txn.NoProducer(), kafka.ErrInvalidRequest
	case req.TransactionalId != nil:
		return h.Transactions.InitProducerID(ctx, &txn.Init{
			TransactionalID: *req.TransactionalId, TimeoutMs: req.TransactionTimeoutMs,
			Expected: txn.Producer{ID: kafka.ProducerID(req.ProducerId), Epoch: kafka.ProducerEpoch(req.ProducerEpoch)},
		})
	}
	// As in Kafka an idempotent producer always gets a new id, whatever it had.
	id, err := h.ProducerIDs.Next(ctx)
	if err != nil {
		if kafka.CodeOf(err) == kafka.ErrUnknownServerError {
			h.Log.Error("no producer id could be allocated", "error", err)
		}
		return txn.NoProducer(), kafka.CodeOf(err)
	}
	return txn.Producer{ID: id}, kafka.ErrNone
}
