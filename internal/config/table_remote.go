package config

// remoteBrokerKeys: tiered storage. Sorted by name.
var remoteBrokerKeys = []Key{ //nolint:gochecknoglobals // a constant table
	{
		Name: "remote.fetch.max.wait.ms", Type: Int, Default: "500", Check: atLeast(1), Importance: Medium, Mode: ClusterWide,
		Doc: "",
	},
	{
		Name: "remote.list.offsets.request.timeout.ms", Type: Long, Default: "30000", Check: atLeast(1), Importance: Medium, Mode: ClusterWide,
		Doc: "",
	},
	{
		Name: "remote.log.index.file.cache.total.size.bytes", Type: Long, Default: "1073741824", Check: atLeast(1), Importance: Low, Mode: ClusterWide,
		Doc: "",
	},
	{
		Name: "remote.log.index.file.cache.ttl.ms", Type: Long, Default: "900000", Check: atLeast(-1), Importance: Low, Internal: true,
		Doc: "",
	},
	{
		Name: "remote.log.manager.copier.thread.pool.size", Type: Int, Default: "10", Check: atLeast(1), Importance: Medium, Mode: ClusterWide,
		Doc: "",
	},
	{
		Name: "remote.log.manager.copy.max.bytes.per.second", Type: Long, Default: "9223372036854775807", Check: atLeast(1), Importance: Medium, Mode: ClusterWide,
		Doc: "",
	},
	{
		Name: "remote.log.manager.copy.quota.window.num", Type: Int, Default: "11", Check: atLeast(1), Importance: Medium,
		Doc: "",
	},
	{
		Name: "remote.log.manager.copy.quota.window.size.seconds", Type: Int, Default: "1", Check: atLeast(1), Importance: Medium,
		Doc: "",
	},
	{
		Name: "remote.log.manager.expiration.thread.pool.size", Type: Int, Default: "10", Check: atLeast(1), Importance: Medium, Mode: ClusterWide,
		Doc: "",
	},
	{
		Name: "remote.log.manager.fetch.max.bytes.per.second", Type: Long, Default: "9223372036854775807", Check: atLeast(1), Importance: Medium, Mode: ClusterWide,
		Doc: "",
	},
	{
		Name: "remote.log.manager.fetch.quota.window.num", Type: Int, Default: "11", Check: atLeast(1), Importance: Medium,
		Doc: "",
	},
	{
		Name: "remote.log.manager.fetch.quota.window.size.seconds", Type: Int, Default: "1", Check: atLeast(1), Importance: Medium,
		Doc: "",
	},
	{
		Name: "remote.log.manager.follower.thread.pool.size", Type: Int, Default: "2", Check: atLeast(1), Importance: Medium, Mode: ClusterWide,
		Doc: "",
	},
	{
		Name: "remote.log.manager.task.interval.ms", Type: Long, Default: "30000", Check: atLeast(1), Importance: Low,
		Doc: "",
	},
	{
		Name: "remote.log.manager.task.retry.backoff.max.ms", Type: Long, Default: "30000", Check: atLeast(1), Importance: Low, Internal: true,
		Doc: "",
	},
	{
		Name: "remote.log.manager.task.retry.backoff.ms", Type: Long, Default: "500", Check: atLeast(1), Importance: Low, Internal: true,
		Doc: "",
	},
	{
		Name: "remote.log.manager.task.retry.jitter", Type: Double, Default: "0.2", Check: between(0, 0.5), Importance: Low, Internal: true,
		Doc: "",
	},
	{
		Name: "remote.log.manager.thread.pool.size", Type: Int, Default: "2", Check: atLeast(1), Importance: Medium,
		Doc: "",
	},
	{
		Name: "remote.log.metadata.custom.metadata.max.bytes", Type: Int, Default: "128", Check: atLeast(0), Importance: Low,
		Doc: "",
	},
	{
		Name: "remote.log.metadata.manager.class.name", Type: String, Default: "org.apache.kafka.server.log.remote.metadata.storage.TopicBasedRemoteLogMetadataManager", Check: special(checkNonEmpty), Importance: Medium,
		Doc: "",
	},
	{
		Name: "remote.log.metadata.manager.class.path", Type: String, Null: true, Importance: Medium,
		Doc: "",
	},
	{
		Name: "remote.log.metadata.manager.impl.prefix", Type: String, Default: "rlmm.config.", Check: special(checkNonEmpty), Importance: Medium,
		Doc: "",
	},
	{
		Name: "remote.log.metadata.manager.listener.name", Type: String, Null: true, Check: special(checkNonEmpty), Importance: Medium,
		Doc: "",
	},
	{
		Name: "remote.log.reader.max.pending.tasks", Type: Int, Default: "100", Check: atLeast(1), Importance: Medium,
		Doc: "",
	},
	{
		Name: "remote.log.reader.threads", Type: Int, Default: "10", Check: atLeast(1), Importance: Medium, Mode: ClusterWide,
		Doc: "",
	},
	{
		Name: "remote.log.storage.manager.class.name", Type: String, Null: true, Check: special(checkNonEmpty), Importance: Medium,
		Doc: "",
	},
	{
		Name: "remote.log.storage.manager.class.path", Type: String, Null: true, Importance: Medium,
		Doc: "",
	},
	{
		Name: "remote.log.storage.manager.impl.prefix", Type: String, Default: "rsm.config.", Check: special(checkNonEmpty), Importance: Medium,
		Doc: "",
	},
	{
		Name: "remote.log.storage.system.enable", Type: Boolean, Default: "false", Importance: Medium,
		Doc: "",
	},
}
