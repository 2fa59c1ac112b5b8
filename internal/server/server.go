// Package server owns the sockets: listeners, connections, their limits, and
// the frames that travel on them. It hands each request frame to a [Session]
// and writes the reply, in the order of the requests; it never knows what a
// frame means. Kind: shell
//
// One goroutine a connection reads, executes and writes. A second, the
// writer, lives only while a reply is parked (see [Pending]). A connection
// that waits for its next request holds no buffer.
package server

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"sync"
	"sync/atomic"
	"time"
)

// Handler is what the server serves.
type Handler interface {
	// Open begins the conversation of one connection.
	Open(info ConnInfo) Session
}

// Session is the conversation on one connection. The server calls Serve from
// one goroutine, one request after another.
type Session interface {
	// Serve executes one request. The frame (without its length) is the
	// session's for as long as it likes, unless the reply says Recycle. dst is
	// empty and has room: the reply's Data is appended to it. An error closes
	// the connection without an answer.
	Serve(ctx context.Context, frame, dst []byte, received time.Time) (Reply, error)
	// Close ends the conversation.
	Close()
}

// ConnInfo is what the server knows of a connection.
type ConnInfo struct {
	ID       uint64 // counts the connections of this server, from 1
	Listener string // the listener's name: PLAINTEXT, INTERNAL
	Local    net.Addr
	Remote   net.Addr
}

// Listener is one socket to accept connections on.
type Listener struct {
	Name string
	net.Listener

	MaxConnections int  // 0: as many as Config.MaxConnections allows
	InterBroker    bool // may exceed Config.MaxConnections, as in Kafka
}

// Config is what a server needs. A limit of zero is no limit unless said
// otherwise; a negative limit on connections lets none in.
type Config struct {
	Handler Handler
	Log     *slog.Logger
	// Observer is told what happens; nil: nobody.
	Observer Observer

	MaxRequestBytes     int            // socket.request.max.bytes; 0: 100 MiB
	MaxQueuedBytes      int64          // queued.max.request.bytes
	MaxConnections      int            // max.connections
	MaxConnectionsPerIP int            // max.connections.per.ip
	PerIPOverrides      map[string]int // max.connections.per.ip.overrides, by address
	MaxCreationRate     int            // max.connection.creation.rate, connections a second
	MaxIdle             time.Duration  // connections.max.idle.ms
	SendBufferBytes     int            // socket.send.buffer.bytes; <= 0: the system's
	ReceiveBufferBytes  int            // socket.receive.buffer.bytes; <= 0: the system's
}

// maxRequestBytesDefault is Kafka's default of socket.request.max.bytes.
const maxRequestBytesDefault = 100 << 20

// Server accepts and serves. Make one with [New].
type Server struct {
	cfg     Config
	buffers buffers
	replies replyPool
	limits  *limits
	queued  *budget
	refused refusals
	traffic traffic

	ctx    context.Context // ends when the server drains: long polls answer at once
	cancel context.CancelFunc
	lastID atomic.Uint64

	mu        sync.Mutex
	listeners []Listener
	conns     map[*conn]struct{}
	closing   bool

	accepting sync.WaitGroup
	serving   sync.WaitGroup
}

// New makes a server that listens to nothing yet.
func New(cfg Config) *Server {
	if cfg.MaxRequestBytes <= 0 {
		cfg.MaxRequestBytes = maxRequestBytesDefault
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	s := &Server{cfg: cfg, conns: make(map[*conn]struct{}), limits: newLimits(&cfg), queued: newBudget(cfg.MaxQueuedBytes)}
	s.refused.log, s.refused.observer = cfg.Log, cfg.Observer
	s.refused.limit.Lines, s.refused.limit.Period = refusalLines, refusalPeriod
	s.ctx, s.cancel = context.WithCancel(context.Background())
	if cfg.MaxIdle > 0 {
		s.accepting.Add(1)
		go s.sweep()
	}
	return s
}

// Serve begins to accept on l, and takes it over: Close closes it.
func (s *Server) Serve(l Listener) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closing {
		return fmt.Errorf("serve %s on %s: the server is closed", l.Name, l.Addr())
	}
	s.listeners = append(s.listeners, l)
	s.accepting.Add(1)
	go s.accept(l)
	return nil
}

// SetLimits changes the limits on connections while the server runs (dynamic
// configuration): those of cfg that count connections; the rest is ignored.
func (s *Server) SetLimits(cfg Config) { s.limits.set(&cfg) }

// Connections is the number of open connections.
func (s *Server) Connections() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.conns)
}

// Close stops accepting, lets requests that execute finish and be answered,
// and closes every connection; those that are not done when ctx ends are cut.
func (s *Server) Close(ctx context.Context) error {
	s.mu.Lock()
	already := s.closing
	s.closing = true
	listeners := s.listeners
	s.listeners = nil
	s.mu.Unlock()
	if already {
		s.serving.Wait()
		return nil
	}
	var problems []error
	for _, l := range listeners {
		if err := l.Close(); err != nil && !errors.Is(err, net.ErrClosed) {
			problems = append(problems, fmt.Errorf("close listener %s: %w", l.Name, err))
		}
	}
	s.cancel()
	s.limits.close()
	s.queued.close()
	s.accepting.Wait()
	s.each(func(c *conn) { c.drain() })

	done := make(chan struct{})
	go func() { s.serving.Wait(); close(done) }()
	select {
	case <-done:
	case <-ctx.Done():
		s.each(func(c *conn) { c.giveUp(); c.cut() })
		<-done
	}
	return errors.Join(problems...)
}

func (s *Server) each(f func(*conn)) {
	s.mu.Lock()
	all := make([]*conn, 0, len(s.conns))
	for c := range s.conns {
		all = append(all, c)
	}
	s.mu.Unlock()
	for _, c := range all {
		f(c)
	}
}

// sweep closes connections on which nothing moved for MaxIdle. One goroutine
// looks at all of them, so that no request pays for a deadline.
func (s *Server) sweep() {
	defer s.accepting.Done()
	ticker := time.NewTicker(max(s.cfg.MaxIdle/8, time.Millisecond))
	defer ticker.Stop()
	for {
		select {
		case <-s.ctx.Done():
			return
		case now := <-ticker.C:
			s.each(func(c *conn) {
				if c.idleSince(now) > s.cfg.MaxIdle {
					s.cfg.Log.Debug("close idle connection", "listener", c.info.Listener, "remote", c.info.Remote)
					if s.cfg.Observer != nil && !c.expired.Swap(true) {
						s.cfg.Observer.Refused(reasonIdle)
					}
					c.cut()
				}
			})
		}
	}
}
