package api

import (
	"context"
	"slices"

	"github.com/gregor-stream/gregor/internal/kafka"
	"github.com/gregor-stream/gregor/internal/msg"
)

func (h *Handlers) describeTransactions(ctx context.Context, call *Call, req *msg.DescribeTransactionsRequest) (*msg.DescribeTransactionsResponse, error) {
	resp := msg.NewDescribeTransactionsResponse()
	for _, id := range req.TransactionalIds {
		state := msg.DescribeTransactionsResponseTransactionState{TransactionalId: id, ErrorCode: int16(kafka.ErrTransactionalIDAuthorizationFailed)}
		if h.allowed(call, Describe, TransactionalID, id) {
			state = h.Transactions.Describe(ctx, id)
		}
		state.Topics = slices.DeleteFunc(state.Topics, func(t msg.DescribeTransactionsResponseTopicData) bool {
			return !h.allowed(call, Describe, Topic, t.Topic)
		})
		resp.TransactionStates = append(resp.TransactionStates, state)
	}
	return resp, nil
}
