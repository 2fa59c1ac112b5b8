package api

import (
	"context"

	"github.com/gregor-stream/gregor/internal/coordinator/txn"
	"github.com/gregor-stream/gregor/internal/kafka"
	"github.com/gregor-stream/gregor/internal/msg"
)

// addOffsetsFenced is the version of AddOffsetsToTxn that knows PRODUCER_FENCED.
const addOffsetsFenced = 2

// addOffsetsToTxn puts the partition of __consumer_offsets that a group belongs
// to into the transaction.
func (h *Handlers) addOffsetsToTxn(ctx context.Context, call *Call, req *msg.AddOffsetsToTxnRequest) (*msg.AddOffsetsToTxnResponse, error) {
	resp := msg.NewAddOffsetsToTxnResponse()
	var code kafka.Error
	switch {
	case !h.allowed(call, Write, TransactionalID, req.TransactionalId):
		code = kafka.ErrTransactionalIDAuthorizationFailed
	case !h.allowed(call, Read, Group, req.GroupId):
		code = kafka.ErrGroupAuthorizationFailed
	default:
		code = beforeFenced(h.Transactions.AddPartitions(ctx, &txn.Enlist{
			TransactionalID: req.TransactionalId,
			Producer:        txn.Producer{ID: kafka.ProducerID(req.ProducerId), Epoch: kafka.ProducerEpoch(req.ProducerEpoch)},
			Partitions:      []kafka.TopicPartition{h.offsetsPartition(req.GroupId)},
			Offsets:         true,
		}), call.Version, addOffsetsFenced)
	}
	resp.ErrorCode = int16(code)
	return resp, nil
}

// offsetsPartition is the partition of __consumer_offsets that a group belongs to.
func (h *Handlers) offsetsPartition(group string) kafka.TopicPartition {
	return kafka.TopicPartition{Topic: kafka.ConsumerOffsetsTopic, Partition: h.Groups.PartitionFor(group)}
}
