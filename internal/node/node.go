// Package node builds a broker and controller out of all the other rooms, in
// order, plugs them into each other, runs them, and takes them down in reverse.
// It is the only room that knows everything, and it decides nothing.
// Kind: shell
package node

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"log/slog"
	mathrand "math/rand/v2"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gregor-stream/gregor/internal/api"
	"github.com/gregor-stream/gregor/internal/compress"
	"github.com/gregor-stream/gregor/internal/config"
	"github.com/gregor-stream/gregor/internal/controller"
	"github.com/gregor-stream/gregor/internal/coordinator/runtime"
	"github.com/gregor-stream/gregor/internal/kafka"
	"github.com/gregor-stream/gregor/internal/lifecycle"
	"github.com/gregor-stream/gregor/internal/logs"
	"github.com/gregor-stream/gregor/internal/metrics"
	"github.com/gregor-stream/gregor/internal/partition"
	"github.com/gregor-stream/gregor/internal/quorum"
	"github.com/gregor-stream/gregor/internal/server"
	"github.com/gregor-stream/gregor/internal/storage"
	"github.com/gregor-stream/gregor/internal/vfs"
)

// Config is what a node is made of.
type Config struct {
	Broker *config.Broker
	FS     vfs.FS       // nil: the operating system's
	Log    *slog.Logger // nil: silent
	// LogLevel is the least that is logged at first; operators change it while
	// the node runs (the resource BROKER_LOGGER).
	LogLevel slog.Level
	// Listen opens a listener; nil: net.Listen on tcp.
	Listen func(ctx context.Context, address string) (net.Listener, error)
	// Rand is the source of ids; nil: crypto/rand.Reader.
	Rand io.Reader
	// Hostname is what is advertised where neither listener nor
	// advertised.listeners name a host; "": localhost.
	Hostname string
	// Wrap puts something between the server and the handlers of the API keys:
	// it sees every request of a client, and may answer it; nil: nothing.
	Wrap func(server.Handler) server.Handler
	// HTTP are listeners for metrics and health besides those of
	// gregor.http.listeners; the node closes them.
	HTTP []net.Listener
	// Version is Gregor's own, for whoever observes.
	Version string
}

// Node is a running broker and controller.
type Node struct {
	cfg       Config
	logs      *logs.Levels
	log       *slog.Logger // of this room
	clusterID string
	formatted bool
	dirs      []directory
	listeners []bound
	advertise []advertised

	broker       atomic.Pointer[config.Broker] // with dynamic configuration
	codecs       *compress.Pool
	set          *partition.Set
	progress     partition.Progress // of the set's start
	quorum       *quorum.Quorum
	groups       *runtime.Groups
	ids          *producerIDs
	markers      *runtime.LocalMarkers
	transactions *runtime.Transactions
	handlers     *api.Handlers
	server       atomic.Pointer[server.Server]
	membership   *membership
	assignments  *assignments
	telemetry    *telemetry // nil where nobody can see it
	requests     *requests
	flushes      metrics.Histogram // of logs, microseconds
	http         []net.Addr

	state atomic.Int32 // of the broker, in Kafka's numbers: see collect.go
	built atomic.Bool  // everything is there; requests may be served

	stack   lifecycle.Stack
	failed  chan struct{} // closed when the node cannot go on; see err
	failure sync.Once
	err     error
}

// Start builds and starts a node. When it returns the node serves. ctx bounds
// the start alone.
func Start(ctx context.Context, cfg Config) (*Node, error) {
	n := &Node{cfg: cfg, failed: make(chan struct{})}
	n.defaults()
	if err := n.start(ctx); err != nil {
		if cause := n.Err(); cause != nil {
			err = cause // the rest failed because of it
		}
		if vfs.IsNoSpace(err) {
			err = fmt.Errorf("%w: the disk is full, and what was kept in reserve is gone or not enough to start; make room on it, and start again", err)
		}
		// What was started goes down again; the start's error is what counts.
		_ = n.stack.Stop(ctx)
		return nil, err
	}
	return n, nil
}

func (n *Node) defaults() {
	if n.cfg.FS == nil {
		n.cfg.FS = vfs.OS{}
	}
	if n.cfg.Rand == nil {
		n.cfg.Rand = rand.Reader
	}
	if n.cfg.Log == nil {
		n.cfg.Log = slog.New(slog.DiscardHandler)
	}
	if n.cfg.Hostname == "" {
		n.cfg.Hostname = "localhost"
	}
	if n.cfg.Listen == nil {
		n.cfg.Listen = func(ctx context.Context, address string) (net.Listener, error) {
			var lc net.ListenConfig
			return lc.Listen(ctx, "tcp", address)
		}
	}
	n.logs = logs.New(n.cfg.Log, n.cfg.LogLevel, "api", "groups", "http", "node", "partitions", "quorum", "requests", "server", "transactions")
	n.log = n.logs.Logger("node")
	n.broker.Store(n.cfg.Broker)
	n.requests = newRequests(n.logs.Logger("requests"), func() int64 { return n.broker.Load().SlowRequestMs })
	n.state.Store(stateStarting)
}

