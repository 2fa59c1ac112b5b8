package config

// txnBrokerKeys: transactions and share state. Sorted by name.
var txnBrokerKeys = []Key{ //nolint:gochecknoglobals // a constant table
	{
		Name: "add.partitions.to.txn.retry.backoff.max.ms", Type: Int, Default: "100", Check: atLeast(0), Importance: High, State: Moot,
		Doc: "How long the broker tries to add a partition to a transaction; Gregor waits for the transaction before, and does not try again.",
	},
	{
		Name: "add.partitions.to.txn.retry.backoff.ms", Type: Int, Default: "20", Check: atLeast(1), Importance: High, State: Moot,
		Doc: "The wait of the broker between two tries to add a partition to a transaction; Gregor does not try again.",
	},
	{
		Name: "share.coordinator.append.linger.ms", Type: Int, Default: "-1", Check: atLeast(-1), Importance: Medium,
		Doc: "How long the share coordinator gathers records before it writes them; -1 adapts to the load.",
	},
	{
		Name: "share.coordinator.cached.buffer.max.bytes", Type: Int, Default: "1048588", Check: atLeast(524288), Importance: Medium, Mode: ClusterWide, State: Moot,
		Doc: "The largest write buffer that the share coordinator keeps for reuse.",
	},
	{
		Name: "share.coordinator.cold.partition.snapshot.interval.ms", Type: Int, Default: "300000", Check: atLeast(1), Importance: Low, Internal: true,
		Doc: "How often share partitions without changes are written again.",
	},
	{
		Name: "share.coordinator.load.buffer.size", Type: Int, Default: "5242880", Check: atLeast(1), Importance: High,
		Doc: "How many bytes are read at a time when the share coordinator loads.",
	},
	{
		Name: "share.coordinator.snapshot.update.records.per.snapshot", Type: Int, Default: "500", Check: between(0, 500), Importance: Medium,
		Doc: "How many updates follow before a share partition's state is written whole.",
	},
	{
		Name: "share.coordinator.state.topic.compression.codec", Type: Int, Default: "0", Importance: High,
		Doc: "The codec of __share_group_state, by its number; 0 for none.",
	},
	{
		Name: "share.coordinator.state.topic.min.isr", Type: Short, Default: "2", Check: atLeast(1), Importance: High, State: InEffect,
		Doc: "The least in-sync replicas of __share_group_state.",
	},
	{
		Name: "share.coordinator.state.topic.num.partitions", Type: Int, Default: "50", Check: atLeast(1), Importance: High, State: InEffect,
		Doc: "Partitions of __share_group_state.",
	},
	{
		Name: "share.coordinator.state.topic.prune.interval.ms", Type: Int, Default: "300000", Check: atLeast(1), Importance: Low, Internal: true,
		Doc: "How often old state is cut from __share_group_state.",
	},
	{
		Name: "share.coordinator.state.topic.replication.factor", Type: Short, Default: "3", Check: atLeast(1), Importance: High, State: InEffect,
		Doc: "Replicas of __share_group_state.",
	},
	{
		Name: "share.coordinator.state.topic.segment.bytes", Type: Int, Default: "104857600", Check: atLeast(1), Importance: High, State: InEffect,
		Doc: "Segment size of __share_group_state.",
	},
	{
		Name: "share.coordinator.threads", Type: Int, Default: "1", Check: atLeast(1), Importance: Medium, State: Moot,
		Doc: "Threads of the share coordinator.",
	},
	{
		Name: "share.coordinator.write.timeout.ms", Type: Int, Default: "5000", Check: atLeast(1), Importance: High,
		Doc: "How long a write waits for the replicas of __share_group_state.",
	},
	{
		Name: "share.fetch.purgatory.purge.interval.requests", Type: Int, Default: "1000", Importance: Medium, State: Moot,
		Doc: "After how many finished requests the list of waiting share fetches is swept.",
	},
	{
		Name: "transaction.abort.timed.out.transaction.cleanup.interval.ms", Type: Int, Default: "10000", Check: atLeast(1), Importance: Low, State: InEffect,
		Doc: "How often transactions that took too long are aborted.",
	},
	{
		Name: "transaction.max.timeout.ms", Type: Int, Default: "900000", Check: atLeast(1), Importance: High, State: InEffect,
		Doc: "The longest timeout that a transaction may ask for.",
	},
	{
		Name: "transaction.partition.verification.enable", Type: Boolean, Default: "true", Importance: Low, Mode: ClusterWide, State: InEffect,
		Doc: "Whether a partition asks the coordinator if a transaction is open before it writes.",
	},
	{
		Name: "transaction.remove.expired.transaction.cleanup.interval.ms", Type: Int, Default: "3600000", Check: atLeast(1), Importance: Low, State: InEffect,
		Doc: "How often unused transactional ids are removed.",
	},
	{
		Name: "transaction.state.log.load.buffer.size", Type: Int, Default: "5242880", Check: atLeast(1), Importance: High, State: InEffect,
		Doc: "How many bytes are read at a time when a transaction coordinator loads.",
	},
	{
		Name: "transaction.state.log.min.isr", Type: Int, Default: "2", Check: atLeast(1), Importance: High, State: InEffect,
		Doc: "The least in-sync replicas of __transaction_state.",
	},
	{
		Name: "transaction.state.log.num.partitions", Type: Int, Default: "50", Check: atLeast(1), Importance: High, State: InEffect,
		Doc: "Partitions of __transaction_state.",
	},
	{
		Name: "transaction.state.log.replication.factor", Type: Short, Default: "3", Check: atLeast(1), Importance: High, State: InEffect,
		Doc: "Replicas of __transaction_state.",
	},
	{
		Name: "transaction.state.log.segment.bytes", Type: Int, Default: "104857600", Check: atLeast(1), Importance: High, State: InEffect,
		Doc: "Segment size of __transaction_state.",
	},
	{
		Name: "transaction.two.phase.commit.enable", Type: Boolean, Default: "false", Importance: Low,
		Doc: "Whether transactions may take part in two-phase commits.",
	},
	{
		Name: "transactional.id.expiration.ms", Type: Int, Default: "604800000", Check: atLeast(1), Importance: High, State: InEffect,
		Doc: "How long an unused transactional id is kept.",
	},
}
