package server

import (
	"context"
	"net"
	"sync"
)

// Pipe is a listener in memory, for nodes in one process and in synctest
// bubbles: [Pipe.DialContext] is the other side of Accept.
type Pipe struct {
	addr   pipeAddr
	conns  chan net.Conn
	once   sync.Once
	closed chan struct{}
}

// NewPipe makes a listener that says it listens on addr ("host:port").
func NewPipe(addr string) *Pipe {
	return &Pipe{addr: pipeAddr(addr), conns: make(chan net.Conn), closed: make(chan struct{})}
}

// Accept waits for the next dial.
func (p *Pipe) Accept() (net.Conn, error) {
	select {
	case c := <-p.conns:
		return c, nil
	case <-p.closed:
		return nil, &net.OpError{Op: "accept", Net: "pipe", Addr: p.addr, Err: net.ErrClosed}
	}
}

// Close ends Accept and refuses dials.
func (p *Pipe) Close() error {
	p.once.Do(func() { close(p.closed) })
	return nil
}

// Addr is the address given to NewPipe.
func (p *Pipe) Addr() net.Addr { return p.addr }

// DialContext connects; network and address are ignored, so that it fits
// where a client takes a dial function.
func (p *Pipe) DialContext(ctx context.Context, _, _ string) (net.Conn, error) {
	near, far := net.Pipe()
	select {
	case p.conns <- pipeConn{far, p.addr, pipeAddr("pipe")}:
		return near, nil
	case <-p.closed:
		return nil, &net.OpError{Op: "dial", Net: "pipe", Addr: p.addr, Err: net.ErrClosed}
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

type pipeAddr string

func (pipeAddr) Network() string  { return "pipe" }
func (a pipeAddr) String() string { return string(a) }

type pipeConn struct {
	net.Conn
	local, remote pipeAddr
}

func (c pipeConn) LocalAddr() net.Addr  { return c.local }
func (c pipeConn) RemoteAddr() net.Addr { return c.remote }
