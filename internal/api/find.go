package api

import (
	"github.com/gregor-stream/gregor/internal/kafka"
	"github.com/gregor-stream/gregor/internal/metadata"
)

// target is a partition that a data request names, by topic id or by name.
type target struct {
	name kafka.TopicPartition // Topic is empty where only an unknown id is given
	id   kafka.TopicID        // zero where only an unknown name is given
}

// resolve completes a target from the metadata: the name of an id, or the id
// of a name.
func (h *Handlers) resolve(t *target) (*metadata.Topic, bool) {
	img := h.Image()
	var topic *metadata.Topic
	var ok bool
	if t.id.IsZero() {
		topic, ok = img.Topics.ByName(t.name.Topic)
	} else {
		topic, ok = img.Topics.ByID(t.id)
	}
	if ok {
		t.id, t.name.Topic = topic.ID, topic.Name
	}
	return topic, ok
}

// notHere is why a partition that this broker does not have cannot be served:
// it does not exist, or others have it.
func (h *Handlers) notHere(byID bool, t *target) kafka.Error {
	topic, ok := h.resolve(t)
	if !ok && byID {
		return kafka.ErrUnknownTopicID
	}
	if !ok {
		return kafka.ErrUnknownTopicOrPartition
	}
	if _, ok := topic.Partition(t.name.Partition); !ok {
		return kafka.ErrUnknownTopicOrPartition
	}
	return kafka.ErrNotLeaderOrFollower
}

// findByName finds a partition for a request that names topics.
func (h *Handlers) findByName(topic string, partition int32) (Partition, kafka.Error) {
	t := target{name: kafka.TopicPartition{Topic: topic, Partition: partition}}
	if p, ok := h.Partitions.Partition(t.name); ok {
		return p, kafka.ErrNone
	}
	return nil, h.notHere(false, &t)
}

// currentLeader is the leader of a partition as the metadata has it, and where
// a client on this listener reaches it; the endpoint is false where there is
// no leader, or the leader has no such listener.
func (h *Handlers) currentLeader(tp kafka.TopicPartition, listener string) (leader kafka.NodeID, epoch kafka.LeaderEpoch, at metadata.Endpoint, rack *string, ok bool) {
	img := h.Image()
	p, found := img.Topics.Partition(tp)
	if !found {
		return kafka.NoNode, kafka.NoLeaderEpoch, at, nil, false
	}
	leader, epoch = p.Leader, p.LeaderEpoch
	broker, found := img.Cluster.Broker(leader)
	if !found {
		return leader, epoch, at, nil, false
	}
	at, ok = broker.Endpoint(listener)
	return leader, epoch, at, broker.Rack, ok
}

// isInternal says whether a topic belongs to the broker itself.
func isInternal(topic string) bool {
	switch topic {
	case "__consumer_offsets", "__transaction_state", "__share_group_state":
		return true
	}
	return false
}
