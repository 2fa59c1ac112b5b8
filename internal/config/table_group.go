package config

// groupBrokerKeys: groups and their offsets. Sorted by name.
var groupBrokerKeys = []Key{ //nolint:gochecknoglobals // a constant table
	{
		Name: "group.consumer.assignment.interval.ms", Type: Int, Default: "1000", Check: atLeast(0), Importance: Medium, Mode: ClusterWide,
		Doc: "The least time between two assignments of a consumer group.",
	},
	{
		Name: "group.consumer.assignor.offload.enable", Type: Boolean, Default: "true", Importance: Medium, Internal: true, Mode: ClusterWide, State: Moot,
		Doc: "Whether consumer assignments are computed beside the coordinator's own thread.",
	},
	{
		Name: "group.consumer.assignors", Type: List, Default: "uniform,range", Check: distinct(false, false), Importance: Medium,
		Doc: "The assignors of consumer groups, the default first.",
	},
	{
		Name: "group.consumer.heartbeat.interval.ms", Type: Int, Default: "5000", Check: atLeast(1), Importance: Medium,
		Doc: "How often members of a consumer group must send a heartbeat.",
	},
	{
		Name: "group.consumer.max.assignment.interval.ms", Type: Int, Default: "15000", Check: atLeast(0), Importance: Medium,
		Doc: "The most that a group may set as its assignment interval.",
	},
	{
		Name: "group.consumer.max.heartbeat.interval.ms", Type: Int, Default: "15000", Check: atLeast(1), Importance: Medium,
		Doc: "The most that a group may set as its heartbeat interval.",
	},
	{
		Name: "group.consumer.max.session.timeout.ms", Type: Int, Default: "60000", Check: atLeast(1), Importance: Medium,
		Doc: "The most that a group may set as its session timeout.",
	},
	{
		Name: "group.consumer.max.size", Type: Int, Default: "2147483647", Check: atLeast(1), Importance: Medium,
		Doc: "The most members of a consumer group.",
	},
	{
		Name: "group.consumer.migration.policy", Type: String, Default: "bidirectional", Check: anyCase("DISABLED,DOWNGRADE,UPGRADE,BIDIRECTIONAL"), Importance: Medium,
		Doc: "Which way groups may move between the classic and the consumer protocol.",
	},
	{
		Name: "group.consumer.min.assignment.interval.ms", Type: Int, Default: "0", Check: atLeast(0), Importance: Medium,
		Doc: "The least that a group may set as its assignment interval.",
	},
	{
		Name: "group.consumer.min.heartbeat.interval.ms", Type: Int, Default: "5000", Check: atLeast(1), Importance: Medium,
		Doc: "The least that a group may set as its heartbeat interval.",
	},
	{
		Name: "group.consumer.min.session.timeout.ms", Type: Int, Default: "45000", Check: atLeast(1), Importance: Medium,
		Doc: "The least that a group may set as its session timeout.",
	},
	{
		Name: "group.consumer.regex.refresh.interval.ms", Type: Int, Default: "600000", Check: atLeast(10000), Importance: Medium, Internal: true,
		Doc: "How often subscriptions by regular expression are matched against new topics.",
	},
	{
		Name: "group.consumer.session.timeout.ms", Type: Int, Default: "45000", Check: atLeast(1), Importance: Medium,
		Doc: "How long a member of a consumer group may be silent.",
	},
	{
		Name: "group.coordinator.append.linger.ms", Type: Int, Default: "-1", Check: atLeast(-1), Importance: Medium, State: Moot,
		Doc: "How long the group coordinator gathers records before it writes them; -1 adapts to the load.",
	},
	{
		Name: "group.coordinator.background.threads", Type: Int, Default: "2", Check: atLeast(1), Importance: High, State: Moot,
		Doc: "Threads for the group coordinator's slow work.",
	},
	{
		Name: "group.coordinator.cached.buffer.max.bytes", Type: Int, Default: "1048588", Check: atLeast(524288), Importance: Medium, Mode: ClusterWide, State: Moot,
		Doc: "The largest write buffer that the group coordinator keeps for reuse.",
	},
	{
		Name: "group.coordinator.rebalance.protocols", Type: List, Default: "classic,consumer,streams", Check: someOf("consumer,classic,share,streams"), Importance: Medium,
		Doc: "The group protocols that are enabled.",
	},
	{
		Name: "group.coordinator.threads", Type: Int, Default: "4", Check: atLeast(1), Importance: High, State: Moot,
		Doc: "Threads of the group coordinator.",
	},
	{
		Name: "group.initial.rebalance.delay.ms", Type: Int, Default: "3000", Importance: Medium, State: InEffect,
		Doc: "How long the first rebalance of an empty group waits for more members.",
	},
	{
		Name: "group.max.session.timeout.ms", Type: Int, Default: "1800000", Importance: Medium, State: InEffect,
		Doc: "The longest session timeout that a member of a classic group may ask for.",
	},
	{
		Name: "group.max.size", Type: Int, Default: "2147483647", Check: atLeast(1), Importance: Medium, State: InEffect,
		Doc: "The most members of a classic group.",
	},
	{
		Name: "group.min.session.timeout.ms", Type: Int, Default: "6000", Importance: Medium, State: InEffect,
		Doc: "The shortest session timeout that a member of a classic group may ask for.",
	},
	{
		Name: "group.share.assignment.interval.ms", Type: Int, Default: "1000", Check: atLeast(0), Importance: Medium, Mode: ClusterWide,
		Doc: "The least time between two assignments of a share group.",
	},
	{
		Name: "group.share.assignor.offload.enable", Type: Boolean, Default: "true", Importance: Medium, Internal: true, Mode: ClusterWide, State: Moot,
		Doc: "Whether share assignments are computed beside the coordinator's own thread.",
	},
	{
		Name: "group.share.assignors", Type: List, Default: "simple", Check: distinct(false, false), Importance: Medium,
		Doc: "The assignors of share groups.",
	},
	{
		Name: "group.share.delivery.count.limit", Type: Int, Default: "5", Check: between(2, 10), Importance: Medium,
		Doc: "How often a record is delivered in a share group before it is given up.",
	},
	{
		Name: "group.share.dlq.manager.class.name", Type: String, Default: "org.apache.kafka.server.share.dlq.DefaultShareGroupDLQManager", Importance: Medium, Internal: true, State: Moot,
		Doc: "The Java class that writes dead letters.",
	},
	{
		Name: "group.share.heartbeat.interval.ms", Type: Int, Default: "5000", Check: atLeast(1), Importance: Medium,
		Doc: "How often members of a share group must send a heartbeat.",
	},
	{
		Name: "group.share.initialize.retry.interval.ms", Type: Int, Default: "30000", Check: atLeast(1), Importance: Low, Internal: true,
		Doc: "How long before a share partition's failed initialization is tried again.",
	},
	{
		Name: "group.share.max.assignment.interval.ms", Type: Int, Default: "15000", Check: atLeast(0), Importance: Medium,
		Doc: "The most that a group may set as its assignment interval.",
	},
	{
		Name: "group.share.max.delivery.count.limit", Type: Int, Default: "10", Check: between(5, 25), Importance: Medium,
		Doc: "The most that a group may set as its delivery count limit.",
	},
	{
		Name: "group.share.max.heartbeat.interval.ms", Type: Int, Default: "15000", Check: atLeast(1), Importance: Medium,
		Doc: "The most that a group may set as its heartbeat interval.",
	},
	{
		Name: "group.share.max.partition.max.record.locks", Type: Int, Default: "4000", Check: between(2000, 10000), Importance: Medium,
		Doc: "The most that a group may set as its record locks.",
	},
	{
		Name: "group.share.max.record.lock.duration.ms", Type: Int, Default: "60000", Check: between(30000, 3600000), Importance: Medium,
		Doc: "The most that a group may set as its lock duration.",
	},
	{
		Name: "group.share.max.session.timeout.ms", Type: Int, Default: "60000", Check: atLeast(1), Importance: Medium,
		Doc: "The most that a group may set as its session timeout.",
	},
	{
		Name: "group.share.max.share.sessions", Type: Int, Default: "2000", Check: atLeast(1), Importance: Medium,
		Doc: "The most share sessions that a broker keeps.",
	},
	{
		Name: "group.share.max.size", Type: Int, Default: "200", Check: between(1, 1000), Importance: Medium,
		Doc: "The most members of a share group.",
	},
	{
		Name: "group.share.min.assignment.interval.ms", Type: Int, Default: "0", Check: atLeast(0), Importance: Medium,
		Doc: "The least that a group may set as its assignment interval.",
	},
	{
		Name: "group.share.min.delivery.count.limit", Type: Int, Default: "2", Check: between(2, 5), Importance: Medium,
		Doc: "The least that a group may set as its delivery count limit.",
	},
	{
		Name: "group.share.min.heartbeat.interval.ms", Type: Int, Default: "5000", Check: atLeast(1), Importance: Medium,
		Doc: "The least that a group may set as its heartbeat interval.",
	},
	{
		Name: "group.share.min.partition.max.record.locks", Type: Int, Default: "100", Check: between(100, 2000), Importance: Medium,
		Doc: "The least that a group may set as its record locks.",
	},
	{
		Name: "group.share.min.record.lock.duration.ms", Type: Int, Default: "15000", Check: between(1000, 30000), Importance: Medium,
		Doc: "The least that a group may set as its lock duration.",
	},
	{
		Name: "group.share.min.session.timeout.ms", Type: Int, Default: "45000", Check: atLeast(1), Importance: Medium,
		Doc: "The least that a group may set as its session timeout.",
	},
	{
		Name: "group.share.partition.max.record.locks", Type: Int, Default: "2000", Check: between(100, 10000), Importance: Medium,
		Doc: "The most records of one share partition that are out with consumers.",
	},
	{
		Name: "group.share.persister.class.name", Type: String, Default: "org.apache.kafka.server.share.persister.DefaultStatePersister", Importance: Medium, Internal: true, State: Moot,
		Doc: "The Java class that keeps the state of share groups.",
	},
	{
		Name: "group.share.record.lock.duration.ms", Type: Int, Default: "30000", Check: between(1000, 3600000), Importance: Medium,
		Doc: "How long a delivered record is locked for its consumer.",
	},
	{
		Name: "group.share.session.timeout.ms", Type: Int, Default: "45000", Check: atLeast(1), Importance: Medium,
		Doc: "How long a member of a share group may be silent.",
	},
	{
		Name: "group.streams.acceptable.recovery.lag", Type: Long, Default: "10000", Check: atLeast(0), Importance: Medium, Internal: true,
		Doc: "How far a streams client may be behind and still count as caught up.",
	},
	{
		Name: "group.streams.assignment.interval.ms", Type: Int, Default: "1000", Check: atLeast(0), Importance: Medium, Mode: ClusterWide,
		Doc: "The least time between two assignments of a streams group.",
	},
	{
		Name: "group.streams.assignor.offload.enable", Type: Boolean, Default: "true", Importance: Medium, Internal: true, Mode: ClusterWide, State: Moot,
		Doc: "Whether streams assignments are computed beside the coordinator's own thread.",
	},
	{
		Name: "group.streams.assignors", Type: List, Default: "sticky", Check: distinct(false, false), Importance: Medium,
		Doc: "The assignors of streams groups, the default first.",
	},
	{
		Name: "group.streams.heartbeat.interval.ms", Type: Int, Default: "5000", Check: atLeast(1), Importance: Medium,
		Doc: "How often members of a streams group must send a heartbeat.",
	},
	{
		Name: "group.streams.initial.rebalance.delay.ms", Type: Int, Default: "3000", Check: atLeast(0), Importance: Medium,
		Doc: "How long the first rebalance of an empty streams group waits for more members.",
	},
	{
		Name: "group.streams.max.assignment.interval.ms", Type: Int, Default: "15000", Check: atLeast(0), Importance: Medium,
		Doc: "The most that a group may set as its assignment interval.",
	},
	{
		Name: "group.streams.max.heartbeat.interval.ms", Type: Int, Default: "15000", Check: atLeast(1), Importance: Medium,
		Doc: "The most that a group may set as its heartbeat interval.",
	},
	{
		Name: "group.streams.max.session.timeout.ms", Type: Int, Default: "60000", Check: atLeast(1), Importance: Medium,
		Doc: "The most that a group may set as its session timeout.",
	},
	{
		Name: "group.streams.max.size", Type: Int, Default: "2147483647", Check: atLeast(1), Importance: Medium,
		Doc: "The most members of a streams group.",
	},
	{
		Name: "group.streams.max.standby.replicas", Type: Int, Default: "2", Check: atLeast(0), Importance: Medium,
		Doc: "The most standby replicas that a group may ask for.",
	},
	{
		Name: "group.streams.max.warmup.replicas", Type: Int, Default: "20", Check: atLeast(0), Importance: Medium, Internal: true,
		Doc: "The most warm-up replicas that a group may ask for.",
	},
	{
		Name: "group.streams.min.assignment.interval.ms", Type: Int, Default: "0", Check: atLeast(0), Importance: Medium,
		Doc: "The least that a group may set as its assignment interval.",
	},
	{
		Name: "group.streams.min.heartbeat.interval.ms", Type: Int, Default: "5000", Check: atLeast(1), Importance: Medium,
		Doc: "The least that a group may set as its heartbeat interval.",
	},
	{
		Name: "group.streams.min.session.timeout.ms", Type: Int, Default: "45000", Check: atLeast(1), Importance: Medium,
		Doc: "The least that a group may set as its session timeout.",
	},
	{
		Name: "group.streams.min.task.offset.interval.ms", Type: Int, Default: "15000", Check: atLeast(1), Importance: Medium, Internal: true,
		Doc: "The least that a group may set as its task offset interval.",
	},
	{
		Name: "group.streams.num.standby.replicas", Type: Int, Default: "0", Check: atLeast(0), Importance: Medium,
		Doc: "Standby replicas of each task of a streams group.",
	},
	{
		Name: "group.streams.num.warmup.replicas", Type: Int, Default: "2", Check: atLeast(0), Importance: Medium, Internal: true,
		Doc: "Warm-up replicas that a streams group may have beside the assigned ones.",
	},
	{
		Name: "group.streams.rack.aware.assignment.tags", Type: List, Default: "", Check: distinct(true, false), Importance: Low,
		Doc: "Client tags over which standby tasks are spread.",
	},
	{
		Name: "group.streams.session.timeout.ms", Type: Int, Default: "45000", Check: atLeast(1), Importance: Medium,
		Doc: "How long a member of a streams group may be silent.",
	},
	{
		Name: "group.streams.task.offset.interval.ms", Type: Int, Default: "60000", Check: atLeast(1), Importance: Medium, Internal: true,
		Doc: "How often streams clients report how far their tasks are.",
	},
	{
		Name: "group.streams.topology.description.plugin.class", Type: Class, Null: true, Importance: Medium,
		Doc: "A Java class that keeps descriptions of topologies.",
	},
	{
		Name: "offset.metadata.max.bytes", Type: Int, Default: "4096", Importance: High, State: InEffect,
		Doc: "The most bytes of the note that a consumer may leave with an offset.",
	},
	{
		Name: "offsets.commit.timeout.ms", Type: Int, Default: "5000", Check: atLeast(1), Importance: High, State: InEffect,
		Doc: "How long a commit waits for the replicas of __consumer_offsets.",
	},
	{
		Name: "offsets.load.buffer.size", Type: Int, Default: "5242880", Check: atLeast(1), Importance: High, State: InEffect,
		Doc: "How many bytes are read at a time when a coordinator loads its groups.",
	},
	{
		Name: "offsets.retention.check.interval.ms", Type: Long, Default: "600000", Check: atLeast(1), Importance: High, State: InEffect,
		Doc: "How often it is checked whether offsets have expired.",
	},
	{
		Name: "offsets.retention.minutes", Type: Int, Default: "10080", Check: atLeast(1), Importance: High, State: InEffect,
		Doc: "How long the offsets of a group without members are kept.",
	},
	{
		Name: "offsets.topic.compression.codec", Type: Int, Default: "0", Importance: High, State: InEffect,
		Doc: "The codec of __consumer_offsets, by its number; 0 for none.",
	},
	{
		Name: "offsets.topic.num.partitions", Type: Int, Default: "50", Check: atLeast(1), Importance: High, State: InEffect,
		Doc: "Partitions of __consumer_offsets.",
	},
	{
		Name: "offsets.topic.replication.factor", Type: Short, Default: "3", Check: atLeast(1), Importance: High, State: InEffect,
		Doc: "Replicas of __consumer_offsets.",
	},
	{
		Name: "offsets.topic.segment.bytes", Type: Int, Default: "104857600", Check: atLeast(1), Importance: High, State: InEffect,
		Doc: "Segment size of __consumer_offsets.",
	},
}
