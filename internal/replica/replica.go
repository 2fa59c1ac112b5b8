// Package replica is the replication state of one partition: what its leader
// knows of the followers, which of them are in sync, how far the high watermark
// may go, and how a follower's log comes to agree with its leader's. The rules
// are those of Kafka's Partition and Replica. It holds no log and sends
// nothing: offsets come in, effects go out, and its caller holds a lock around
// each call. Kind: pure
package replica

import (
	"time"

	"github.com/gregor-stream/gregor/internal/kafka"
)

// Settings are what all partitions of a node share.
type Settings struct {
	Local kafka.NodeID
	// LagMax is replica.lag.time.max.ms: a follower that has not been caught up
	// for longer leaves the in-sync set. Zero is 30 s.
	LagMax time.Duration
}

func (s *Settings) lagMax() time.Duration {
	if s.LagMax == 0 {
		return 30 * time.Second
	}
	return s.LagMax
}

// Registration is a partition as the metadata log has it.
type Registration struct {
	Replicas       []kafka.NodeID
	ISR            []kafka.NodeID
	Adding         []kafka.NodeID
	Removing       []kafka.NodeID
	Leader         kafka.NodeID
	LeaderEpoch    kafka.LeaderEpoch
	PartitionEpoch int32
}

// Broker is what the metadata log says of a broker.
type Broker struct {
	Epoch        int64
	Fenced       bool
	ShuttingDown bool
}

// Brokers looks brokers up in the newest metadata; false where id is not
// registered. nil knows nobody, which is enough where the leader is alone.
type Brokers interface {
	Broker(id kafka.NodeID) (Broker, bool)
}

// Effect is what a call changed.
type Effect struct {
	// Advanced says that the high watermark rose: wake those who wait.
	Advanced bool
	// Sync says that the log has to be synced, though nobody may be waiting.
	Sync bool
	// Propose is to be sent to the controller; nil is nothing.
	Propose *Proposal
}
