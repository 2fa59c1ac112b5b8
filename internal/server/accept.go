package server

import (
	"errors"
	"net"
	"time"
)

// acceptPauseMax bounds the wait after a failed accept (out of descriptors).
const acceptPauseMax = time.Second

func (s *Server) accept(l Listener) {
	defer s.accepting.Done()
	wait := time.Millisecond
	for {
		nc, err := l.Accept()
		if err != nil {
			if errors.Is(err, net.ErrClosed) || s.ctx.Err() != nil {
				return
			}
			s.cfg.Log.Warn("accept failed; trying again", "listener", l.Name, "address", l.Addr(), "error", err)
			if !s.rest(wait) {
				return
			}
			wait = min(2*wait, acceptPauseMax)
			continue
		}
		wait = time.Millisecond
		if !s.admit(&l, nc) {
			nc.Close() //nolint:errcheck // it was refused
		}
	}
}

// admit starts to serve nc, or reports false when a limit refuses it.
func (s *Server) admit(l *Listener, nc net.Conn) bool {
	if pause := s.limits.pause(time.Now()); pause > 0 && !s.rest(pause) {
		return false
	}
	if s.limits.full(l) {
		s.refused.add(reasonFull, "max.connections is reached: a new connection waits until another ends", l.Name, nc.RemoteAddr())
	}
	if !s.limits.admit(l) {
		return false
	}
	if !s.limits.admitIP(nc.RemoteAddr()) {
		s.limits.leave(l, nil)
		s.refused.add(reasonPerIP, "connection refused: max.connections.per.ip is reached", l.Name, nc.RemoteAddr())
		return false
	}
	s.tune(nc)
	c := s.newConn(l, nc)
	s.mu.Lock()
	if s.closing {
		s.mu.Unlock()
		s.limits.leave(l, nc.RemoteAddr())
		return false
	}
	s.conns[c] = struct{}{}
	s.serving.Add(1)
	s.mu.Unlock()
	s.traffic.change(l.Name, 1)
	go c.run()
	return true
}

// tune sets the socket's options; a socket that refuses one works without.
func (s *Server) tune(nc net.Conn) {
	tcp, ok := nc.(*net.TCPConn)
	if !ok {
		return
	}
	_ = tcp.SetNoDelay(true)
	_ = tcp.SetKeepAlive(true)
	if s.cfg.SendBufferBytes > 0 {
		_ = tcp.SetWriteBuffer(s.cfg.SendBufferBytes)
	}
	if s.cfg.ReceiveBufferBytes > 0 {
		_ = tcp.SetReadBuffer(s.cfg.ReceiveBufferBytes)
	}
}

// rest waits, and reports false when the server closes meanwhile.
func (s *Server) rest(d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-s.ctx.Done():
		return false
	}
}
