package node

import (
	"time"

	"github.com/gregor-stream/gregor/internal/batch"
	"github.com/gregor-stream/gregor/internal/config"
	"github.com/gregor-stream/gregor/internal/coordinator"
	"github.com/gregor-stream/gregor/internal/coordinator/group"
	"github.com/gregor-stream/gregor/internal/coordinator/runtime"
	"github.com/gregor-stream/gregor/internal/kafka"
	"github.com/gregor-stream/gregor/internal/metadata"
	"github.com/gregor-stream/gregor/internal/partition"
	"github.com/gregor-stream/gregor/internal/storage"
)

func (n *Node) buildGroups() {
	b := n.cfg.Broker
	n.groups = runtime.NewGroups(runtime.GroupsConfig{
		Group:        groupConfig(b),
		Partitions:   n.offsetsPartitions,
		Logs:         ledLogs{n.set, runtime.GroupsTopic},
		Pool:         n.codecs,
		Random:       n.cfg.Rand,
		LoadBytes:    b.OffsetsLoadBufferBytes,
		WriteTimeout: time.Duration(b.OffsetsCommitTimeoutMs) * time.Millisecond,
		Log:          n.log,
	})
}

func groupConfig(b *config.Broker) group.Config {
	ms := func(n int) time.Duration { return time.Duration(n) * time.Millisecond }
	return group.Config{
		MinSessionTimeout:      ms(b.GroupMinSessionTimeoutMs),
		MaxSessionTimeout:      ms(b.GroupMaxSessionTimeoutMs),
		InitialRebalanceDelay:  ms(b.GroupInitialRebalanceDelayMs),
		MaxSize:                b.GroupMaxSize,
		OffsetMetadataMax:      b.OffsetMetadataMaxBytes,
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

// leads tells the coordinators which of their partitions this node leads.
func (n *Node) leads(tp kafka.TopicPartition, epoch kafka.LeaderEpoch, leads bool) {
	switch {
	case tp.Topic != runtime.GroupsTopic:
	case leads:
		n.groups.Elected(tp.Partition, epoch)
	default:
		n.groups.Resigned(tp.Partition)
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

// ledLogs shows the partitions of an internal topic to its coordinator.
type ledLogs struct {
	set   *partition.Set
	topic string
}

// Lead is a partition that this node leads in this epoch.
func (l ledLogs) Lead(n int32, epoch kafka.LeaderEpoch) (runtime.Log, error) {
	p, ok := l.set.Partition(kafka.TopicPartition{Topic: l.topic, Partition: n})
	if !ok || !p.Leads() {
		return nil, kafka.ErrNotLeaderOrFollower
	}
	if now, _ := p.LeaderEpoch(); now != epoch {
		return nil, kafka.ErrNotLeaderOrFollower
	}
	return &ledLog{p: p, epoch: epoch}, nil
}

// ledLog is such a partition, in one leader epoch.
type ledLog struct {
	p     *partition.Partition
	epoch kafka.LeaderEpoch
}

// Append writes one batch.
func (l *ledLog) Append(now time.Time, records []byte) (kafka.Offset, error) {
	done, err := l.p.AppendIn(now, l.epoch, records, storage.AppendOptions{Origin: batch.FromCoordinator})
	switch kafka.CodeOf(err) {
	case kafka.ErrFencedLeaderEpoch, kafka.ErrUnknownLeaderEpoch, kafka.ErrUnknownTopicOrPartition:
		err = kafka.ErrNotLeaderOrFollower
	}
	return done.FirstOffset, err
}

// Read fills buf with batches up to the log's end.
func (l *ledLog) Read(from kafka.Offset, buf []byte) ([]byte, error) { return l.p.ReadInto(from, buf) }

// StartOffset is the log's start.
func (l *ledLog) StartOffset() kafka.Offset { return l.p.LogStartOffset() }

// EndOffset is the log's end.
func (l *ledLog) EndOffset() kafka.Offset { return l.p.LogEndOffset() }

// HighWatermark is how far the log is replicated.
func (l *ledLog) HighWatermark() kafka.Offset { return l.p.HighWatermark() }

// MaxBatchBytes is max.message.bytes.
func (l *ledLog) MaxBatchBytes() int { return l.p.MaxMessageBytes() }

// Watch receives when the high watermark or the leadership moves.
func (l *ledLog) Watch() (moved <-chan struct{}, stop func()) {
	w := partition.NewWaiter()
	l.p.Watch(w)
	return w.C(), func() { l.p.Unwatch(w) }
}
