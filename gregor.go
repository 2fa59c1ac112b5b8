// Package gregor starts a Gregor broker inside a Go program. The command
// gregor is a thin face over the same call. Kind: face
//
//	srv, err := gregor.Start(ctx, gregor.Config{})
//	...
//	defer srv.Close()
//	client, err := kgo.NewClient(kgo.SeedBrokers(srv.Addr()))
//
// A broker has no global state: as many as there is memory for run in one
// process, each on its own port. [Server.Close] leaves no goroutine, no open
// file and no port behind. For tests there is the package gregortest, whose
// brokers close with the test, restart, crash and fail on demand.
package gregor

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math"
	"net"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/gregor-stream/gregor/internal/config"
	"github.com/gregor-stream/gregor/internal/node"
	"github.com/gregor-stream/gregor/internal/vfs"
)

// Config says how a broker is started. The zero value is a broker and
// controller in one, on a free port of this machine's loopback, with its data
// in memory.
type Config struct {
	// File is a server.properties to read, as kafka-server-start takes it; ""
	// is none.
	File string
	// Properties are "key=value" settings, over those of File.
	Properties []string
	// Dir is where the data is, unless File or Properties have log.dirs; it is
	// made where it is not there. "" is memory, gone with Close, where File is
	// not set; otherwise what the file (or Kafka's default) says.
	Dir string
	// Listen is the host:port to listen on, unless File or Properties have
	// listeners. "" is 127.0.0.1:0, a free port, where File is not set;
	// otherwise what the file (or Kafka's default) says.
	Listen string
	// Logger is told what an operator should know; nil is silence, or LogTo.
	Logger *slog.Logger
	// LogTo is where the log is written when there is no Logger, in the form
	// that gregor.log.format says: text for people, or JSON.
	LogTo io.Writer
	// LogLevel is the least that is logged at first (zero is INFO). It can be
	// changed while the broker runs, as Kafka's loggers can: kafka-configs.sh
	// --entity-type broker-loggers. Logger has to let through what is asked for.
	LogLevel slog.Level
	// HTTP is a listener for metrics, health, log levels and clients' metrics,
	// besides those of gregor.http.listeners; nil is none. The server closes it,
	// also when it does not start.
	HTTP net.Listener
	// CloseTimeout bounds how long Close waits for requests under way; 0 is
	// 10 seconds.
	CloseTimeout time.Duration
}

// Version is the release that this is on the way to.
const Version = "0.1.0-dev"

// The defaults where neither a file nor a property says otherwise.
const (
	defaultListen = "127.0.0.1:0"
	memoryDir     = "/gregor" // the name of the data directory in memory
)

// closeTimeout is the default of Config.CloseTimeout.
const closeTimeout = 10 * time.Second

// Server is a running broker.
type Server struct {
	node *node.Node
	dirs []string
	wait time.Duration
}

// Start starts a broker and returns when it serves. ctx bounds the start, not
// the broker: that runs until Close. The error names everything that is wrong
// with the configuration, one problem a line.
func Start(ctx context.Context, c Config) (*Server, error) {
	s, err := start(ctx, &c)
	if err != nil && c.HTTP != nil {
		_ = c.HTTP.Close() // the error of the start is what counts
	}
	return s, err
}

func start(ctx context.Context, c *Config) (*Server, error) {
	properties, memory, err := c.properties()
	if err != nil {
		return nil, err
	}
	log := c.logger(properties)
	broker, warnings, err := config.Load(properties)
	for _, w := range warnings {
		log.Warn(w) //nolint:sloglint // the sentences are the table's own
	}
	if err != nil {
		return nil, err
	}
	nc := node.Config{Broker: broker, Log: log, LogLevel: c.LogLevel, Version: Version}
	if c.HTTP != nil {
		nc.HTTP = []net.Listener{c.HTTP}
	}
	s := &Server{wait: c.CloseTimeout}
	if memory {
		nc.FS = vfs.NewMem(time.Now)
	} else {
		s.dirs = slices.Clone(broker.LogDirs)
	}
	if s.wait <= 0 {
		s.wait = closeTimeout
	}
	if s.node, err = node.Start(ctx, nc); err != nil {
		return nil, err
	}
	return s, nil
}

