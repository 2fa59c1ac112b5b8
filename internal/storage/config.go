package storage

import (
	"math"

	"github.com/gregor-stream/gregor/internal/batch"
	"github.com/gregor-stream/gregor/internal/compress"
)

// Config is what one log is run by: the topic's resolved settings, under
// Kafka's names. A Config in use is never changed; [Log.SetConfig] puts another
// in its place, and the next append, roll or retention sees it.
type Config struct {
	SegmentBytes       int   // segment.bytes
	SegmentMs          int64 // segment.ms, or max.compaction.lag.ms where that rolls earlier
	SegmentJitterMs    int64 // segment.jitter.ms
	SegmentIndexBytes  int   // segment.index.bytes
	IndexIntervalBytes int   // index.interval.bytes
	Preallocate        bool  // preallocate: make segment files at full length, as Kafka does
	FlushMessages      int64 // flush.messages: what Log.FlushDue goes by
	FlushMs            int64 // flush.ms: what the housekeeping goes by
	RetentionMs        int64 // retention.ms; negative: no limit
	RetentionBytes     int64 // retention.bytes; negative: no limit
	FileDeleteDelayMs  int64 // file.delete.delay.ms
	Compact            bool  // cleanup.policy has "compact"
	Delete             bool  // cleanup.policy has "delete"; neither: kept for ever

	MinCleanableRatio  float64 // min.cleanable.dirty.ratio
	MinCompactionLagMs int64   // min.compaction.lag.ms
	MaxCompactionLagMs int64   // max.compaction.lag.ms
	DeleteRetentionMs  int64   // delete.retention.ms

	MaxMessageBytes  int  // max.message.bytes
	MaxUnpackedBytes int  // bound of an unpacked batch; 0: batch.DefaultMaxUnpackedBytes
	Recompress       bool // compression.type is not "producer"
	Codec            compress.Codec
	Level            compress.Level
	TimestampType    batch.TimestampType // message.timestamp.type
	BeforeMaxMs      int64               // message.timestamp.before.max.ms
	AfterMaxMs       int64               // message.timestamp.after.max.ms

	ProducerIDExpirationMs int64 // producer.id.expiration.ms
	// VerifyTransactions is transaction.partition.verification.enable: the
	// first transactional write of a transaction needs AppendOptions.Guard.
	VerifyTransactions bool
}

// DefaultConfig has Kafka's defaults.
func DefaultConfig() Config {
	return Config{
		SegmentBytes:           1 << 30,
		SegmentMs:              7 * 24 * 3600 * 1000,
		SegmentIndexBytes:      10 << 20,
		IndexIntervalBytes:     4096,
		FlushMessages:          math.MaxInt64,
		FlushMs:                math.MaxInt64,
		RetentionMs:            7 * 24 * 3600 * 1000,
		RetentionBytes:         -1,
		FileDeleteDelayMs:      60_000,
		Delete:                 true,
		MinCleanableRatio:      0.5,
		MaxCompactionLagMs:     math.MaxInt64,
		DeleteRetentionMs:      24 * 3600 * 1000,
		MaxMessageBytes:        1048588,
		BeforeMaxMs:            math.MaxInt64,
		AfterMaxMs:             3600_000,
		ProducerIDExpirationMs: 24 * 3600 * 1000,
		VerifyTransactions:     true,
	}
}
