package server

import (
	"net"
	"sync"
	"time"
)

// limits counts connections, in all, by listener and by address.
type limits struct {
	mu         sync.Mutex
	freed      sync.Cond
	closed     bool
	max        int
	perIP      int
	overrides  map[string]int
	rate       int
	all        int
	byListener map[string]int
	byIP       map[string]int
	next       time.Time // when the next connection may be accepted, for rate
}

func newLimits(cfg *Config) *limits {
	l := &limits{byListener: make(map[string]int), byIP: make(map[string]int)}
	l.freed.L = &l.mu
	l.set(cfg)
	return l
}

func (l *limits) set(cfg *Config) {
	l.mu.Lock()
	l.max, l.perIP, l.overrides, l.rate = cfg.MaxConnections, cfg.MaxConnectionsPerIP, cfg.PerIPOverrides, cfg.MaxCreationRate
	l.mu.Unlock()
	l.freed.Broadcast()
}

func (l *limits) close() {
	l.mu.Lock()
	l.closed = true
	l.mu.Unlock()
	l.freed.Broadcast()
}

// admit waits until one more connection fits on the listener: Kafka's
// acceptor blocks rather than refuses when max.connections is reached. It
// counts the connection and reports false when the server closes.
func (l *limits) admit(on *Listener) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	for l.isFull(on) && !l.closed {
		l.freed.Wait()
	}
	if l.closed {
		return false
	}
	l.all++
	l.byListener[on.Name]++
	return true
}

// full says whether a connection on the listener would have to wait now.
func (l *limits) full(on *Listener) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.isFull(on)
}

func (l *limits) isFull(on *Listener) bool {
	if on.MaxConnections > 0 && l.byListener[on.Name] >= on.MaxConnections {
		return true
	}
	return l.max != 0 && l.all >= max(l.max, 0) && !on.InterBroker
}

// admitIP says whether one more connection from addr is within
// max.connections.per.ip, and counts it if so.
func (l *limits) admitIP(addr net.Addr) bool {
	ip := hostOf(addr)
	l.mu.Lock()
	defer l.mu.Unlock()
	limit, ok := l.overrides[ip]
	if !ok {
		limit = l.perIP
		ok = limit != 0
	}
	if ok && l.byIP[ip] >= max(limit, 0) {
		return false
	}
	l.byIP[ip]++
	return true
}

// pause is how long to wait before the next accept so that the rate of new
// connections holds. Unused time is kept for one second.
func (l *limits) pause(now time.Time) time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.rate <= 0 {
		return 0
	}
	if earliest := now.Add(-time.Second); l.next.Before(earliest) {
		l.next = earliest
	}
	l.next = l.next.Add(time.Second / time.Duration(l.rate))
	return l.next.Sub(now)
}

// leave takes a connection from the counts; addr is nil if its address was
// never counted.
func (l *limits) leave(on *Listener, addr net.Addr) {
	l.mu.Lock()
	l.all--
	l.byListener[on.Name]--
	if addr != nil {
		ip := hostOf(addr)
		if l.byIP[ip]--; l.byIP[ip] <= 0 {
			delete(l.byIP, ip)
		}
	}
	l.mu.Unlock()
	l.freed.Broadcast()
}

func hostOf(addr net.Addr) string {
	if tcp, ok := addr.(*net.TCPAddr); ok {
		return tcp.IP.String()
	}
	return addr.String()
}

// budget bounds the bytes of requests that were read and not executed yet
// (queued.max.request.bytes). As in Kafka a request may start as long as any
// budget is left, so a request larger than the whole budget still passes.
type budget struct {
	mu     sync.Mutex
	freed  sync.Cond
	limit  int64 // <= 0: no bound
	used   int64
	closed bool
}

func newBudget(limit int64) *budget {
	b := &budget{limit: limit}
	b.freed.L = &b.mu
	return b
}

func (b *budget) take(n int) {
	if b.limit <= 0 {
		return
	}
	b.mu.Lock()
	for b.used >= b.limit && !b.closed {
		b.freed.Wait()
	}
	b.used += int64(n)
	b.mu.Unlock()
}

func (b *budget) give(n int) {
	if b.limit <= 0 {
		return
	}
	b.mu.Lock()
	b.used -= int64(n)
	b.mu.Unlock()
	b.freed.Broadcast()
}

func (b *budget) close() {
	b.mu.Lock()
	b.closed = true
	b.mu.Unlock()
	b.freed.Broadcast()
}
