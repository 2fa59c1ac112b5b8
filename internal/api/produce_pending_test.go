package api

import (
	"math/rand/v2"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/gregor-stream/gregor/internal/kafka"
	"github.com/gregor-stream/gregor/internal/msg"
	"github.com/gregor-stream/gregor/internal/replica"
	"github.com/gregor-stream/gregor/internal/wire"
)

// parkingLot is a partition that only parks. What it tells an acknowledgement
// follows from its end, so that one which is told what another should be shows.
type parkingLot struct {
	Partition
	mu    sync.Mutex
	acks  replica.Acks
	count int
	ready func(end kafka.Offset) bool // decided at once; nil: none
}

func outcomeOf(end kafka.Offset) kafka.Error {
	switch end % 3 {
	case 0:
		return kafka.ErrNotLeaderOrFollower // it moved away
	case 1:
		return kafka.ErrKafkaStorageError // its directory failed
	}
	return kafka.ErrNone
}

func outcome(a *replica.Ack) (bool, error) {
	if code := outcomeOf(a.End); code != kafka.ErrNone {
		return true, code
	}
	return true, nil
}

func (p *parkingLot) Park(a *replica.Ack) (bool, error) {
	if p.ready != nil && p.ready(a.End) {
		return outcome(a)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.acks.Push(a)
	p.count++
	return false, nil
}

func (p *parkingLot) Unpark(a *replica.Ack) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	removed := p.acks.Remove(a)
	if removed {
		p.count--
	}
	return removed
}

func (p *parkingLot) parked() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.count
}

// take takes out all whose end satisfies which, without telling them.
func (p *parkingLot) take(which func(end kafka.Offset) bool) replica.Decided {
	p.mu.Lock()
	defer p.mu.Unlock()
	d := p.acks.Decide(func(a *replica.Ack) (bool, error) {
		if !which(a.End) {
			return false, nil
		}
		return outcome(a)
	})
	p.count -= d.Count
	return d
}

func all(kafka.Offset) bool { return true }

// parkOn parks the answer to a request of one record for each of the lots, as a
// connection does; ends are where the records end.
func parkOn(h *Handlers, st *produceState, timeout time.Duration, lots []*parkingLot, ends []kafka.Offset) *producePending {
	topic := msg.ProduceRequestTopicProduceData{TopicId: kafka.UUID{1}}
	for i := range lots {
		topic.PartitionData = append(topic.PartitionData, msg.ProduceRequestPartitionProduceData{Index: int32(i)})
	}
	st.req.Acks, st.req.TimeoutMs = -1, int32(timeout.Milliseconds())
	st.req.TopicData = append(st.req.TopicData[:0], topic)
	st.prepare()
	for i, lot := range lots {
		st.resp.Responses[0].PartitionResponses[i].BaseOffset = int64(ends[i]) - 1
		st.wait = append(st.wait, produceWait{p: lot, ack: replica.Ack{End: ends[i]}, part: i})
	}
	p := h.park(&Call{Version: 13, CorrelationID: int32(ends[0])}, st)
	st.forget()
	return p
}

// answered decodes an answer, and holds it against the request.
func answered(t *testing.T, p *producePending, ends []kafka.Offset) []kafka.Error {
	t.Helper()
	frame := p.AppendTo(nil)[4:]
	head, at, err := wire.ParseResponseHeader(frame, kafka.Produce, 13)
	resp := msg.NewProduceResponse()
	if err == nil {
		err = msg.Unmarshal(resp, frame[at:], 13)
	}
	if err != nil || head != int32(ends[0]) || len(resp.Responses[0].PartitionResponses) != len(ends) {
		t.Errorf("answer %d to request %d: %v, %+v", head, ends[0], err, resp)
		return nil
	}
	var codes []kafka.Error
	for i, part := range resp.Responses[0].PartitionResponses {
		code := kafka.Error(part.ErrorCode)
		if part.BaseOffset != int64(ends[i])-1 || code != kafka.ErrRequestTimedOut && code != outcomeOf(ends[i]) {
			t.Errorf("partition %d is answered %v at %d, its records end at %d", i, code, part.BaseOffset, ends[i])
		}
		codes = append(codes, code)
	}
	return codes
}

