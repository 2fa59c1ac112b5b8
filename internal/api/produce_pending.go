package api

import (
	"sync"
	"time"

	"github.com/gregor-stream/gregor/internal/kafka"
	"github.com/gregor-stream/gregor/internal/msg"
	"github.com/gregor-stream/gregor/internal/wire"
)

// producePending is the answer to a request some of whose records are not yet as
// safe as its acks ask for. It ends when all are decided, or when the request's
// timeout is over.
type producePending struct {
	h           *Handlers
	version     int16
	correlation int32
	ready       chan struct{}
	timer       *time.Timer

	mu      sync.Mutex
	resp    msg.ProduceResponse
	left    int  // partitions not decided yet
	decided bool // ready is closed; resp changes no more
}

// newProducePending takes the response over from the connection's state, which
// makes itself a new one, and asks each partition to tell.
func newProducePending(s *Session, st *produceState) *producePending {
	timeout := time.Duration(max(st.req.TimeoutMs, 0)) * time.Millisecond
	p := &producePending{h: s.h, version: s.call.Version, correlation: s.call.CorrelationID, ready: make(chan struct{}), resp: st.resp, left: len(st.wait)}
	st.resp = msg.ProduceResponse{}
	s.h.waiting.produce.Add(1)
	// Until its partition decides, a part reads as timed out.
	for _, w := range st.wait {
		p.part(w).ErrorCode = int16(kafka.ErrRequestTimedOut)
	}
	p.mu.Lock()
	p.timer = time.AfterFunc(timeout, p.finish)
	p.mu.Unlock()
	for _, w := range st.wait {
		if done, err := w.p.AwaitAck(st.req.Acks, w.end, func(err error) { p.acked(w, err) }); done {
			p.acked(w, err)
		}
	}
	return p
}

func (p *producePending) part(w produceWait) *msg.ProduceResponsePartitionProduceResponse {
	return &p.resp.Responses[w.topic].PartitionResponses[w.part]
}

func (p *producePending) acked(w produceWait, err error) {
	p.mu.Lock()
	if p.decided {
		p.mu.Unlock()
		return
	}
	p.part(w).ErrorCode = int16(kafka.CodeOf(err))
	p.left--
	last := p.left == 0
	p.mu.Unlock()
	if last {
		p.finish()
	}
}

func (p *producePending) finish() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.decided {
		p.decided = true
		p.h.waiting.produce.Add(-1)
		p.timer.Stop()
		close(p.ready)
	}
}

// Ready is closed when the response can be made.
func (p *producePending) Ready() <-chan struct{} { return p.ready }

// AppendTo appends the response.
func (p *producePending) AppendTo(dst []byte) []byte {
	p.h.countProduce(&p.resp)
	return wire.AppendResponse(dst, kafka.Produce, p.version, p.correlation, &p.resp)
}
