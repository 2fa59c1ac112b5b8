package config

// clientMetricsKeys: client metrics subscriptions. Sorted by name.
var clientMetricsKeys = []Key{ //nolint:gochecknoglobals // a constant table
	{
		Name: "interval.ms", Type: Int, Default: "300000", Importance: Medium, State: InEffect,
		Doc: "How often the clients push their metrics.",
	},
	{
		Name: "match", Type: List, Default: "", Check: distinct(true, false), Importance: Medium, State: InEffect,
		Doc: "Which clients are meant: selectors of client id, name, version or address.",
	},
	{
		Name: "metrics", Type: List, Default: "", Check: distinct(true, false), Importance: Medium, State: InEffect,
		Doc: "Which metrics are meant, by the beginning of their names; * for all.",
	},
}
