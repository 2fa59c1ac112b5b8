// Package quorum keeps the cluster's metadata log, __cluster_metadata-0, with
// the other controllers through the Raft library: one goroutine drives it,
// appends what the controller decides, syncs it, applies what is committed to
// the metadata image, publishes that in a fixed order, and only then answers.
// It decides nothing itself. Kind: shell
package quorum

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"go.etcd.io/raft/v3"
	"go.etcd.io/raft/v3/raftpb"

	"github.com/gregor-stream/gregor/internal/batch"
	"github.com/gregor-stream/gregor/internal/compress"
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
	Dir string // the metadata log directory; __cluster_metadata-0 is inside

	// Env is handed to every decision; NodeID and ClusterID are taken from it.
	// The quorum sets its KRaftVersion.
	Env *controller.Env
	// DirectoryID is the directory.id of Dir's meta.properties.
	DirectoryID kafka.UUID
	// Voters is controller.quorum.voters. Empty: what the log's VotersRecord
	// says, or else this node alone.
	Voters []Voter
	// Transport carries Raft's messages to the other voters; nil for one voter.
	Transport Transport
	// Codecs is the node's pool of decompressors; nil: one of its own.
	Codecs *compress.Pool

	// Publishers are told in this order.
	Publishers []Publisher
	// Fatal is called, once, when the log cannot be written any more: the
	// process must end, for what it holds in memory may be ahead of the disk.
	Fatal  func(error)
	Logger *slog.Logger
	// Rand is the source of ids: crypto/rand.Reader in a broker.
	Rand io.Reader

	SnapshotBytes    int64         // metadata.log.max.record.bytes.between.snapshots: 20 MiB
	SnapshotInterval time.Duration // metadata.log.max.snapshot.interval.ms: 1 h; negative: never
	SegmentBytes     int64         // metadata.log.segment.bytes: 1 GiB
	RetentionBytes   int64         // metadata.max.retention.bytes: 100 MiB
	Retention        time.Duration // metadata.max.retention.ms: 7 days
	MaxIdle          time.Duration // metadata.max.idle.interval.ms: 500 ms; see docs/format/metadata-log.md
	ElectionTimeout  time.Duration // controller.quorum.election.timeout.ms: 1 s
	// BalanceInterval is leader.imbalance.check.interval.seconds: 5 min;
	// negative: auto.leader.rebalance.enable is false.
	BalanceInterval time.Duration

	// messageBytes is about how much one message to a voter carries; 0: 1 MiB.
	messageBytes uint64
	// tiny lets tests have segments shorter than the longest batch.
	tiny bool
}

