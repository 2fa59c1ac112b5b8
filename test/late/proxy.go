// Package late holds an EndTxn of a real Java client back on its way to the
// broker, and delivers it when a later transaction of the same transactional
// id stands in its way; Apache Kafka is told the same, and says what is right.
// Kind: test
package late

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
)

const (
	frameMax  = 64 << 20         // bytes; the largest answer here is a page of metadata
	connLimit = 5 * time.Minute  // of a connection: longer than the test
	waitLimit = 30 * time.Second // for one thing that has to happen
	endTxn    = 26               // the api key
	flexible  = 3                // EndTxn from this version on has a header with tags
)

// proxy stands between clients and one broker, which advertises the proxy's
// port as its own. It passes frames on as they are, and knows of a request no
// more than the beginning of its header:
//
//	| length 4 | api key 2 | version 2 | correlation id 4 | client id 2 + n | ...
type proxy struct {
	listener net.Listener
	broker   string // its address
	wg       sync.WaitGroup

	mu     sync.Mutex
	holds  map[string]*hold  // by client id, those that wait for their request
	open   map[net.Conn]bool // those of clients true
	closed bool

	quit chan struct{} // closed with the proxy
}

// hold is one EndTxn that is to be held back.
type hold struct {
	cut  bool // the client's connection ends at once, and it does not wait for its timeout
	lose bool // the EndTxn before it is carried out, and its answer is lost

	taken   chan struct{}    // closed when the request is held; the fields below are set then
	release chan chan answer // to the connection that holds it
	version int16            // of the request
}

// answer is what the broker says to a request that was delivered late.
type answer struct {
	code int16
	err  error
}

// newProxy listens. The broker need not be there yet.
func newProxy(brokerPort int) (*proxy, error) {
	l, err := net.Listen("tcp", "localhost:0")
	if err != nil {
		return nil, err
	}
	p := &proxy{
		listener: l, broker: "localhost:" + strconv.Itoa(brokerPort), holds: map[string]*hold{}, open: map[net.Conn]bool{},
		quit: make(chan struct{}),
	}
	p.wg.Go(p.accept)
	return p, nil
}

// addr is what the broker advertises and clients bootstrap from.
func (p *proxy) addr() (string, error) {
	_, port, err := net.SplitHostPort(p.listener.Addr().String())
	return "localhost:" + port, err
}

// close ends all connections, and waits for their goroutines.
func (p *proxy) close() error {
	close(p.quit)
	p.mu.Lock()
	p.closed = true
	for c := range p.open {
		_ = c.Close() // who reads it sees it
	}
	p.mu.Unlock()
	err := p.listener.Close()
	p.wg.Wait()
	return err
}

// track notes a connection, or closes it if the proxy is closed.
func (p *proxy) track(c net.Conn, client bool) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed || c.SetDeadline(time.Now().Add(connLimit)) != nil {
		_ = c.Close() // nobody uses it
		return false
	}
	p.open[c] = client
	return true
}

// reset ends all connections of clients, which ask the broker anew what it can.
// What is held stays.
func (p *proxy) reset() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for c, client := range p.open {
		if client {
			_ = c.Close() // who reads it sees it
		}
	}
}

func (p *proxy) untrack(c net.Conn) {
	_ = c.Close() // once is enough
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.open, c)
}

func (p *proxy) accept() {
	for {
		client, err := p.listener.Accept()
		if err != nil {
			return // closed
		}
		if p.track(client, true) {
			p.wg.Go(func() { p.serve(client) })
		}
	}
}

// hold makes the proxy hold back the next EndTxn of a client id. Later ones
// pass.
func (p *proxy) hold(clientID string, cut, lose bool) *hold {
	h := &hold{cut: cut, lose: lose, taken: make(chan struct{}), release: make(chan chan answer)}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.holds[clientID] = h
	return h
}

// What becomes of a request.
type fate int

const (
	passed  fate = iota
	held         // its hold is returned with it
	unheard      // passed, and its answer is not
)

// judge decides about one frame.
func (p *proxy) judge(frame []byte) (*hold, fate) {
	if len(frame) < 14 || binary.BigEndian.Uint16(frame[4:]) != endTxn {
		return nil, passed
	}
	n := int(int16(binary.BigEndian.Uint16(frame[12:])))
	if n < 0 || len(frame) < 14+n {
		return nil, passed
	}
	id := string(frame[14 : 14+n])
	p.mu.Lock()
	defer p.mu.Unlock()
	h := p.holds[id]
	switch {
	case h == nil:
		return nil, passed
	case h.lose:
		h.lose = false
		return h, unheard
	}
	delete(p.holds, id)
	return h, held
}

