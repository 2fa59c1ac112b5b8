package config

// topicKeys: topic keys (Kafka's LogConfig). Sorted by name.
var topicKeys = []Key{ //nolint:gochecknoglobals // a constant table
	{
		Name: "cleanup.policy", Type: List, Default: "delete", Check: listOf("compact,delete"), Importance: Medium,
		Doc: "",
	},
	{
		Name: "compression.gzip.level", Type: Int, Default: "-1", Check: special(checkGzipLevel), Importance: Medium,
		Doc: "",
	},
	{
		Name: "compression.lz4.level", Type: Int, Default: "9", Check: between(1, 17), Importance: Medium,
		Doc: "",
	},
	{
		Name: "compression.type", Type: String, Default: "producer", Check: oneOf("uncompressed,zstd,lz4,snappy,gzip,producer"), Importance: Medium,
		Doc: "",
	},
	{
		Name: "compression.zstd.level", Type: Int, Default: "3", Check: between(-131072, 22), Importance: Medium,
		Doc: "",
	},
	{
		Name: "delete.retention.ms", Type: Long, Default: "86400000", Check: atLeast(0), Importance: Medium,
		Doc: "",
	},
	{
		Name: "errors.deadletterqueue.group.enable", Type: Boolean, Default: "false", Importance: Medium,
		Doc: "",
	},
	{
		Name: "file.delete.delay.ms", Type: Long, Default: "60000", Check: atLeast(0), Importance: Medium,
		Doc: "",
	},
	{
		Name: "flush.messages", Type: Long, Default: "9223372036854775807", Check: atLeast(1), Importance: Medium,
		Doc: "",
	},
	{
		Name: "flush.ms", Type: Long, Default: "9223372036854775807", Check: atLeast(0), Importance: Medium,
		Doc: "",
	},
	{
		Name: "follower.replication.throttled.replicas", Type: List, Default: "", Check: special(checkThrottledReplicas), Importance: Medium,
		Doc: "",
	},
	{
		Name: "index.interval.bytes", Type: Int, Default: "4096", Check: atLeast(0), Importance: Medium,
		Doc: "",
	},
	{
		Name: "internal.segment.bytes", Type: Int, Null: true, Importance: Medium, Internal: true,
		Doc: "",
	},
	{
		Name: "leader.replication.throttled.replicas", Type: List, Default: "", Check: special(checkThrottledReplicas), Importance: Medium,
		Doc: "",
	},
	{
		Name: "local.retention.bytes", Type: Long, Default: "-2", Check: atLeast(-2), Importance: Medium,
		Doc: "",
	},
	{
		Name: "local.retention.ms", Type: Long, Default: "-2", Check: atLeast(-2), Importance: Medium,
		Doc: "",
	},
	{
		Name: "max.compaction.lag.ms", Type: Long, Default: "9223372036854775807", Check: atLeast(1), Importance: Medium,
		Doc: "",
	},
	{
		Name: "max.decompressed.message.bytes", Type: Int, Default: "2147483639", Check: between(1, 2147483639), Importance: Medium,
		Doc: "",
	},
	{
		Name: "max.message.bytes", Type: Int, Default: "1048588", Check: atLeast(0), Importance: Medium,
		Doc: "",
	},
	{
		Name: "message.timestamp.after.max.ms", Type: Long, Default: "3600000", Check: atLeast(0), Importance: Medium,
		Doc: "",
	},
	{
		Name: "message.timestamp.before.max.ms", Type: Long, Default: "9223372036854775807", Check: atLeast(0), Importance: Medium,
		Doc: "",
	},
	{
		Name: "message.timestamp.type", Type: String, Default: "CreateTime", Check: oneOf("CreateTime,LogAppendTime"), Importance: Medium,
		Doc: "",
	},
	{
		Name: "min.cleanable.dirty.ratio", Type: Double, Default: "0.5", Check: between(0, 1), Importance: Medium,
		Doc: "",
	},
	{
		Name: "min.compaction.lag.ms", Type: Long, Default: "0", Check: atLeast(0), Importance: Medium,
		Doc: "",
	},
	{
		Name: "min.insync.replicas", Type: Int, Default: "1", Check: atLeast(1), Importance: Medium,
		Doc: "",
	},
	{
		Name: "preallocate", Type: Boolean, Default: "false", Importance: Medium,
		Doc: "",
	},
	{
		Name: "remote.copy.lag.bytes", Type: Long, Default: "-1", Check: atLeast(-1), Importance: Medium,
		Doc: "",
	},
	{
		Name: "remote.copy.lag.ms", Type: Long, Default: "0", Check: atLeast(-1), Importance: Medium,
		Doc: "",
	},
	{
		Name: "remote.log.copy.disable", Type: Boolean, Default: "false", Importance: Medium,
		Doc: "",
	},
	{
		Name: "remote.log.delete.on.disable", Type: Boolean, Default: "false", Importance: Medium,
		Doc: "",
	},
	{
		Name: "remote.storage.enable", Type: Boolean, Default: "false", Importance: Medium,
		Doc: "",
	},
	{
		Name: "retention.bytes", Type: Long, Default: "-1", Importance: Medium,
		Doc: "",
	},
	{
		Name: "retention.ms", Type: Long, Default: "604800000", Check: atLeast(-1), Importance: Medium,
		Doc: "",
	},
	{
		Name: "segment.bytes", Type: Int, Default: "1073741824", Check: atLeast(1048576), Importance: Medium,
		Doc: "",
	},
	{
		Name: "segment.index.bytes", Type: Int, Default: "10485760", Check: atLeast(4), Importance: Medium,
		Doc: "",
	},
	{
		Name: "segment.jitter.ms", Type: Long, Default: "0", Check: atLeast(0), Importance: Medium,
		Doc: "",
	},
	{
		Name: "segment.ms", Type: Long, Default: "604800000", Check: atLeast(1), Importance: Medium,
		Doc: "",
	},
	{
		Name: "unclean.leader.election.enable", Type: Boolean, Default: "false", Importance: Medium,
		Doc: "",
	},
}
