// Package group is the group coordinator's state machine: classic consumer
// groups and their committed offsets, one shard for each partition of
// __consumer_offsets. It behaves as Apache Kafka 4.4's GroupMetadataManager and
// OffsetMetadataManager do, and writes their records. It knows neither the log
// nor the clock. Kind: pure
package group

import "time"

// Config is the part of the broker's configuration that groups depend on. Zero
// values are Kafka's defaults, except where said otherwise; who wants to say
// zero says -1.
type Config struct {
	MinSessionTimeout time.Duration // group.min.session.timeout.ms, 6 s
	MaxSessionTimeout time.Duration // group.max.session.timeout.ms, 30 min
	// InitialRebalanceDelay is group.initial.rebalance.delay.ms; zero is zero,
	// Kafka's default is 3 s.
	InitialRebalanceDelay  time.Duration
	MaxSize                int           // group.max.size, unlimited
	OffsetMetadataMax      int           // offset.metadata.max.bytes, 4096
	OffsetsRetention       time.Duration // offsets.retention.minutes, 7 days
	RetentionCheckInterval time.Duration // offsets.retention.check.interval.ms, 10 min
}

// newMemberJoinTimeout is how long a JoinGroup of a member that is new may be
// parked: nobody can tell whether its client is still there.
const newMemberJoinTimeout = 5 * time.Minute

// WithDefaults fills in what is zero.
func (c Config) WithDefaults() Config {
	fill(&c.MinSessionTimeout, 6*time.Second)
	fill(&c.MaxSessionTimeout, 30*time.Minute)
	fill(&c.MaxSize, 1<<31-1)
	fill(&c.OffsetMetadataMax, 4096)
	fill(&c.OffsetsRetention, 7*24*time.Hour)
	fill(&c.RetentionCheckInterval, 10*time.Minute)
	c.MinSessionTimeout, c.OffsetMetadataMax = max(c.MinSessionTimeout, 0), max(c.OffsetMetadataMax, 0)
	return c
}

func fill[T comparable](field *T, value T) {
	if *field == *new(T) {
		*field = value
	}
}

// Caller is what the coordinator knows of who asks, besides the request.
type Caller struct {
	Version    int16  // of the request
	ClientID   string // "" where the client gave none
	ClientHost string // as Kafka shows it: /127.0.0.1
}
