package config

// serverBrokerKeys: the server: sockets, roles, quorum, replication, quotas, metrics. Sorted by name.
var serverBrokerKeys = []Key{ //nolint:gochecknoglobals // a constant table
	{
		Name: "advertised.listeners", Type: List, Null: true, Check: distinct(false, true), Importance: High,
		Doc: "",
	},
	{
		Name: "alter.config.policy.class.name", Type: Class, Null: true, Importance: Low,
		Doc: "",
	},
	{
		Name: "alter.log.dirs.replication.quota.window.num", Type: Int, Default: "11", Check: atLeast(1), Importance: Low,
		Doc: "",
	},
	{
		Name: "alter.log.dirs.replication.quota.window.size.seconds", Type: Int, Default: "1", Check: atLeast(1), Importance: Low,
		Doc: "",
	},
	{
		Name: "auto.create.topics.enable", Type: Boolean, Default: "true", Importance: High,
		Doc: "",
	},
	{
		Name: "auto.leader.rebalance.enable", Type: Boolean, Default: "true", Importance: High,
		Doc: "",
	},
	{
		Name: "background.threads", Type: Int, Default: "10", Check: atLeast(1), Importance: High, Mode: ClusterWide,
		Doc: "",
	},
	{
		Name: "broker.heartbeat.interval.ms", Type: Int, Default: "2000", Importance: Medium,
		Doc: "",
	},
	{
		Name: "broker.id", Type: Int, Default: "-1", Importance: High,
		Doc: "",
	},
	{
		Name: "broker.rack", Type: String, Null: true, Importance: Medium,
		Doc: "",
	},
	{
		Name: "broker.session.timeout.ms", Type: Int, Default: "9000", Importance: Medium,
		Doc: "",
	},
	{
		Name: "client.quota.callback.class", Type: Class, Null: true, Importance: Low,
		Doc: "",
	},
	{
		Name: "config.providers", Type: List, Default: "", Check: distinct(true, false), Importance: Low, Mode: ClusterWide,
		Doc: "",
	},
	{
		Name: "controlled.shutdown.enable", Type: Boolean, Default: "true", Importance: Medium,
		Doc: "",
	},
	{
		Name: "controller.listener.names", Type: List, Required: true, Check: distinct(false, false), Importance: High,
		Doc: "",
	},
	{
		Name: "controller.performance.always.log.threshold.ms", Type: Long, Default: "2000", Check: atLeast(0), Importance: Medium, Internal: true,
		Doc: "",
	},
	{
		Name: "controller.performance.sample.period.ms", Type: Long, Default: "60000", Check: atLeast(100), Importance: Medium, Internal: true,
		Doc: "",
	},
	{
		Name: "controller.quorum.append.linger.ms", Type: Int, Default: "25", Check: atLeast(0), Importance: Medium,
		Doc: "",
	},
	{
		Name: "controller.quorum.auto.join.enable", Type: Boolean, Default: "false", Importance: Low,
		Doc: "",
	},
	{
		Name: "controller.quorum.bootstrap.servers", Type: List, Default: "", Check: special(checkBootstrapServers), Importance: High,
		Doc: "",
	},
	{
		Name: "controller.quorum.election.backoff.max.ms", Type: Int, Default: "1000", Check: atLeast(0), Importance: High,
		Doc: "",
	},
	{
		Name: "controller.quorum.election.timeout.ms", Type: Int, Default: "1000", Check: atLeast(0), Importance: High,
		Doc: "",
	},
	{
		Name: "controller.quorum.fetch.max.bytes", Type: Int, Default: "1048576", Check: atLeast(1), Importance: Low,
		Doc: "",
	},
	{
		Name: "controller.quorum.fetch.snapshot.max.bytes", Type: Int, Default: "1048576", Check: atLeast(1), Importance: Low,
		Doc: "",
	},
	{
		Name: "controller.quorum.fetch.timeout.ms", Type: Int, Default: "2000", Check: atLeast(0), Importance: High,
		Doc: "",
	},
	{
		Name: "controller.quorum.request.timeout.ms", Type: Int, Default: "2000", Check: atLeast(0), Importance: Medium,
		Doc: "",
	},
	{
		Name: "controller.quorum.retry.backoff.ms", Type: Int, Default: "20", Check: atLeast(0), Importance: Low,
		Doc: "",
	},
	{
		Name: "controller.quorum.voters", Type: List, Default: "", Check: special(checkVoters), Importance: High,
		Doc: "",
	},
	{
		Name: "controller.quota.window.num", Type: Int, Default: "11", Check: atLeast(1), Importance: Low,
		Doc: "",
	},
	{
		Name: "controller.quota.window.size.seconds", Type: Int, Default: "1", Check: atLeast(1), Importance: Low,
		Doc: "",
	},
	{
		Name: "controller.socket.timeout.ms", Type: Int, Default: "30000", Importance: Medium,
		Doc: "",
	},
	{
		Name: "create.topic.policy.class.name", Type: Class, Null: true, Importance: Low,
		Doc: "",
	},
	{
		Name: "default.replication.factor", Type: Int, Default: "1", Importance: Medium,
		Doc: "",
	},
	{
		Name: "delete.records.purgatory.purge.interval.requests", Type: Int, Default: "1", Importance: Medium,
		Doc: "",
	},
	{
		Name: "delete.topic.enable", Type: Boolean, Default: "true", Importance: High,
		Doc: "",
	},
	{
		Name: "early.start.listeners", Type: List, Null: true, Check: distinct(true, true), Importance: High,
		Doc: "",
	},
	{
		Name: "errors.deadletterqueue.auto.create.topics.enable", Type: Boolean, Default: "false", Importance: Medium, Mode: ClusterWide,
		Doc: "",
	},
	{
		Name: "errors.deadletterqueue.topic.name.prefix", Type: String, Default: "dlq.", Importance: Medium, Mode: ClusterWide,
		Doc: "",
	},
	{
		Name: "fetch.max.bytes", Type: Int, Default: "57671680", Check: atLeast(1024), Importance: Medium,
		Doc: "",
	},
	{
		Name: "fetch.purgatory.purge.interval.requests", Type: Int, Default: "1000", Importance: Medium,
		Doc: "",
	},
	{
		Name: "follower.fetch.last.tiered.offset.enable", Type: Boolean, Default: "false", Importance: Medium, Mode: ClusterWide,
		Doc: "",
	},
	{
		Name: "follower.replication.throttled.rate", Type: Long, Default: "9223372036854775807", Check: atLeast(0), Importance: Medium, Mode: ClusterWide,
		Doc: "",
	},
	{
		Name: "initial.broker.registration.timeout.ms", Type: Int, Default: "60000", Importance: Medium,
		Doc: "",
	},
	{
		Name: "inter.broker.listener.name", Type: String, Null: true, Importance: Medium,
		Doc: "",
	},
	{
		Name: "kafka.metrics.polling.interval.secs", Type: Int, Default: "10", Check: atLeast(1), Importance: Low,
		Doc: "",
	},
	{
		Name: "kafka.metrics.reporters", Type: List, Default: "", Check: distinct(true, false), Importance: Low,
		Doc: "",
	},
	{
		Name: "leader.imbalance.check.interval.seconds", Type: Long, Default: "300", Check: atLeast(1), Importance: High,
		Doc: "",
	},
	{
		Name: "leader.replication.throttled.rate", Type: Long, Default: "9223372036854775807", Check: atLeast(0), Importance: Medium, Mode: ClusterWide,
		Doc: "",
	},
	{
		Name: "listener.security.protocol.map", Type: String, Default: "SASL_SSL:SASL_SSL,PLAINTEXT:PLAINTEXT,SSL:SSL,SASL_PLAINTEXT:SASL_PLAINTEXT", Importance: Low, Mode: PerBroker,
		Doc: "",
	},
	{
		Name: "listeners", Type: List, Default: "PLAINTEXT://:9092", Check: distinct(false, false), Importance: High, Mode: PerBroker,
		Doc: "",
	},
	{
		Name: "max.connection.creation.rate", Type: Int, Default: "2147483647", Check: atLeast(0), Importance: Medium, Mode: ClusterWide,
		Doc: "",
	},
	{
		Name: "max.connections", Type: Int, Default: "2147483647", Check: atLeast(0), Importance: Medium, Mode: ClusterWide,
		Doc: "",
	},
	{
		Name: "max.connections.per.ip", Type: Int, Default: "2147483647", Check: atLeast(0), Importance: Medium, Mode: ClusterWide,
		Doc: "",
	},
	{
		Name: "max.connections.per.ip.overrides", Type: String, Default: "", Importance: Medium, Mode: ClusterWide,
		Doc: "",
	},
	{
		Name: "max.incremental.fetch.session.cache.slots", Type: Int, Default: "1000", Check: atLeast(0), Importance: Medium,
		Doc: "",
	},
	{
		Name: "max.request.partition.size.limit", Type: Int, Default: "2000", Check: atLeast(1), Importance: Medium,
		Doc: "",
	},
	{
		Name: "metric.reporters", Type: List, Default: "org.apache.kafka.common.metrics.JmxReporter", Check: distinct(true, false), Importance: Low, Mode: ClusterWide,
		Doc: "",
	},
	{
		Name: "metrics.num.samples", Type: Int, Default: "2", Check: atLeast(1), Importance: Low,
		Doc: "",
	},
	{
		Name: "metrics.recording.level", Type: String, Default: "INFO", Importance: Low,
		Doc: "",
	},
	{
		Name: "metrics.sample.window.ms", Type: Long, Default: "30000", Check: atLeast(1), Importance: Low,
		Doc: "",
	},
	{
		Name: "node.id", Type: Int, Required: true, Check: atLeast(0), Importance: High,
		Doc: "",
	},
	{
		Name: "num.io.threads", Type: Int, Default: "8", Check: atLeast(1), Importance: High, Mode: ClusterWide,
		Doc: "",
	},
	{
		Name: "num.network.threads", Type: Int, Default: "3", Check: atLeast(1), Importance: High, Mode: ClusterWide,
		Doc: "",
	},
	{
		Name: "num.partitions", Type: Int, Default: "1", Check: atLeast(1), Importance: Medium,
		Doc: "",
	},
	{
		Name: "num.recovery.threads.per.data.dir", Type: Int, Default: "2", Check: atLeast(1), Importance: High, Mode: ClusterWide,
		Doc: "",
	},
	{
		Name: "num.replica.alter.log.dirs.threads", Type: Int, Null: true, Importance: High,
		Doc: "",
	},
	{
		Name: "num.replica.fetchers", Type: Int, Default: "1", Check: atLeast(1), Importance: High, Mode: ClusterWide,
		Doc: "",
	},
	{
		Name: "process.roles", Type: List, Required: true, Check: someOf("broker,controller"), Importance: High,
		Doc: "",
	},
	{
		Name: "queued.max.request.bytes", Type: Long, Default: "-1", Importance: Medium,
		Doc: "",
	},
	{
		Name: "queued.max.requests", Type: Int, Default: "500", Check: atLeast(1), Importance: High,
		Doc: "",
	},
	{
		Name: "quota.window.num", Type: Int, Default: "11", Check: atLeast(1), Importance: Low,
		Doc: "",
	},
	{
		Name: "quota.window.size.seconds", Type: Int, Default: "1", Check: atLeast(1), Importance: Low,
		Doc: "",
	},
	{
		Name: "replica.alter.log.dirs.io.max.bytes.per.second", Type: Long, Default: "9223372036854775807", Check: atLeast(0), Importance: Medium, Mode: ClusterWide,
		Doc: "",
	},
	{
		Name: "replica.fetch.backoff.ms", Type: Int, Default: "1000", Check: atLeast(0), Importance: Medium,
		Doc: "",
	},
	{
		Name: "replica.fetch.max.bytes", Type: Int, Default: "1048576", Check: atLeast(0), Importance: Medium,
		Doc: "",
	},
	{
		Name: "replica.fetch.min.bytes", Type: Int, Default: "1", Importance: High,
		Doc: "",
	},
	{
		Name: "replica.fetch.response.max.bytes", Type: Int, Default: "10485760", Check: atLeast(0), Importance: Medium,
		Doc: "",
	},
	{
		Name: "replica.fetch.wait.max.ms", Type: Int, Default: "500", Importance: High,
		Doc: "",
	},
	{
		Name: "replica.high.watermark.checkpoint.interval.ms", Type: Long, Default: "5000", Importance: High,
		Doc: "",
	},
	{
		Name: "replica.lag.time.max.ms", Type: Long, Default: "30000", Importance: High,
		Doc: "",
	},
	{
		Name: "replica.selector.class", Type: String, Null: true, Importance: Medium,
		Doc: "",
	},
	{
		Name: "replica.socket.receive.buffer.bytes", Type: Int, Default: "65536", Importance: High,
		Doc: "",
	},
	{
		Name: "replica.socket.timeout.ms", Type: Int, Default: "30000", Importance: High,
		Doc: "",
	},
	{
		Name: "replication.quota.window.num", Type: Int, Default: "11", Check: atLeast(1), Importance: Low,
		Doc: "",
	},
	{
		Name: "replication.quota.window.size.seconds", Type: Int, Default: "1", Check: atLeast(1), Importance: Low,
		Doc: "",
	},
	{
		Name: "request.timeout.ms", Type: Int, Default: "30000", Importance: High,
		Doc: "",
	},
	{
		Name: "server.max.startup.time.ms", Type: Long, Default: "9223372036854775807", Check: atLeast(0), Importance: Medium, Internal: true,
		Doc: "",
	},
	{
		Name: "socket.connection.setup.timeout.max.ms", Type: Long, Default: "30000", Importance: Medium,
		Doc: "",
	},
	{
		Name: "socket.connection.setup.timeout.ms", Type: Long, Default: "10000", Importance: Medium,
		Doc: "",
	},
	{
		Name: "socket.listen.backlog.size", Type: Int, Default: "50", Check: atLeast(1), Importance: Medium,
		Doc: "",
	},
	{
		Name: "socket.receive.buffer.bytes", Type: Int, Default: "102400", Importance: High,
		Doc: "",
	},
	{
		Name: "socket.request.max.bytes", Type: Int, Default: "104857600", Check: atLeast(1), Importance: High,
		Doc: "",
	},
	{
		Name: "socket.send.buffer.bytes", Type: Int, Default: "102400", Importance: High,
		Doc: "",
	},
	{
		Name: "telemetry.max.bytes", Type: Int, Default: "1048576", Check: atLeast(1), Importance: Low,
		Doc: "",
	},
	{
		Name: "unstable.api.versions.enable", Type: Boolean, Default: "false", Importance: High, Internal: true,
		Doc: "",
	},
	{
		Name: "unstable.feature.versions.enable", Type: Boolean, Default: "false", Importance: High, Internal: true,
		Doc: "",
	},
}
