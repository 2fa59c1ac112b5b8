package api

import (
	"context"
	"slices"

	"github.com/gregor-stream/gregor/internal/msg"
)

func (h *Handlers) listTransactions(ctx context.Context, call *Call, req *msg.ListTransactionsRequest) (*msg.ListTransactionsResponse, error) {
	resp := h.Transactions.List(ctx, req)
	resp.TransactionStates = slices.DeleteFunc(resp.TransactionStates, func(t msg.ListTransactionsResponseTransactionState) bool {
		return !h.allowed(call, Describe, TransactionalID, t.TransactionalId)
	})
	return resp, nil
}