// logger is the log in the form that the last of the settings names. A form
// that is none is refused with the other settings, later.
func (c *Config) logger(properties []config.Property) *slog.Logger {
	if c.Logger != nil || c.LogTo == nil {
		return cmp.Or(c.Logger, slog.New(slog.DiscardHandler))
	}
	format := ""
	for _, p := range properties {
		if p.Key == "gregor.log.format" {
			format = strings.TrimSpace(p.Value)
		}
	}
	// The handler lets everything through: the broker's loggers have levels of
	// their own, which an operator can change.
	options := &slog.HandlerOptions{Level: slog.Level(math.MinInt32)}
	if format == "json" {
		return slog.New(slog.NewJSONHandler(c.LogTo, options))
	}
	return slog.New(slog.NewTextHandler(c.LogTo, options))
}

// properties are the settings of all sources, those that win last, and whether
// the data is in memory.
func (c *Config) properties() (all []config.Property, memory bool, err error) {
	if c.File != "" {
		text, err := os.ReadFile(c.File)
		if err != nil {
			return nil, false, fmt.Errorf("read the configuration: %w", err)
		}
		if all, err = config.ParseProperties(c.File, text); err != nil {
			return nil, false, err
		}
	}
	for _, p := range c.Properties {
		o, err := config.ParseOverride(p)
		if err != nil {
			return nil, false, err
		}
		all = append(all, o)
	}
	named := func(keys ...string) bool {
		return slices.ContainsFunc(all, func(p config.Property) bool { return slices.Contains(keys, p.Key) })
	}
	dir, listen := c.Dir, c.Listen
	if named("log.dirs", "log.dir") {
		dir = ""
	} else if dir == "" && c.File == "" {
		if named("metadata.log.dir") {
			return nil, false, errors.New("metadata.log.dir is set and the data is in memory: set Config.Dir or log.dirs as well")
		}
		dir, memory = memoryDir, true
	}
	if named("listeners") {
		listen = ""
	} else if listen == "" && c.File == "" {
		listen = defaultListen
	}
	return append(c.base(dir, listen), all...), memory, nil
}

// base are the settings of the fields, over which all others win.
func (c *Config) base(dir, listen string) []config.Property {
	var base []config.Property
	if c.File == "" {
		base = slices.DeleteFunc(config.Quickstart(dir), func(p config.Property) bool {
			return p.Key == "log.dirs" || p.Key == "listeners"
		})
	}
	if dir != "" {
		base = append(base, config.Property{Key: "log.dirs", Value: dir})
	}
	if listen != "" {
		base = append(base, config.Property{Key: "listeners", Value: "PLAINTEXT://" + listen})
	}
	return base
}

// Addr is the address that clients bootstrap from: the first listener's.
func (s *Server) Addr() string { return s.Addrs()[0] }

// Addrs are the addresses of all client listeners, as bound.
func (s *Server) Addrs() []string {
	var list []string
	for _, a := range s.node.Addrs() {
		list = append(list, a.String())
	}
	return list
}

// HTTPAddrs are the addresses at which metrics and health are served, as
// bound; none where they are not.
func (s *Server) HTTPAddrs() []string {
	var list []string
	for _, a := range s.node.HTTPAddrs() {
		list = append(list, a.String())
	}
	return list
}

// DataDirs are the log directories; none where the data is in memory.
func (s *Server) DataDirs() []string { return slices.Clone(s.dirs) }

// ClusterID is the id of the cluster.
func (s *Server) ClusterID() string { return s.node.ClusterID() }

// Formatted says that this start formatted the directories: there was no data.
// A broker in memory always begins so.
func (s *Server) Formatted() bool { return s.node.Formatted() }

// Done is closed when the broker cannot go on, a failed disk for example; Err
// says why. Close it then.
func (s *Server) Done() <-chan struct{} { return s.node.Failed() }

// Err is why Done is closed.
func (s *Server) Err() error { return s.node.Err() }

// Close stops the broker cleanly, so that the next start is instant: requests
// under way are answered first. When it returns nothing of the broker is left
// but its Dir. It may be called more than once.
func (s *Server) Close() error {
	ctx, cancel := context.WithTimeout(context.Background(), s.wait)
	defer cancel()
	return s.node.Close(ctx)
}
