// Package runtime drives the coordinators' shards: one goroutine for each
// partition of an internal topic that this node leads. It loads the partition's
// log into the shard, carries out its decisions, appends their records in
// batches, and lets responses go when the high watermark has passed. It decides
// nothing. Kind: shell
package runtime

import (
	"time"

	"github.com/gregor-stream/gregor/internal/coordinator"
	"github.com/gregor-stream/gregor/internal/kafka"
	"github.com/gregor-stream/gregor/internal/storage/producer"
)

// Log is one partition of an internal topic, led by this node in one leader
// epoch. One goroutine uses it.
type Log interface {
	// Append writes one record batch and returns the offset of its first
	// record; the log sets offsets and leader epoch, in place. It does not wait
	// for replication. NOT_LEADER_OR_FOLLOWER where the epoch is over.
	Append(now time.Time, batch []byte, o AppendOptions) (base kafka.Offset, err error)
	// Read fills buf with record batches from the offset on, up to the log's
	// end (not only to the high watermark), the last of which may be cut; buf
	// is replaced where not even the first batch fits. Nothing at the log's end.
	Read(from kafka.Offset, buf []byte) ([]byte, error)
	StartOffset() kafka.Offset
	EndOffset() kafka.Offset
	HighWatermark() kafka.Offset
	// Behind says that the high watermark waits for nothing but this node's own
	// disk: it is about to move.
	Behind() bool
	// MaxBatchBytes is the topic's max.message.bytes.
	MaxBatchBytes() int
	// Watch receives after the high watermark has moved, until stop. Who
	// watches first and then looks at the high watermark misses nothing.
	Watch() (moved <-chan struct{}, stop func())
}

// AppendOptions say more about a batch that belongs to a transaction.
type AppendOptions struct {
	Guard   producer.Guard // of the first batch of a transaction
	Version int16          // of a marker
}

// Logs finds the partitions that this node leads.
type Logs interface {
	// Lead is the partition in this leader epoch; NOT_LEADER_OR_FOLLOWER where
	// this node does not lead it.
	Lead(partition int32, epoch kafka.LeaderEpoch) (Log, error)
}

// ShardMaker makes an empty shard for a partition that begins to be led.
type ShardMaker[S coordinator.Shard] func(partition int32, epoch kafka.LeaderEpoch) S
