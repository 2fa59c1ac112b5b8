package config

// txnBrokerKeys: transactions and share state. Sorted by name.
var txnBrokerKeys = []Key{ //nolint:gochecknoglobals // a constant table
	{
		Name: "add.partitions.to.txn.retry.backoff.max.ms", Type: Int, Default: "100", Check: atLeast(0), Importance: High,
		Doc: "",
	},
	{
		Name: "add.partitions.to.txn.retry.backoff.ms", Type: Int, Default: "20", Check: atLeast(1), Importance: High,
		Doc: "",
	},
	{
		Name: "share.coordinator.append.linger.ms", Type: Int, Default: "-1", Check: atLeast(-1), Importance: Medium,
		Doc: "",
	},
	{
		Name: "share.coordinator.cached.buffer.max.bytes", Type: Int, Default: "1048588", Check: atLeast(524288), Importance: Medium, Mode: ClusterWide,
		Doc: "",
	},
	{
		Name: "share.coordinator.cold.partition.snapshot.interval.ms", Type: Int, Default: "300000", Check: atLeast(1), Importance: Low, Internal: true,
		Doc: "",
	},
	{
		Name: "share.coordinator.load.buffer.size", Type: Int, Default: "5242880", Check: atLeast(1), Importance: High,
		Doc: "",
	},
	{
		Name: "share.coordinator.snapshot.update.records.per.snapshot", Type: Int, Default: "500", Check: between(0, 500), Importance: Medium,
		Doc: "",
	},
	{
		Name: "share.coordinator.state.topic.compression.codec", Type: Int, Default: "0", Importance: High,
		Doc: "",
	},
	{
		Name: "share.coordinator.state.topic.min.isr", Type: Short, Default: "2", Check: atLeast(1), Importance: High,
		Doc: "",
	},
	{
		Name: "share.coordinator.state.topic.num.partitions", Type: Int, Default: "50", Check: atLeast(1), Importance: High,
		Doc: "",
	},
	{
		Name: "share.coordinator.state.topic.prune.interval.ms", Type: Int, Default: "300000", Check: atLeast(1), Importance: Low, Internal: true,
		Doc: "",
	},
	{
		Name: "share.coordinator.state.topic.replication.factor", Type: Short, Default: "3", Check: atLeast(1), Importance: High,
		Doc: "",
	},
	{
		Name: "share.coordinator.state.topic.segment.bytes", Type: Int, Default: "104857600", Check: atLeast(1), Importance: High,
		Doc: "",
	},
	{
		Name: "share.coordinator.threads", Type: Int, Default: "1", Check: atLeast(1), Importance: Medium,
		Doc: "",
	},
	{
		Name: "share.coordinator.write.timeout.ms", Type: Int, Default: "5000", Check: atLeast(1), Importance: High,
		Doc: "",
	},
	{
		Name: "share.fetch.purgatory.purge.interval.requests", Type: Int, Default: "1000", Importance: Medium,
		Doc: "",
	},
	{
		Name: "transaction.abort.timed.out.transaction.cleanup.interval.ms", Type: Int, Default: "10000", Check: atLeast(1), Importance: Low,
		Doc: "",
	},
	{
		Name: "transaction.max.timeout.ms", Type: Int, Default: "900000", Check: atLeast(1), Importance: High,
		Doc: "",
	},
	{
		Name: "transaction.partition.verification.enable", Type: Boolean, Default: "true", Importance: Low, Mode: ClusterWide,
		Doc: "",
	},
	{
		Name: "transaction.remove.expired.transaction.cleanup.interval.ms", Type: Int, Default: "3600000", Check: atLeast(1), Importance: Low,
		Doc: "",
	},
	{
		Name: "transaction.state.log.load.buffer.size", Type: Int, Default: "5242880", Check: atLeast(1), Importance: High,
		Doc: "",
	},
	{
		Name: "transaction.state.log.min.isr", Type: Int, Default: "2", Check: atLeast(1), Importance: High,
		Doc: "",
	},
	{
		Name: "transaction.state.log.num.partitions", Type: Int, Default: "50", Check: atLeast(1), Importance: High,
		Doc: "",
	},
	{
		Name: "transaction.state.log.replication.factor", Type: Short, Default: "3", Check: atLeast(1), Importance: High,
		Doc: "",
	},
	{
		Name: "transaction.state.log.segment.bytes", Type: Int, Default: "104857600", Check: atLeast(1), Importance: High,
		Doc: "",
	},
	{
		Name: "transaction.two.phase.commit.enable", Type: Boolean, Default: "false", Importance: Low,
		Doc: "",
	},
	{
		Name: "transactional.id.expiration.ms", Type: Int, Default: "604800000", Check: atLeast(1), Importance: High,
		Doc: "",
	},
}
