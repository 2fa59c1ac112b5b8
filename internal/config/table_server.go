package config

// serverBrokerKeys: the server: sockets, roles, quorum, replication, quotas, metrics. Sorted by name.
var serverBrokerKeys = []Key{ //nolint:gochecknoglobals // a constant table
	{
		Name: "advertised.listeners", Type: List, Null: true, Check: distinct(false, true), Importance: High, State: InEffect,
		Doc: "The addresses that clients and other brokers are told to connect to; the listeners themselves where it is not set.",
	},
	{
		Name: "alter.config.policy.class.name", Type: Class, Null: true, Importance: Low,
		Doc: "A Java class that may forbid changes of configuration.",
	},
	{
		Name: "alter.log.dirs.replication.quota.window.num", Type: Int, Default: "11", Check: atLeast(1), Importance: Low,
		Doc: "How many time windows are kept to measure moves between log directories.",
	},
	{
		Name: "alter.log.dirs.replication.quota.window.size.seconds", Type: Int, Default: "1", Check: atLeast(1), Importance: Low,
		Doc: "How long one such window is.",
	},
	{
		Name: "auto.create.topics.enable", Type: Boolean, Default: "true", Importance: High, State: InEffect,
		Doc: "Whether asking for the metadata of a topic that does not exist creates it, where the client allows it.",
	},
	{
		Name: "auto.leader.rebalance.enable", Type: Boolean, Default: "true", Importance: High,
		Doc: "Whether the controller moves leadership back to the preferred replica by itself.",
	},
	{
		Name: "background.threads", Type: Int, Default: "10", Check: atLeast(1), Importance: High, Mode: ClusterWide, State: Moot,
		Doc: "Threads for the broker's background work.",
	},
	{
		Name: "broker.heartbeat.interval.ms", Type: Int, Default: "2000", Importance: Medium,
		Doc: "How often a broker tells the controller that it lives.",
	},
	{
		Name: "broker.id", Type: Int, Default: "-1", Importance: High, State: InEffect,
		Doc: "The older name of node.id.",
	},
	{
		Name: "broker.rack", Type: String, Null: true, Importance: Medium, State: InEffect,
		Doc: "The rack of this broker, for spreading replicas and for fetching from the nearest one.",
	},
	{
		Name: "broker.session.timeout.ms", Type: Int, Default: "9000", Importance: Medium,
		Doc: "How long the controller keeps a broker that it does not hear from.",
	},
	{
		Name: "client.quota.callback.class", Type: Class, Null: true, Importance: Low, State: Moot,
		Doc: "A Java class that decides client quotas.",
	},
	{
		Name: "config.providers", Type: List, Default: "", Check: distinct(true, false), Importance: Low, Mode: ClusterWide, State: Refused,
		Doc: "Names of Java plugins that fill in ${...} in values.",
	},
	{
		Name: "controlled.shutdown.enable", Type: Boolean, Default: "true", Importance: Medium,
		Doc: "Whether a broker hands over its leaderships before it stops.",
	},
	{
		Name: "controller.listener.names", Type: List, Required: true, Check: distinct(false, false), Importance: High, State: InEffect,
		Doc: "The names of the listeners that belong to the controller.",
	},
	{
		Name: "controller.performance.always.log.threshold.ms", Type: Long, Default: "2000", Check: atLeast(0), Importance: Medium, Internal: true, State: Moot,
		Doc: "Controller events slower than this are always logged.",
	},
	{
		Name: "controller.performance.sample.period.ms", Type: Long, Default: "60000", Check: atLeast(100), Importance: Medium, Internal: true, State: Moot,
		Doc: "How often the controller's event times are summed up.",
	},
	{
		Name: "controller.quorum.append.linger.ms", Type: Int, Default: "25", Check: atLeast(0), Importance: Medium,
		Doc: "How long the metadata leader gathers records before it writes them.",
	},
	{
		Name: "controller.quorum.auto.join.enable", Type: Boolean, Default: "false", Importance: Low,
		Doc: "Whether a controller adds itself to the voters.",
	},
	{
		Name: "controller.quorum.bootstrap.servers", Type: List, Default: "", Check: special(checkBootstrapServers), Importance: High, State: InEffect,
		Doc: "Where a node finds the controllers when it starts.",
	},
	{
		Name: "controller.quorum.election.backoff.max.ms", Type: Int, Default: "1000", Check: atLeast(0), Importance: High,
		Doc: "The longest random wait before a lost election is tried again.",
	},
	{
		Name: "controller.quorum.election.timeout.ms", Type: Int, Default: "1000", Check: atLeast(0), Importance: High,
		Doc: "How long a candidate waits for votes.",
	},
	{
		Name: "controller.quorum.fetch.max.bytes", Type: Int, Default: "1048576", Check: atLeast(1), Importance: Low,
		Doc: "The most bytes in one fetch of the metadata log.",
	},
	{
		Name: "controller.quorum.fetch.snapshot.max.bytes", Type: Int, Default: "1048576", Check: atLeast(1), Importance: Low,
		Doc: "The most bytes in one fetch of a metadata snapshot.",
	},
	{
		Name: "controller.quorum.fetch.timeout.ms", Type: Int, Default: "2000", Check: atLeast(0), Importance: High,
		Doc: "How long a follower goes without the leader before it calls an election.",
	},
	{
		Name: "controller.quorum.request.timeout.ms", Type: Int, Default: "2000", Check: atLeast(0), Importance: Medium,
		Doc: "How long a controller waits for the answer of another.",
	},
	{
		Name: "controller.quorum.retry.backoff.ms", Type: Int, Default: "20", Check: atLeast(0), Importance: Low,
		Doc: "The wait before a failed request to another controller is repeated.",
	},
	{
		Name: "controller.quorum.voters", Type: List, Default: "", Check: special(checkVoters), Importance: High, State: InEffect,
		Doc: "The fixed set of controllers, as id@host:port.",
	},
	{
		Name: "controller.quota.window.num", Type: Int, Default: "11", Check: atLeast(1), Importance: Low,
		Doc: "How many time windows are kept to measure changes of topics and partitions.",
	},
	{
		Name: "controller.quota.window.size.seconds", Type: Int, Default: "1", Check: atLeast(1), Importance: Low,
		Doc: "How long one such window is.",
	},
	{
		Name: "controller.socket.timeout.ms", Type: Int, Default: "30000", Importance: Medium,
		Doc: "How long a broker waits for the controller's answer.",
	},
	{
		Name: "create.topic.policy.class.name", Type: Class, Null: true, Importance: Low,
		Doc: "A Java class that may forbid the creation of topics.",
	},
	{
		Name: "default.replication.factor", Type: Int, Default: "1", Importance: Medium, State: InEffect,
		Doc: "Replicas of a topic whose creator does not say, and of automatically created ones.",
	},
	{
		Name: "delete.records.purgatory.purge.interval.requests", Type: Int, Default: "1", Importance: Medium, State: Moot,
		Doc: "After how many finished requests the list of waiting DeleteRecords is swept.",
	},
	{
		Name: "delete.topic.enable", Type: Boolean, Default: "true", Importance: High, State: InEffect,
		Doc: "Whether topics can be deleted.",
	},
	{
		Name: "early.start.listeners", Type: List, Null: true, Check: distinct(true, true), Importance: High, State: Moot,
		Doc: "Listeners that are opened before the broker is ready.",
	},
	{
		Name: "errors.deadletterqueue.auto.create.topics.enable", Type: Boolean, Default: "false", Importance: Medium, Mode: ClusterWide,
		Doc: "Whether a share group's dead letter topic is created by itself.",
	},
	{
		Name: "errors.deadletterqueue.topic.name.prefix", Type: String, Default: "dlq.", Importance: Medium, Mode: ClusterWide,
		Doc: "What the name of a dead letter topic begins with.",
	},
	{
		Name: "fetch.max.bytes", Type: Int, Default: "57671680", Check: atLeast(1024), Importance: Medium, State: InEffect,
		Doc: "The most bytes in one fetch response, whatever the client asks for; the first batch is always sent whole.",
	},
	{
		Name: "fetch.purgatory.purge.interval.requests", Type: Int, Default: "1000", Importance: Medium, State: Moot,
		Doc: "After how many finished requests the list of waiting fetches is swept.",
	},
	{
		Name: "follower.fetch.last.tiered.offset.enable", Type: Boolean, Default: "false", Importance: Medium, Mode: ClusterWide,
		Doc: "Whether a new follower begins where the local data begins instead of copying tiered data.",
	},
	{
		Name: "follower.replication.throttled.rate", Type: Long, Default: "9223372036854775807", Check: atLeast(0), Importance: Medium, Mode: ClusterWide,
		Doc: "Bytes a second at which this broker fetches throttled replicas.",
	},
	{
		Name: "initial.broker.registration.timeout.ms", Type: Int, Default: "60000", Importance: Medium,
		Doc: "How long a starting broker tries to register with the controller.",
	},
	{
		Name: "inter.broker.listener.name", Type: String, Null: true, Importance: Medium, State: InEffect,
		Doc: "The listener over which brokers talk to each other.",
	},
	{
		Name: "kafka.metrics.polling.interval.secs", Type: Int, Default: "10", Check: atLeast(1), Importance: Low, State: Moot,
		Doc: "How often the older kind of Java metrics reporters is called.",
	},
	{
		Name: "kafka.metrics.reporters", Type: List, Default: "", Check: distinct(true, false), Importance: Low, State: Moot,
		Doc: "Java classes of the older kind that report metrics.",
	},
	{
		Name: "leader.imbalance.check.interval.seconds", Type: Long, Default: "300", Check: atLeast(1), Importance: High,
		Doc: "How often the controller looks for partitions that are not led by their preferred replica.",
	},
	{
		Name: "leader.replication.throttled.rate", Type: Long, Default: "9223372036854775807", Check: atLeast(0), Importance: Medium, Mode: ClusterWide,
		Doc: "Bytes a second at which this broker serves throttled replicas.",
	},
	{
		Name: "listener.security.protocol.map", Type: String, Default: "SASL_SSL:SASL_SSL,PLAINTEXT:PLAINTEXT,SSL:SSL,SASL_PLAINTEXT:SASL_PLAINTEXT", Importance: Low, Mode: PerBroker, State: InEffect,
		Doc: "The security protocol of each listener name.",
	},
	{
		Name: "listeners", Type: List, Default: "PLAINTEXT://:9092", Check: distinct(false, false), Importance: High, Mode: PerBroker, State: InEffect,
		Doc: "The addresses on which this node listens, as NAME://host:port; no host is all interfaces.",
	},
	{
		Name: "max.connection.creation.rate", Type: Int, Default: "2147483647", Check: atLeast(0), Importance: Medium, Mode: ClusterWide, State: InEffect,
		Doc: "The most new connections in a second.",
	},
	{
		Name: "max.connections", Type: Int, Default: "2147483647", Check: atLeast(0), Importance: Medium, Mode: ClusterWide, State: InEffect,
		Doc: "The most connections of this broker at a time.",
	},
	{
		Name: "max.connections.per.ip", Type: Int, Default: "2147483647", Check: atLeast(0), Importance: Medium, Mode: ClusterWide, State: InEffect,
		Doc: "The most connections from one address.",
	},
	{
		Name: "max.connections.per.ip.overrides", Type: String, Default: "", Importance: Medium, Mode: ClusterWide, State: InEffect,
		Doc: "The same for particular hosts or addresses, as host:number,host:number.",
	},
	{
		Name: "max.incremental.fetch.session.cache.slots", Type: Int, Default: "1000", Check: atLeast(0), Importance: Medium, State: InEffect,
		Doc: "The most incremental fetch sessions that the broker keeps.",
	},
	{
		Name: "max.request.partition.size.limit", Type: Int, Default: "2000", Check: atLeast(1), Importance: Medium, State: InEffect,
		Doc: "The most partitions in one answer of DescribeTopicPartitions.",
	},
	{
		Name: "metric.reporters", Type: List, Default: "org.apache.kafka.common.metrics.JmxReporter", Check: distinct(true, false), Importance: Low, Mode: ClusterWide, State: Moot,
		Doc: "Java classes that report metrics.",
	},
	{
		Name: "metrics.num.samples", Type: Int, Default: "2", Check: atLeast(1), Importance: Low, State: Moot,
		Doc: "How many samples a metric keeps.",
	},
	{
		Name: "metrics.recording.level", Type: String, Default: "INFO", Importance: Low, State: Moot,
		Doc: "How detailed metrics are.",
	},
	{
		Name: "metrics.sample.window.ms", Type: Long, Default: "30000", Check: atLeast(1), Importance: Low, State: Moot,
		Doc: "How long one sample of a metric lasts.",
	},
	{
		Name: "node.id", Type: Int, Required: true, Check: atLeast(0), Importance: High, State: InEffect,
		Doc: "The number of this node, unique among brokers and controllers together.",
	},
	{
		Name: "num.io.threads", Type: Int, Default: "8", Check: atLeast(1), Importance: High, Mode: ClusterWide, State: Moot,
		Doc: "Threads that work on requests.",
	},
	{
		Name: "num.network.threads", Type: Int, Default: "3", Check: atLeast(1), Importance: High, Mode: ClusterWide, State: Moot,
		Doc: "Threads that read requests and send answers.",
	},
	{
		Name: "num.partitions", Type: Int, Default: "1", Check: atLeast(1), Importance: Medium, State: InEffect,
		Doc: "Partitions of a topic whose creator does not say, and of automatically created ones.",
	},
	{
		Name: "num.recovery.threads.per.data.dir", Type: Int, Default: "2", Check: atLeast(1), Importance: High, Mode: ClusterWide,
		Doc: "How many logs of one directory are recovered at a time when the broker starts.",
	},
	{
		Name: "num.replica.alter.log.dirs.threads", Type: Int, Null: true, Importance: High,
		Doc: "Threads that move replicas between log directories.",
	},
	{
		Name: "num.replica.fetchers", Type: Int, Default: "1", Check: atLeast(1), Importance: High, Mode: ClusterWide,
		Doc: "Connections over which a broker copies from each other broker.",
	},
	{
		Name: "process.roles", Type: List, Required: true, Check: someOf("broker,controller"), Importance: High, State: InEffect,
		Doc: "What this node is: broker, controller, or both.",
	},
	{
		Name: "queued.max.request.bytes", Type: Long, Default: "-1", Importance: Medium,
		Doc: "The most bytes of requests that wait for work; -1 for no limit.",
	},
	{
		Name: "queued.max.requests", Type: Int, Default: "500", Check: atLeast(1), Importance: High, State: Moot,
		Doc: "The most requests that wait for work before the network threads pause.",
	},
	{
		Name: "quota.window.num", Type: Int, Default: "11", Check: atLeast(1), Importance: Low,
		Doc: "How many time windows are kept to measure client quotas.",
	},
	{
		Name: "quota.window.size.seconds", Type: Int, Default: "1", Check: atLeast(1), Importance: Low,
		Doc: "How long one such window is.",
	},
	{
		Name: "replica.alter.log.dirs.io.max.bytes.per.second", Type: Long, Default: "9223372036854775807", Check: atLeast(0), Importance: Medium, Mode: ClusterWide,
		Doc: "Bytes a second at which replicas move between log directories.",
	},
	{
		Name: "replica.fetch.backoff.ms", Type: Int, Default: "1000", Check: atLeast(0), Importance: Medium,
		Doc: "How long a follower waits after a failed fetch.",
	},
	{
		Name: "replica.fetch.max.bytes", Type: Int, Default: "1048576", Check: atLeast(0), Importance: Medium,
		Doc: "The most bytes of one partition that a follower fetches at a time.",
	},
	{
		Name: "replica.fetch.min.bytes", Type: Int, Default: "1", Importance: High,
		Doc: "The least bytes that a follower waits for.",
	},
	{
		Name: "replica.fetch.response.max.bytes", Type: Int, Default: "10485760", Check: atLeast(0), Importance: Medium,
		Doc: "The most bytes of all partitions that a follower fetches at a time.",
	},
	{
		Name: "replica.fetch.wait.max.ms", Type: Int, Default: "500", Importance: High,
		Doc: "How long a follower's fetch waits for the least bytes.",
	},
	{
		Name: "replica.high.watermark.checkpoint.interval.ms", Type: Long, Default: "5000", Importance: High, State: InEffect,
		Doc: "How often the high watermarks are written down.",
	},
	{
		Name: "replica.lag.time.max.ms", Type: Long, Default: "30000", Importance: High,
		Doc: "How long a follower may be behind before it counts as out of sync.",
	},
	{
		Name: "replica.selector.class", Type: String, Null: true, Importance: Medium,
		Doc: "The Java class that chooses the replica from which a consumer reads.",
	},
	{
		Name: "replica.socket.receive.buffer.bytes", Type: Int, Default: "65536", Importance: High,
		Doc: "The receive buffer of a follower's connections.",
	},
	{
		Name: "replica.socket.timeout.ms", Type: Int, Default: "30000", Importance: High,
		Doc: "How long a follower waits for the leader's answer.",
	},
	{
		Name: "replication.quota.window.num", Type: Int, Default: "11", Check: atLeast(1), Importance: Low,
		Doc: "How many time windows are kept to measure throttled replication.",
	},
	{
		Name: "replication.quota.window.size.seconds", Type: Int, Default: "1", Check: atLeast(1), Importance: Low,
		Doc: "How long one such window is.",
	},
	{
		Name: "request.timeout.ms", Type: Int, Default: "30000", Importance: High,
		Doc: "How long this node waits for answers to its own requests.",
	},
	{
		Name: "server.max.startup.time.ms", Type: Long, Default: "9223372036854775807", Check: atLeast(0), Importance: Medium, Internal: true, State: Moot,
		Doc: "How long a start may take before it counts as failed.",
	},
	{
		Name: "socket.connection.setup.timeout.max.ms", Type: Long, Default: "30000", Importance: Medium,
		Doc: "The longest time that this node gives a connection to another one.",
	},
	{
		Name: "socket.connection.setup.timeout.ms", Type: Long, Default: "10000", Importance: Medium,
		Doc: "The time that this node first gives a connection to another one.",
	},
	{
		Name: "socket.listen.backlog.size", Type: Int, Default: "50", Check: atLeast(1), Importance: Medium,
		Doc: "How many connections may wait to be accepted.",
	},
	{
		Name: "socket.receive.buffer.bytes", Type: Int, Default: "102400", Importance: High,
		Doc: "The receive buffer of a connection; where it is not set, and at -1, the system sizes it by what the connection takes.",
	},
	{
		Name: "socket.request.max.bytes", Type: Int, Default: "104857600", Check: atLeast(1), Importance: High, State: InEffect,
		Doc: "The largest request that is read; a larger one closes the connection.",
	},
	{
		Name: "socket.send.buffer.bytes", Type: Int, Default: "102400", Importance: High,
		Doc: "The send buffer of a connection; -1 for the system's choice.",
	},
	{
		Name: "telemetry.max.bytes", Type: Int, Default: "1048576", Check: atLeast(1), Importance: Low, State: InEffect,
		Doc: "The most bytes of metrics that a client may push at a time.",
	},
	{
		Name: "unstable.api.versions.enable", Type: Boolean, Default: "false", Importance: High, Internal: true,
		Doc: "Whether versions of requests that are not final are served.",
	},
	{
		Name: "unstable.feature.versions.enable", Type: Boolean, Default: "false", Importance: High, Internal: true,
		Doc: "Whether versions of features that are not final can be set.",
	},
}
