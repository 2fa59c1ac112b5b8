package api

import (
	"github.com/gregor-stream/gregor/internal/coordinator/group"
	"github.com/gregor-stream/gregor/internal/kafka"
)

// caller is what the group coordinator knows of who asks.
func (call *Call) caller() group.Caller {
	return group.Caller{Version: call.Version, ClientID: call.ClientID, ClientHost: call.ClientHost()}
}

// partitionExists says whether the metadata has the partition.
func (h *Handlers) partitionExists(topic string, partition int32) bool {
	_, ok := h.Image().Topics.Partition(kafka.TopicPartition{Topic: topic, Partition: partition})
	return ok
}

// topicID is the id of a topic, zero where there is none of that name.
func (h *Handlers) topicID(name string) kafka.UUID {
	if topic, ok := h.Image().Topics.ByName(name); ok {
		return topic.ID
	}
	return kafka.UUID{}
}

// nameOfTopic is the name of a topic, "" where there is none of that id.
func (h *Handlers) nameOfTopic(id kafka.UUID) string {
	if topic, ok := h.Image().Topics.ByID(id); ok {
		return topic.Name
	}
	return ""
}
