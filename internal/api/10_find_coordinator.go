package api

import (
	"context"
	"strconv"
	"strings"

	"github.com/gregor-stream/gregor/internal/coordinator"
	"github.com/gregor-stream/gregor/internal/kafka"
	"github.com/gregor-stream/gregor/internal/metadata"
	"github.com/gregor-stream/gregor/internal/msg"
)

// The kinds of key that FindCoordinator looks for.
const (
	groupKey       = 0
	transactionKey = 1
	shareKey       = 2
)

// The versions of FindCoordinator that differ here.
const (
	findManyKeys  = 4
	findShareKeys = 6
)

func (h *Handlers) findCoordinator(ctx context.Context, call *Call, req *msg.FindCoordinatorRequest) (*msg.FindCoordinatorResponse, error) {
	response := &msg.FindCoordinatorResponse{}
	if call.Version < findManyKeys {
		found := h.coordinatorOf(ctx, call, req.KeyType, req.Key)
		response.ErrorCode, response.NodeId, response.Host, response.Port = found.ErrorCode, found.NodeId, found.Host, found.Port
		message := coordinatorMessage(kafka.Error(found.ErrorCode))
		response.ErrorMessage = &message
		return response, nil
	}
	for _, key := range req.CoordinatorKeys {
		response.Coordinators = append(response.Coordinators, h.coordinatorOf(ctx, call, req.KeyType, key))
	}
	return response, nil
}

// coordinatorMessage is what version 1 to 3 say in words, also of success.
func coordinatorMessage(code kafka.Error) string {
	switch code {
	case kafka.ErrNone:
		return "NONE"
	case kafka.ErrCoordinatorNotAvailable:
		return "The coordinator is not available."
	case kafka.ErrGroupAuthorizationFailed:
		return "Group authorization failed."
	case kafka.ErrTransactionalIDAuthorizationFailed:
		return "Transactional Id authorization failed."
	case kafka.ErrInvalidRequest:
		return "This most likely occurs because of a request being malformed by the client library or the message " +
			"was sent to an incompatible broker. See the broker logs for more details."
	default:
		return code.Error()
	}
}

// coordinatorOf finds the coordinator of one key; its topic is created when it
// is needed for the first time.
func (h *Handlers) coordinatorOf(ctx context.Context, call *Call, kind int8, key string) msg.FindCoordinatorResponseCoordinator {
	message := ""
	out := msg.FindCoordinatorResponseCoordinator{Key: key, NodeId: -1, Port: -1, ErrorMessage: &message}
	topic, code := h.coordinatorTopic(call, kind, key)
	switch {
	case code == kafka.ErrInvalidRequest && call.Version >= findManyKeys && kind != shareKey:
		message = coordinatorMessage(code) // the whole request is refused, in words
		fallthrough
	case code != kafka.ErrNone:
		out.ErrorCode = int16(code)
		return out
	}
	if _, exists := h.Image().Topics.ByName(topic); !exists {
		h.AutoCreate(ctx, []string{topic})
	}
	node, at, ok := h.leaderFor(call, topic, key)
	if !ok {
		out.ErrorCode = int16(kafka.ErrCoordinatorNotAvailable)
		return out
	}
	out.NodeId, out.Host, out.Port = int32(node), at.Host, int32(at.Port)
	return out
}

// coordinatorTopic is the internal topic of a kind of key, if the caller may
// ask for the key.
func (h *Handlers) coordinatorTopic(call *Call, kind int8, key string) (string, kafka.Error) {
	switch kind {
	case groupKey:
		if !h.allowed(call, Describe, Group, key) {
			return "", kafka.ErrGroupAuthorizationFailed
		}
		return kafka.ConsumerOffsetsTopic, kafka.ErrNone
	case transactionKey:
		if !h.allowed(call, Describe, TransactionalID, key) {
			return "", kafka.ErrTransactionalIDAuthorizationFailed
		}
		return kafka.TransactionStateTopic, kafka.ErrNone
	case shareKey:
		switch {
		case call.Version < findShareKeys || !validShareKey(key):
			return "", kafka.ErrInvalidRequest
		case !h.allowed(call, ClusterAction, Cluster, ClusterName):
			return "", kafka.ErrClusterAuthorizationFailed
		}
		return kafka.ShareGroupStateTopic, kafka.ErrNone
	}
	return "", kafka.ErrInvalidRequest
}

// validShareKey checks the form group:topicId:partition.
func validShareKey(key string) bool {
	parts := strings.Split(key, ":")
	if len(parts) != 3 || strings.TrimSpace(parts[0]) == "" {
		return false
	}
	if _, err := kafka.ParseUUID(parts[1]); err != nil {
		return false
	}
	_, err := strconv.ParseInt(parts[2], 10, 32)
	return err == nil
}

// leaderFor is the leader of the key's partition, where the caller's listener
// reaches it.
func (h *Handlers) leaderFor(call *Call, topic, key string) (node kafka.NodeID, at metadata.Endpoint, ok bool) {
	found, exists := h.Image().Topics.ByName(topic)
	if !exists || found.NumPartitions() == 0 {
		return kafka.NoNode, at, false
	}
	tp := kafka.TopicPartition{Topic: topic, Partition: coordinator.PartitionFor(key, found.NumPartitions())}
	node, _, at, _, ok = h.currentLeader(tp, call.Listener)
	return node, at, ok
}
