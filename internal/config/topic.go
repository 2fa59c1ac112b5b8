package config

// TimestampType says who stamps the records of a topic.
type TimestampType int8

// The timestamp types, in Kafka's numbering.
const (
	CreateTime    TimestampType = 0
	LogAppendTime TimestampType = 1
)

// Durability is a value of gregor.durability: what has to be on disk before a
// record counts.
type Durability uint8

// The durabilities.
const (
	Safe Durability = iota
	PageCache
	Disk
)

func durabilityOf(text string) Durability {
	switch text {
	case "page-cache":
		return PageCache
	case "disk":
		return Disk
	}
	return Safe
}

// Topic is the resolved configuration of one topic: its own overrides over the
// broker's values. It is a value: copy it, compare its fields, never change
// one that you did not make. Get one from [Broker.Topic].
type Topic struct {
	SegmentBytes                int   // segment.bytes, or internal.segment.bytes where that is set
	SegmentMs                   int64 // segment.ms
	SegmentJitterMs             int64 // segment.jitter.ms
	SegmentIndexBytes           int   // segment.index.bytes
	FlushMessages               int64 // flush.messages
	FlushMs                     int64 // flush.ms
	RetentionBytes              int64 // retention.bytes; negative: no limit
	RetentionMs                 int64 // retention.ms; -1: no limit
	MaxMessageBytes             int   // max.message.bytes
	MaxDecompressedBytes        int   // max.decompressed.message.bytes
	IndexIntervalBytes          int   // index.interval.bytes
	DeleteRetentionMs           int64 // delete.retention.ms
	MinCompactionLagMs          int64 // min.compaction.lag.ms
	MaxCompactionLagMs          int64 // max.compaction.lag.ms
	FileDeleteDelayMs           int64 // file.delete.delay.ms
	MinCleanableDirtyRatio      float64
	Compact                     bool // cleanup.policy has "compact"
	Delete                      bool // cleanup.policy has "delete"
	UncleanLeaderElection       bool
	MinInsyncReplicas           int
	CompressionType             string // producer, uncompressed, gzip, snappy, lz4 or zstd
	CompressionGzipLevel        int    // -1: the codec's own
	CompressionLz4Level         int
	CompressionZstdLevel        int
	Preallocate                 bool
	MessageTimestampType        TimestampType
	MessageTimestampBeforeMaxMs int64
	MessageTimestampAfterMaxMs  int64

	LeaderReplicationThrottledReplicas   []string
	FollowerReplicationThrottledReplicas []string

	RemoteStorageEnable      bool
	RemoteLogCopyDisable     bool
	RemoteLogDeleteOnDisable bool
	LocalRetentionMs         int64 // -2: as RetentionMs
	LocalRetentionBytes      int64 // -2: as RetentionBytes
	RemoteCopyLagMs          int64
	RemoteCopyLagBytes       int64

	Durability Durability // gregor.durability

	DeadLetterQueueGroupEnable bool // errors.deadletterqueue.group.enable
}

// MaxSegmentMs is the age at which the active segment is rolled: compaction
// may ask for it earlier than segment.ms.
func (t *Topic) MaxSegmentMs() int64 {
	if t.Compact && t.MaxCompactionLagMs > 0 {
		return min(t.MaxCompactionLagMs, t.SegmentMs)
	}
	return t.SegmentMs
}
