package api

import (
	"sync"
	"sync/atomic"
	"time"

	"github.com/gregor-stream/gregor/internal/kafka"
	"github.com/gregor-stream/gregor/internal/msg"
	"github.com/gregor-stream/gregor/internal/replica"
	"github.com/gregor-stream/gregor/internal/wire"
)

// producePending is the answer to a request some of whose records are not yet as
// safe as its acks ask for. It is decided when all of them are, or when the
// connection asks for the answer because the request's timeout is over, or when
// the connection gives it up.
//
// It comes from the node's pool and goes back when nobody has it any more. refs
// counts who has it: the connection, until Release, and each acknowledgement,
// until it is told or taken back from its partition; the last one gives it back.
// So one whose partition decides late, or never, is not used again too soon, and
// none goes back twice.
type producePending struct {
	h           *Handlers
	version     int16
	correlation int32
	deadline    time.Time

	mu   sync.Mutex
	resp msg.ProduceResponse
	wait []produceWait // its memory stays where it is while anything is parked
	left int           // partitions not decided yet
	refs int
	// decided: resp changes no more, and the connection was woken.
	decided bool
	wake    func() // the connection's, while it waits
}

// park makes the answer that comes later: it takes the response over from the
// connection's state, which gets the memory of an older one, and asks each
// partition to tell.
func (h *Handlers) park(call *Call, st *produceState) *producePending {
	p := h.pending.get()
	p.h, p.version, p.correlation = h, call.Version, call.CorrelationID
	p.deadline = time.Now().Add(time.Duration(max(st.req.TimeoutMs, 0)) * time.Millisecond)
	p.resp, st.resp = st.resp, p.resp
	p.wait, st.wait = st.wait, p.wait
	p.left, p.refs, p.decided = len(p.wait), 1+len(p.wait), false
	h.waiting.produce.Add(1)
	for i := range p.wait {
		w := &p.wait[i]
		w.ack.Acks, w.ack.Done, w.ack.At = st.req.Acks, p, i
		p.part(w).ErrorCode = int16(kafka.ErrRequestTimedOut) // until its partition decides
	}
	for i := range p.wait {
		w := &p.wait[i]
		if ready, err := w.p.Park(&w.ack); ready {
			p.Acked(&w.ack, err)
		}
	}
	return p
}

func (p *producePending) part(w *produceWait) *msg.ProduceResponsePartitionProduceResponse {
	return &p.resp.Responses[w.topic].PartitionResponses[w.part]
}

// Acked implements replica.Acked: one partition has decided.
func (p *producePending) Acked(a *replica.Ack, err error) {
	p.mu.Lock()
	var wake func()
	if !p.decided {
		p.part(&p.wait[a.At]).ErrorCode = int16(kafka.CodeOf(err))
		if p.left--; p.left == 0 {
			wake = p.decide()
		}
	}
	last := p.drop(1)
	p.mu.Unlock()
	if wake != nil {
		wake()
	}
	if last {
		p.h.pending.put(p)
	}
}

// decide ends the waiting, and gives whom to wake. The caller holds mu.
func (p *producePending) decide() (wake func()) {
	p.decided = true
	p.h.waiting.produce.Add(-1)
	wake, p.wake = p.wake, nil
	return wake
}

// drop says that n who had p have it no more; true: nobody has. The caller holds
// mu.
func (p *producePending) drop(n int) (last bool) {
	if p.refs -= n; p.refs < 0 {
		panic("api: a parked answer was let go more often than it was held")
	}
	return p.refs == 0
}

// end decides, if nobody has: what is not acknowledged has timed out, and waits
// in no list any more.
func (p *producePending) end() {
	p.mu.Lock()
	already := p.decided
	if !already {
		p.decide()
	}
	p.mu.Unlock()
	if already {
		return // there is none left that waits
	}
	back := 0
	for i := range p.wait {
		if w := &p.wait[i]; w.p.Unpark(&w.ack) {
			back++
		}
	}
	p.mu.Lock()
	p.drop(back) // never the last: the connection has it
	p.mu.Unlock()
}

// Ready says whether the answer is decided; where it is not, wake is called once
// it is.
func (p *producePending) Ready(wake func()) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.decided {
		p.wake = wake
	}
	return p.decided
}

// Deadline is when the request's timeout is over.
func (p *producePending) Deadline() time.Time { return p.deadline }

// AppendTo appends the answer as it is decided, or as it is.
func (p *producePending) AppendTo(dst []byte) []byte {
	p.end()
	p.h.countProduce(&p.resp)
	return wire.AppendResponse(dst, kafka.Produce, p.version, p.correlation, &p.resp)
}

// Release says that the connection needs the answer no more. It is called once.
func (p *producePending) Release() {
	p.end()
	p.mu.Lock()
	last := p.drop(1)
	p.mu.Unlock()
	if last {
		p.h.pending.put(p)
	}
}

// producePool keeps what parked answers are made of between two of them: plain
// memory, without what a connection waits with.
type producePool struct {
	free sync.Pool
	out  atomic.Int64 // how many are in use
}

func (pool *producePool) get() *producePending {
	pool.out.Add(1)
	if p, ok := pool.free.Get().(*producePending); ok {
		return p
	}
	return new(producePending)
}

// put takes p back, which nobody has any more. Of the memory that one large
// request needed nothing is kept.
func (pool *producePool) put(p *producePending) {
	pool.out.Add(-1)
	clear(p.wait)
	p.wait, p.resp.NodeEndpoints = p.wait[:0], nil
	topics := p.resp.Responses[:cap(p.resp.Responses)]
	total := len(topics)
	for i := range topics {
		parts := topics[i].PartitionResponses
		parts = parts[:cap(parts)]
		total += len(parts)
		for j := range parts {
			parts[j].RecordErrors, parts[j].ErrorMessage = nil, nil
		}
	}
	if max(total, cap(p.wait)) <= 2*keepTopicsMax { // a slice that grows has more room than it was asked for
		pool.free.Put(p)
	}
}
