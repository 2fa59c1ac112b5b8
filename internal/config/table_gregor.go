package config

// gregorBrokerKeys: what Gregor has and Kafka does not. Sorted by name.
var gregorBrokerKeys = []Key{ //nolint:gochecknoglobals // a constant table
	{
		Name: "gregor.client.metrics.max.series", Type: Int, Default: "10000", Check: between(0, 1000000), Importance: Low, Mode: ClusterWide, State: InEffect, Own: true,
		Doc: "How many series of clients' own metrics (KIP-714) are kept; what comes beyond is dropped and counted.",
	},
	{
		Name: "gregor.http.listeners", Type: List, Default: "", Check: special(checkHTTPListeners), Importance: Medium, State: InEffect, Own: true,
		Doc: "Where metrics, health, log levels and clients' metrics are served over HTTP; empty for nowhere. Without a file, gregor takes localhost:9404.",
	},
	{
		Name: "gregor.http.pprof.enable", Type: Boolean, Default: "false", Importance: Low, State: InEffect, Own: true,
		Doc: "Whether the HTTP listeners serve profiles below /debug/pprof/.",
	},
	{
		Name: "gregor.log.durability", Type: String, Default: "safe", Check: oneOf("safe,page-cache,disk"), Importance: High, Mode: ClusterWide, State: InEffect, Own: true,
		Doc: "What acks=all and the high watermark wait for: safe, two replicas, or the disk where one alone is in sync; page-cache, nothing but the in-sync replicas' memory, as Apache Kafka; disk, the leader's disk always, and acks=1 too. docs/durability.md tells what each costs.",
	},
	{
		Name: "gregor.log.format", Type: String, Default: "text", Check: oneOf("text,json"), Importance: Low, State: InEffect, Own: true,
		Doc: "How the command gregor writes its log: text for people, json for machines.",
	},
	{
		Name: "gregor.log.journal.bytes", Type: Long, Default: "67108864", Check: between(0, 1<<30), Importance: Low, State: InEffect, Own: true,
		Doc: "How long the sync journal of a log directory may become, to which short appends to many partitions are made durable by one write and one sync; 0 for none, then each partition's file is synced. It begins with at most 2 MiB, and grows while that is too little; the least is 65536.",
	},
	{
		Name: "gregor.log.slow.request.ms", Type: Long, Default: "1000", Check: atLeast(-1), Importance: Low, Mode: ClusterWide, State: InEffect, Own: true,
		Doc: "Requests that take longer are logged, without the time that a client asked to wait; -1 for none.",
	},
	{
		Name: "gregor.metrics.max.partitions", Type: Int, Default: "1000", Check: between(0, 1000000), Importance: Low, Mode: ClusterWide, State: InEffect, Own: true,
		Doc: "Of how many partitions, in order of their names, there are metrics of their own.",
	},
	{
		Name: "gregor.metrics.max.topics", Type: Int, Default: "1000", Check: between(0, 1000000), Importance: Low, Mode: ClusterWide, State: InEffect, Own: true,
		Doc: "Of how many topics, in order of their names, there are metrics of their own.",
	},
	{
		Name: "gregor.transaction.offsets.away.ms", Type: Int, Default: "0", Check: between(0, 1000), Importance: Low, State: InEffect, Own: true,
		Doc: "How long after a transaction AddOffsetsToTxn as the first request of the next is sent away with CONCURRENT_TRANSACTIONS, " +
			"as Apache Kafka does, for clients that count on the time it takes them; 0 for never.",
	},
}