// link is one client's connection through the proxy.
type link struct {
	client, broker net.Conn

	mu      sync.Mutex
	watched bool  // the answer to the request below is of interest
	request int32 // its correlation id
	mute    bool  // and does not reach the client

	answers chan []byte // the answer that is of interest; closed when the broker has ended
}

// watch makes the answer to a frame that is about to be sent arrive in answers.
func (l *link) watch(frame []byte, mute bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.watched, l.request, l.mute = true, int32(binary.BigEndian.Uint32(frame[8:])), mute
}

// serve passes a client's requests on until either side ends, or a request is
// held. Then the connection to the broker lives on until that is delivered.
func (p *proxy) serve(client net.Conn) {
	defer p.untrack(client)
	broker, err := net.DialTimeout("tcp", p.broker, waitLimit)
	if err != nil || !p.track(broker, false) {
		return
	}
	l := &link{client: client, broker: broker, answers: make(chan []byte, 1)}
	p.wg.Go(l.back)
	defer p.untrack(broker)
	for {
		frame, err := readFrame(client)
		if err != nil {
			return
		}
		h, fate := p.judge(frame)
		switch fate {
		case held:
			h.version = int16(binary.BigEndian.Uint16(frame[6:]))
			if h.cut {
				_ = client.Close() // as if the network had failed
			}
			close(h.taken)
			select {
			case reply := <-h.release:
				reply <- l.deliver(frame, h.version)
			case <-p.quit:
			}
			return
		case unheard:
			l.watch(frame, true)
			if _, err := broker.Write(frame); err != nil {
				return
			}
			<-l.answers        // it is carried out
			_ = client.Close() // as if the network had failed
			return
		case passed:
			if _, err := broker.Write(frame); err != nil {
				return
			}
		}
	}
}

// back passes the broker's answers on. A client that is gone does not end it:
// an answer may still be of interest.
func (l *link) back() {
	defer close(l.answers)
	for {
		frame, err := readFrame(l.broker)
		if err != nil || len(frame) < 8 {
			_ = l.client.Close() // it notices that the broker has ended
			return
		}
		l.mu.Lock()
		watched := l.watched && int32(binary.BigEndian.Uint32(frame[4:])) == l.request
		mute := watched && l.mute
		l.watched = l.watched && !watched
		l.mu.Unlock()
		if !mute {
			_, _ = l.client.Write(frame) // it may be gone
		}
		if watched {
			l.answers <- frame // there is room: one is watched at a time
		}
	}
}

// deliver sends what was held back, and returns what the broker says to it.
func (l *link) deliver(frame []byte, version int16) answer {
	l.watch(frame, false)
	if _, err := l.broker.Write(frame); err != nil {
		return answer{err: err}
	}
	select {
	case got, ok := <-l.answers:
		at := 12 // length 4 | correlation id 4 | [tags 1] | throttle time 4 | error code 2
		if version >= flexible {
			at++
		}
		if !ok || len(got) < at+2 {
			return answer{err: fmt.Errorf("the broker ended the connection over a late EndTxn, or answered %d bytes", len(got))}
		}
		return answer{code: int16(binary.BigEndian.Uint16(got[at:]))}
	case <-time.After(waitLimit):
		return answer{err: fmt.Errorf("no answer to a late EndTxn within %v", waitLimit)}
	}
}

// wait waits until the request is held back.
func (h *hold) wait() error {
	select {
	case <-h.taken:
		return nil
	case <-time.After(waitLimit):
		return fmt.Errorf("no EndTxn came within %v", waitLimit)
	}
}

// deliver lets the request that is held go on its way, and returns the name of
// the error that the broker answers, "NONE" for none.
func (h *hold) deliver() (string, error) {
	reply, limit := make(chan answer, 1), time.After(2*waitLimit)
	select {
	case h.release <- reply:
	case <-limit:
		return "", errors.New("nobody holds an EndTxn")
	}
	a := <-reply // within waitLimit
	switch {
	case a.err != nil:
		return "", a.err
	case a.code == 0:
		return "NONE", nil
	}
	return kerr.TypedErrorForCode(a.code).Message, nil
}

// readFrame reads a request or an answer whole, with its length.
func readFrame(r io.Reader) ([]byte, error) {
	var size [4]byte
	if _, err := io.ReadFull(r, size[:]); err != nil {
		return nil, err
	}
	n := binary.BigEndian.Uint32(size[:])
	if n > frameMax {
		return nil, fmt.Errorf("a frame of %d bytes", n)
	}
	frame := make([]byte, 4+n)
	copy(frame, size[:])
	_, err := io.ReadFull(r, frame[4:])
	return frame, err
}
