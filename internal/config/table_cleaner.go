package config

// cleanerBrokerKeys: log.cleaner.*: compaction. Sorted by name.
var cleanerBrokerKeys = []Key{ //nolint:gochecknoglobals // a constant table
	{
		Name: "log.cleaner.backoff.ms", Type: Long, Default: "15000", Check: atLeast(0), Importance: Medium, Mode: ClusterWide, State: InEffect,
		Doc: "How long the cleaner sleeps when nothing is to be compacted.",
	},
	{
		Name: "log.cleaner.dedupe.buffer.size", Type: Long, Default: "134217728", Importance: Medium, Mode: ClusterWide, State: InEffect,
		Doc: "Memory of all cleaner threads for the map from keys to offsets.",
	},
	{
		Name: "log.cleaner.delete.retention.ms", Type: Long, Default: "86400000", Check: atLeast(0), Importance: Medium, Mode: ClusterWide, State: InEffect,
		Doc: "How long a tombstone stays in a compacted topic that does not say.",
	},
	{
		Name: "log.cleaner.enable", Type: Boolean, Default: "true", Importance: Medium, State: InEffect,
		Doc: "Whether the cleaner runs; internal topics need it.",
	},
	{
		Name: "log.cleaner.io.buffer.load.factor", Type: Double, Default: "0.9", Importance: Medium, Mode: ClusterWide, State: InEffect,
		Doc: "How full the map from keys to offsets may get.",
	},
	{
		Name: "log.cleaner.io.buffer.size", Type: Int, Default: "524288", Check: atLeast(0), Importance: Medium, Mode: ClusterWide, State: InEffect,
		Doc: "Memory of all cleaner threads for reading and writing.",
	},
	{
		Name: "log.cleaner.io.max.bytes.per.second", Type: Double, Default: "1.7976931348623157E308", Importance: Medium, Mode: ClusterWide, State: InEffect,
		Doc: "The most that the cleaner reads and writes in a second.",
	},
	{
		Name: "log.cleaner.max.compaction.lag.ms", Type: Long, Default: "9223372036854775807", Check: atLeast(1), Importance: Medium, Mode: ClusterWide, State: InEffect,
		Doc: "The age at which a record must have been compacted.",
	},
	{
		Name: "log.cleaner.min.cleanable.ratio", Type: Double, Default: "0.5", Check: between(0, 1), Importance: Medium, Mode: ClusterWide, State: InEffect,
		Doc: "The share of not yet compacted bytes at which a log is compacted.",
	},
	{
		Name: "log.cleaner.min.compaction.lag.ms", Type: Long, Default: "0", Check: atLeast(0), Importance: Medium, Mode: ClusterWide, State: InEffect,
		Doc: "How long a record stays uncompacted at least.",
	},
	{
		Name: "log.cleaner.threads", Type: Int, Default: "1", Check: atLeast(0), Importance: Medium, Mode: ClusterWide, State: InEffect,
		Doc: "Threads that compact.",
	},
}
