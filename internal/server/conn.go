package server

import (
	"errors"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"time"
)

// conn is one connection.
type conn struct {
	srv      *Server
	listener *Listener
	nc       net.Conn
	info     ConnInfo
	session  Session

	reader reader
	sender sender

	// Milliseconds at which bytes last moved; 0 while a request executes, when
	// the connection is not idle whatever the time.
	moved    atomic.Int64
	draining atomic.Bool
	expired  atomic.Bool // it was idle for too long

	mu      sync.Mutex
	room    sync.Cond // the queue got shorter, or the connection broke
	queue   *replies  // those after a parked one, in order; nil: none; see write.go
	writing bool      // the writer goroutine lives
	broken  bool      // a write failed or the client is gone: nothing is written any more
	parking *parking  // nil before the first that is parked; set once
}

func (s *Server) newConn(l *Listener, nc net.Conn) *conn {
	c := &conn{srv: s, listener: l, nc: nc}
	c.room.L = &c.mu
	c.reader.init(c)
	c.sender.init(c)
	c.info = ConnInfo{ID: s.lastID.Add(1), Listener: l.Name, Local: nc.LocalAddr(), Remote: nc.RemoteAddr()}
	c.touch(time.Now())
	return c
}

func (c *conn) touch(now time.Time) { c.moved.Store(now.UnixMilli()) }

func (c *conn) idleSince(now time.Time) time.Duration {
	at := c.moved.Load()
	if at == 0 {
		return 0
	}
	return now.Sub(time.UnixMilli(at))
}

// cut closes the socket: reads and writes on it fail.
func (c *conn) cut() { _ = c.nc.Close() }

// drain lets the request that executes finish, and wakes a reader that waits
// for the next.
func (c *conn) drain() {
	c.draining.Store(true)
	_ = c.nc.SetReadDeadline(time.Unix(1, 0))
}

func (c *conn) run() {
	defer c.srv.serving.Done()
	c.session = c.srv.cfg.Handler.Open(c.info)
	err := c.loop()
	if err != nil && !c.quiet(err) {
		c.srv.refused.add(reasonOf(err), "connection closed", c.info.Listener, c.info.Remote, "error", err)
	}
	if err != nil && !c.draining.Load() {
		c.giveUp() // nobody reads what is parked
	}
	c.finish()
	c.cut()
	c.reader.close()
	c.session.Close()
	c.srv.limits.leave(c.listener, c.info.Remote)
	c.srv.mu.Lock()
	delete(c.srv.conns, c)
	c.srv.mu.Unlock()
	c.srv.traffic.change(c.info.Listener, -1)
}

// quiet says whether err is an ordinary end of a connection.
func (c *conn) quiet(err error) bool {
	if c.draining.Load() || c.srv.ctx.Err() != nil {
		return true
	}
	if errors.Is(err, io.EOF) || errors.Is(err, net.ErrClosed) || errors.Is(err, io.ErrClosedPipe) {
		return true
	}
	var op *net.OpError
	return errors.As(err, &op)
}

func (c *conn) loop() error {
	for !c.draining.Load() {
		size, err := c.reader.size(c.srv.cfg.MaxRequestBytes)
		if err != nil {
			return err
		}
		more, err := c.one(size)
		if err != nil || !more {
			return err
		}
	}
	return nil
}

// one reads, executes and answers one request; false ends the connection.
func (c *conn) one(size int) (bool, error) {
	c.srv.queued.take(size)
	frame, err := c.reader.frame(size)
	if err != nil {
		c.srv.queued.give(size)
		return false, err
	}
	dst := c.srv.buffers.get(1 << minClassBits)
	now := time.Now()
	c.moved.Store(0)
	reply, err := c.session.Serve(c.srv.ctx, frame.b[lengthBytes:], dst.b[:0], now)
	served := time.Now()
	c.touch(served)
	if reply.Recycle {
		c.srv.buffers.put(frame)
	}
	c.srv.queued.give(size)
	if err != nil {
		c.srv.buffers.put(dst)
		return false, err
	}
	return c.send(queued{reply: reply, buf: dst, size: lengthBytes + size, received: now, served: served})
}
