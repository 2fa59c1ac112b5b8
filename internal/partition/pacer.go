package partition

import (
	"context"
	"sync"
	"time"
)

// paceInterval is over how long the rate of the cleaner's I/O is measured.
const paceInterval = 300 * time.Millisecond

// pacer holds the reads and writes of all compactions together to a rate, as
// Kafka's Throttler.
type pacer struct {
	mu    sync.Mutex
	since time.Time
	bytes int64
}

// due counts bytes, and says how long to wait so that the rate (bytes a second)
// is kept.
func (p *pacer) due(now time.Time, bytes int, rate float64) time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.since.IsZero() {
		p.since = now
	}
	p.bytes += int64(bytes)
	took := now.Sub(p.since)
	if took < paceInterval {
		// Many bytes in no time: do not let them all pass before the first look.
		if float64(p.bytes) <= rate*paceInterval.Seconds() {
			return 0
		}
	}
	wait := time.Duration(0)
	if should := float64(p.bytes) / rate; should > took.Seconds() {
		wait = time.Duration(min((should-took.Seconds())*float64(time.Second), float64(time.Hour)))
	}
	p.since, p.bytes = now.Add(wait), 0
	return wait
}

// wait waits until so many bytes may pass; false where ctx ends first.
func (p *pacer) wait(ctx context.Context, bytes int, rate float64) bool {
	if rate <= 0 {
		rate = 1
	}
	if d := p.due(time.Now(), bytes, rate); d > 0 {
		return sleep(ctx, d)
	}
	return ctx.Err() == nil
}

// rest waits so many milliseconds, or until ctx ends.
func (p *pacer) rest(ctx context.Context, ms int64) {
	sleep(ctx, time.Duration(min(ms, intervalMax.Milliseconds()))*time.Millisecond)
}

func sleep(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}
