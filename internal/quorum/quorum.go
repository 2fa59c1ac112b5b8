// Package quorum keeps the cluster's metadata log, __cluster_metadata-0, with
// the other controllers through the Raft library: one goroutine drives it,
// appends what the controller decides, syncs it, applies what is committed to
// the metadata image, publishes that in a fixed order, and only then answers.
// It decides nothing itself. Kind: shell
package quorum

import (
	"context"
	"io"
	"log/slog"
	"time"

	"github.com/gregor-stream/gregor/internal/controller"
	"github.com/gregor-stream/gregor/internal/kafka"
	"github.com/gregor-stream/gregor/internal/metadata"
	"github.com/gregor-stream/gregor/internal/vfs"
)

// Publisher is told of every committed change, in order, before the request
// that caused it is answered. It is called on the quorum's goroutine: it must
// be quick, and must not call Execute and wait.
type Publisher interface {
	// Publish gives the new image and what differs from the one before. The
	// first call differs from the empty image.
	Publish(img *metadata.Image, delta *metadata.Delta)
}

// Config is what a Quorum is made of. The zero value of a duration or size is
// Kafka's default.
type Config struct {
	FS  vfs.FS
	Dir string // the metadata log directory (its parent: .../__cluster_metadata-0 is inside)

	// Env is handed to every decision; NodeID and ClusterID are taken from it.
	Env *controller.Env
	// DirectoryID is the directory.id of Dir's meta.properties.
	DirectoryID kafka.UUID
	// Voters is controller.quorum.voters. Empty: this node alone, or what the
	// log's VotersRecord says.
	Voters []Voter
	// Transport carries Raft's messages to the other voters; nil for one voter.
	Transport Transport

	// Publishers are told in this order.
	Publishers []Publisher
	// Fatal is called, once, when the log can not be written any more: the
	// process must end, for what it holds in memory may be ahead of the disk.
	Fatal  func(error)
	Logger *slog.Logger
	// Rand is the source of ids and election jitter: crypto/rand.Reader.
	Rand io.Reader

	SnapshotBytes    int64         // metadata.log.max.record.bytes.between.snapshots: 20 MiB
	SnapshotInterval time.Duration // metadata.log.max.snapshot.interval.ms: 1 h
	SegmentBytes     int64         // metadata.log.segment.bytes: 1 GiB
	RetentionBytes   int64         // metadata.max.retention.bytes: 100 MiB
	Retention        time.Duration // metadata.max.retention.ms: 7 days
	MaxIdle          time.Duration // metadata.max.idle.interval.ms: 500 ms; see docs/format/metadata-log.md
	ElectionTimeout  time.Duration // controller.quorum.election.timeout.ms: 1 s
}

// Voter is one member of the quorum.
type Voter struct {
	ID          kafka.NodeID
	DirectoryID kafka.UUID // zero: not known (a static voter)
	Endpoints   []metadata.Endpoint
}

// Transport carries Raft messages between voters. Messages may be lost,
// doubled or reordered, never changed.
type Transport interface {
	// Send queues a message, or drops it: it never blocks.
	Send(to kafka.NodeID, message []byte)
}

// Quorum is one controller's end of the metadata quorum.
type Quorum struct{}

// Open reads and recovers the metadata directory, which [Format] made. It
// starts nothing.
func Open(cfg Config) (*Quorum, error) { return &Quorum{}, nil }

// Run drives the quorum until ctx ends or the log fails.
func (q *Quorum) Run(ctx context.Context) error { return nil }

// Ready is closed when the first committed image has been published.
func (q *Quorum) Ready() <-chan struct{} { return nil }

// Image is the newest published image.
func (q *Quorum) Image() *metadata.Image { return nil }

// Execute has a decision taken on the newest, uncommitted image, one at a
// time, and returns its response when its records are committed, applied and
// published. A decision that writes nothing is answered when everything that
// it saw is committed. Errors: the decision's own (Result.Err),
// kafka.ErrNotController where this node does not lead, and ctx's; after ctx's
// error the records may still be committed.
func (q *Quorum) Execute(ctx context.Context, decide func(in controller.Input) controller.Result) (any, error) {
	return nil, kafka.ErrNotController
}

// Receive takes a message that another voter's Transport sent.
func (q *Quorum) Receive(from kafka.NodeID, message []byte) {}

// Status is the state of the quorum as this node sees it.
func (q *Quorum) Status() Status { return Status{} }

// Close stops Run and waits for it, and closes the log. It may be called twice.
func (q *Quorum) Close() error { return nil }

// Status is what DescribeQuorum and Metadata answer from.
type Status struct {
	Leader        kafka.NodeID // kafka.NoNode: none known
	LeaderEpoch   kafka.LeaderEpoch
	HighWatermark kafka.Offset // the end of what is committed
	KRaftVersion  int16
	Voters        []Replica
	Observers     []Replica
}

// Replica is one voter or observer in a [Status].
type Replica struct {
	ID           kafka.NodeID
	DirectoryID  kafka.UUID
	Endpoints    []metadata.Endpoint
	LogEndOffset kafka.Offset
	LastFetch    kafka.Timestamp // kafka.NoTimestamp: not known
	LastCaughtUp kafka.Timestamp
}
