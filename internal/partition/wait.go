package partition

import (
	"context"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gregor-stream/gregor/internal/kafka"
	"github.com/gregor-stream/gregor/internal/replica"
)

// Waiter is somebody who waits for any of several partitions to move: a long
// poll. It belongs to one connection and is used again and again.
type Waiter struct {
	c chan struct{} // holds at most one wake-up
}

// NewWaiter makes a waiter.
func NewWaiter() *Waiter { return &Waiter{c: make(chan struct{}, 1)} }

// C receives when a partition that is watched has moved since the last receive.
func (w *Waiter) C() <-chan struct{} { return w.c }

// Reset forgets a wake-up that nobody received.
func (w *Waiter) Reset() {
	select {
	case <-w.c:
	default:
	}
}

func (w *Waiter) wake() {
	select {
	case w.c <- struct{}{}:
	default:
	}
}

// waiting is who waits for one partition. count lets an append see without a
// lock that nobody does.
//
// A watcher cannot miss a move: it adds itself first and reads the partition
// then; an append moves the high watermark first and looks at count then.
type waiting struct {
	count atomic.Int32
	mu    sync.Mutex
	polls []*Waiter
	room  [1]*Waiter // of polls: most who wait are alone
	acks  replica.Acks
}

// Watch wakes w whenever the high watermark or the role of p moves, until
// Unwatch. Records that wait for the disk before they may be read are synced for
// it.
func (p *Partition) Watch(w *Waiter) {
	p.waiting.mu.Lock()
	if p.waiting.polls == nil {
		p.waiting.polls = p.waiting.room[:0]
	}
	p.waiting.polls = append(p.waiting.polls, w)
	p.waiting.mu.Unlock()
	p.waiting.count.Add(1)
	p.hasten()
}

// Unwatch ends Watch.
func (p *Partition) Unwatch(w *Waiter) {
	p.waiting.mu.Lock()
	if i := slices.Index(p.waiting.polls, w); i >= 0 {
		last := len(p.waiting.polls) - 1
		p.waiting.polls[i] = p.waiting.polls[last]
		p.waiting.polls[last] = nil
		p.waiting.polls = p.waiting.polls[:last]
		p.waiting.count.Add(-1)
	}
	if len(p.waiting.polls) == 0 {
		p.waiting.polls, p.waiting.room[0] = nil, nil // idle partitions hold nothing
	}
	p.waiting.mu.Unlock()
}

// Park has a.Done told once, when the records below a.End are as safe as a.Acks
// asks for, or can no longer be. It reports true, and tells nobody, where that is
// so already. Until then a is the partition's; [Partition.Unpark] gets it back.
func (p *Partition) Park(a *replica.Ack) (ready bool, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if ok, err := p.acknowledged(a.Acks, a.End); ok {
		return true, err
	}
	p.waiting.mu.Lock()
	p.waiting.acks.Push(a)
	p.waiting.mu.Unlock()
	p.waiting.count.Add(1)
	p.hasten()
	return false, nil
}

// Unpark ends the waiting of a, which was parked here or nowhere. false: it was
// not waiting any more; where it was parked a.Done has been told, or is about to
// be by somebody else.
func (p *Partition) Unpark(a *replica.Ack) bool {
	p.waiting.mu.Lock()
	defer p.waiting.mu.Unlock()
	if !p.waiting.acks.Remove(a) {
		return false
	}
	p.waiting.count.Add(-1)
	return true
}

// AwaitAck is Park for who waits seldom: it takes memory for each call.
func (p *Partition) AwaitAck(acks int16, end kafka.Offset, done func(error)) (ready bool, err error) {
	return p.Park(&replica.Ack{Acks: acks, End: end, Done: tell(done)})
}

// tell is a function that is told.
type tell func(error)

// Acked implements replica.Acked.
func (f tell) Acked(_ *replica.Ack, err error) { f(err) }

// CatchUp waits until what is in the log now may be read, as far as that is this
// broker's doing: where the high watermark waits for the disk, it is made to
// move. Who asks for the end of a log, or deletes up to it, sees what a producer
// with acks=1 was told. The error is that of ctx.
func (p *Partition) CatchUp(ctx context.Context) error {
	if !p.behind.Load() {
		return nil
	}
	moved := make(chan struct{})
	a := &replica.Ack{Acks: onDisk, End: p.LogEndOffset(), Done: tell(func(error) { close(moved) })}
	if ready, _ := p.Park(a); ready {
		return nil
	}
	select {
	case <-moved:
		return nil
	case <-ctx.Done():
		p.Unpark(a)
		return ctx.Err()
	}
}

// Behind says that the high watermark waits for nothing but this broker's disk.
func (p *Partition) Behind() bool { return p.behind.Load() }

// Hasten begins what [Partition.CatchUp] waits for, for who has several to wait
// for: their syncs run together.
func (p *Partition) Hasten() {
	if p.behind.Load() {
		p.dir.committer.ask(p)
	}
}

// onDisk stands in for acks, for who waits for the local disk alone.
const onDisk = -2

// acknowledged asks the leader's state, or says that there is none any more.
// The caller holds mu.
func (p *Partition) acknowledged(acks int16, end kafka.Offset) (bool, error) {
	if err := p.role.Load().check(kafka.NoLeaderEpoch); err != nil {
		return true, err
	}
	if acks == onDisk {
		return p.leader.OnDisk(end), nil
	}
	return p.leader.Acknowledged(acks, end)
}

// wake is called after the high watermark moved, without mu.
func (w *waiting) wake() {
	if w.count.Load() == 0 {
		return
	}
	w.mu.Lock()
	for _, poll := range w.polls {
		poll.wake()
	}
	w.mu.Unlock()
}

// settle ends the parked acknowledgements that are decided. It is called
// without mu after the high watermark or the role moved.
func (p *Partition) settle() {
	p.waiting.wake()
	p.mu.Lock()
	p.waiting.mu.Lock()
	decided := p.waiting.acks.Decide(func(a *replica.Ack) (bool, error) { return p.acknowledged(a.Acks, a.End) })
	p.waiting.mu.Unlock()
	p.mu.Unlock()
	p.waiting.count.Add(int32(-decided.Count))
	decided.Tell()
}

// Synced takes note of how much of the log is on disk now: the high watermark
// and acknowledgements may have waited for it.
func (p *Partition) Synced(now time.Time) {
	p.mu.Lock()
	log := p.made.Load()
	if p.leader == nil || log == nil || !p.role.Load().leads {
		p.mu.Unlock()
		return
	}
	p.apply(p.leader.Synced(now, log.Synced(), p.set.brokers()))
	p.mu.Unlock()
	if p.waiting.count.Load() > 0 {
		p.settle()
	}
	// What was appended meanwhile, by who waits for no acknowledgement, has a
	// reader that waits, perhaps.
	p.hasten()
}
