package config

// groupKeys: group keys (Kafka's GroupConfig). Sorted by name.
var groupKeys = []Key{ //nolint:gochecknoglobals // a constant table
	{
		Name: "consumer.assignment.interval.ms", Type: Int, Default: "1000", Check: atLeast(0), Importance: Medium,
		Doc: "",
	},
	{
		Name: "consumer.assignor.offload.enable", Type: Boolean, Default: "true", Importance: Medium, Internal: true,
		Doc: "",
	},
	{
		Name: "consumer.heartbeat.interval.ms", Type: Int, Default: "5000", Check: atLeast(1), Importance: Medium,
		Doc: "",
	},
	{
		Name: "consumer.session.timeout.ms", Type: Int, Default: "45000", Check: atLeast(1), Importance: Medium,
		Doc: "",
	},
	{
		Name: "errors.deadletterqueue.copy.record.enable", Type: Boolean, Default: "false", Importance: Medium,
		Doc: "",
	},
	{
		Name: "errors.deadletterqueue.topic.name", Type: String, Default: "", Importance: Medium,
		Doc: "",
	},
	{
		Name: "share.assignment.interval.ms", Type: Int, Default: "1000", Check: atLeast(0), Importance: Medium,
		Doc: "",
	},
	{
		Name: "share.assignor.offload.enable", Type: Boolean, Default: "true", Importance: Medium, Internal: true,
		Doc: "",
	},
	{
		Name: "share.auto.offset.reset", Type: String, Default: "latest", Check: special(checkShareReset), Importance: Medium,
		Doc: "",
	},
	{
		Name: "share.delivery.count.limit", Type: Int, Default: "5", Check: atLeast(2), Importance: Medium,
		Doc: "",
	},
	{
		Name: "share.heartbeat.interval.ms", Type: Int, Default: "5000", Check: atLeast(1), Importance: Medium,
		Doc: "",
	},
	{
		Name: "share.isolation.level", Type: String, Default: "read_uncommitted", Check: oneOf("read_committed,read_uncommitted"), Importance: Medium,
		Doc: "",
	},
	{
		Name: "share.partition.max.record.locks", Type: Int, Default: "2000", Check: atLeast(100), Importance: Medium,
		Doc: "",
	},
	{
		Name: "share.record.lock.duration.ms", Type: Int, Default: "30000", Check: atLeast(1000), Importance: Medium,
		Doc: "",
	},
	{
		Name: "share.renew.acknowledge.enable", Type: Boolean, Default: "true", Importance: Medium,
		Doc: "",
	},
	{
		Name: "share.session.timeout.ms", Type: Int, Default: "45000", Check: atLeast(1), Importance: Medium,
		Doc: "",
	},
	{
		Name: "streams.acceptable.recovery.lag", Type: Long, Default: "10000", Check: atLeast(0), Importance: Medium, Internal: true,
		Doc: "",
	},
	{
		Name: "streams.assignment.interval.ms", Type: Int, Default: "1000", Check: atLeast(0), Importance: Medium,
		Doc: "",
	},
	{
		Name: "streams.assignor.name", Type: String, Null: true, Importance: Medium,
		Doc: "",
	},
	{
		Name: "streams.assignor.offload.enable", Type: Boolean, Default: "true", Importance: Medium, Internal: true,
		Doc: "",
	},
	{
		Name: "streams.heartbeat.interval.ms", Type: Int, Default: "5000", Check: atLeast(1), Importance: Medium,
		Doc: "",
	},
	{
		Name: "streams.initial.rebalance.delay.ms", Type: Int, Default: "3000", Check: atLeast(0), Importance: Medium,
		Doc: "",
	},
	{
		Name: "streams.num.standby.replicas", Type: Int, Default: "0", Check: atLeast(0), Importance: Medium,
		Doc: "",
	},
	{
		Name: "streams.num.warmup.replicas", Type: Int, Default: "2", Check: atLeast(0), Importance: Medium, Internal: true,
		Doc: "",
	},
	{
		Name: "streams.rack.aware.assignment.tags", Type: List, Default: "", Check: distinct(true, false), Importance: Low,
		Doc: "",
	},
	{
		Name: "streams.session.timeout.ms", Type: Int, Default: "45000", Check: atLeast(1), Importance: Medium,
		Doc: "",
	},
	{
		Name: "streams.task.offset.interval.ms", Type: Int, Default: "60000", Check: atLeast(1), Importance: Medium, Internal: true,
		Doc: "",
	},
}
