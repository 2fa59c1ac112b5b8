package server

import (
	"errors"
	"log/slog"
	"net"
	"sync"
	"time"

	"github.com/gregor-stream/gregor/internal/logs"
)

// Observer is told what happens, for metrics and logs. Its methods are called
// from many goroutines, at every request, and must neither block nor keep what
// they are given.
type Observer interface {
	// Served is called when an answer was written (or a request without one
	// was executed).
	Served(conn *ConnInfo, what Served)
	// Refused is called when a client is turned away or cut off.
	Refused(reason string)
}

// About names a request to the observer; the server does not look at it.
type About struct {
	Key, Version int16
	Follower     bool // it comes from a broker that replicates
	Client       string
	Principal    string
}

// Served is how one request went.
type Served struct {
	About
	RequestBytes, ResponseBytes int // with their lengths
	// The stages: executing; waiting for something; waiting for the answers
	// before it on the connection; writing.
	Local, Remote, Queue, Send time.Duration
	// Asked is the part of Remote that the client itself asked to wait.
	Asked time.Duration
	// Conversion is the part of it in which records were written anew.
	Conversion Conversion
}

// Conversion is what it took to write records anew.
type Conversion struct {
	Time  time.Duration
	Bytes int64 // of memory
}

// Total is the time of all stages.
func (s *Served) Total() time.Duration { return s.Local + s.Remote + s.Queue + s.Send }

// The reasons for which the server itself turns clients away.
const (
	reasonPerIP    = "max_connections_per_ip"
	reasonFull     = "max_connections"
	reasonFrame    = "frame_size"
	reasonTorn     = "frame_torn"
	reasonIdle     = "idle"
	reasonProtocol = "protocol" // a session's error that names no reason
)

// refusal is an error with a reason.
type refusal struct {
	reason string
	error
}

// Reason is one of the few reasons for which clients are turned away.
func (r *refusal) Reason() string { return r.reason }

// Unwrap gives the error.
func (r *refusal) Unwrap() error { return r.error }

// reasonOf is the reason in an error, from the server or from a session.
func reasonOf(err error) string {
	if r, ok := errors.AsType[interface {
		error
		Reason() string
	}](err); ok {
		return r.Reason()
	}
	return reasonProtocol
}

// refusals logs who is turned away, and no more often than is useful.
type refusals struct {
	log      *slog.Logger
	observer Observer
	limit    logs.Limiter
}

// The log has at most so many lines about refused clients in a period.
const (
	refusalLines  = 10
	refusalPeriod = 10 * time.Second
)

func (r *refusals) add(reason string, message string, listener string, remote net.Addr, attrs ...any) {
	if r.observer != nil {
		r.observer.Refused(reason)
	}
	ok, omitted := r.limit.Allow(time.Now())
	if !ok {
		return
	}
	attrs = append([]any{"reason", reason, "listener", listener, "remote", remote}, attrs...)
	if omitted > 0 {
		attrs = append(attrs, "omitted", omitted)
	}
	r.log.Info(message, attrs...) //nolint:sloglint // the message is a constant of the caller's
}

// Traffic is the connections of one listener since the start.
type Traffic struct {
	Open            int
	Created, Closed int64
}

// traffic counts connections by listener.
type traffic struct {
	mu     sync.Mutex
	byName map[string]*Traffic
}

func (t *traffic) change(listener string, by int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.byName == nil {
		t.byName = map[string]*Traffic{}
	}
	l := t.byName[listener]
	if l == nil {
		l = new(Traffic)
		t.byName[listener] = l
	}
	l.Open += by
	if by > 0 {
		l.Created++
	} else {
		l.Closed++
	}
}

// Traffic is the connections of each listener since the start.
func (s *Server) Traffic() map[string]Traffic {
	out := map[string]Traffic{}
	s.mu.Lock()
	for _, l := range s.listeners {
		out[l.Name] = Traffic{}
	}
	s.mu.Unlock()
	s.traffic.mu.Lock()
	defer s.traffic.mu.Unlock()
	for name, l := range s.traffic.byName {
		out[name] = *l
	}
	return out
}
