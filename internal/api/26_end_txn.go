package api

import (
	"context"

	"github.com/gregor-stream/gregor/internal/coordinator/txn"
	"github.com/gregor-stream/gregor/internal/kafka"
	"github.com/gregor-stream/gregor/internal/msg"
)

// The versions of EndTxn that differ here.
const (
	endFenced    = 2 // knows PRODUCER_FENCED
	endEpochBump = 5 // speaks transactions v2
)

// endTxn commits or aborts. The answer comes when the decision is safe, before
// the markers are written.
func (h *Handlers) endTxn(ctx context.Context, call *Call, req *msg.EndTxnRequest) (*msg.EndTxnResponse, error) {
	resp := msg.NewEndTxnResponse()
	if !h.allowed(call, Write, TransactionalID, req.TransactionalId) {
		resp.ErrorCode = int16(kafka.ErrTransactionalIDAuthorizationFailed)
		return resp, nil
	}
	end := &txn.End{
		TransactionalID: req.TransactionalId, Commit: req.Committed,
		Producer: txn.Producer{ID: kafka.ProducerID(req.ProducerId), Epoch: kafka.ProducerEpoch(req.ProducerEpoch)},
	}
	if call.Version >= endEpochBump {
		end.Version = txn.VersionEpochBump
	}
	next, code := h.Transactions.EndTxn(ctx, end)
	resp.ErrorCode = int16(beforeFenced(code, call.Version, endFenced))
	resp.ProducerId, resp.ProducerEpoch = int64(next.ID), int16(next.Epoch)
	return resp, nil
}
