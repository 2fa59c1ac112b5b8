// Package httpd is the HTTP listener of a node: metrics for Prometheus, health
// and readiness, levels of loggers, and profiles where they are turned on. It
// knows none of what it shows. Kind: shell
package httpd

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"
)

// Loggers are the loggers of a node with their levels, in Kafka's words.
type Loggers interface {
	Levels() map[string]string
	SetLevel(logger, level string)
}

// Config is what a server shows.
type Config struct {
	Log     *slog.Logger
	Metrics http.Handler
	Alive   func() error    // nil while the process should live
	Unready func() []string // why clients should stay away; none: they need not
	Loggers Loggers
	Pprof   bool
}

// The limits of the server. A profile may be taken for pprofMax.
const (
	headTimeout  = 5 * time.Second
	readTimeout  = 10 * time.Second
	writeTimeout = pprofMax + 30*time.Second
	idleTimeout  = time.Minute
	headerMax    = 16 << 10
	bodyMax      = 1 << 10
	connsMax     = 64 // more wait to be accepted
)

// Server serves until it is closed. Make one with [New].
type Server struct {
	cfg     Config
	http    http.Server
	serving sync.WaitGroup // listeners and handlers
	ctx     context.Context
	cancel  context.CancelFunc
	slots   chan struct{}
}

// New makes a server that listens to nothing yet.
func New(cfg Config) *Server {
	s := &Server{cfg: cfg, slots: make(chan struct{}, connsMax)}
	s.ctx, s.cancel = context.WithCancel(context.Background())
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", s.index)
	mux.Handle("GET /metrics", cfg.Metrics)
	mux.HandleFunc("GET /healthz", s.alive)
	mux.HandleFunc("GET /readyz", s.ready)
	mux.HandleFunc("GET /loglevels", s.levels)
	mux.HandleFunc("PUT /loglevels/{logger}", s.setLevel)
	mux.HandleFunc("DELETE /loglevels/{logger}", s.setLevel)
	if cfg.Pprof {
		s.profiles(mux)
	}
	s.http = http.Server{
		// A web page that somebody has open must not reach the broker through
		// the browser.
		Handler:           s.counted(http.NewCrossOriginProtection().Handler(mux)),
		ReadHeaderTimeout: headTimeout, ReadTimeout: readTimeout, WriteTimeout: writeTimeout, IdleTimeout: idleTimeout,
		MaxHeaderBytes: headerMax,
		ErrorLog:       slog.NewLogLogger(cfg.Log.Handler(), slog.LevelDebug),
	}
	return s
}

// Serve accepts connections on l, and takes it over.
func (s *Server) Serve(l net.Listener) {
	s.serving.Go(func() {
		err := s.http.Serve(&limited{Listener: l, slots: s.slots, closed: s.ctx.Done()})
		if err != nil && !errors.Is(err, http.ErrServerClosed) {
			s.cfg.Log.Error("the HTTP listener has failed", "address", l.Addr(), "error", err)
		}
	})
}

// Close stops accepting, lets requests finish that are under way while ctx
// lasts, and cuts them then. No goroutine is left.
func (s *Server) Close(ctx context.Context) error {
	s.cancel()
	err := s.http.Shutdown(ctx)
	if err != nil {
		err = s.http.Close()
	}
	s.serving.Wait()
	if err != nil {
		return fmt.Errorf("close the HTTP listener: %w", err)
	}
	return nil
}

// counted waits in Close for the handlers, too, and bounds what they read.
func (s *Server) counted(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.serving.Add(1)
		defer s.serving.Done()
		r.Body = http.MaxBytesReader(w, r.Body, bodyMax)
		w.Header().Set("X-Content-Type-Options", "nosniff")
		next.ServeHTTP(w, r)
	})
}

// limited bounds the connections of a listener.
type limited struct {
	net.Listener
	slots  chan struct{}
	closed <-chan struct{}
}

// Accept waits for a connection, and for a place for it.
func (l *limited) Accept() (net.Conn, error) {
	select {
	case l.slots <- struct{}{}:
	case <-l.closed:
		return nil, net.ErrClosed
	}
	nc, err := l.Listener.Accept()
	if err != nil {
		<-l.slots
		return nil, err
	}
	return &slotted{Conn: nc, slots: l.slots}, nil
}

type slotted struct {
	net.Conn
	once  sync.Once
	slots chan struct{}
}

// Close gives the place back.
func (c *slotted) Close() error {
	c.once.Do(func() { <-c.slots })
	return c.Conn.Close()
}

func (s *Server) index(w http.ResponseWriter, _ *http.Request) {
	plain(w, http.StatusOK, "/metrics    for Prometheus", "/healthz    whether the broker lives", "/readyz     whether it is ready for clients, or why not",
		"/loglevels  what is logged; PUT /loglevels/NAME with a level changes it")
}

func (s *Server) alive(w http.ResponseWriter, _ *http.Request) {
	if err := s.cfg.Alive(); err != nil {
		plain(w, http.StatusServiceUnavailable, "failed: "+oneLine(err.Error()))
		return
	}
	plain(w, http.StatusOK, "ok")
}

func (s *Server) ready(w http.ResponseWriter, _ *http.Request) {
	reasons := s.cfg.Unready()
	if len(reasons) == 0 {
		plain(w, http.StatusOK, "ready")
		return
	}
	for i := range reasons {
		reasons[i] = oneLine(reasons[i])
	}
	plain(w, http.StatusServiceUnavailable, reasons...)
}

func oneLine(s string) string { return strings.ReplaceAll(s, "\n", "; ") }

func plain(w http.ResponseWriter, code int, lines ...string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.WriteHeader(code)
	_, _ = fmt.Fprintln(w, strings.Join(lines, "\n")) // the client is gone
}
