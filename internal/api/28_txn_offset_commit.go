package api

import (
	"context"
	"slices"

	"github.com/gregor-stream/gregor/internal/coordinator/group"
	"github.com/gregor-stream/gregor/internal/coordinator/txn"
	"github.com/gregor-stream/gregor/internal/kafka"
	"github.com/gregor-stream/gregor/internal/msg"
	"github.com/gregor-stream/gregor/internal/storage/producer"
)

// The versions of TxnOffsetCommit that differ here.
const (
	txnCommitLoading  = 2 // knows COORDINATOR_LOAD_IN_PROGRESS
	txnCommitAborts   = 4 // knows TRANSACTION_ABORTABLE
	txnCommitAdds     = 5 // adds the group's partition to the transaction
	txnCommitTopicIDs = 6
)

// The shapes of the request and its answer.
type (
	txnCommitTopic  = msg.TxnOffsetCommitRequestTopic
	txnCommitResult = msg.TxnOffsetCommitResponseTopic
)

func (h *Handlers) txnOffsetCommit(ctx context.Context, call *Call, req *msg.TxnOffsetCommitRequest) (*msg.TxnOffsetCommitResponse, error) {
	resp := &msg.TxnOffsetCommitResponse{}
	switch {
	case !h.allowed(call, Write, TransactionalID, req.TransactionalId):
		return group.CommitTransactionFailed(req, kafka.ErrTransactionalIDAuthorizationFailed), nil
	case !h.allowed(call, Read, Group, req.GroupId):
		return group.CommitTransactionFailed(req, kafka.ErrGroupAuthorizationFailed), nil
	}
	topics := make([]txnCommitTopic, 0, len(req.Topics))
	for i := range req.Topics {
		if topic := h.txnCommitTopic(call, resp, &req.Topics[i]); len(topic.Partitions) > 0 {
			topics = append(topics, topic)
		}
	}
	if len(topics) == 0 {
		return resp, nil
	}
	req.Topics = topics
	done := h.commitInTransaction(ctx, call, req)
	for i := range done.Topics {
		t := txnCommitAnswer(resp, done.Topics[i].Name, done.Topics[i].TopicId)
		t.Partitions = append(t.Partitions, done.Topics[i].Partitions...)
	}
	if call.Version < txnCommitLoading {
		for i := range resp.Topics {
			for j := range resp.Topics[i].Partitions {
				if p := &resp.Topics[i].Partitions[j]; kafka.Error(p.ErrorCode) == kafka.ErrCoordinatorLoadInProgress {
					p.ErrorCode = int16(kafka.ErrCoordinatorNotAvailable)
				}
			}
		}
	}
	return resp, nil
}

// txnCommitTopic is what can be committed for of a topic; the rest is answered.
func (h *Handlers) txnCommitTopic(call *Call, resp *msg.TxnOffsetCommitResponse, topic *txnCommitTopic) txnCommitTopic {
	if call.Version >= txnCommitTopicIDs {
		topic.Name = h.nameOfTopic(topic.TopicId)
	} else {
		topic.TopicId = h.topicID(topic.Name)
	}
	code := kafka.ErrNone
	switch {
	case call.Version >= txnCommitTopicIDs && topic.Name == "":
		code = kafka.ErrUnknownTopicID
	case !h.allowed(call, Read, Topic, topic.Name):
		code = kafka.ErrTopicAuthorizationFailed
	}
	out := *topic
	out.Partitions = make([]msg.TxnOffsetCommitRequestPartition, 0, len(topic.Partitions))
	for _, p := range topic.Partitions {
		if code == kafka.ErrNone && h.partitionExists(topic.Name, p.PartitionIndex) {
			out.Partitions = append(out.Partitions, p)
			continue
		}
		refused := code
		if refused == kafka.ErrNone {
			refused = kafka.ErrUnknownTopicOrPartition
		}
		t := txnCommitAnswer(resp, topic.Name, topic.TopicId)
		t.Partitions = append(t.Partitions, msg.TxnOffsetCommitResponsePartition{PartitionIndex: p.PartitionIndex, ErrorCode: int16(refused)})
	}
	return out
}

// txnCommitAnswer is the place of a topic in the answer.
func txnCommitAnswer(resp *msg.TxnOffsetCommitResponse, name string, id kafka.UUID) *txnCommitResult {
	i := slices.IndexFunc(resp.Topics, func(t txnCommitResult) bool { return t.Name == name && t.TopicId == id })
	if i < 0 {
		i = len(resp.Topics)
		resp.Topics = append(resp.Topics, txnCommitResult{Name: name, TopicId: id})
	}
	return &resp.Topics[i]
}

// commitInTransaction makes sure that the group's partition is part of the
// transaction, and commits.
func (h *Handlers) commitInTransaction(ctx context.Context, call *Call, req *msg.TxnOffsetCommitRequest) *msg.TxnOffsetCommitResponse {
	if req.GroupId == "" {
		return group.CommitTransactionFailed(req, kafka.ErrInvalidGroupID)
	}
	at := h.offsetsPartition(req.GroupId)
	p, code := h.findByName(at.Topic, at.Partition)
	if code != kafka.ErrNone {
		return group.CommitTransactionFailed(req, code)
	}
	support := enlistVerify
	switch {
	case call.Version >= txnCommitAdds:
		support = enlistAdd
	case call.Version >= txnCommitAborts:
		support = enlistAbortable
	}
	e := enlisting{
		id: req.TransactionalId, support: support,
		producer: txn.Producer{ID: kafka.ProducerID(req.ProducerId), Epoch: kafka.ProducerEpoch(req.ProducerEpoch)},
	}
	guard, err := h.enlistOne(ctx, call, &e, p)
	if err != nil {
		return group.CommitTransactionFailed(req, err)
	}
	return h.Groups.CommitTransactionOffsets(ctx, call.caller(), req, guard)
}

// enlistOne enlists one partition that is written without sequence numbers.
func (h *Handlers) enlistOne(ctx context.Context, call *Call, e *enlisting, p Partition) (producer.Guard, error) {
	guard, err := h.begin(call, e, p, producer.NoSequence)
	if err != nil || guard == 0 {
		return guard, err
	}
	if code := h.enlist(ctx, e, []kafka.TopicPartition{p.Name()})[0]; code != kafka.ErrNone {
		return 0, code
	}
	return guard, nil
}
