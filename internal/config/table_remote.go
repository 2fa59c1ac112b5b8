package config

// remoteBrokerKeys: tiered storage. Sorted by name.
var remoteBrokerKeys = []Key{ //nolint:gochecknoglobals // a constant table
	{
		Name: "remote.fetch.max.wait.ms", Type: Int, Default: "500", Check: atLeast(1), Importance: Medium, Mode: ClusterWide,
		Doc: "How long a fetch waits for tiered data.",
	},
	{
		Name: "remote.list.offsets.request.timeout.ms", Type: Long, Default: "30000", Check: atLeast(1), Importance: Medium, Mode: ClusterWide,
		Doc: "How long a search for an offset in tiered data may take.",
	},
	{
		Name: "remote.log.index.file.cache.total.size.bytes", Type: Long, Default: "1073741824", Check: atLeast(1), Importance: Low, Mode: ClusterWide,
		Doc: "Disk space for indexes of tiered segments.",
	},
	{
		Name: "remote.log.index.file.cache.ttl.ms", Type: Long, Default: "900000", Check: atLeast(-1), Importance: Low, Internal: true,
		Doc: "How long an unused index of a tiered segment stays in that space.",
	},
	{
		Name: "remote.log.manager.copier.thread.pool.size", Type: Int, Default: "10", Check: atLeast(1), Importance: Medium, Mode: ClusterWide,
		Doc: "Threads that copy segments to the tier.",
	},
	{
		Name: "remote.log.manager.copy.max.bytes.per.second", Type: Long, Default: "9223372036854775807", Check: atLeast(1), Importance: Medium, Mode: ClusterWide,
		Doc: "The most bytes copied to the tier in a second.",
	},
	{
		Name: "remote.log.manager.copy.quota.window.num", Type: Int, Default: "11", Check: atLeast(1), Importance: Medium,
		Doc: "How many time windows are kept to measure copying.",
	},
	{
		Name: "remote.log.manager.copy.quota.window.size.seconds", Type: Int, Default: "1", Check: atLeast(1), Importance: Medium,
		Doc: "How long one such window is.",
	},
	{
		Name: "remote.log.manager.expiration.thread.pool.size", Type: Int, Default: "10", Check: atLeast(1), Importance: Medium, Mode: ClusterWide,
		Doc: "Threads that delete expired tiered segments.",
	},
	{
		Name: "remote.log.manager.fetch.max.bytes.per.second", Type: Long, Default: "9223372036854775807", Check: atLeast(1), Importance: Medium, Mode: ClusterWide,
		Doc: "The most bytes read from the tier in a second.",
	},
	{
		Name: "remote.log.manager.fetch.quota.window.num", Type: Int, Default: "11", Check: atLeast(1), Importance: Medium,
		Doc: "How many time windows are kept to measure reading.",
	},
	{
		Name: "remote.log.manager.fetch.quota.window.size.seconds", Type: Int, Default: "1", Check: atLeast(1), Importance: Medium,
		Doc: "How long one such window is.",
	},
	{
		Name: "remote.log.manager.follower.thread.pool.size", Type: Int, Default: "2", Check: atLeast(1), Importance: Medium, Mode: ClusterWide,
		Doc: "Threads that follow the tier's state on followers.",
	},
	{
		Name: "remote.log.manager.task.interval.ms", Type: Long, Default: "30000", Check: atLeast(1), Importance: Low,
		Doc: "How often copying and expiring run.",
	},
	{
		Name: "remote.log.manager.task.retry.backoff.max.ms", Type: Long, Default: "30000", Check: atLeast(1), Importance: Low, Internal: true,
		Doc: "The longest wait before a failed tiering task is repeated.",
	},
	{
		Name: "remote.log.manager.task.retry.backoff.ms", Type: Long, Default: "500", Check: atLeast(1), Importance: Low, Internal: true,
		Doc: "The first wait before a failed tiering task is repeated.",
	},
	{
		Name: "remote.log.manager.task.retry.jitter", Type: Double, Default: "0.2", Check: between(0, 0.5), Importance: Low, Internal: true,
		Doc: "How much such waits vary at random.",
	},
	{
		Name: "remote.log.manager.thread.pool.size", Type: Int, Default: "2", Check: atLeast(1), Importance: Medium,
		Doc: "Threads for scheduling tiering tasks.",
	},
	{
		Name: "remote.log.metadata.custom.metadata.max.bytes", Type: Int, Default: "128", Check: atLeast(0), Importance: Low,
		Doc: "The most bytes that a storage plugin may keep with a segment.",
	},
	{
		Name: "remote.log.metadata.manager.class.name", Type: String, Default: "org.apache.kafka.server.log.remote.metadata.storage.TopicBasedRemoteLogMetadataManager", Check: special(checkNonEmpty), Importance: Medium,
		Doc: "The Java class that keeps track of tiered segments.",
	},
	{
		Name: "remote.log.metadata.manager.class.path", Type: String, Null: true, Importance: Medium,
		Doc: "Where that class is found.",
	},
	{
		Name: "remote.log.metadata.manager.impl.prefix", Type: String, Default: "rlmm.config.", Check: special(checkNonEmpty), Importance: Medium,
		Doc: "What the names of that class's own keys begin with.",
	},
	{
		Name: "remote.log.metadata.manager.listener.name", Type: String, Null: true, Check: special(checkNonEmpty), Importance: Medium,
		Doc: "The listener over which that class connects to brokers.",
	},
	{
		Name: "remote.log.reader.max.pending.tasks", Type: Int, Default: "100", Check: atLeast(1), Importance: Medium,
		Doc: "The most reads from the tier that wait.",
	},
	{
		Name: "remote.log.reader.threads", Type: Int, Default: "10", Check: atLeast(1), Importance: Medium, Mode: ClusterWide,
		Doc: "Threads that read from the tier.",
	},
	{
		Name: "remote.log.storage.manager.class.name", Type: String, Null: true, Check: special(checkNonEmpty), Importance: Medium,
		Doc: "The Java class that stores tiered segments.",
	},
	{
		Name: "remote.log.storage.manager.class.path", Type: String, Null: true, Importance: Medium,
		Doc: "Where that class is found.",
	},
	{
		Name: "remote.log.storage.manager.impl.prefix", Type: String, Default: "rsm.config.", Check: special(checkNonEmpty), Importance: Medium,
		Doc: "What the names of that class's own keys begin with.",
	},
	{
		Name: "remote.log.storage.system.enable", Type: Boolean, Default: "false", Importance: Medium,
		Doc: "Whether tiered storage is on.",
	},
}
