package server

import (
	"bytes"
	"context"
	"io"
	"net"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// A parked reply that is not ready by its deadline is answered all the same, and
// those behind it follow; each has its own deadline.
func TestParkedRepliesAreAnsweredAtTheirDeadline(t *testing.T) {
	bubble(t, Config{}, func(t *testing.T, e *echo, dial func() client, _ *Server) {
		c := dial()
		began := time.Now()
		c.send("p1")
		synctest.Wait()
		time.Sleep(time.Minute)
		c.send("p2", "x")
		for _, want := range []struct {
			body  string
			after time.Duration
		}{{"p1", parkedTimeout}, {"p2", parkedTimeout + time.Minute}, {"x", parkedTimeout + time.Minute}} {
			if got, after := c.receive(), time.Since(began); got != want.body || after != want.after {
				t.Errorf("%q after %v, want %q after %v", got, after, want.body, want.after)
			}
		}
		synctest.Wait()
		if n := e.parked.Load(); n != 0 {
			t.Errorf("%d parked replies are held after their answer", n)
		}
		// The wake-ups of both come late, and the next one is not taken for ready.
		e.mu.Lock()
		late := e.wakes
		e.wakes = nil
		e.mu.Unlock()
		c.send("p3")
		synctest.Wait()
		for _, wake := range late {
			wake()
			synctest.Wait()
		}
		if n := e.parked.Load(); n != 1 {
			t.Errorf("%d parked replies are held, one is not ready", n)
		}
		e.let()
		if got := c.receive(); got != "p3" {
			t.Errorf("got %q", got)
		}
	})
}

// Whatever ends a connection with parked replies: each is released, once, those
// too that its queue had no room for.
func TestParkedRepliesAreReleasedWhenTheirConnectionEnds(t *testing.T) {
	for name, end := range map[string]func(c client, s *Server){
		"the client goes away": func(c client, _ *Server) { _ = c.Close() },
		"a bad request":        func(c client, _ *Server) { c.send("e") },
		"the server is cut off": func(_ client, s *Server) {
			ctx, cancel := context.WithCancel(context.Background())
			cancel()
			_ = s.Close(ctx)
		},
	} {
		for _, n := range []int{1, 3, 2 * queueMax} {
			t.Run(name, func(t *testing.T) {
				bubble(t, Config{}, func(t *testing.T, e *echo, dial func() client, s *Server) {
					c := dial()
					go func() {
						for range n {
							if _, err := c.Write(appendFrame(nil, []byte("p"))); err != nil {
								return
							}
						}
					}()
					synctest.Wait()
					if e.parked.Load() == 0 {
						t.Fatal("nothing is parked")
					}
					if n <= queueMax {
						end(c, s)
					} else {
						// Nobody reads where the queue is full: it is noticed at the
						// deadline of the first.
						_ = c.Close()
						time.Sleep(parkedTimeout)
					}
					synctest.Wait()
					if n := e.parked.Load(); n != 0 {
						t.Errorf("%d parked replies are held by nobody's connection", n)
					}
				})
			})
		}
	}
}

// The queue of replies behind a parked one is first in, first out, whatever
// memory it has.
func TestQueueOfRepliesKeepsTheOrder(t *testing.T) {
	var pool replyPool
	for range 3 {
		r := pool.get()
		in, out := 0, 0
		for step := range 2000 {
			if r.len() != in-out {
				t.Fatalf("%d wait, want %d", r.len(), in-out)
			}
			if burst := step/queueMax%2 == 0; burst && r.len() < queueMax || r.len() == 0 {
				in++
				r.push(queued{size: in})
				continue
			}
			if out++; r.pop().size != out {
				t.Fatal("out of order")
			}
		}
		for r.len() > 0 {
			r.pop()
		}
		for _, q := range r.all[:cap(r.all)] {
			if q.size != 0 {
				t.Fatal("an empty queue holds a reply")
			}
		}
		if cap(r.all) > 2*queueMax {
			t.Fatalf("a queue has room for %d", cap(r.all))
		}
		pool.put(r)
	}
}

// again is a parked reply that is used again and again, and a handler that
// answers nothing else.
type again struct {
	answer []byte
	asked  chan struct{}

	mu    sync.Mutex
	ready bool
	wake  func()
}

func (a *again) Open(ConnInfo) Session      { return a }
func (a *again) Close()                     {}
func (a *again) Deadline() time.Time        { return time.Now().Add(time.Minute) }
func (a *again) AppendTo(dst []byte) []byte { return appendFrame(dst, a.answer) }
func (a *again) Release()                   {}

func (a *again) Serve(context.Context, []byte, []byte, time.Time) (Reply, error) {
	a.mu.Lock()
	a.ready = false
	a.mu.Unlock()
	return Reply{Pending: a, Recycle: true}, nil
}

func (a *again) Ready(wake func()) bool {
	a.mu.Lock()
	ready := a.ready
	if a.wake = wake; !ready {
		a.mu.Unlock()
		a.asked <- struct{}{}
		return false
	}
	a.mu.Unlock()
	return true
}

func (a *again) decide() {
	for range a.asked {
		a.mu.Lock()
		a.ready = true
		wake := a.wake
		a.mu.Unlock()
		wake()
	}
}

func TestParkedRepliesAllocateNothing(t *testing.T) {
	a := &again{answer: bytes.Repeat([]byte{'x'}, 100), asked: make(chan struct{}, 1)}
	go a.decide()
	defer close(a.asked)
	s := New(Config{Handler: a})
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Serve(Listener{Name: "PLAINTEXT", Listener: l}); err != nil {
		t.Fatal(err)
	}
	nc, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	frame, back := appendFrame(nil, []byte("park")), make([]byte, 104)
	turn := func() {
		if _, err := nc.Write(frame); err != nil {
			t.Fatal(err)
		}
		if _, err := io.ReadFull(nc, back); err != nil {
			t.Fatal(err)
		}
	}
	for range 20 {
		turn()
	}
	if got := testing.AllocsPerRun(500, turn); got > poolLosses {
		t.Errorf("%v allocations a parked request", got)
	}
	_ = nc.Close()
	if err := s.Close(t.Context()); err != nil {
		t.Error(err)
	}
}
