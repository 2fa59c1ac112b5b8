package config

// cleanerBrokerKeys: log.cleaner.*: compaction. Sorted by name.
var cleanerBrokerKeys = []Key{ //nolint:gochecknoglobals // a constant table
	{
		Name: "log.cleaner.backoff.ms", Type: Long, Default: "15000", Check: atLeast(0), Importance: Medium, Mode: ClusterWide,
		Doc: "",
	},
	{
		Name: "log.cleaner.dedupe.buffer.size", Type: Long, Default: "134217728", Importance: Medium, Mode: ClusterWide,
		Doc: "",
	},
	{
		Name: "log.cleaner.delete.retention.ms", Type: Long, Default: "86400000", Check: atLeast(0), Importance: Medium, Mode: ClusterWide,
		Doc: "",
	},
	{
		Name: "log.cleaner.enable", Type: Boolean, Default: "true", Importance: Medium,
		Doc: "",
	},
	{
		Name: "log.cleaner.io.buffer.load.factor", Type: Double, Default: "0.9", Importance: Medium, Mode: ClusterWide,
		Doc: "",
	},
	{
		Name: "log.cleaner.io.buffer.size", Type: Int, Default: "524288", Check: atLeast(0), Importance: Medium, Mode: ClusterWide,
		Doc: "",
	},
	{
		Name: "log.cleaner.io.max.bytes.per.second", Type: Double, Default: "1.7976931348623157E308", Importance: Medium, Mode: ClusterWide,
		Doc: "",
	},
	{
		Name: "log.cleaner.max.compaction.lag.ms", Type: Long, Default: "9223372036854775807", Check: atLeast(1), Importance: Medium, Mode: ClusterWide,
		Doc: "",
	},
	{
		Name: "log.cleaner.min.cleanable.ratio", Type: Double, Default: "0.5", Check: between(0, 1), Importance: Medium, Mode: ClusterWide,
		Doc: "",
	},
	{
		Name: "log.cleaner.min.compaction.lag.ms", Type: Long, Default: "0", Check: atLeast(0), Importance: Medium, Mode: ClusterWide,
		Doc: "",
	},
	{
		Name: "log.cleaner.threads", Type: Int, Default: "1", Check: atLeast(0), Importance: Medium, Mode: ClusterWide,
		Doc: "",
	},
}