func (c *Config) setDefaults() {
	c.SnapshotBytes = orElse(c.SnapshotBytes, 20<<20)
	c.SnapshotInterval = orElse(c.SnapshotInterval, time.Hour)
	c.SegmentBytes = orElse(c.SegmentBytes, 1<<30)
	if !c.tiny {
		c.SegmentBytes = max(c.SegmentBytes, segmentBytesMin)
	}
	c.RetentionBytes = orElse(c.RetentionBytes, 100<<20)
	c.Retention = orElse(c.Retention, 7*24*time.Hour)
	c.MaxIdle = orElse(c.MaxIdle, 500*time.Millisecond)
	c.ElectionTimeout = orElse(c.ElectionTimeout, time.Second)
	c.BalanceInterval = orElse(c.BalanceInterval, 5*time.Minute)
	if c.messageBytes == 0 {
		c.messageBytes = entriesPerMessageBytes
	}
	if c.Codecs == nil {
		c.Codecs = new(compress.Pool)
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	if c.Fatal == nil {
		c.Fatal = func(error) {}
	}
}

func orElse[T int64 | time.Duration](value, otherwise T) T {
	if value == 0 {
		return otherwise
	}
	return value
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

const (
	// requestsMax bounds the requests that wait for the goroutine; Execute
	// waits beyond it. It is also how many one sync may cover.
	requestsMax = 256
	// segmentBytesMin is the least metadata.log.segment.bytes: any batch fits.
	segmentBytesMin = 8 << 20
	// inboxMax bounds the messages of other voters that wait; more are dropped.
	inboxMax = 1024
	// ticksPerElection is how finely the election timeout is counted.
	ticksPerElection = 10
)

const snapshotSent = raft.SnapshotFinish

var (
	errClosed = kafka.Errorf(kafka.ErrNotController, "the controller is shutting down")
	errFailed = errors.New("the metadata log failed")
)

// Quorum is one controller's end of the metadata quorum.
type Quorum struct {
	cfg Config
	dir string // the log's own directory

	requests chan *request
	inbox    chan *raftpb.Message
	saved    chan savedSnapshot
	ready    chan struct{}
	stop     chan struct{}
	done     chan struct{} // Run has ended; closed by Close where it never ran
	started  atomic.Bool
	stopOnce sync.Once

	image  atomic.Pointer[metadata.Image]
	status atomic.Pointer[Status]

	// What follows is the goroutine's own.

	raft    *raft.RawNode
	log     *raftLog
	state   electionState
	members membership
	// snapshots that are on disk, the oldest first.
	snapshots []snapshotID
	bootstrap []metadata.Record
	loader    *metadata.Loader
	// applied is the end of what was applied. Invariant: applied <= committed.
	applied, committed kafka.Offset
	lastAppend         kafka.Timestamp // of the newest record applied
	published          bool
	builder            *batch.Builder
	lead               leadership
	began              leaderEntry
	point              recoveryPoint
	snap               snapshotting
}

// leaderEntry is the entry with which this node's leadership began.
type leaderEntry struct {
	index uint64
	data  []byte
}

// Open reads and recovers the metadata directory, which [Format] made. It
// starts nothing. An error names what is damaged, and where.
func Open(cfg Config) (*Quorum, error) { return open(cfg, nil, time.Now()) }

// open is Open with a log of its own (for tests), or nil for the directory's.
func open(cfg Config, l log, now time.Time) (*Quorum, error) {
	cfg.setDefaults()
	q := &Quorum{
		cfg: cfg, dir: vfs.Join(cfg.Dir, logName), builder: batch.NewBuilder(nil, batch.Options{}),
		requests: make(chan *request, requestsMax), inbox: make(chan *raftpb.Message, inboxMax),
		saved: make(chan savedSnapshot, 1), ready: make(chan struct{}),
		stop: make(chan struct{}), done: make(chan struct{}),
	}
	if err := q.recover(l, now); err != nil {
		return nil, err
	}
	q.image.Store(q.loader.Image())
	q.cfg.Env.KRaftVersion = q.members.version
	q.updateStatus()
	return q, nil
}

// Ready is closed when the first committed image has been published.
func (q *Quorum) Ready() <-chan struct{} { return q.ready }

// Image is the newest published image.
func (q *Quorum) Image() *metadata.Image { return q.image.Load() }

// Status is the state of the quorum as this node sees it.
func (q *Quorum) Status() Status {
	s := *q.status.Load()
	if s.Leader != q.cfg.Env.NodeID {
		return s
	}
	now := kafka.Timestamp(time.Now().UnixMilli()) // the leader has always just heard of itself
	s.Voters = slices.Clone(s.Voters)
	for i := range s.Voters {
		if s.Voters[i].ID == s.Leader {
			s.Voters[i].LastFetch, s.Voters[i].LastCaughtUp = now, now
		}
	}
	return s
}

// Receive takes a message that another voter's Transport sent. It may drop it.
func (q *Quorum) Receive(message []byte) error {
	m, err := decodeMessage(message)
	if err != nil {
		return fmt.Errorf("a message of another voter is dropped: %w", err)
	}
	select {
	case q.inbox <- m:
	default: // the voter will send it again
	}
	return nil
}

// Run drives the quorum until ctx ends, Close is called, or the log fails. It
// may be called once.
func (q *Quorum) Run(ctx context.Context) error {
	if !q.started.CompareAndSwap(false, true) {
		return errors.New("the quorum was started before")
	}
	defer close(q.done)
	err := q.loop(ctx)
	if err != nil {
		q.cfg.Fatal(err) // first: who waits for a decision can name the cause then
	}
	q.lead.drop(errClosed)
	q.waitForSnapshot()
	if err == nil {
		q.snapshotAtClose(time.Now())
	}
	closed := q.log.log.Close(time.Now())
	if err == nil && closed == nil {
		q.savePoint(time.Now())
	}
	return errors.Join(err, closed)
}

// Close stops Run and waits for it; where Run was never called it closes the
// log. It may be called twice.
func (q *Quorum) Close() error {
	q.stopOnce.Do(func() { close(q.stop) })
	if q.started.CompareAndSwap(false, true) {
		defer close(q.done)
		return q.log.log.Close(time.Now())
	}
	<-q.done
	return nil
}
