// Package controller decides everything that the active controller decides:
// registration and fencing of brokers, topics and partitions, leaders and
// in-sync sets, reassignments, configs, features, quotas, producer ids, ACLs
// and credentials. A decision reads an [Input] and returns a [Result]: the
// metadata records to write, and the response, with Kafka's errors. It writes
// nothing, waits for nothing and remembers nothing but what the image says and
// the brokers' [Liveness]. Kind: pure
package controller

import (
	"io"
	"time"

	"github.com/gregor-stream/gregor/internal/config"
	"github.com/gregor-stream/gregor/internal/kafka"
	"github.com/gregor-stream/gregor/internal/metadata"
)

// Input is what one decision sees.
type Input struct {
	Now time.Time
	// Image is the cluster as all records say that were decided so far, the
	// uncommitted ones too.
	Image *metadata.Image
	// Next is the offset at which the decision's first record will stand.
	Next kafka.Offset
	// Rand is the source of new ids: crypto/rand in a broker, seeded in tests.
	Rand io.Reader
	// Env is what does not change while the node runs.
	Env *Env
	// Liveness is what the controller knows of the brokers' heartbeats. A
	// decision reads it; it is changed by Result.Heard alone.
	Liveness *Liveness
}

// Env is what the decisions know of the node and its static configuration.
type Env struct {
	NodeID    kafka.NodeID // this controller
	ClusterID string
	// Config is the node's static configuration: defaults of topics
	// (num.partitions, default.replication.factor, min.insync.replicas ...).
	Config *config.Broker
	// Features is what this version of the software supports, see
	// [SupportedFeatures].
	Features []metadata.FeatureRange
	// KRaftVersion is the level of kraft.version: 0 with static voters, 1 with
	// voters that the log names (KIP-853).
	KRaftVersion int16
	// SessionTimeout fences a broker that was not heard of for so long
	// (broker.session.timeout.ms); 0 stands for 9 s.
	SessionTimeout time.Duration
}

// Result is what a decision comes to.
type Result struct {
	// Records are to be written, in one batch: all of them or none.
	Records []metadata.Record
	// Divisible says that many records may be written in several batches, in
	// order: a crash between them leaves what the next decision completes.
	Divisible bool
	// Response is a pointer to the msg response of the request (or what the
	// decision's comment says).
	Response any
	// Err refuses the whole request: then there are no records and no response.
	Err error
	// Heard is the heartbeats to note in Liveness once the records are written.
	Heard []Heartbeat
}

// Heartbeat is one sign of life of a broker.
type Heartbeat struct {
	Broker kafka.NodeID
	Epoch  int64
	At     time.Time
	// Offset is how far the broker has read the metadata log.
	Offset kafka.Offset
	// Shutdown: the broker waits for its leaderships to move away.
	Shutdown bool
}
