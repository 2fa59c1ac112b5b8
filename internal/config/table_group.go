package config

// groupBrokerKeys: groups and their offsets. Sorted by name.
var groupBrokerKeys = []Key{ //nolint:gochecknoglobals // a constant table
	{
		Name: "group.consumer.assignment.interval.ms", Type: Int, Default: "1000", Check: atLeast(0), Importance: Medium, Mode: ClusterWide,
		Doc: "",
	},
	{
		Name: "group.consumer.assignor.offload.enable", Type: Boolean, Default: "true", Importance: Medium, Internal: true, Mode: ClusterWide,
		Doc: "",
	},
	{
		Name: "group.consumer.assignors", Type: List, Default: "uniform,range", Check: distinct(false, false), Importance: Medium,
		Doc: "",
	},
	{
		Name: "group.consumer.heartbeat.interval.ms", Type: Int, Default: "5000", Check: atLeast(1), Importance: Medium,
		Doc: "",
	},
	{
		Name: "group.consumer.max.assignment.interval.ms", Type: Int, Default: "15000", Check: atLeast(0), Importance: Medium,
		Doc: "",
	},
	{
		Name: "group.consumer.max.heartbeat.interval.ms", Type: Int, Default: "15000", Check: atLeast(1), Importance: Medium,
		Doc: "",
	},
	{
		Name: "group.consumer.max.session.timeout.ms", Type: Int, Default: "60000", Check: atLeast(1), Importance: Medium,
		Doc: "",
	},
	{
		Name: "group.consumer.max.size", Type: Int, Default: "2147483647", Check: atLeast(1), Importance: Medium,
		Doc: "",
	},
	{
		Name: "group.consumer.migration.policy", Type: String, Default: "bidirectional", Check: anyCase("DISABLED,DOWNGRADE,UPGRADE,BIDIRECTIONAL"), Importance: Medium,
		Doc: "",
	},
	{
		Name: "group.consumer.min.assignment.interval.ms", Type: Int, Default: "0", Check: atLeast(0), Importance: Medium,
		Doc: "",
	},
	{
		Name: "group.consumer.min.heartbeat.interval.ms", Type: Int, Default: "5000", Check: atLeast(1), Importance: Medium,
		Doc: "",
	},
	{
		Name: "group.consumer.min.session.timeout.ms", Type: Int, Default: "45000", Check: atLeast(1), Importance: Medium,
		Doc: "",
	},
	{
		Name: "group.consumer.regex.refresh.interval.ms", Type: Int, Default: "600000", Check: atLeast(10000), Importance: Medium, Internal: true,
		Doc: "",
	},
	{
		Name: "group.consumer.session.timeout.ms", Type: Int, Default: "45000", Check: atLeast(1), Importance: Medium,
		Doc: "",
	},
	{
		Name: "group.coordinator.append.linger.ms", Type: Int, Default: "-1", Check: atLeast(-1), Importance: Medium,
		Doc: "",
	},
	{
		Name: "group.coordinator.background.threads", Type: Int, Default: "2", Check: atLeast(1), Importance: High,
		Doc: "",
	},
	{
		Name: "group.coordinator.cached.buffer.max.bytes", Type: Int, Default: "1048588", Check: atLeast(524288), Importance: Medium, Mode: ClusterWide,
		Doc: "",
	},
	{
		Name: "group.coordinator.rebalance.protocols", Type: List, Default: "classic,consumer,streams", Check: someOf("consumer,classic,share,streams"), Importance: Medium,
		Doc: "",
	},
	{
		Name: "group.coordinator.threads", Type: Int, Default: "4", Check: atLeast(1), Importance: High,
		Doc: "",
	},
	{
		Name: "group.initial.rebalance.delay.ms", Type: Int, Default: "3000", Importance: Medium,
		Doc: "",
	},
	{
		Name: "group.max.session.timeout.ms", Type: Int, Default: "1800000", Importance: Medium,
		Doc: "",
	},
	{
		Name: "group.max.size", Type: Int, Default: "2147483647", Check: atLeast(1), Importance: Medium,
		Doc: "",
	},
	{
		Name: "group.min.session.timeout.ms", Type: Int, Default: "6000", Importance: Medium,
		Doc: "",
	},
	{
		Name: "group.share.assignment.interval.ms", Type: Int, Default: "1000", Check: atLeast(0), Importance: Medium, Mode: ClusterWide,
		Doc: "",
	},
	{
		Name: "group.share.assignor.offload.enable", Type: Boolean, Default: "true", Importance: Medium, Internal: true, Mode: ClusterWide,
		Doc: "",
	},
	{
		Name: "group.share.assignors", Type: List, Default: "simple", Check: distinct(false, false), Importance: Medium,
		Doc: "",
	},
	{
		Name: "group.share.delivery.count.limit", Type: Int, Default: "5", Check: between(2, 10), Importance: Medium,
		Doc: "",
	},
	{
		Name: "group.share.dlq.manager.class.name", Type: String, Default: "org.apache.kafka.server.share.dlq.DefaultShareGroupDLQManager", Importance: Medium, Internal: true,
		Doc: "",
	},
	{
		Name: "group.share.heartbeat.interval.ms", Type: Int, Default: "5000", Check: atLeast(1), Importance: Medium,
		Doc: "",
	},
	{
		Name: "group.share.initialize.retry.interval.ms", Type: Int, Default: "30000", Check: atLeast(1), Importance: Low, Internal: true,
		Doc: "",
	},
	{
		Name: "group.share.max.assignment.interval.ms", Type: Int, Default: "15000", Check: atLeast(0), Importance: Medium,
		Doc: "",
	},
	{
		Name: "group.share.max.delivery.count.limit", Type: Int, Default: "10", Check: between(5, 25), Importance: Medium,
		Doc: "",
	},
	{
		Name: "group.share.max.heartbeat.interval.ms", Type: Int, Default: "15000", Check: atLeast(1), Importance: Medium,
		Doc: "",
	},
	{
		Name: "group.share.max.partition.max.record.locks", Type: Int, Default: "4000", Check: between(2000, 10000), Importance: Medium,
		Doc: "",
	},
	{
		Name: "group.share.max.record.lock.duration.ms", Type: Int, Default: "60000", Check: between(30000, 3600000), Importance: Medium,
		Doc: "",
	},
	{
		Name: "group.share.max.session.timeout.ms", Type: Int, Default: "60000", Check: atLeast(1), Importance: Medium,
		Doc: "",
	},
	{
		Name: "group.share.max.share.sessions", Type: Int, Default: "2000", Check: atLeast(1), Importance: Medium,
		Doc: "",
	},
	{
		Name: "group.share.max.size", Type: Int, Default: "200", Check: between(1, 1000), Importance: Medium,
		Doc: "",
	},
	{
		Name: "group.share.min.assignment.interval.ms", Type: Int, Default: "0", Check: atLeast(0), Importance: Medium,
		Doc: "",
	},
	{
		Name: "group.share.min.delivery.count.limit", Type: Int, Default: "2", Check: between(2, 5), Importance: Medium,
		Doc: "",
	},
	{
		Name: "group.share.min.heartbeat.interval.ms", Type: Int, Default: "5000", Check: atLeast(1), Importance: Medium,
		Doc: "",
	},
	{
		Name: "group.share.min.partition.max.record.locks", Type: Int, Default: "100", Check: between(100, 2000), Importance: Medium,
		Doc: "",
	},
	{
		Name: "group.share.min.record.lock.duration.ms", Type: Int, Default: "15000", Check: between(1000, 30000), Importance: Medium,
		Doc: "",
	},
	{
		Name: "group.share.min.session.timeout.ms", Type: Int, Default: "45000", Check: atLeast(1), Importance: Medium,
		Doc: "",
	},
	{
		Name: "group.share.partition.max.record.locks", Type: Int, Default: "2000", Check: between(100, 10000), Importance: Medium,
		Doc: "",
	},
	{
		Name: "group.share.persister.class.name", Type: String, Default: "org.apache.kafka.server.share.persister.DefaultStatePersister", Importance: Medium, Internal: true,
		Doc: "",
	},
	{
		Name: "group.share.record.lock.duration.ms", Type: Int, Default: "30000", Check: between(1000, 3600000), Importance: Medium,
		Doc: "",
	},
	{
		Name: "group.share.session.timeout.ms", Type: Int, Default: "45000", Check: atLeast(1), Importance: Medium,
		Doc: "",
	},
	{
		Name: "group.streams.acceptable.recovery.lag", Type: Long, Default: "10000", Check: atLeast(0), Importance: Medium, Internal: true,
		Doc: "",
	},
	{
		Name: "group.streams.assignment.interval.ms", Type: Int, Default: "1000", Check: atLeast(0), Importance: Medium, Mode: ClusterWide,
		Doc: "",
	},
	{
		Name: "group.streams.assignor.offload.enable", Type: Boolean, Default: "true", Importance: Medium, Internal: true, Mode: ClusterWide,
		Doc: "",
	},
	{
		Name: "group.streams.assignors", Type: List, Default: "sticky", Check: distinct(false, false), Importance: Medium,
		Doc: "",
	},
	{
		Name: "group.streams.heartbeat.interval.ms", Type: Int, Default: "5000", Check: atLeast(1), Importance: Medium,
		Doc: "",
	},
	{
		Name: "group.streams.initial.rebalance.delay.ms", Type: Int, Default: "3000", Check: atLeast(0), Importance: Medium,
		Doc: "",
	},
	{
		Name: "group.streams.max.assignment.interval.ms", Type: Int, Default: "15000", Check: atLeast(0), Importance: Medium,
		Doc: "",
	},
	{
		Name: "group.streams.max.heartbeat.interval.ms", Type: Int, Default: "15000", Check: atLeast(1), Importance: Medium,
		Doc: "",
	},
	{
		Name: "group.streams.max.session.timeout.ms", Type: Int, Default: "60000", Check: atLeast(1), Importance: Medium,
		Doc: "",
	},
	{
		Name: "group.streams.max.size", Type: Int, Default: "2147483647", Check: atLeast(1), Importance: Medium,
		Doc: "",
	},
	{
		Name: "group.streams.max.standby.replicas", Type: Int, Default: "2", Check: atLeast(0), Importance: Medium,
		Doc: "",
	},
	{
		Name: "group.streams.max.warmup.replicas", Type: Int, Default: "20", Check: atLeast(0), Importance: Medium, Internal: true,
		Doc: "",
	},
	{
		Name: "group.streams.min.assignment.interval.ms", Type: Int, Default: "0", Check: atLeast(0), Importance: Medium,
		Doc: "",
	},
	{
		Name: "group.streams.min.heartbeat.interval.ms", Type: Int, Default: "5000", Check: atLeast(1), Importance: Medium,
		Doc: "",
	},
	{
		Name: "group.streams.min.session.timeout.ms", Type: Int, Default: "45000", Check: atLeast(1), Importance: Medium,
		Doc: "",
	},
	{
		Name: "group.streams.min.task.offset.interval.ms", Type: Int, Default: "15000", Check: atLeast(1), Importance: Medium, Internal: true,
		Doc: "",
	},
	{
		Name: "group.streams.num.standby.replicas", Type: Int, Default: "0", Check: atLeast(0), Importance: Medium,
		Doc: "",
	},
	{
		Name: "group.streams.num.warmup.replicas", Type: Int, Default: "2", Check: atLeast(0), Importance: Medium, Internal: true,
		Doc: "",
	},
	{
		Name: "group.streams.rack.aware.assignment.tags", Type: List, Default: "", Check: distinct(true, false), Importance: Low,
		Doc: "",
	},
	{
		Name: "group.streams.session.timeout.ms", Type: Int, Default: "45000", Check: atLeast(1), Importance: Medium,
		Doc: "",
	},
	{
		Name: "group.streams.task.offset.interval.ms", Type: Int, Default: "60000", Check: atLeast(1), Importance: Medium, Internal: true,
		Doc: "",
	},
	{
		Name: "group.streams.topology.description.plugin.class", Type: Class, Null: true, Importance: Medium,
		Doc: "",
	},
	{
		Name: "offset.metadata.max.bytes", Type: Int, Default: "4096", Importance: High,
		Doc: "",
	},
	{
		Name: "offsets.commit.timeout.ms", Type: Int, Default: "5000", Check: atLeast(1), Importance: High,
		Doc: "",
	},
	{
		Name: "offsets.load.buffer.size", Type: Int, Default: "5242880", Check: atLeast(1), Importance: High,
		Doc: "",
	},
	{
		Name: "offsets.retention.check.interval.ms", Type: Long, Default: "600000", Check: atLeast(1), Importance: High,
		Doc: "",
	},
	{
		Name: "offsets.retention.minutes", Type: Int, Default: "10080", Check: atLeast(1), Importance: High,
		Doc: "",
	},
	{
		Name: "offsets.topic.compression.codec", Type: Int, Default: "0", Importance: High,
		Doc: "",
	},
	{
		Name: "offsets.topic.num.partitions", Type: Int, Default: "50", Check: atLeast(1), Importance: High,
		Doc: "",
	},
	{
		Name: "offsets.topic.replication.factor", Type: Short, Default: "3", Check: atLeast(1), Importance: High,
		Doc: "",
	},
	{
		Name: "offsets.topic.segment.bytes", Type: Int, Default: "104857600", Check: atLeast(1), Importance: High,
		Doc: "",
	},
}
