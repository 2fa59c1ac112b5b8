package config

// logBrokerKeys: the log and the metadata log. Sorted by name.
var logBrokerKeys = []Key{ //nolint:gochecknoglobals // a constant table
	{
		Name: "compression.gzip.level", Type: Int, Default: "-1", Check: special(checkGzipLevel), Importance: Medium, Mode: ClusterWide,
		Doc: "",
	},
	{
		Name: "compression.lz4.level", Type: Int, Default: "9", Check: between(1, 17), Importance: Medium, Mode: ClusterWide,
		Doc: "",
	},
	{
		Name: "compression.type", Type: String, Default: "producer", Check: oneOf("uncompressed,zstd,lz4,snappy,gzip,producer"), Importance: High, Mode: ClusterWide,
		Doc: "",
	},
	{
		Name: "compression.zstd.level", Type: Int, Default: "3", Check: between(-131072, 22), Importance: Medium, Mode: ClusterWide,
		Doc: "",
	},
	{
		Name: "cordoned.log.dirs", Type: List, Default: "", Check: distinct(true, true), Importance: Medium, Mode: PerBroker,
		Doc: "",
	},
	{
		Name: "internal.metadata.delete.delay.millis", Type: Long, Default: "60000", Importance: Low, Internal: true,
		Doc: "",
	},
	{
		Name: "internal.metadata.log.segment.bytes", Type: Int, Null: true, Importance: Low, Internal: true,
		Doc: "",
	},
	{
		Name: "internal.metadata.max.batch.size.in.bytes", Type: Int, Default: "8388608", Importance: Low, Internal: true,
		Doc: "",
	},
	{
		Name: "log.cleanup.policy", Type: List, Default: "delete", Check: listOf("compact,delete"), Importance: Medium, Mode: ClusterWide,
		Doc: "",
	},
	{
		Name: "log.dir", Type: List, Default: "/tmp/kafka-logs", Check: distinct(false, false), Importance: High,
		Doc: "",
	},
	{
		Name: "log.dir.failure.timeout.ms", Type: Long, Default: "30000", Check: atLeast(1), Importance: Low,
		Doc: "",
	},
	{
		Name: "log.dirs", Type: List, Null: true, Check: distinct(false, true), Importance: High,
		Doc: "",
	},
	{
		Name: "log.flush.interval.messages", Type: Long, Default: "9223372036854775807", Check: atLeast(1), Importance: High, Mode: ClusterWide,
		Doc: "",
	},
	{
		Name: "log.flush.interval.ms", Type: Long, Null: true, Importance: High, Mode: ClusterWide,
		Doc: "",
	},
	{
		Name: "log.flush.offset.checkpoint.interval.ms", Type: Int, Default: "60000", Check: atLeast(0), Importance: High,
		Doc: "",
	},
	{
		Name: "log.flush.scheduler.interval.ms", Type: Long, Default: "9223372036854775807", Importance: High,
		Doc: "",
	},
	{
		Name: "log.flush.start.offset.checkpoint.interval.ms", Type: Int, Default: "60000", Check: atLeast(0), Importance: High,
		Doc: "",
	},
	{
		Name: "log.index.interval.bytes", Type: Int, Default: "4096", Check: atLeast(0), Importance: Medium, Mode: ClusterWide,
		Doc: "",
	},
	{
		Name: "log.index.size.max.bytes", Type: Int, Default: "10485760", Check: atLeast(4), Importance: Medium, Mode: ClusterWide,
		Doc: "",
	},
	{
		Name: "log.initial.task.delay.ms", Type: Long, Default: "30000", Check: atLeast(0), Importance: Low, Internal: true,
		Doc: "",
	},
	{
		Name: "log.local.retention.bytes", Type: Long, Default: "-2", Check: atLeast(-2), Importance: Medium, Mode: ClusterWide,
		Doc: "",
	},
	{
		Name: "log.local.retention.ms", Type: Long, Default: "-2", Check: atLeast(-2), Importance: Medium, Mode: ClusterWide,
		Doc: "",
	},
	{
		Name: "log.message.timestamp.after.max.ms", Type: Long, Default: "3600000", Check: atLeast(0), Importance: Medium, Mode: ClusterWide,
		Doc: "",
	},
	{
		Name: "log.message.timestamp.before.max.ms", Type: Long, Default: "9223372036854775807", Check: atLeast(0), Importance: Medium, Mode: ClusterWide,
		Doc: "",
	},
	{
		Name: "log.message.timestamp.type", Type: String, Default: "CreateTime", Check: oneOf("CreateTime,LogAppendTime"), Importance: Medium, Mode: ClusterWide,
		Doc: "",
	},
	{
		Name: "log.preallocate", Type: Boolean, Default: "false", Importance: Medium, Mode: ClusterWide,
		Doc: "",
	},
	{
		Name: "log.remote.copy.lag.bytes", Type: Long, Default: "-1", Check: atLeast(-1), Importance: Medium, Mode: ClusterWide,
		Doc: "",
	},
	{
		Name: "log.remote.copy.lag.ms", Type: Long, Default: "0", Check: atLeast(-1), Importance: Medium, Mode: ClusterWide,
		Doc: "",
	},
	{
		Name: "log.retention.bytes", Type: Long, Default: "-1", Importance: High, Mode: ClusterWide,
		Doc: "",
	},
	{
		Name: "log.retention.check.interval.ms", Type: Long, Default: "300000", Check: atLeast(1), Importance: Medium,
		Doc: "",
	},
	{
		Name: "log.retention.hours", Type: Int, Default: "168", Importance: High,
		Doc: "",
	},
	{
		Name: "log.retention.minutes", Type: Int, Null: true, Importance: High,
		Doc: "",
	},
	{
		Name: "log.retention.ms", Type: Long, Null: true, Importance: High, Mode: ClusterWide,
		Doc: "",
	},
	{
		Name: "log.roll.hours", Type: Int, Default: "168", Check: atLeast(1), Importance: High,
		Doc: "",
	},
	{
		Name: "log.roll.jitter.hours", Type: Int, Default: "0", Check: atLeast(0), Importance: High,
		Doc: "",
	},
	{
		Name: "log.roll.jitter.ms", Type: Long, Null: true, Importance: High, Mode: ClusterWide,
		Doc: "",
	},
	{
		Name: "log.roll.ms", Type: Long, Null: true, Importance: High, Mode: ClusterWide,
		Doc: "",
	},
	{
		Name: "log.segment.bytes", Type: Int, Default: "1073741824", Check: atLeast(1048576), Importance: High, Mode: ClusterWide,
		Doc: "",
	},
	{
		Name: "log.segment.delete.delay.ms", Type: Long, Default: "60000", Check: atLeast(0), Importance: High, Mode: ClusterWide,
		Doc: "",
	},
	{
		Name: "max.decompressed.message.bytes", Type: Int, Default: "2147483639", Check: between(1, 2147483639), Importance: Medium, Mode: ClusterWide,
		Doc: "",
	},
	{
		Name: "message.max.bytes", Type: Int, Default: "1048588", Check: atLeast(0), Importance: High, Mode: ClusterWide,
		Doc: "",
	},
	{
		Name: "metadata.log.dir", Type: String, Null: true, Importance: High,
		Doc: "",
	},
	{
		Name: "metadata.log.max.record.bytes.between.snapshots", Type: Long, Default: "20971520", Check: atLeast(1), Importance: High,
		Doc: "",
	},
	{
		Name: "metadata.log.max.snapshot.interval.ms", Type: Long, Default: "3600000", Check: atLeast(0), Importance: High,
		Doc: "",
	},
	{
		Name: "metadata.log.segment.bytes", Type: Int, Default: "1073741824", Check: atLeast(8388608), Importance: High,
		Doc: "",
	},
	{
		Name: "metadata.log.segment.ms", Type: Long, Default: "604800000", Importance: High,
		Doc: "",
	},
	{
		Name: "metadata.max.idle.interval.ms", Type: Int, Default: "500", Check: atLeast(0), Importance: Low,
		Doc: "",
	},
	{
		Name: "metadata.max.retention.bytes", Type: Long, Default: "104857600", Importance: High,
		Doc: "",
	},
	{
		Name: "metadata.max.retention.ms", Type: Long, Default: "604800000", Importance: High,
		Doc: "",
	},
	{
		Name: "min.insync.replicas", Type: Int, Default: "1", Check: atLeast(1), Importance: High, Mode: ClusterWide,
		Doc: "",
	},
	{
		Name: "producer.id.expiration.check.interval.ms", Type: Int, Default: "600000", Check: atLeast(1), Importance: Low, Internal: true,
		Doc: "",
	},
	{
		Name: "producer.id.expiration.ms", Type: Int, Default: "86400000", Check: atLeast(1), Importance: Low, Mode: ClusterWide,
		Doc: "",
	},
	{
		Name: "producer.purgatory.purge.interval.requests", Type: Int, Default: "1000", Importance: Medium,
		Doc: "",
	},
	{
		Name: "unclean.leader.election.enable", Type: Boolean, Default: "false", Importance: High, Mode: ClusterWide,
		Doc: "",
	},
	{
		Name: "unclean.leader.election.interval.ms", Type: Long, Default: "300000", Check: atLeast(1), Importance: Medium, Internal: true,
		Doc: "",
	},
}
