package config

// logBrokerKeys: the log and the metadata log. Sorted by name.
var logBrokerKeys = []Key{ //nolint:gochecknoglobals // a constant table
	{
		Name: "compression.gzip.level", Type: Int, Default: "-1", Check: special(checkGzipLevel), Importance: Medium, Mode: ClusterWide, State: InEffect,
		Doc: "The level at which the broker packs with gzip when a topic asks for gzip.",
	},
	{
		Name: "compression.lz4.level", Type: Int, Default: "9", Check: between(1, 17), Importance: Medium, Mode: ClusterWide, State: InEffect,
		Doc: "The level at which the broker packs with lz4 when a topic asks for lz4.",
	},
	{
		Name: "compression.type", Type: String, Default: "producer", Check: oneOf("uncompressed,zstd,lz4,snappy,gzip,producer"), Importance: High, Mode: ClusterWide, State: InEffect,
		Doc: "How stored batches are packed: as the producer sent them, or always with the codec named.",
	},
	{
		Name: "compression.zstd.level", Type: Int, Default: "3", Check: between(-131072, 22), Importance: Medium, Mode: ClusterWide, State: InEffect,
		Doc: "The level at which the broker packs with zstd when a topic asks for zstd.",
	},
	{
		Name: "cordoned.log.dirs", Type: List, Default: "", Check: distinct(true, true), Importance: Medium, Mode: PerBroker,
		Doc: "Log directories that get no new partitions; * for all.",
	},
	{
		Name: "internal.metadata.delete.delay.millis", Type: Long, Default: "60000", Importance: Low, Internal: true,
		Doc: "How long a deleted segment of the metadata log stays on disk.",
	},
	{
		Name: "internal.metadata.log.segment.bytes", Type: Int, Null: true, Importance: Low, Internal: true,
		Doc: "The size of a segment of the metadata log, without the usual least size; for tests.",
	},
	{
		Name: "internal.metadata.max.batch.size.in.bytes", Type: Int, Default: "8388608", Importance: Low, Internal: true,
		Doc: "The largest batch in the metadata log.",
	},
	{
		Name: "log.cleanup.policy", Type: List, Default: "delete", Check: listOf("compact,delete"), Importance: Medium, Mode: ClusterWide, State: InEffect,
		Doc: "What happens to old segments of a topic that does not say: delete, compact, both, or (empty) nothing.",
	},
	{
		Name: "log.dir", Type: List, Default: "/tmp/kafka-logs", Check: distinct(false, false), Importance: High, State: InEffect,
		Doc: "The directory of the logs, where log.dirs is not set.",
	},
	{
		Name: "log.dir.failure.timeout.ms", Type: Long, Default: "30000", Check: atLeast(1), Importance: Low, State: InEffect,
		Doc: "How long a broker tries to tell the controller of a failed directory before it stops.",
	},
	{
		Name: "log.dirs", Type: List, Null: true, Check: distinct(false, true), Importance: High, State: InEffect,
		Doc: "The directories of the logs.",
	},
	{
		Name: "log.flush.interval.messages", Type: Long, Default: "9223372036854775807", Check: atLeast(1), Importance: High, Mode: ClusterWide, State: InEffect,
		Doc: "After how many records a log is synced to disk.",
	},
	{
		Name: "log.flush.interval.ms", Type: Long, Null: true, Importance: High, Mode: ClusterWide, State: InEffect,
		Doc: "After how long a log with unsynced records is synced; log.flush.scheduler.interval.ms where it is not set.",
	},
	{
		Name: "log.flush.offset.checkpoint.interval.ms", Type: Int, Default: "60000", Check: atLeast(0), Importance: High, State: InEffect,
		Doc: "How often the recovery points are written down.",
	},
	{
		Name: "log.flush.scheduler.interval.ms", Type: Long, Default: "9223372036854775807", Importance: High, State: InEffect,
		Doc: "How often it is checked whether a log must be synced.",
	},
	{
		Name: "log.flush.start.offset.checkpoint.interval.ms", Type: Int, Default: "60000", Check: atLeast(0), Importance: High, State: InEffect,
		Doc: "How often the log start offsets are written down.",
	},
	{
		Name: "log.index.interval.bytes", Type: Int, Default: "4096", Check: atLeast(0), Importance: Medium, Mode: ClusterWide, State: InEffect,
		Doc: "After how many bytes of records the offset index gets an entry.",
	},
	{
		Name: "log.index.size.max.bytes", Type: Int, Default: "10485760", Check: atLeast(4), Importance: Medium, Mode: ClusterWide, State: InEffect,
		Doc: "The largest offset index; a segment is rolled when it is full.",
	},
	{
		Name: "log.initial.task.delay.ms", Type: Long, Default: "30000", Check: atLeast(0), Importance: Low, Internal: true, State: InEffect,
		Doc: "How long after the start the first background tasks of the log run.",
	},
	{
		Name: "log.local.retention.bytes", Type: Long, Default: "-2", Check: atLeast(-2), Importance: Medium, Mode: ClusterWide,
		Doc: "The most bytes of a tiered partition that stay on the local disk; -2 as log.retention.bytes.",
	},
	{
		Name: "log.local.retention.ms", Type: Long, Default: "-2", Check: atLeast(-2), Importance: Medium, Mode: ClusterWide,
		Doc: "How long the segments of a tiered partition stay on the local disk; -2 as log.retention.ms.",
	},
	{
		Name: "log.message.timestamp.after.max.ms", Type: Long, Default: "3600000", Check: atLeast(0), Importance: Medium, Mode: ClusterWide, State: InEffect,
		Doc: "How far a record's timestamp may be ahead of the broker's clock.",
	},
	{
		Name: "log.message.timestamp.before.max.ms", Type: Long, Default: "9223372036854775807", Check: atLeast(0), Importance: Medium, Mode: ClusterWide, State: InEffect,
		Doc: "How far a record's timestamp may be behind the broker's clock.",
	},
	{
		Name: "log.message.timestamp.type", Type: String, Default: "CreateTime", Check: oneOf("CreateTime,LogAppendTime"), Importance: Medium, Mode: ClusterWide, State: InEffect,
		Doc: "Who stamps the records: the producer (CreateTime) or the broker (LogAppendTime).",
	},
	{
		Name: "log.preallocate", Type: Boolean, Default: "false", Importance: Medium, Mode: ClusterWide, State: InEffect,
		Doc: "Whether a new segment's file gets its disk space at once.",
	},
	{
		Name: "log.remote.copy.lag.bytes", Type: Long, Default: "-1", Check: atLeast(-1), Importance: Medium, Mode: ClusterWide,
		Doc: "Bytes that a tiered partition keeps back from copying; -1 as much as is kept locally.",
	},
	{
		Name: "log.remote.copy.lag.ms", Type: Long, Default: "0", Check: atLeast(-1), Importance: Medium, Mode: ClusterWide,
		Doc: "How old a segment must be before it is copied; -1 as long as it is kept locally.",
	},
	{
		Name: "log.retention.bytes", Type: Long, Default: "-1", Importance: High, Mode: ClusterWide, State: InEffect,
		Doc: "The most bytes of a partition before its oldest segments are deleted; -1 for no limit.",
	},
	{
		Name: "log.retention.check.interval.ms", Type: Long, Default: "300000", Check: atLeast(1), Importance: Medium, State: InEffect,
		Doc: "How often it is checked whether old segments must be deleted.",
	},
	{
		Name: "log.retention.hours", Type: Int, Default: "168", Importance: High, State: InEffect,
		Doc: "How long segments are kept, in hours; the minutes and the milliseconds, where set, win.",
	},
	{
		Name: "log.retention.minutes", Type: Int, Null: true, Importance: High, State: InEffect,
		Doc: "How long segments are kept, in minutes; the milliseconds, where set, win.",
	},
	{
		Name: "log.retention.ms", Type: Long, Null: true, Importance: High, Mode: ClusterWide, State: InEffect,
		Doc: "How long segments are kept; -1 for ever.",
	},
	{
		Name: "log.roll.hours", Type: Int, Default: "168", Check: atLeast(1), Importance: High, State: InEffect,
		Doc: "After how many hours a new segment is begun though the old one is not full; the milliseconds, where set, win.",
	},
	{
		Name: "log.roll.jitter.hours", Type: Int, Default: "0", Check: atLeast(0), Importance: High, State: InEffect,
		Doc: "The most hours of random earliness of such a roll; the milliseconds, where set, win.",
	},
	{
		Name: "log.roll.jitter.ms", Type: Long, Null: true, Importance: High, Mode: ClusterWide, State: InEffect,
		Doc: "The most random earliness of such a roll.",
	},
	{
		Name: "log.roll.ms", Type: Long, Null: true, Importance: High, Mode: ClusterWide, State: InEffect,
		Doc: "After how long a new segment is begun though the old one is not full.",
	},
	{
		Name: "log.segment.bytes", Type: Int, Default: "1073741824", Check: atLeast(1048576), Importance: High, Mode: ClusterWide, State: InEffect,
		Doc: "The size at which a new segment is begun.",
	},
	{
		Name: "log.segment.delete.delay.ms", Type: Long, Default: "60000", Check: atLeast(0), Importance: High, Mode: ClusterWide, State: InEffect,
		Doc: "How long a deleted segment's file stays on disk, renamed.",
	},
	{
		Name: "max.decompressed.message.bytes", Type: Int, Default: "2147483639", Check: between(1, 2147483639), Importance: Medium, Mode: ClusterWide,
		Doc: "The most bytes that a compressed batch may unpack to.",
	},
	{
		Name: "message.max.bytes", Type: Int, Default: "1048588", Check: atLeast(0), Importance: High, Mode: ClusterWide, State: InEffect,
		Doc: "The largest record batch that is accepted, as it is sent (packed).",
	},
	{
		Name: "metadata.log.dir", Type: String, Null: true, Importance: High, State: InEffect,
		Doc: "The directory of the metadata log; the first log directory where it is not set.",
	},
	{
		Name: "metadata.log.max.record.bytes.between.snapshots", Type: Long, Default: "20971520", Check: atLeast(1), Importance: High, State: InEffect,
		Doc: "After how many bytes of new metadata records a snapshot is made.",
	},
	{
		Name: "metadata.log.max.snapshot.interval.ms", Type: Long, Default: "3600000", Check: atLeast(0), Importance: High,
		Doc: "After how long a snapshot is made if there are new records; 0 for never.",
	},
	{
		Name: "metadata.log.segment.bytes", Type: Int, Default: "1073741824", Check: atLeast(8388608), Importance: High,
		Doc: "The size at which the metadata log begins a new segment.",
	},
	{
		Name: "metadata.log.segment.ms", Type: Long, Default: "604800000", Importance: High,
		Doc: "After how long the metadata log begins a new segment.",
	},
	{
		Name: "metadata.max.idle.interval.ms", Type: Int, Default: "500", Check: atLeast(0), Importance: Low,
		Doc: "How often the metadata leader writes an empty record when nothing happens; 0 for never.",
	},
	{
		Name: "metadata.max.retention.bytes", Type: Long, Default: "104857600", Importance: High,
		Doc: "The most bytes of metadata log and snapshots before old ones are deleted.",
	},
	{
		Name: "metadata.max.retention.ms", Type: Long, Default: "604800000", Importance: High,
		Doc: "How long metadata log and snapshots are kept.",
	},
	{
		Name: "min.insync.replicas", Type: Int, Default: "1", Check: atLeast(1), Importance: High, Mode: ClusterWide, State: InEffect,
		Doc: "How many replicas must be in sync for acks=all to be accepted.",
	},
	{
		Name: "producer.id.expiration.check.interval.ms", Type: Int, Default: "600000", Check: atLeast(1), Importance: Low, Internal: true, State: InEffect,
		Doc: "How often it is checked whether producer ids have expired.",
	},
	{
		Name: "producer.id.expiration.ms", Type: Int, Default: "86400000", Check: atLeast(1), Importance: Low, Mode: ClusterWide, State: InEffect,
		Doc: "How long a partition remembers an idempotent producer that is silent.",
	},
	{
		Name: "producer.purgatory.purge.interval.requests", Type: Int, Default: "1000", Importance: Medium, State: Moot,
		Doc: "After how many finished requests the list of waiting produces is swept.",
	},
	{
		Name: "unclean.leader.election.enable", Type: Boolean, Default: "false", Importance: High, Mode: ClusterWide,
		Doc: "Whether a replica that is not in sync may lead when no other can, at the cost of records.",
	},
	{
		Name: "unclean.leader.election.interval.ms", Type: Long, Default: "300000", Check: atLeast(1), Importance: Medium, Internal: true,
		Doc: "How often the controller looks for partitions that need such an election.",
	},
}
