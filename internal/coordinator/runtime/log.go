// Package runtime drives the coordinators' shards: one goroutine for each
// partition of an internal topic that this node leads. It loads the partition's
// log into the shard, carries out its decisions, appends their records in
// batches, and lets responses go when the high watermark has passed. It decides
// nothing. Kind: shell
package runtime

import (
	"github.com/gregor-stream/gregor/internal/coordinator"
	"github.com/gregor-stream/gregor/internal/kafka"
)

// Log is one partition of the internal topic, led by this node. Its methods are
// called by one goroutine, except that HighWatermark may also be called from
// the function given to Watch.
type Log interface {
	// Append writes one record batch (its offsets and leader epoch are set by
	// the log, which may change the bytes in place) and returns the offset of
	// its first record. It does not wait for replication.
	Append(batch []byte) (base kafka.Offset, err error)
	// Read returns whole record batches from the offset on, up to the log's end
	// (not only to the high watermark): at least one where there is one,
	// otherwise about maxBytes. Nothing at the end of the log.
	Read(from kafka.Offset, maxBytes int) ([]byte, error)
	StartOffset() kafka.Offset
	EndOffset() kafka.Offset
	HighWatermark() kafka.Offset
	// MaxBatchBytes is the topic's max.message.bytes.
	MaxBatchBytes() int
	// Watch calls moved after each advance of the high watermark, and when this
	// node stops leading the partition, from any goroutine; moved does not
	// block. stop ends it.
	Watch(moved func()) (stop func())
}

// Logs finds the partitions that this node leads.
type Logs interface {
	// Lead is the partition; NOT_LEADER_OR_FOLLOWER where this node does not
	// lead it.
	Lead(topic string, partition int32) (Log, error)
}

// ShardMaker makes an empty shard for a partition that begins to be led.
type ShardMaker[S coordinator.Shard] func(partition int32, epoch kafka.LeaderEpoch) S
