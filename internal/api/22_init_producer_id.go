package api

import (
	"context"

	"github.com/gregor-stream/gregor/internal/kafka"
	"github.com/gregor-stream/gregor/internal/msg"
)

// initProducerID gives an idempotent producer its id. Transactions come later:
// a transactional id is answered UNSUPPORTED_VERSION, as a broker that is too
// old for a request says, because clients give that up at once, where they
// would try a missing coordinator again until their own timeout.
func (h *Handlers) initProducerID(ctx context.Context, call *Call, req *msg.InitProducerIdRequest) (*msg.InitProducerIdResponse, error) {
	resp := msg.NewInitProducerIdResponse()
	resp.ProducerEpoch = -1
	id, err := h.newProducerID(ctx, call, req)
	if err != nil {
		resp.ErrorCode = int16(kafka.CodeOf(err))
		if kafka.CodeOf(err) == kafka.ErrUnknownServerError {
			h.Log.Error("no producer id could be allocated", "error", err)
		}
		return resp, nil
	}
	resp.ProducerId, resp.ProducerEpoch = int64(id), 0
	return resp, nil
}

func (h *Handlers) newProducerID(ctx context.Context, call *Call, req *msg.InitProducerIdRequest) (kafka.ProducerID, error) {
	switch {
	case req.TransactionalId != nil && !h.allowed(call, Write, TransactionalID, *req.TransactionalId):
		return 0, kafka.ErrTransactionalIDAuthorizationFailed
	case req.TransactionalId == nil && !h.allowed(call, IdempotentWrite, Cluster, ClusterName):
		return 0, kafka.ErrClusterAuthorizationFailed
	case (req.ProducerId == -1) != (req.ProducerEpoch == -1):
		return 0, kafka.ErrInvalidRequest
	case req.TransactionalId != nil && *req.TransactionalId == "":
		return 0, kafka.ErrInvalidRequest
	case req.TransactionalId != nil:
		return 0, kafka.ErrUnsupportedVersion
	}
	// As in Kafka an idempotent producer always gets a new id, whatever it had.
	return h.ProducerIDs.Next(ctx)
}
