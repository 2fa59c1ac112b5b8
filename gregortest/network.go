package gregortest

import (
	"context"
	"errors"
	"net"
	"os"
	"slices"
	"sync"
	"syscall"
	"time"
)

// pipeAddr is where a broker listens that is reached by pipe. It is a name that
// no resolver knows (RFC 2606): a client that was not given DialContext fails,
// and does not find somebody else's broker.
const pipeAddr = "gregortest.invalid:9092"

// network is what the broker listens on, a gate for each of its listeners. It
// outlives the broker's ends and starts, and so do the addresses.
type network struct {
	pipes  bool
	gates  []*gate
	opened int // gates that the present broker listens on
}

// reset says that a broker is about to listen.
func (n *network) reset() { n.opened = 0 }

// listen gives the next listener of a broker that starts.
func (n *network) listen(ctx context.Context, address string) (net.Listener, error) {
	if n.opened == len(n.gates) {
		g, err := newGate(ctx, address, n.pipes)
		if err != nil {
			return nil, err
		}
		n.gates = append(n.gates, g)
	}
	g := n.gates[n.opened]
	n.opened++
	return g.open(), nil
}

func (n *network) dial(ctx context.Context, network, address string) (net.Conn, error) {
	i := max(slices.IndexFunc(n.gates, func(g *gate) bool { return g.Addr().String() == address }), 0)
	return n.gates[i].dial(ctx, network)
}

// cut ends all connections at once, without a word.
func (n *network) cut() {
	for _, g := range n.gates {
		g.cut()
	}
}

func (n *network) close() {
	for _, g := range n.gates {
		g.close()
	}
	for _, g := range n.gates {
		g.accepting.Wait()
	}
}

// gate is one address. While a broker runs, what connects goes through its door;
// without a broker it is refused. A port stays taken meanwhile, so that nobody
// else gets it: connections to it are reset.
type gate struct {
	addr      net.Addr
	port      net.Listener // nil: reached by pipe
	accepting sync.WaitGroup

	mu    sync.Mutex
	door  *door // nil: no broker
	conns map[*gateConn]struct{}
}

func newGate(ctx context.Context, address string, pipes bool) (*gate, error) {
	g := &gate{addr: pipeName(address), conns: map[*gateConn]struct{}{}}
	if pipes {
		return g, nil
	}
	var lc net.ListenConfig
	port, err := lc.Listen(ctx, "tcp", address)
	if err != nil {
		return nil, err
	}
	g.port, g.addr = port, port.Addr()
	g.accepting.Go(g.accept)
	return g, nil
}

// Addr is the address as bound.
func (g *gate) Addr() net.Addr { return g.addr }

// accept hands on what connects to the port.
func (g *gate) accept() {
	for {
		nc, err := g.port.Accept()
		switch {
		case errors.Is(err, net.ErrClosed):
			return
		case err != nil: // out of descriptors; the next may fit
			<-time.After(time.Millisecond)
		case g.enter(context.Background(), nc) != nil:
			reset(nc)
		}
	}
}

// open begins to let connections in.
func (g *gate) open() net.Listener {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.door = &door{gate: g, conns: make(chan net.Conn), closed: make(chan struct{})}
	return g.door
}

// enter brings a connection through the door.
func (g *gate) enter(ctx context.Context, nc net.Conn) error {
	g.mu.Lock()
	d := g.door
	if d == nil {
		g.mu.Unlock()
		return refused(g.addr)
	}
	c := &gateConn{Conn: nc, gate: g}
	g.conns[c] = struct{}{}
	g.mu.Unlock()
	select {
	case d.conns <- c:
		return nil
	case <-d.closed:
		g.forget(c)
		return refused(g.addr)
	case <-ctx.Done():
		g.forget(c)
		return ctx.Err()
	}
}

func (g *gate) dial(ctx context.Context, network string) (net.Conn, error) {
	if g.port != nil {
		var d net.Dialer
		return d.DialContext(ctx, network, g.addr.String())
	}
	near, far := net.Pipe()
	if err := g.enter(ctx, far); err != nil {
		return nil, err
	}
	return near, nil
}

func (g *gate) forget(c *gateConn) {
	g.mu.Lock()
	delete(g.conns, c)
	g.mu.Unlock()
}

// cut closes the door and ends what came through it.
func (g *gate) cut() {
	g.mu.Lock()
	d, conns := g.door, g.conns
	g.door, g.conns = nil, map[*gateConn]struct{}{}
	g.mu.Unlock()
	if d != nil {
		_ = d.Close()
	}
	for c := range conns {
		reset(c.Conn)
	}
}

func (g *gate) close() {
	g.cut()
	if g.port != nil {
		_ = g.port.Close() // it has accepted its last
	}
}

// door is the listener that one run of a broker accepts on.
type door struct {
	gate   *gate
	conns  chan net.Conn
	once   sync.Once
	closed chan struct{}
}

// Accept waits for the next connection.
func (d *door) Accept() (net.Conn, error) {
	select {
	case nc := <-d.conns:
		return nc, nil
	case <-d.closed:
		return nil, &net.OpError{Op: "accept", Net: d.Addr().Network(), Addr: d.Addr(), Err: net.ErrClosed}
	}
}

// Close ends Accept and refuses what comes; connections go on.
func (d *door) Close() error {
	d.once.Do(func() { close(d.closed) })
	d.gate.mu.Lock()
	defer d.gate.mu.Unlock()
	if d.gate.door == d {
		d.gate.door = nil
	}
	return nil
}

// Addr is the gate's.
func (d *door) Addr() net.Addr { return d.gate.addr }

// gateConn is the broker's end of a connection.
type gateConn struct {
	net.Conn
	gate *gate
}

// Close closes the connection.
func (c *gateConn) Close() error {
	c.gate.forget(c)
	return c.Conn.Close()
}

// LocalAddr is the gate's.
func (c *gateConn) LocalAddr() net.Addr { return c.gate.addr }

// RemoteAddr is the client's; all clients by pipe have the same.
func (c *gateConn) RemoteAddr() net.Addr {
	if c.gate.port == nil {
		return pipeName("pipe")
	}
	return c.Conn.RemoteAddr()
}

// pipeName is the address of who is reached by pipe.
type pipeName string

// Network is pipe.
func (pipeName) Network() string { return "pipe" }

// String is the address.
func (p pipeName) String() string { return string(p) }

// reset ends a connection as the system does for a process that is gone.
func reset(nc net.Conn) {
	if tcp, ok := nc.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0)
	}
	_ = nc.Close()
}

// refused is what a dial to a port without a listener gives.
func refused(addr net.Addr) error {
	return &net.OpError{Op: "dial", Net: addr.Network(), Addr: addr, Err: os.NewSyscallError("connect", syscall.ECONNREFUSED)}
}
