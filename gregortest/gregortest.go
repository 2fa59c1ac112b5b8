// Package gregortest gives tests a broker of their own: a whole Gregor in
// memory that starts in a millisecond and closes with the test. Any Kafka client
// works with it, and the package itself brings none. Kind: face
//
//	func TestOrders(t *testing.T) {
//		broker := gregortest.New(t)
//		broker.CreateTopic("orders", 3)
//		client, err := kgo.NewClient(kgo.SeedBrokers(broker.Addr()))
//		...
//	}
//
// # What a test does with it
//
// [Broker.CreateTopic] and [Broker.Produce] prepare; [Broker.WaitForGroup] waits
// for consumers. [Broker.Stop], [Broker.Kill] and [Broker.Crash] end the broker
// in three ways, and [Broker.Start] brings it back at the same address with what
// is left of its data. [Broker.FailWrites] and [Broker.TearWrites] break the
// disk; [Broker.FailRequests] and [Broker.DelayRequests] answer requests with
// errors, or late.
//
// # Time
//
// With [Pipes] a broker and its clients live in a testing/synctest bubble, where
// hours of retention and whole session timeouts pass in milliseconds. Clients
// have to dial with [Broker.DialContext] then, and to be closed, as the broker
// is, before the bubble ends: t.Cleanup inside the bubble does it.
//
// Methods that can fail end the test with t.Fatal: call them from the goroutine
// of the test.
package gregortest

import (
	"context"
	"log/slog"
	"math"
	"net"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/gregor-stream/gregor/internal/config"
	"github.com/gregor-stream/gregor/internal/node"
	"github.com/gregor-stream/gregor/internal/vfs"
)

// patience is how long a method waits for what should be there at once.
const patience = time.Minute

// dataDir is the name of the data directory in memory.
const dataDir = "/gregor"

// Option changes what [New] makes.
type Option func(*options)

type options struct {
	properties []string
	pipes      bool
	level      slog.Level
}

// Properties sets "key=value" settings of server.properties; docs/config.md
// lists them. Directories that they name are in memory, too.
func Properties(settings ...string) Option {
	return func(o *options) { o.properties = append(o.properties, settings...) }
}

// Pipes has clients connect in memory, with [Broker.DialContext], instead of to
// a port: for tests in a testing/synctest bubble, and where no ports may be used.
func Pipes() Option { return func(o *options) { o.pipes = true } }

// LogLevel is the least that the broker writes to the test's log; without it
// that is warnings.
func LogLevel(level slog.Level) Option { return func(o *options) { o.level = level } }

// Broker is a broker and controller in one with its data in memory. It may be
// stopped and started; without that it runs from [New] to the end of the test.
type Broker struct {
	t        testing.TB
	config   *config.Broker
	level    slog.Level
	log      *slog.Logger
	network  *network
	requests *requests

	mu     sync.Mutex
	mem    *vfs.Mem
	disk   *vfs.Faults // over mem
	node   *node.Node  // nil: it does not run
	closed bool
}

// New starts a broker that closes with the test.
func New(t testing.TB, opts ...Option) *Broker {
	t.Helper()
	o := options{level: slog.LevelWarn}
	for _, opt := range opts {
		opt(&o)
	}
	b := &Broker{t: t, level: o.level, network: &network{pipes: o.pipes}, requests: newRequests(), mem: vfs.NewMem(time.Now)}
	// The handler lets everything through: the broker's loggers have levels.
	b.log = slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.Level(math.MinInt32)}))
	b.disk = vfs.NewFaults(b.mem)
	b.config = load(t, &o)
	b.makeDirs()
	t.Cleanup(b.Close)
	b.Start()
	return b
}

// load resolves the properties over the defaults of a broker that is alone.
func load(t testing.TB, o *options) *config.Broker {
	t.Helper()
	listen := config.Property{Key: "listeners", Value: "PLAINTEXT://127.0.0.1:0"}
	if o.pipes {
		listen.Value = "PLAINTEXT://" + pipeAddr
	}
	all := slices.DeleteFunc(config.Quickstart(dataDir), func(p config.Property) bool { return p.Key == listen.Key })
	all = append(all, listen)
	for _, setting := range o.properties {
		p, err := config.ParseOverride(setting)
		if err != nil {
			t.Fatalf("gregortest: Properties(%q): want key=value", setting)
		}
		p.File = "gregortest.Properties"
		all = append(all, p)
	}
	cfg, warnings, err := config.Load(all)
	for _, w := range warnings {
		t.Log(w)
	}
	if err != nil {
		t.Fatalf("gregortest: %v", err)
	}
	return cfg
}

// makeDirs makes the log directories and what is above them as an operator does,
// long before: a crash does not take them away.
func (b *Broker) makeDirs() {
	b.t.Helper()
	for _, dir := range slices.Concat(b.config.LogDirs, []string{b.config.MetadataLogDir}) {
		if dir == "" {
			continue
		}
		err := b.mem.MkdirAll(dir)
		for at := dir; err == nil && at != vfs.Dir(at); at = vfs.Dir(at) {
			err = b.mem.SyncDir(vfs.Dir(at))
		}
		if err != nil {
			b.t.Fatalf("gregortest: make the directory %s: %v", dir, err)
		}
	}
}

// Addr is the address that clients bootstrap from, the same after every start.
// With [Pipes] it is a name that leads nowhere but through [Broker.DialContext].
func (b *Broker) Addr() string { return b.network.gates[0].Addr().String() }

// DialContext connects to the broker, by pipe or port. It has the shape that
// clients take: kgo.Dialer(broker.DialContext). The address picks one of several
// listeners; one that is no listener's means the first.
func (b *Broker) DialContext(ctx context.Context, network, address string) (net.Conn, error) {
	return b.network.dial(ctx, network, address)
}

// Err is why the broker cannot go on, a failed disk for example; nil while it
// can, and while it does not run.
func (b *Broker) Err() error {
	if n := b.running(); n != nil {
		return n.Err()
	}
	return nil
}

// Close ends the broker for good. The end of the test does it, too.
func (b *Broker) Close() {
	b.t.Helper()
	b.end()
	b.mu.Lock()
	b.closed = true
	b.mu.Unlock()
	b.network.close()
}

func (b *Broker) running() *node.Node {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.node
}
