package api

import (
	"context"

	"github.com/gregor-stream/gregor/internal/coordinator/txn"
	"github.com/gregor-stream/gregor/internal/kafka"
	"github.com/gregor-stream/gregor/internal/msg"
)

// Transactions coordinates transactions. Its codes are those of the newest
// versions.
type Transactions interface {
	InitProducerID(ctx context.Context, req *txn.Init) (txn.Producer, kafka.Error)
	AddPartitions(ctx context.Context, req *txn.Enlist) kafka.Error
	// VerifyPartitions has a code for each partition.
	VerifyPartitions(ctx context.Context, req *txn.Enlist) []kafka.Error
	EndTxn(ctx context.Context, req *txn.End) (txn.Producer, kafka.Error)
	Describe(ctx context.Context, id string) msg.DescribeTransactionsResponseTransactionState
	List(ctx context.Context, req *msg.ListTransactionsRequest) *msg.ListTransactionsResponse
}

// Marker ends a producer's transaction in the partitions that it is written to.
type Marker struct {
	ID               kafka.ProducerID
	Epoch            kafka.ProducerEpoch
	CoordinatorEpoch int32
	Commit           bool
	Version          int16 // of transactions
}

// Markers writes markers to partitions of this broker.
type Markers interface {
	// WriteMarkers has a code for each partition, when they are committed.
	WriteMarkers(ctx context.Context, m *Marker, partitions []kafka.TopicPartition) []kafka.Error
}

// beforeFenced is the code for clients that do not know PRODUCER_FENCED yet.
func beforeFenced(code kafka.Error, version, knows int16) kafka.Error {
	if code == kafka.ErrProducerFenced && version < knows {
		return kafka.ErrInvalidProducerEpoch
	}
	return code
}
