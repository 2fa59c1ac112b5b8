package server

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"github.com/gregor-stream/gregor/internal/wire"
)

// echo answers each frame with itself. Some first bytes ask for more:
//
//	'p' parks the answer until release, 'q' says nothing, 's' answers from a
//	section, 'l' answers with the first 8 bytes, 'e' fails, 'w' waits for the context.
type echo struct {
	release chan struct{}
	open    atomic.Int64
	closed  atomic.Int64
	served  atomic.Int64
	parked  atomic.Int64 // and not released

	mu    sync.Mutex
	wakes []func()
}

func (e *echo) Open(ConnInfo) Session { e.open.Add(1); return e }
func (e *echo) Close()                { e.closed.Add(1) }

func (e *echo) Serve(ctx context.Context, frame, dst []byte, _ time.Time) (Reply, error) {
	e.served.Add(1)
	if len(frame) == 0 {
		return Reply{Data: appendFrame(dst, nil), Recycle: true}, nil
	}
	switch frame[0] {
	case 'p':
		e.parked.Add(1)
		return Reply{Pending: &parked{e: e, at: time.Now(), frame: bytes.Clone(frame)}, Recycle: true}, nil
	case 'q':
		return Reply{Recycle: true}, nil
	case 'e':
		return Reply{}, errors.New("no")
	case 'w':
		<-ctx.Done()
	case 'l':
		return Reply{Data: appendFrame(dst, frame[:8]), Recycle: true}, nil
	case 's':
		body := bytes.Clone(frame[1:])
		dst = binary.BigEndian.AppendUint32(dst, uint32(len(body)+2))
		dst = append(dst, '<', '>')
		return Reply{Data: dst, Parts: []wire.Part{{At: 5, Section: bytes.NewReader(body)}}, Recycle: true}, nil
	}
	return Reply{Data: appendFrame(dst, frame), Recycle: true}, nil
}

type parked struct {
	e     *echo
	frame []byte
	at    time.Time
	freed bool
}

func (p *parked) Ready(wake func()) bool {
	select {
	case <-p.e.release:
		return true
	default:
		p.e.mu.Lock()
		defer p.e.mu.Unlock()
		p.e.wakes = append(p.e.wakes, wake)
		return false
	}
}

// let makes all that is parked ready.
func (e *echo) let() {
	close(e.release)
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, wake := range e.wakes {
		wake()
	}
}

func (p *parked) Deadline() time.Time        { return p.at.Add(parkedTimeout) }
func (p *parked) AppendTo(dst []byte) []byte { return appendFrame(dst, p.frame) }

func (p *parked) Release() {
	if p.freed {
		panic("a parked reply is released twice")
	}
	p.freed = true
	p.e.parked.Add(-1)
}

const parkedTimeout = 5 * time.Minute

func appendFrame(dst, body []byte) []byte {
	return append(binary.BigEndian.AppendUint32(dst, uint32(len(body))), body...)
}

// client is the other end of a connection.
type client struct {
	t *testing.T
	net.Conn
}

func (c client) send(bodies ...string) {
	c.t.Helper()
	var b []byte
	for _, body := range bodies {
		b = appendFrame(b, []byte(body))
	}
	if _, err := c.Write(b); err != nil {
		c.t.Errorf("send: %v", err)
	}
}

func (c client) receive() string {
	c.t.Helper()
	var head [4]byte
	if _, err := io.ReadFull(c, head[:]); err != nil {
		c.t.Fatalf("receive: %v", err)
	}
	body := make([]byte, binary.BigEndian.Uint32(head[:]))
	if _, err := io.ReadFull(c, body); err != nil {
		c.t.Fatalf("receive: %v", err)
	}
	return string(body)
}

func (c client) wantClosed() {
	c.t.Helper()
	if n, err := c.Read(make([]byte, 1)); err == nil {
		c.t.Fatalf("read %d bytes from a connection that should be closed", n)
	}
}

