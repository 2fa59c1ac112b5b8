package config

// groupKeys: group keys (Kafka's GroupConfig). Sorted by name.
var groupKeys = []Key{ //nolint:gochecknoglobals // a constant table
	{
		Name: "consumer.assignment.interval.ms", Type: Int, Default: "1000", Check: atLeast(0), Importance: Medium,
		Doc: "The least time between two assignments of the group.",
	},
	{
		Name: "consumer.assignor.offload.enable", Type: Boolean, Default: "true", Importance: Medium, Internal: true,
		Doc: "Whether assignments are computed beside the coordinator's own thread.",
	},
	{
		Name: "consumer.heartbeat.interval.ms", Type: Int, Default: "5000", Check: atLeast(1), Importance: Medium,
		Doc: "How often members must send a heartbeat.",
	},
	{
		Name: "consumer.session.timeout.ms", Type: Int, Default: "45000", Check: atLeast(1), Importance: Medium,
		Doc: "How long a member may be silent.",
	},
	{
		Name: "errors.deadletterqueue.copy.record.enable", Type: Boolean, Default: "false", Importance: Medium,
		Doc: "Whether a dead letter carries the record itself.",
	},
	{
		Name: "errors.deadletterqueue.topic.name", Type: String, Default: "", Importance: Medium,
		Doc: "The topic of the group's dead letters; empty for none.",
	},
	{
		Name: "share.assignment.interval.ms", Type: Int, Default: "1000", Check: atLeast(0), Importance: Medium,
		Doc: "The least time between two assignments of the group.",
	},
	{
		Name: "share.assignor.offload.enable", Type: Boolean, Default: "true", Importance: Medium, Internal: true,
		Doc: "Whether assignments are computed beside the coordinator's own thread.",
	},
	{
		Name: "share.auto.offset.reset", Type: String, Default: "latest", Check: special(checkShareReset), Importance: Medium,
		Doc: "Where a share group begins that has no position.",
	},
	{
		Name: "share.delivery.count.limit", Type: Int, Default: "5", Check: atLeast(2), Importance: Medium,
		Doc: "How often a record is delivered before it is given up.",
	},
	{
		Name: "share.heartbeat.interval.ms", Type: Int, Default: "5000", Check: atLeast(1), Importance: Medium,
		Doc: "How often members must send a heartbeat.",
	},
	{
		Name: "share.isolation.level", Type: String, Default: "read_uncommitted", Check: oneOf("read_committed,read_uncommitted"), Importance: Medium,
		Doc: "Whether the group sees records of open and aborted transactions.",
	},
	{
		Name: "share.partition.max.record.locks", Type: Int, Default: "2000", Check: atLeast(100), Importance: Medium,
		Doc: "The most records of one partition that are out with consumers.",
	},
	{
		Name: "share.record.lock.duration.ms", Type: Int, Default: "30000", Check: atLeast(1000), Importance: Medium,
		Doc: "How long a delivered record is locked for its consumer.",
	},
	{
		Name: "share.renew.acknowledge.enable", Type: Boolean, Default: "true", Importance: Medium,
		Doc: "Whether consumers may prolong a record's lock.",
	},
	{
		Name: "share.session.timeout.ms", Type: Int, Default: "45000", Check: atLeast(1), Importance: Medium,
		Doc: "How long a member may be silent.",
	},
	{
		Name: "streams.acceptable.recovery.lag", Type: Long, Default: "10000", Check: atLeast(0), Importance: Medium, Internal: true,
		Doc: "How far a client may be behind and still count as caught up.",
	},
	{
		Name: "streams.assignment.interval.ms", Type: Int, Default: "1000", Check: atLeast(0), Importance: Medium,
		Doc: "The least time between two assignments of the group.",
	},
	{
		Name: "streams.assignor.name", Type: String, Null: true, Importance: Medium,
		Doc: "The assignor of the group.",
	},
	{
		Name: "streams.assignor.offload.enable", Type: Boolean, Default: "true", Importance: Medium, Internal: true,
		Doc: "Whether assignments are computed beside the coordinator's own thread.",
	},
	{
		Name: "streams.heartbeat.interval.ms", Type: Int, Default: "5000", Check: atLeast(1), Importance: Medium,
		Doc: "How often members must send a heartbeat.",
	},
	{
		Name: "streams.initial.rebalance.delay.ms", Type: Int, Default: "3000", Check: atLeast(0), Importance: Medium,
		Doc: "How long the first rebalance of the empty group waits for more members.",
	},
	{
		Name: "streams.num.standby.replicas", Type: Int, Default: "0", Check: atLeast(0), Importance: Medium,
		Doc: "Standby replicas of each task.",
	},
	{
		Name: "streams.num.warmup.replicas", Type: Int, Default: "2", Check: atLeast(0), Importance: Medium, Internal: true,
		Doc: "Warm-up replicas beside the assigned ones.",
	},
	{
		Name: "streams.rack.aware.assignment.tags", Type: List, Default: "", Check: distinct(true, false), Importance: Low,
		Doc: "Client tags over which standby tasks are spread.",
	},
	{
		Name: "streams.session.timeout.ms", Type: Int, Default: "45000", Check: atLeast(1), Importance: Medium,
		Doc: "How long a member may be silent.",
	},
	{
		Name: "streams.task.offset.interval.ms", Type: Int, Default: "60000", Check: atLeast(1), Importance: Medium, Internal: true,
		Doc: "How often clients report how far their tasks are.",
	},
}
