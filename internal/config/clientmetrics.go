package config

import (
	"strings"
	"time"
)

// ClientMetrics is one subscription to clients' metrics (KIP-714).
type ClientMetrics struct {
	Interval time.Duration
	Metrics  []string // prefixes of names; "*" is all
	// Match has a regular expression for each of the client's attributes that
	// has to match whole; empty: every client.
	Match map[string]string
}

// ClientMetricsOf resolves the configuration of a subscription. What does not
// parse is passed over, like Kafka's broker does.
func ClientMetricsOf(overrides map[string]string) ClientMetrics {
	get := func(name string) value {
		k := ClientMetricsKey(name)
		if text, ok := overrides[name]; ok {
			if v, err := k.parse(text); err == nil {
				return v
			}
		}
		return k.defaultValue()
	}
	c := ClientMetrics{
		Interval: time.Duration(get("interval.ms").long) * time.Millisecond,
		Metrics:  get("metrics").list,
		Match:    map[string]string{},
	}
	for _, entry := range get("match").list {
		if validMatch(entry) {
			name, pattern, _ := strings.Cut(strings.TrimRight(entry, "="), "=")
			c.Match[strings.TrimSpace(name)] = strings.TrimSpace(pattern)
		}
	}
	return c
}