func wantHeld(t *testing.T, h *Handlers, waiting, held int64) {
	t.Helper()
	if w, n := h.waiting.produce.Load(), h.pending.out.Load(); w != waiting || n != held {
		t.Errorf("%d wait and %d are held, want %d and %d", w, n, waiting, held)
	}
}

func TestParkedAnswerGoesBackOnceWhenItIsWritten(t *testing.T) {
	h, lot := new(Handlers), new(parkingLot)
	lot.ready = func(end kafka.Offset) bool { return end == 5 }
	p := parkOn(h, new(produceState), time.Minute, []*parkingLot{lot, lot}, []kafka.Offset{2, 5})
	woken := 0
	if p.Ready(func() { woken++ }) {
		t.Fatal("ready while one partition waits")
	}
	wantHeld(t, h, 1, 1)
	lot.take(all).Tell()
	if !p.Ready(nil) || woken != 1 {
		t.Fatalf("decided, and woken %d times", woken)
	}
	wantHeld(t, h, 0, 1) // the connection has it
	if codes := answered(t, p, []kafka.Offset{2, 5}); codes[0] != kafka.ErrNone || codes[1] != kafka.ErrNone {
		t.Errorf("answered %v", codes)
	}
	p.Release()
	wantHeld(t, h, 0, 0)
}

// An answer that times out is answered as it is, and leaves its partitions'
// lists: a disk that hangs does not collect what nobody waits for.
func TestTimedOutAnswerLeavesItsPartitions(t *testing.T) {
	h, lot, fast := new(Handlers), new(parkingLot), new(parkingLot)
	began := time.Now()
	p := parkOn(h, new(produceState), 5*time.Second, []*parkingLot{lot, fast}, []kafka.Offset{2, 3})
	if d := p.Deadline().Sub(began); d < 5*time.Second || d > 6*time.Second {
		t.Errorf("the deadline is after %v", d)
	}
	fast.take(all).Tell()
	if codes := answered(t, p, []kafka.Offset{2, 3}); codes[0] != kafka.ErrRequestTimedOut || codes[1] != kafka.ErrNotLeaderOrFollower {
		t.Errorf("answered %v", codes)
	}
	if n := lot.parked(); n != 0 {
		t.Errorf("%d acknowledgements wait on", n)
	}
	p.Release()
	wantHeld(t, h, 0, 0)
}

// Whoever was about to be told when the answer was given up still has it: it
// goes back after that, and no sooner.
func TestAnswerIsNotUsedAgainBeforeEverybodyLetItGo(t *testing.T) {
	for name, end := range map[string]func(p *producePending){
		"the connection is gone": func(*producePending) {},
		"timed out":              func(p *producePending) { p.AppendTo(nil) },
	} {
		t.Run(name, func(t *testing.T) {
			h, lot := new(Handlers), new(parkingLot)
			p := parkOn(h, new(produceState), time.Minute, []*parkingLot{lot, lot}, []kafka.Offset{2, 5})
			late := lot.take(func(end kafka.Offset) bool { return end == 5 })
			end(p)
			p.Release()
			wantHeld(t, h, 0, 1)
			if q := h.pending.get(); q == p {
				t.Fatal("the answer is used again while somebody has it")
			}
			late.Tell()
			wantHeld(t, h, 0, 1) // that of get
			defer func() {
				if recover() == nil {
					t.Error("it was given back twice")
				}
			}()
			p.Release()
		})
	}
}