// bubble runs a server over pipes with fake time.
func bubble(t *testing.T, cfg Config, f func(t *testing.T, e *echo, dial func() client, s *Server)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		e := &echo{release: make(chan struct{})}
		cfg.Handler = e
		s := New(cfg)
		p := NewPipe("broker:9092")
		if err := s.Serve(Listener{Name: "PLAINTEXT", Listener: p}); err != nil {
			t.Fatal(err)
		}
		var all []net.Conn
		f(t, e, func() client {
			nc, err := p.DialContext(t.Context(), "", "")
			if err != nil {
				t.Fatal(err)
			}
			all = append(all, nc)
			return client{t, nc}
		}, s)
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		if err := s.Close(ctx); err != nil {
			t.Error(err)
		}
		for _, nc := range all {
			_ = nc.Close()
		}
		if n := e.parked.Load(); n != 0 {
			t.Errorf("%d parked replies were not released", n)
		}
		if e.open.Load() != e.closed.Load() {
			t.Errorf("%d sessions opened, %d closed", e.open.Load(), e.closed.Load())
		}
	})
}

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestRequestsAreAnsweredInOrder(t *testing.T) {
	bubble(t, Config{}, func(t *testing.T, _ *echo, dial func() client, _ *Server) {
		c := dial()
		go c.send("one", "", "sfile", "q", "two")
		for _, want := range []string{"one", "", "<file>", "two"} {
			if got := c.receive(); got != want {
				t.Fatalf("got %q, want %q", got, want)
			}
		}
	})
}

func TestRequestsBehindAParkedOneAreExecutedAndAnsweredAfterIt(t *testing.T) {
	bubble(t, Config{}, func(t *testing.T, e *echo, dial func() client, _ *Server) {
		c := dial()
		c.send("park", "sx", "b")
		synctest.Wait()
		if got := e.served.Load(); got != 3 {
			t.Fatalf("%d requests were executed, want 3", got)
		}
		e.let()
		for _, want := range []string{"park", "<x>", "b"} {
			if got := c.receive(); got != want {
				t.Fatalf("got %q, want %q", got, want)
			}
		}
		c.send("again")
		if got := c.receive(); got != "again" {
			t.Fatalf("got %q", got)
		}
	})
}

func TestParkedRepliesAreBounded(t *testing.T) {
	bubble(t, Config{}, func(t *testing.T, e *echo, dial func() client, _ *Server) {
		c := dial()
		go func() {
			for range 3 * queueMax {
				if _, err := c.Write(appendFrame(nil, []byte("p"))); err != nil {
					return
				}
			}
		}()
		synctest.Wait()
		// The first is with the writer, queueMax wait, one more is executed.
		if got := e.served.Load(); got > queueMax+2 {
			t.Fatalf("%d requests were executed behind a parked one", got)
		}
		e.let()
		for range 3 * queueMax {
			c.receive()
		}
	})
}

func TestBadLengthsCloseTheConnection(t *testing.T) {
	for name, length := range map[string]uint32{"negative": 1 << 31, "giant": 1<<31 - 1, "one too many": 1001} {
		t.Run(name, func(t *testing.T) {
			bubble(t, Config{MaxRequestBytes: 1000}, func(t *testing.T, e *echo, dial func() client, _ *Server) {
				c, other := dial(), dial()
				if _, err := c.Write(binary.BigEndian.AppendUint32(nil, length)); err != nil {
					t.Fatal(err)
				}
				c.wantClosed()
				other.send("fine")
				if got := other.receive(); got != "fine" {
					t.Fatalf("another connection got %q", got)
				}
			})
		})
	}
}

func TestFailedRequestClosesTheConnection(t *testing.T) {
	bubble(t, Config{}, func(t *testing.T, _ *echo, dial func() client, _ *Server) {
		c := dial()
		c.send("e")
		c.wantClosed()
	})
}

func TestHalfAFrameIsNotExecuted(t *testing.T) {
	bubble(t, Config{}, func(t *testing.T, e *echo, dial func() client, _ *Server) {
		c := dial()
		if _, err := c.Write([]byte{0, 0, 0, 9, 'h', 'a'}); err != nil {
			t.Fatal(err)
		}
		_ = c.Close()
		synctest.Wait()
		if e.served.Load() != 0 || e.closed.Load() != 1 {
			t.Fatalf("%d requests executed, %d sessions closed", e.served.Load(), e.closed.Load())
		}
	})
}

