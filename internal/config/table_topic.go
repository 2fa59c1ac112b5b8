package config

// topicKeys: topic keys (Kafka's LogConfig, and one of our own). Sorted by name.
var topicKeys = []Key{ //nolint:gochecknoglobals // a constant table
	{
		Name: "cleanup.policy", Type: List, Default: "delete", Check: listOf("compact,delete"), Importance: Medium, State: InEffect,
		Doc: "What happens to old segments: delete, compact, both, or (empty) nothing.",
	},
	{
		Name: "compression.gzip.level", Type: Int, Default: "-1", Check: special(checkGzipLevel), Importance: Medium, State: InEffect,
		Doc: "The level at which the broker packs with gzip.",
	},
	{
		Name: "compression.lz4.level", Type: Int, Default: "9", Check: between(1, 17), Importance: Medium, State: InEffect,
		Doc: "The level at which the broker packs with lz4.",
	},
	{
		Name: "compression.type", Type: String, Default: "producer", Check: oneOf("uncompressed,zstd,lz4,snappy,gzip,producer"), Importance: Medium, State: InEffect,
		Doc: "How stored batches are packed: as the producer sent them, or always with the codec named.",
	},
	{
		Name: "compression.zstd.level", Type: Int, Default: "3", Check: between(-131072, 22), Importance: Medium, State: InEffect,
		Doc: "The level at which the broker packs with zstd.",
	},
	{
		Name: "delete.retention.ms", Type: Long, Default: "86400000", Check: atLeast(0), Importance: Medium, State: InEffect,
		Doc: "How long a tombstone stays in a compacted topic.",
	},
	{
		Name: "errors.deadletterqueue.group.enable", Type: Boolean, Default: "false", Importance: Medium,
		Doc: "Whether share groups may write their dead letters to this topic.",
	},
	{
		Name: "file.delete.delay.ms", Type: Long, Default: "60000", Check: atLeast(0), Importance: Medium, State: InEffect,
		Doc: "How long a deleted segment's file stays on disk, renamed.",
	},
	{
		Name: "flush.messages", Type: Long, Default: "9223372036854775807", Check: atLeast(1), Importance: Medium, State: InEffect,
		Doc: "After how many records the log is synced to disk.",
	},
	{
		Name: "flush.ms", Type: Long, Default: "9223372036854775807", Check: atLeast(0), Importance: Medium, State: InEffect,
		Doc: "After how long unsynced records are synced.",
	},
	{
		Name: "follower.replication.throttled.replicas", Type: List, Default: "", Check: special(checkThrottledReplicas), Importance: Medium,
		Doc: "The replicas whose followers are throttled.",
	},
	{
		Name: "gregor.durability", Type: String, Default: "safe", Check: oneOf("safe,page-cache,disk"), Importance: High, State: InEffect, Own: true,
		Doc: "What acks=all and the high watermark of this topic wait for, see gregor.log.durability.",
	},
	{
		Name: "index.interval.bytes", Type: Int, Default: "4096", Check: atLeast(0), Importance: Medium, State: InEffect,
		Doc: "After how many bytes of records the offset index gets an entry.",
	},
	{
		Name: "internal.segment.bytes", Type: Int, Null: true, Importance: Medium, Internal: true, State: InEffect,
		Doc: "The size of a segment, without the usual least size; for tests.",
	},
	{
		Name: "leader.replication.throttled.replicas", Type: List, Default: "", Check: special(checkThrottledReplicas), Importance: Medium,
		Doc: "The replicas whose leaders are throttled.",
	},
	{
		Name: "local.retention.bytes", Type: Long, Default: "-2", Check: atLeast(-2), Importance: Medium,
		Doc: "The most bytes that stay on the local disk of a tiered topic; -2 as retention.bytes.",
	},
	{
		Name: "local.retention.ms", Type: Long, Default: "-2", Check: atLeast(-2), Importance: Medium,
		Doc: "How long segments stay on the local disk of a tiered topic; -2 as retention.ms.",
	},
	{
		Name: "max.compaction.lag.ms", Type: Long, Default: "9223372036854775807", Check: atLeast(1), Importance: Medium, State: InEffect,
		Doc: "The age at which a record must have been compacted.",
	},
	{
		Name: "max.decompressed.message.bytes", Type: Int, Default: "2147483639", Check: between(1, 2147483639), Importance: Medium,
		Doc: "The most bytes that a compressed batch may unpack to.",
	},
	{
		Name: "max.message.bytes", Type: Int, Default: "1048588", Check: atLeast(0), Importance: Medium, State: InEffect,
		Doc: "The largest record batch that is accepted, as it is sent (packed).",
	},
	{
		Name: "message.timestamp.after.max.ms", Type: Long, Default: "3600000", Check: atLeast(0), Importance: Medium, State: InEffect,
		Doc: "How far a record's timestamp may be ahead of the broker's clock.",
	},
	{
		Name: "message.timestamp.before.max.ms", Type: Long, Default: "9223372036854775807", Check: atLeast(0), Importance: Medium, State: InEffect,
		Doc: "How far a record's timestamp may be behind the broker's clock.",
	},
	{
		Name: "message.timestamp.type", Type: String, Default: "CreateTime", Check: oneOf("CreateTime,LogAppendTime"), Importance: Medium, State: InEffect,
		Doc: "Who stamps the records: the producer (CreateTime) or the broker (LogAppendTime).",
	},
	{
		Name: "min.cleanable.dirty.ratio", Type: Double, Default: "0.5", Check: between(0, 1), Importance: Medium, State: InEffect,
		Doc: "The share of not yet compacted bytes at which the log is compacted.",
	},
	{
		Name: "min.compaction.lag.ms", Type: Long, Default: "0", Check: atLeast(0), Importance: Medium, State: InEffect,
		Doc: "How long a record stays uncompacted at least.",
	},
	{
		Name: "min.insync.replicas", Type: Int, Default: "1", Check: atLeast(1), Importance: Medium, State: InEffect,
		Doc: "How many replicas must be in sync for acks=all to be accepted.",
	},
	{
		Name: "preallocate", Type: Boolean, Default: "false", Importance: Medium, State: InEffect,
		Doc: "Whether a new segment's file gets its disk space at once.",
	},
	{
		Name: "remote.copy.lag.bytes", Type: Long, Default: "-1", Check: atLeast(-1), Importance: Medium,
		Doc: "Bytes that a tiered topic keeps back from copying; -1 as much as is kept locally.",
	},
	{
		Name: "remote.copy.lag.ms", Type: Long, Default: "0", Check: atLeast(-1), Importance: Medium,
		Doc: "How old a segment must be before it is copied; -1 as long as it is kept locally.",
	},
	{
		Name: "remote.log.copy.disable", Type: Boolean, Default: "false", Importance: Medium,
		Doc: "Whether a tiered topic stops copying new segments.",
	},
	{
		Name: "remote.log.delete.on.disable", Type: Boolean, Default: "false", Importance: Medium,
		Doc: "Whether tiered data is deleted when tiering is switched off.",
	},
	{
		Name: "remote.storage.enable", Type: Boolean, Default: "false", Importance: Medium,
		Doc: "Whether the topic is tiered.",
	},
	{
		Name: "retention.bytes", Type: Long, Default: "-1", Importance: Medium, State: InEffect,
		Doc: "The most bytes of a partition before its oldest segments are deleted; -1 for no limit.",
	},
	{
		Name: "retention.ms", Type: Long, Default: "604800000", Check: atLeast(-1), Importance: Medium, State: InEffect,
		Doc: "How long segments are kept; -1 for ever.",
	},
	{
		Name: "segment.bytes", Type: Int, Default: "1073741824", Check: atLeast(1048576), Importance: Medium, State: InEffect,
		Doc: "The size at which a new segment is begun.",
	},
	{
		Name: "segment.index.bytes", Type: Int, Default: "10485760", Check: atLeast(4), Importance: Medium, State: InEffect,
		Doc: "The largest offset index; a segment is rolled when it is full.",
	},
	{
		Name: "segment.jitter.ms", Type: Long, Default: "0", Check: atLeast(0), Importance: Medium, State: InEffect,
		Doc: "The most random earliness of a roll by time.",
	},
	{
		Name: "segment.ms", Type: Long, Default: "604800000", Check: atLeast(1), Importance: Medium, State: InEffect,
		Doc: "After how long a new segment is begun though the old one is not full.",
	},
	{
		Name: "unclean.leader.election.enable", Type: Boolean, Default: "false", Importance: Medium,
		Doc: "Whether a replica that is not in sync may lead when no other can, at the cost of records.",
	},
}
