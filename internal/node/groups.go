package node

import (
	"cmp"
	"time"

	"github.com/gregor-stream/gregor/internal/compress"
	"github.com/gregor-stream/gregor/internal/config"
	"github.com/gregor-stream/gregor/internal/coordinator"
	"github.com/gregor-stream/gregor/internal/coordinator/group"
	"github.com/gregor-stream/gregor/internal/coordinator/runtime"
	"github.com/gregor-stream/gregor/internal/kafka"
	"github.com/gregor-stream/gregor/internal/metadata"
)

func (n *Node) buildGroups() {
	b := n.cfg.Broker
	n.groups = runtime.NewGroups(runtime.GroupsConfig{
		Group:        groupConfig(b),
		Partitions:   n.offsetsPartitions,
		Logs:         &runtime.PartitionLogs{Set: n.set, Topic: runtime.GroupsTopic, MaxBatchBytes: n.batchMaxOf(runtime.GroupsTopic)},
		Pool:         n.codecs,
		Codec:        compress.Codec(b.Int("offsets.topic.compression.codec")), //nolint:gosec // few numbers are a codec
		Random:       n.cfg.Rand,
		LoadBytes:    b.OffsetsLoadBufferBytes,
		WriteTimeout: time.Duration(b.OffsetsCommitTimeoutMs) * time.Millisecond,
		Log:          n.logs.Logger("groups"),
	})
}

func groupConfig(b *config.Broker) group.Config {
	ms := func(n int) time.Duration { return time.Duration(n) * time.Millisecond }
	return group.Config{
		MinSessionTimeout:      cmp.Or(ms(b.GroupMinSessionTimeoutMs), -1), // -1 stands for none
		MaxSessionTimeout:      ms(b.GroupMaxSessionTimeoutMs),
		InitialRebalanceDelay:  ms(b.GroupInitialRebalanceDelayMs),
		MaxSize:                b.GroupMaxSize,
		OffsetMetadataMax:      cmp.Or(b.OffsetMetadataMaxBytes, -1),
		OffsetsRetention:       time.Duration(b.OffsetsRetentionMinutes) * time.Minute,
		RetentionCheckInterval: time.Duration(b.OffsetsRetentionCheckIntervalMs) * time.Millisecond,
	}
}

// offsetsPartitions is how many partitions __consumer_offsets has or will have.
func (n *Node) offsetsPartitions() int32 {
	if n.quorum != nil {
		if t, ok := n.quorum.Image().Topics.ByName(runtime.GroupsTopic); ok {
			return t.NumPartitions()
		}
	}
	return int32(n.cfg.Broker.OffsetsTopicPartitions) //nolint:gosec // config bounds it
}

// coordinating is a coordinator of an internal topic's partitions.
type coordinating interface {
	Elected(partition int32, epoch kafka.LeaderEpoch)
	Resigned(partition int32)
}

// leads tells the coordinators which of their partitions this node leads.
func (n *Node) leads(tp kafka.TopicPartition, epoch kafka.LeaderEpoch, leads bool) {
	var of coordinating
	switch tp.Topic {
	case runtime.GroupsTopic:
		of = n.groups
	case runtime.TransactionsTopic:
		of = n.transactions
	default:
		return
	}
	if leads {
		of.Elected(tp.Partition, epoch)
	} else {
		of.Resigned(tp.Partition)
	}
}

// groupPublisher tells the group coordinator of deleted topics.
type groupPublisher struct{ n *Node }

// Publish is called after the partitions have changed.
func (p groupPublisher) Publish(_ *metadata.Image, delta *metadata.Delta) {
	if len(delta.Deleted) == 0 {
		return
	}
	refs := make([]coordinator.TopicRef, len(delta.Deleted))
	for i, t := range delta.Deleted {
		refs[i] = coordinator.TopicRef{Name: t.Name, ID: t.ID}
	}
	p.n.groups.TopicsDeleted(refs)
}

// batchMaxOf is the max.message.bytes of an internal topic.
func (n *Node) batchMaxOf(topic string) func() int {
	return func() int {
		if p, ok := n.set.Partition(kafka.TopicPartition{Topic: topic}); ok && p.Log() != nil {
			return p.Log().Config().MaxMessageBytes
		}
		return n.broker.Load().MessageMaxBytes
	}
}
