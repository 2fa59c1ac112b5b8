package api

import (
	"context"
	"sync"

	"github.com/gregor-stream/gregor/internal/coordinator"
	"github.com/gregor-stream/gregor/internal/coordinator/txn"
	"github.com/gregor-stream/gregor/internal/kafka"
	"github.com/gregor-stream/gregor/internal/msg"
)

// The versions of AddPartitionsToTxn that differ here.
const (
	addFenced  = 2 // knows PRODUCER_FENCED
	addBrokers = 4 // many transactions at once, from brokers
)

// The shapes of the request and its answer.
type (
	addTxn        = msg.AddPartitionsToTxnRequestAddPartitionsToTxnTransaction
	addResult     = msg.AddPartitionsToTxnResponseAddPartitionsToTxnResult
	addTopics     = msg.AddPartitionsToTxnResponseAddPartitionsToTxnTopicResult
	addPartitions = msg.AddPartitionsToTxnResponseAddPartitionsToTxnPartitionResult
)

func (h *Handlers) addPartitionsToTxn(ctx context.Context, call *Call, req *msg.AddPartitionsToTxnRequest) (*msg.AddPartitionsToTxnResponse, error) {
	resp := msg.NewAddPartitionsToTxnResponse()
	if call.Version < addBrokers {
		one := &addTxn{
			TransactionalId: req.V3AndBelowTransactionalId, ProducerId: req.V3AndBelowProducerId,
			ProducerEpoch: req.V3AndBelowProducerEpoch, Topics: req.V3AndBelowTopics,
		}
		result := h.addOne(ctx, call, one)
		resp.ResultsByTopicV3AndBelow = result.TopicResults
		return resp, nil
	}
	if !h.allowed(call, ClusterAction, Cluster, ClusterName) {
		resp.ErrorCode = int16(kafka.ErrClusterAuthorizationFailed)
		return resp, nil
	}
	resp.ResultsByTransaction = make([]addResult, len(req.Transactions))
	var wait sync.WaitGroup
	for i := range req.Transactions {
		wait.Go(func() { resp.ResultsByTransaction[i] = h.addOne(ctx, call, &req.Transactions[i]) })
	}
	wait.Wait()
	return resp, nil
}

// addOne adds or verifies the partitions of one transaction: all or none.
func (h *Handlers) addOne(ctx context.Context, call *Call, t *addTxn) addResult {
	result := addResult{TransactionalId: t.TransactionalId}
	client := call.Version < addBrokers
	if client && !h.allowed(call, Write, TransactionalID, t.TransactionalId) {
		result.TopicResults = addFailed(t, kafka.ErrTransactionalIDAuthorizationFailed)
		return result
	}
	enlist := &txn.Enlist{
		TransactionalID: t.TransactionalId,
		Producer:        txn.Producer{ID: kafka.ProducerID(t.ProducerId), Epoch: kafka.ProducerEpoch(t.ProducerEpoch)},
	}
	if !client {
		enlist.Version, enlist.NoWait = txn.VersionEpochBump, true
	}
	var codes []kafka.Error
	refused := false
	for i := range t.Topics {
		topic := &t.Topics[i]
		allowed := !client || !isInternal(topic.Name) && h.allowed(call, Write, Topic, topic.Name)
		for _, p := range topic.Partitions {
			code := kafka.ErrOperationNotAttempted
			if !allowed {
				code, refused = kafka.ErrTopicAuthorizationFailed, true
			} else if !h.partitionExists(topic.Name, p) {
				code, refused = kafka.ErrUnknownTopicOrPartition, true
			}
			enlist.Partitions, codes = append(enlist.Partitions, kafka.TopicPartition{Topic: topic.Name, Partition: p}), append(codes, code)
		}
	}
	switch {
	case refused:
		result.TopicResults = addCodes(enlist.Partitions, codes)
	case t.VerifyOnly:
		result.TopicResults = addCodes(enlist.Partitions, h.Transactions.VerifyPartitions(ctx, enlist))
	default:
		code := h.Transactions.AddPartitions(ctx, enlist)
		result.TopicResults = addFailed(t, beforeFenced(code, call.Version, addFenced))
	}
	return result
}

// addFailed gives all partitions the same code, in the order of the request.
func addFailed(t *addTxn, code kafka.Error) []addTopics {
	out := make([]addTopics, len(t.Topics))
	for i := range t.Topics {
		out[i].Name = t.Topics[i].Name
		for _, p := range t.Topics[i].Partitions {
			out[i].ResultsByPartition = append(out[i].ResultsByPartition, addPartitions{PartitionIndex: p, PartitionErrorCode: int16(code)})
		}
	}
	return out
}

// addCodes gives each partition its code, in the order of Kafka's maps.
func addCodes(partitions []kafka.TopicPartition, codes []kafka.Error) []addTopics {
	byName := map[string]*addTopics{}
	var names []string
	order := make([]int, len(partitions))
	for i := range order {
		order[i] = i
	}
	for _, i := range coordinator.InJavaOrder(order, func(i int) int32 { return coordinator.PartitionHash(partitions[i]) }) {
		p := partitions[i]
		if byName[p.Topic] == nil {
			byName[p.Topic] = &addTopics{Name: p.Topic}
			names = append(names, p.Topic)
		}
		t := byName[p.Topic]
		t.ResultsByPartition = append(t.ResultsByPartition, addPartitions{PartitionIndex: p.Partition, PartitionErrorCode: int16(codes[i])})
	}
	out := make([]addTopics, 0, len(names))
	for _, name := range coordinator.InJavaOrder(names, coordinator.JavaHash) {
		out = append(out, *byName[name])
	}
	return out
}
