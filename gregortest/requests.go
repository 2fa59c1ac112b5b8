package gregortest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gregor-stream/gregor/internal/kafka"
	"github.com/gregor-stream/gregor/internal/msg"
	"github.com/gregor-stream/gregor/internal/server"
	"github.com/gregor-stream/gregor/internal/wire"
)

// Fault is something that befalls requests, until it is spent or cleared.
type Fault struct {
	requests *requests
	code     kafka.Error // ErrNone: only late
	delay    time.Duration
	left     int // -1: no end
	hits     int
}

// Clear takes a fault back. It may be called more than once.
func (f *Fault) Clear() {
	f.requests.mu.Lock()
	defer f.requests.mu.Unlock()
	f.requests.remove(f)
}

// Hits is how many requests it has befallen.
func (f *Fault) Hits() int {
	f.requests.mu.Lock()
	defer f.requests.mu.Unlock()
	return f.hits
}

// FailRequests has the next n requests of an API key answered with an error code,
// in the place where a client expects that code, without being executed; n of 0
// means all until [Fault.Clear]. Of several faults of a key the oldest befalls a
// request. What the helpers of this package do is not touched.
//
// Where a response has no place for the code, the request is executed and not
// counted: a Metadata request that asks for no topic, a Fetch that names no
// partition. A Fetch within an incremental session (KIP-227) names only what has
// changed; it is told first, as by a broker that has forgotten the session, to
// name everything, and then gets the code for each partition. A Produce with
// acks=0 has no response: its connection is closed, as a broker does.
func (b *Broker) FailRequests(api API, code Code, n int) *Fault {
	b.t.Helper()
	if code == 0 || strings.HasPrefix(code.Error(), unknownCode) {
		b.t.Fatalf("gregortest: FailRequests: %d is no error code", int16(code))
	}
	return b.requests.add(b, api, n, &Fault{code: kafka.Error(code)})
}

// unknownCode begins the name of a code that Kafka does not have.
const unknownCode = "ERROR_"

// DelayRequests has the next n requests of an API key executed only after a time;
// n of 0 means all until [Fault.Clear]. As in Kafka the connection executes
// nothing else meanwhile.
func (b *Broker) DelayRequests(api API, delay time.Duration, n int) *Fault {
	b.t.Helper()
	return b.requests.add(b, api, n, &Fault{delay: delay})
}

// supported names the API keys that faults can befall.
func supported() string {
	var names []string
	for api := range answers() {
		names = append(names, api.String())
	}
	slices.Sort(names)
	return strings.Join(names, ", ")
}

// requests is what befalls requests, by API key. It outlives the broker's ends.
type requests struct {
	active atomic.Int32 // the number of faults, so that most requests take no lock

	mu     sync.Mutex
	faults map[API][]*Fault
}

func newRequests() *requests { return &requests{faults: map[API][]*Fault{}} }

func (r *requests) add(b *Broker, api API, n int, f *Fault) *Fault {
	b.t.Helper()
	if _, ok := answers()[api]; !ok {
		b.t.Fatalf("gregortest: %s is not supported; these are: %s", api, supported())
	}
	if n < 0 {
		b.t.Fatalf("gregortest: %d requests cannot be; 0 is all until Clear", n)
	}
	f.requests, f.left = r, n
	if n == 0 {
		f.left = -1
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.faults[api] = append(r.faults[api], f)
	r.active.Add(1)
	return f
}

// remove forgets a fault. The caller holds mu.
func (r *requests) remove(f *Fault) {
	for api, list := range r.faults {
		if i := slices.Index(list, f); i >= 0 {
			r.faults[api] = slices.Delete(list, i, i+1)
			r.active.Add(-1)
		}
	}
}

// spend counts a request that a fault has befallen. The caller holds mu.
func (r *requests) spend(f *Fault) {
	f.hits++
	if f.left > 0 {
		f.left--
	}
	if f.left == 0 {
		r.remove(f)
	}
}

// wrap puts the faults before a broker's handler.
func (r *requests) wrap(inner server.Handler) server.Handler { return faultyHandler{r, inner} }

type faultyHandler struct {
	requests *requests
	inner    server.Handler
}

// Open begins a conversation.
func (h faultyHandler) Open(info server.ConnInfo) server.Session {
	return faultySession{h.requests, h.inner.Open(info)}
}

type faultySession struct {
	requests *requests
	server.Session
}

// errNoAnswer closes the connection of a request that has no response.
var errNoAnswer = errors.New("a produce request with acks=0 failed, as the test asked for")

// Serve executes a request, or lets a fault befall it.
func (s faultySession) Serve(ctx context.Context, frame, dst []byte, received time.Time) (server.Reply, error) {
	if s.requests.active.Load() == 0 {
		return s.Session.Serve(ctx, frame, dst, received)
	}
	head, err := wire.ParseRequestHeader(frame)
	if err != nil {
		return s.Session.Serve(ctx, frame, dst, received) // which says what is wrong
	}
	if wait := s.requests.delay(API(head.Key)); wait > 0 {
		timer := time.NewTimer(wait)
		defer timer.Stop()
		select {
		case <-timer.C:
		case <-ctx.Done(): // the broker stops
		}
	}
	q := &request{head: head, body: frame[head.BodyOffset:], execute: func(f []byte) ([]byte, error) {
		reply, err := s.Session.Serve(ctx, f, nil, received)
		return reply.Data, err
	}}
	a, err := s.requests.fail(q)
	switch {
	case err != nil:
		return server.Reply{}, err
	case a == nil:
		return s.Session.Serve(ctx, frame, dst, received)
	case a.silent:
		return server.Reply{}, errNoAnswer
	}
	return server.Reply{Data: wire.AppendResponse(dst, head.Key, a.version, head.CorrelationID, a.body)}, nil
}

// delay is how long the next request of a key has to wait.
func (r *requests) delay(api API) (wait time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	i := slices.IndexFunc(r.faults[api], func(f *Fault) bool { return f.code == kafka.ErrNone })
	if i < 0 {
		return 0
	}
	f := r.faults[api][i]
	r.spend(f)
	return f.delay
}

// fail gives the answer of a request that a fault befalls; nil where none does.
func (r *requests) fail(q *request) (*answer, error) {
	api := API(q.head.Key)
	r.mu.Lock()
	defer r.mu.Unlock()
	i := slices.IndexFunc(r.faults[api], func(f *Fault) bool { return f.code != kafka.ErrNone })
	if i < 0 {
		return nil, nil
	}
	f := r.faults[api][i]
	a, err := answers()[api](q, f.code)
	if err != nil {
		return nil, fmt.Errorf("gregortest: answer %s v%d with %s: %w", api, q.head.Version, f.code.Error(), err)
	}
	if a != nil && !a.free {
		r.spend(f)
	}
	return a, nil
}

// request is one that a fault may befall.
type request struct {
	head wire.RequestHeader
	body []byte
	// execute has the broker execute a request frame of the same connection.
	execute func(frame []byte) ([]byte, error)
}

// answer is what a request gets instead of being executed.
type answer struct {
	body    msg.Response
	version int16
	silent  bool // there is no response: the connection is closed
	free    bool // it does not count
}

// answerer makes the answer to a request with an error code; nil where the code
// has no place.
type answerer func(q *request, code kafka.Error) (*answer, error)