func TestLargeAnswerIsNotKept(t *testing.T) {
	h, lot := new(Handlers), new(parkingLot)
	lots, ends := make([]*parkingLot, 1000), make([]kafka.Offset, 1000)
	for i := range lots {
		lots[i], ends[i] = lot, kafka.Offset(3*i+2)
	}
	st := new(produceState)
	p := parkOn(h, st, time.Minute, lots, ends)
	p.Release()
	wantHeld(t, h, 0, 0)
	if lot.parked() != 0 {
		t.Error("acknowledgements wait on")
	}
	for range 10 {
		if q := h.pending.get(); cap(q.wait) > 0 {
			t.Fatalf("memory for %d partitions is kept", cap(q.wait))
		}
	}
}

// Connections come and go, time out and are answered, while their partitions
// decide: each answer is its own request's, and all go back.
func TestParkedAnswersUnderARaceOfEverybody(t *testing.T) {
	const connections, requests = 8, 400
	h := new(Handlers)
	lots := []*parkingLot{new(parkingLot), new(parkingLot), {ready: func(end kafka.Offset) bool { return end%7 == 0 }}}
	stop := make(chan struct{})
	var deciders, clients sync.WaitGroup
	for n := range 2 {
		deciders.Go(func() {
			random := rand.New(rand.NewPCG(1, uint64(n)))
			for {
				select {
				case <-stop:
					return
				default:
					of := kafka.Offset(random.IntN(3))
					d := lots[random.IntN(len(lots))].take(func(end kafka.Offset) bool { return end%4 != of })
					runtime.Gosched() // taken, and not told
					d.Tell()
				}
			}
		})
	}
	for n := range connections {
		clients.Go(func() {
			random := rand.New(rand.NewPCG(2, uint64(n)))
			st := new(produceState)
			woken := make(chan struct{}, 1)
			wake := func() {
				select {
				case woken <- struct{}{}:
				default:
				}
			}
			for range requests {
				size := 1 + random.IntN(4)
				var on []*parkingLot
				var ends []kafka.Offset
				for range size {
					on, ends = append(on, lots[random.IntN(len(lots))]), append(ends, 1+kafka.Offset(random.IntN(1e6)))
				}
				p := parkOn(h, st, time.Minute, on, ends)
				switch random.IntN(4) {
				case 0: // the connection is gone
				case 1: // timed out, perhaps
					answered(t, p, ends)
				default:
					for !p.Ready(wake) {
						<-woken
					}
					for _, code := range answered(t, p, ends) {
						if code == kafka.ErrRequestTimedOut {
							t.Error("decided, and answered as timed out")
						}
					}
				}
				p.Release()
			}
		})
	}
	clients.Wait()
	close(stop)
	deciders.Wait()
	wantHeld(t, h, 0, 0)
	for i, lot := range lots {
		if n := lot.parked(); n != 0 {
			t.Errorf("partition %d: %d acknowledgements wait for nobody", i, n)
		}
	}
}

// A request that waits takes no memory, whatever the number of its partitions.
func TestParkedAnswersAllocateNothing(t *testing.T) {
	h, st := new(Handlers), new(produceState)
	lots, ends := make([]*parkingLot, 16), make([]kafka.Offset, 16)
	for i := range lots {
		lots[i], ends[i] = new(parkingLot), kafka.Offset(i)
	}
	parts := make([]msg.ProduceRequestPartitionProduceData, len(lots))
	call := &Call{Version: 13}
	wake := func() {}
	var dst []byte
	turn := func() {
		st.req.Acks, st.req.TimeoutMs = -1, 1000
		st.req.TopicData = append(st.req.TopicData[:0], msg.ProduceRequestTopicProduceData{PartitionData: parts})
		st.prepare()
		for i, lot := range lots {
			st.wait = append(st.wait, produceWait{p: lot, ack: replica.Ack{End: ends[i]}, part: i})
		}
		p := h.park(call, st)
		st.forget()
		p.Ready(wake)
		for _, lot := range lots[1:] { // the first times out
			lot.take(all).Tell()
		}
		dst = p.AppendTo(dst[:0])
		p.Release()
	}
	for range 10 {
		turn()
	}
	if n := testing.AllocsPerRun(200, turn); n > poolLosses {
		t.Errorf("%v allocations a parked request", n)
	}
}