// start goes from the ground up. The order matters: first what can fail
// because of the operator (directories, ports), then the metadata, then the
// data, then membership in the cluster, and the clients last.
func (n *Node) start(ctx context.Context) error {
	if err := n.serveHTTP(ctx); err != nil {
		return err
	}
	if err := n.lockDirs(); err != nil {
		return err
	}
	if err := n.listen(ctx); err != nil {
		return err
	}
	if err := n.format(); err != nil {
		return err
	}
	n.membership, n.assignments = newMembership(n), newAssignments(n)
	n.buildPartitions()
	n.buildGroups()
	n.buildTransactions()
	if err := n.startQuorum(ctx); err != nil {
		return err
	}
	n.state.Store(stateRecovery)
	if err := n.set.Load(); err != nil {
		return err
	}
	n.stack.Push("partitions", func(context.Context) error { return n.set.Close(n.membership.Epoch()) })
	n.stack.Go("housekeeping", n.set.Run, n.fail)
	n.stack.Go("compaction", n.set.RunCleaner, n.fail)
	n.stack.Go("recovery points", n.set.RunSettle, n.fail)
	n.stack.Go("logs that wait for space", n.set.RunReopen, n.fail)
	n.stack.Go("failing directories", n.set.Watch, n.fail)
	n.stack.Push("groups", func(context.Context) error { n.groups.Close(); return nil })
	n.stack.Push("transactions", func(context.Context) error { n.transactions.Close(); return nil })
	if err := n.Err(); err != nil {
		return err // a directory failed that it cannot do without
	}
	n.buildHandlers()
	n.built.Store(true)
	if err := n.registerController(ctx); err != nil {
		return err
	}
	if err := n.membership.register(ctx); err != nil {
		return err
	}
	n.stack.Push("membership", n.membership.leave)
	n.stack.Go("heartbeats", n.membership.run, n.fail)
	n.stack.Go("failed directories", n.tellOfDirs, n.fail)
	n.stack.Go("assignments", n.assignments.run, n.fail)
	if err := n.serve(); err != nil {
		return err
	}
	n.state.Store(stateRunning)
	return nil
}

func (n *Node) buildPartitions() {
	n.codecs = new(compress.Pool)
	host := storage.NewHost(n.cfg.FS, n.codecs)
	began := time.Now()
	host.TimeConversions(func() time.Duration { return time.Since(began) })
	var dirs []partition.Dir
	var metadata partition.Dir
	for _, d := range n.dirs {
		dir := partition.Dir{Path: d.path, ID: d.meta.DirectoryID, Err: d.err, Space: d.space}
		if d.data {
			dirs = append(dirs, dir)
		} else {
			metadata = dir
		}
	}
	n.set = partition.New(partition.Config{
		Host: host, NodeID: n.id(), Dirs: dirs, Metadata: metadata, Broker: n.broker.Load, Log: n.logs.Logger("partitions"), Rand: n.cfg.Rand, Leads: n.leads,
		Flushed: n.flushes.ObserveTime, Assign: n.assignments.add, Failed: n.dirFailed, Progress: &n.progress,
	})
}

func (n *Node) buildHandlers() {
	var seed [8]byte
	_, _ = io.ReadFull(n.cfg.Rand, seed[:]) // session ids need no secrecy
	deps := api.Deps{
		Log: n.logs.Logger("api"), Loggers: n.logs, NodeID: n.id(), ClusterID: n.clusterID, Features: controller.SupportedFeatures(),
		Image: n.quorum.Image, Broker: n.broker.Load, Controller: n.quorum,
		Partitions: servedSet{n.set}, ProducerIDs: n.ids, Groups: n.groups,
		Transactions: n.transactions, Markers: servedMarkers{n.markers},
		Quorum: quorumStatus{n.quorum},
		Random: mathrand.New(mathrand.NewPCG(binary.BigEndian.Uint64(seed[:]), 0)), //nolint:gosec // not a secret
		Errors: n.requests, Codecs: n.codecs,
	}
	if n.telemetry != nil {
		deps.Telemetry = n.telemetry
	}
	n.handlers = api.New(deps)
}

func (n *Node) id() kafka.NodeID { return kafka.NodeID(n.cfg.Broker.NodeID) }

// fail ends the node: something without which it must not go on is broken.
func (n *Node) fail(err error) {
	n.failure.Do(func() {
		n.err = err
		close(n.failed)
		n.log.Error("the node cannot go on", "error", err)
	})
}

// Failed is closed when the node cannot go on; Err says why. The owner closes
// the node then, and ends the process.
func (n *Node) Failed() <-chan struct{} { return n.failed }

// Err is why the node failed.
func (n *Node) Err() error {
	select {
	case <-n.failed:
		return n.err
	default:
		return nil
	}
}

// Close stops the node cleanly: clients first, the metadata last. It may be
// called more than once.
func (n *Node) Close(ctx context.Context) error {
	n.state.CompareAndSwap(stateRunning, stateLeaving)
	n.built.Store(false) // who scrapes from here on sees the requests alone
	return errors.Join(n.stack.Stop(ctx))
}

// Open begins a conversation with the handlers without a connection, as a client
// of the first listener. What Config.Wrap makes does not see it.
func (n *Node) Open() *api.Session {
	first := n.listeners[0]
	return n.handlers.Open(api.Conn{Listener: first.name, Local: first.Addr(), Remote: first.Addr()})
}

// ClusterID is the cluster's id.
func (n *Node) ClusterID() string { return n.clusterID }

// Formatted says that this start formatted the directories.
func (n *Node) Formatted() bool { return n.formatted }

// Addrs are the addresses that clients connect to, as bound, by listener in
// the order of the configuration.
func (n *Node) Addrs() []net.Addr {
	list := make([]net.Addr, 0, len(n.listeners))
	for _, l := range n.listeners {
		if !l.controller {
			list = append(list, l.Addr())
		}
	}
	return list
}
