package partition

import (
	"context"
	"errors"
	"math/rand/v2"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gregor-stream/gregor/internal/kafka"
	"github.com/gregor-stream/gregor/internal/msg"
	"github.com/gregor-stream/gregor/internal/replica"
	"github.com/gregor-stream/gregor/internal/storage"
)

// wantNobodyWaits holds what a partition knows of those who wait against nobody.
func wantNobodyWaits(t *testing.T, p *Partition) {
	t.Helper()
	p.waiting.mu.Lock()
	defer p.waiting.mu.Unlock()
	if n := p.waiting.count.Load(); n != 0 || p.waiting.acks != (replica.Acks{}) {
		t.Errorf("%s: %d wait", p.tp, n)
	}
}

// parkOn appends one record and parks its acknowledgement.
func (b *broker) parkOn(p *Partition, done replica.Acked) *replica.Ack {
	b.t.Helper()
	info, err := p.Append(time.Now(), records(1, 10), -1, storage.AppendOptions{})
	if err != nil {
		b.t.Fatal(err)
	}
	a := &replica.Ack{Acks: -1, End: info.LastOffset + 1, Done: done}
	if ready, err := p.Park(a); ready {
		b.t.Fatalf("decided at once: %v", err)
	}
	return a
}

// Who gave up waiting is told nothing, and those beside it are.
func TestUnparkedAcknowledgementIsNotTold(t *testing.T) {
	slow(t, 1, nil, func(t *testing.T, b *broker, d *slowDisk) {
		p := b.partition("a", 0)
		d.set(func() { d.takes = time.Minute })
		var told [3]int
		var acks [3]*replica.Ack
		for i := range acks {
			acks[i] = b.parkOn(p, tell(func(error) { told[i]++ }))
		}
		time.Sleep(time.Second)
		if !p.Unpark(acks[1]) || p.Unpark(acks[1]) {
			t.Error("who waits is taken out once")
		}
		if n := p.waiting.count.Load(); n != 2 {
			t.Errorf("%d wait, want 2", n)
		}
		time.Sleep(5 * time.Minute)
		synctest.Wait()
		if told != [3]int{1, 0, 1} {
			t.Errorf("told %v times", told)
		}
		if p.Unpark(acks[0]) {
			t.Error("who was told is taken out, too")
		}
		wantNobodyWaits(t, p)
	})
}

func TestCatchUpThatIsGivenUpLeavesNobodyWaiting(t *testing.T) {
	slow(t, 1, nil, func(t *testing.T, b *broker, d *slowDisk) {
		p := b.partition("a", 0)
		d.set(func() { d.takes = time.Minute })
		unacked := b.produce(p, -1)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := p.CatchUp(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("caught up: %v", err)
		}
		if n := p.waiting.count.Load(); n != 1 {
			t.Errorf("%d wait, want the producer", n)
		}
		if err := <-unacked; err != nil {
			t.Error(err)
		}
	})
}

// turns counts what becomes of acknowledgements: each is told or unparked, and
// never both.
type turns struct{ told, unparked atomic.Int64 }

func (c *turns) Acked(*replica.Ack, error) { c.told.Add(1) }

// Acknowledgements are parked and unparked while their records are synced, while
// the leadership moves away and comes back, and while the directory fails: each
// ends once, and in one way.
func TestEachParkedAcknowledgementEndsOnce(t *testing.T) {
	slow(t, 2, []string{"min.insync.replicas=1"}, func(t *testing.T, b *broker, d *slowDisk) {
		b.set.cfg.Leads = nil // the test's own is for one goroutine
		ctx, cancel := context.WithCancel(t.Context())
		var watch sync.WaitGroup
		watch.Go(func() { _ = b.set.Watch(ctx) }) // which lets go who waits for a failed directory
		var failing atomic.Bool
		d.set(func() {
			d.takes = 0 // a fake clock stands still while somebody waits for a lock
			d.fail = func(string) bool {
				for range 20 {
					runtime.Gosched()
				}
				return failing.Load()
			}
		})
		var clients sync.WaitGroup
		var ended turns
		var parked atomic.Int64
		for n := range 6 {
			clients.Go(func() {
				random := rand.New(rand.NewPCG(3, uint64(n)))
				acks := make([]replica.Ack, 4)
				for range 300 {
					p := b.partition("a", int32(random.IntN(2)))
					for i := range acks {
						own := make(chan struct{}, 1)
						a := &acks[i]
						*a = replica.Ack{Acks: -1, Done: tell(func(error) { ended.told.Add(1); own <- struct{}{} })}
						done, err := p.Append(time.Now(), records(1, 10), -1, storage.AppendOptions{})
						if err != nil || done.Acked {
							continue
						}
						a.End = done.LastOffset + 1
						if ready, _ := p.Park(a); ready {
							continue
						}
						parked.Add(1)
						if random.IntN(2) == 0 {
							runtime.Gosched()
							if p.Unpark(a) {
								ended.unparked.Add(1)
								continue
							}
						}
						<-own // its memory is used again
					}
				}
			})
		}
		for round := 0; parked.Load() < 1000 && round < 100_000; round++ {
			runtime.Gosched()
			if round%20 > 1 {
				continue
			}
			change := msg.NewPartitionChangeRecord()
			change.PartitionId, change.TopicId, change.Leader = 0, topicID("a"), []int32{2, self}[round%20]
			b.apply(change)
		}
		failing.Store(true)
		clients.Wait()
		cancel()
		watch.Wait()
		if n := parked.Load(); n < 100 || ended.told.Load()+ended.unparked.Load() != n || ended.unparked.Load() == 0 {
			t.Errorf("%d were parked, %d told, %d unparked", n, ended.told.Load(), ended.unparked.Load())
		}
		for n := range int32(2) {
			wantNobodyWaits(t, b.partition("a", n))
		}
	})
}

// Waiting takes no memory: neither to begin, nor while others are decided.
func TestParkingAllocatesNothing(t *testing.T) {
	bubble(t, nil, 1, func(t *testing.T, b *broker) {
		list := newTopic("a", 1)
		first := list[1].(*msg.PartitionRecord)
		first.Replicas, first.Isr = []int32{self, 2}, []int32{self, 2} // broker 2 never fetches
		b.apply(list...)
		p := b.partition("a", 0)
		b.append(p, 1, 10)
		acks := make([]replica.Ack, 100)
		var done turns
		n := testing.AllocsPerRun(100, func() {
			for i := range acks {
				acks[i] = replica.Ack{Acks: -1, End: 1, Done: &done}
				if i%2 == 1 { // nobody's disk: decided as soon as somebody looks
					acks[i].Acks, acks[i].End = 1, kafka.Offset(0)
				}
				p.waiting.mu.Lock()
				p.waiting.acks.Push(&acks[i])
				p.waiting.mu.Unlock()
				p.waiting.count.Add(1)
			}
			p.settle()
			for i := range acks {
				if unparked := p.Unpark(&acks[i]); unparked != (i%2 == 0) {
					t.Fatalf("acknowledgement %d was waiting: %v", i, unparked)
				}
			}
		})
		if n != 0 {
			t.Errorf("%v allocations", n)
		}
		wantNobodyWaits(t, p)
	})
}