func TestOneByteASecondIsServed(t *testing.T) {
	bubble(t, Config{MaxIdle: 10 * time.Second}, func(t *testing.T, _ *echo, dial func() client, _ *Server) {
		slow, other := dial(), dial()
		frame := appendFrame(nil, bytes.Repeat([]byte{'x'}, 50))
		go func() {
			for i := range frame {
				time.Sleep(time.Second)
				if _, err := slow.Write(frame[i : i+1]); err != nil {
					return
				}
			}
		}()
		for range 20 {
			other.send("hello")
			start := time.Now()
			other.receive()
			if took := time.Since(start); took > time.Millisecond {
				t.Fatalf("another connection waited %v", took)
			}
			time.Sleep(time.Second)
		}
		if got := slow.receive(); len(got) != 50 {
			t.Fatalf("got %d bytes", len(got))
		}
	})
}

func TestIdleConnectionsAreClosed(t *testing.T) {
	bubble(t, Config{MaxIdle: time.Minute}, func(t *testing.T, _ *echo, dial func() client, s *Server) {
		idle, busy := dial(), dial()
		waiting := dial()
		waiting.send("w") // a long poll is not idle, however long
		for range 100 {
			busy.send("x")
			busy.receive()
			time.Sleep(time.Second)
		}
		idle.wantClosed()
		if got := s.Connections(); got != 2 {
			t.Fatalf("%d connections are open, want 2", got)
		}
	})
}

func TestClientThatNeverReadsIsClosed(t *testing.T) {
	bubble(t, Config{MaxIdle: time.Minute}, func(t *testing.T, _ *echo, dial func() client, s *Server) {
		deaf := dial()
		deaf.send("x")
		time.Sleep(3 * time.Minute)
		if got := s.Connections(); got != 0 {
			t.Fatalf("%d connections are open, want none", got)
		}
	})
}

func TestConnectionsBeyondTheLimitWait(t *testing.T) {
	bubble(t, Config{MaxConnections: 2}, func(t *testing.T, e *echo, dial func() client, _ *Server) {
		a, _ := dial(), dial()
		third := dial() // accepted by the pipe, and waits for a place
		synctest.Wait()
		if got := e.open.Load(); got != 2 {
			t.Fatalf("%d sessions, want 2", got)
		}
		_ = a.Close()
		third.send("in")
		if got := third.receive(); got != "in" {
			t.Fatalf("got %q", got)
		}
	})
}

func TestConnectionsOfOneAddressBeyondTheLimitAreClosed(t *testing.T) {
	bubble(t, Config{MaxConnectionsPerIP: 100, PerIPOverrides: map[string]int{"pipe": 1}}, func(t *testing.T, _ *echo, dial func() client, s *Server) {
		first := dial()
		synctest.Wait()
		second := dial()
		second.wantClosed()
		first.send("x")
		first.receive()
		s.SetLimits(Config{MaxConnectionsPerIP: 2})
		third := dial()
		third.send("y")
		third.receive()
	})
}

func TestCreationRateDelaysConnections(t *testing.T) {
	bubble(t, Config{MaxCreationRate: 2}, func(t *testing.T, _ *echo, dial func() client, _ *Server) {
		start := time.Now()
		for range 12 {
			c := dial()
			c.send("x")
			c.receive()
		}
		if took := time.Since(start); took < 4*time.Second || took > 6*time.Second {
			t.Fatalf("12 connections at 2 a second took %v", took)
		}
	})
}

func TestQueuedBytesAreBounded(t *testing.T) {
	bubble(t, Config{MaxQueuedBytes: 10}, func(t *testing.T, e *echo, dial func() client, _ *Server) {
		a, b := dial(), dial()
		a.send("w and more than ten bytes")
		synctest.Wait()
		go b.send("x") // its length is read, the rest waits
		synctest.Wait()
		if got := e.served.Load(); got != 1 {
			t.Fatalf("%d requests were executed, want 1", got)
		}
	})
}

func TestCloseAnswersWhatIsUnderWay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := &echo{release: make(chan struct{})}
		s := New(Config{Handler: e})
		p := NewPipe("broker:9092")
		if err := s.Serve(Listener{Name: "PLAINTEXT", Listener: p}); err != nil {
			t.Fatal(err)
		}
		nc, err := p.DialContext(t.Context(), "", "")
		if err != nil {
			t.Fatal(err)
		}
		c := client{t, nc}
		c.send("w")
		synctest.Wait()
		closed := make(chan error)
		go func() { closed <- s.Close(context.Background()) }()
		if got := c.receive(); got != "w" {
			t.Fatalf("got %q", got)
		}
		c.wantClosed()
		if err := <-closed; err != nil {
			t.Fatal(err)
		}
		if _, err := p.DialContext(t.Context(), "", ""); !errors.Is(err, net.ErrClosed) {
			t.Fatalf("dial after close: %v", err)
		}
	})
}

func TestCloseCutsWhatDoesNotEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := &echo{release: make(chan struct{})}
		s := New(Config{Handler: e})
		p := NewPipe("broker:9092")
		if err := s.Serve(Listener{Name: "PLAINTEXT", Listener: p}); err != nil {
			t.Fatal(err)
		}
		nc, _ := p.DialContext(t.Context(), "", "")
		client{t, nc}.send("deaf") // nobody reads the answer
		synctest.Wait()
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		if err := s.Close(ctx); err != nil {
			t.Fatal(err)
		}
	})
}

// A parked reply may never be ready: neither a stop nor a client that went away
// waits for it.
func TestParkedRepliesAreGivenUp(t *testing.T) {
	bubble(t, Config{}, func(t *testing.T, e *echo, dial func() client, s *Server) {
		c := dial()
		c.send("p1", "p2", "3")
		synctest.Wait()
		_ = c.Close()
		synctest.Wait()
		if s.Connections() != 0 || e.closed.Load() != 1 {
			t.Errorf("%d connections are open after the client went away", s.Connections())
		}
		dial().send("p4", "5") // and the bubble's Close comes
		synctest.Wait()
	})
}

// TestGiantLengthAllocatesNothingBeforeBytesArrive measures what a hundred
// connections cost that claim 100 MiB each and send nothing.
func TestGiantLengthAllocatesNothingBeforeBytesArrive(t *testing.T) {
	s := New(Config{Handler: &echo{}})
	p := NewPipe("broker:9092")
	if err := s.Serve(Listener{Name: "PLAINTEXT", Listener: p}); err != nil {
		t.Fatal(err)
	}
	before := heap()
	var conns []net.Conn
	for range 100 {
		nc, err := p.DialContext(t.Context(), "", "")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := nc.Write([]byte{6, 64, 0, 0, 'x'}); err != nil {
			t.Fatal(err)
		}
		conns = append(conns, nc)
	}
	if grown := int64(heap()) - int64(before); grown > 100*(2*firstReadBytes) {
		t.Errorf("100 claims of 100 MiB took %d bytes", grown)
	}
	for _, nc := range conns {
		_ = nc.Close()
	}
	if err := s.Close(t.Context()); err != nil {
		t.Error(err)
	}
}

func heap() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

func TestLargeFramesAndSectionsPassWhole(t *testing.T) {
	s := New(Config{Handler: &echo{}, SendBufferBytes: 102400, ReceiveBufferBytes: 102400})
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
	c := client{t, nc}
	for _, size := range []int{1, 511, 512, 513, firstReadBytes, firstReadBytes + 1, 3 << 20, 1 << 10, 9 << 20} {
		for _, kind := range []byte{'s', 'x'} {
			body := bytes.Repeat([]byte("0123456789"), size/10+1)[:size]
			body[0] = kind
			go c.send(string(body))
			got := c.receive()
			want := string(body)
			if kind == 's' {
				want = "<" + want[1:] + ">"
			}
			if got != want {
				t.Fatalf("a frame of %d bytes came back as %d other bytes", size, len(got))
			}
		}
	}
	_ = nc.Close()
	if err := s.Close(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestServingAllocatesNothing(t *testing.T) {
	s := New(Config{Handler: &echo{}})
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
	frame := appendFrame(nil, bytes.Repeat([]byte{'l'}, 100_000))
	back := make([]byte, 12)
	turn := func() {
		if _, err := nc.Write(frame); err != nil {
			t.Fatal(err)
		}
		if _, err := io.ReadFull(nc, back); err != nil {
			t.Fatal(err)
		}
	}
	turn()
	if got := testing.AllocsPerRun(200, turn); got > 1 {
		t.Errorf("%v allocations a request", got)
	}
	_ = nc.Close()
	if err := s.Close(t.Context()); err != nil {
		t.Error(err)
	}
}
