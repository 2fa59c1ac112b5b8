package api

import (
	"context"
	"strconv"

	"github.com/gregor-stream/gregor/internal/config"
	"github.com/gregor-stream/gregor/internal/controller"
	"github.com/gregor-stream/gregor/internal/kafka"
	"github.com/gregor-stream/gregor/internal/msg"
)

// AutoCreate creates topics that somebody needs and nobody made: named by a
// client (auto.create.topics.enable has been asked), or the system's own. It
// returns when they exist or cannot; why not is logged, as in Kafka.
func (h *Handlers) AutoCreate(ctx context.Context, names []string) {
	req := msg.NewCreateTopicsRequest()
	b := h.Broker()
	req.TimeoutMs = int32(b.RequestTimeoutMs)
	for _, name := range names {
		req.Topics = append(req.Topics, creatableTopic(b, name))
	}
	answer, err := h.Controller.Execute(ctx, func(in controller.Input) controller.Result {
		return controller.CreateTopics(in, req)
	})
	if err != nil {
		h.Log.Warn("topics were not created automatically", "topics", names, "error", err)
		return
	}
	resp, ok := answer.(*msg.CreateTopicsResponse)
	if !ok {
		return
	}
	for _, t := range resp.Topics {
		if code := kafka.Error(t.ErrorCode); code != kafka.ErrNone && code != kafka.ErrTopicAlreadyExists {
			h.Log.Warn("a topic was not created automatically", "topic", t.Name, "code", code.Error(), "reason", deref(t.ErrorMessage))
		}
	}
}

func deref(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

// creatableTopic is the request for a topic that is created by itself: the
// system's own topics have their own keys, the others the controller's
// defaults.
func creatableTopic(b *config.Broker, name string) msg.CreateTopicsRequestCreatableTopic {
	t := msg.CreateTopicsRequestCreatableTopic{Name: name, NumPartitions: -1, ReplicationFactor: -1}
	configs := func(pairs ...string) {
		for i := 0; i < len(pairs); i += 2 {
			t.Configs = append(t.Configs, msg.CreateTopicsRequestCreatableTopicConfig{Name: pairs[i], Value: &pairs[i+1]})
		}
	}
	number := func(key string) string { return strconv.Itoa(b.Int(key)) }
	switch name {
	case kafka.ConsumerOffsetsTopic:
		t.NumPartitions, t.ReplicationFactor = int32(b.OffsetsTopicPartitions), int16(b.OffsetsTopicReplicationFactor)
		configs("cleanup.policy", "compact", "compression.type", "producer", "segment.bytes", number("offsets.topic.segment.bytes"))
	case kafka.TransactionStateTopic:
		t.NumPartitions, t.ReplicationFactor = int32(b.TxnTopicPartitions), int16(b.TxnTopicReplicationFactor)
		configs("unclean.leader.election.enable", "false", "compression.type", "uncompressed", "cleanup.policy", "compact",
			"min.insync.replicas", number("transaction.state.log.min.isr"), "segment.bytes", number("transaction.state.log.segment.bytes"))
	case kafka.ShareGroupStateTopic:
		t.NumPartitions = int32(b.Int("share.coordinator.state.topic.num.partitions"))
		t.ReplicationFactor = int16(b.Int("share.coordinator.state.topic.replication.factor"))
		configs("cleanup.policy", "delete", "compression.type", "producer", "segment.bytes", number("share.coordinator.state.topic.segment.bytes"),
			"min.insync.replicas", number("share.coordinator.state.topic.min.isr"), "retention.ms", "-1")
	}
	return t
}
