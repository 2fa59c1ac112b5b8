package config

// clientMetricsKeys: client metrics subscriptions. Sorted by name.
var clientMetricsKeys = []Key{ //nolint:gochecknoglobals // a constant table
	{
		Name: "interval.ms", Type: Int, Default: "300000", Importance: Medium,
		Doc: "",
	},
	{
		Name: "match", Type: List, Default: "", Check: distinct(true, false), Importance: Medium,
		Doc: "",
	},
	{
		Name: "metrics", Type: List, Default: "", Check: distinct(true, false), Importance: Medium,
		Doc: "",
	},
}
