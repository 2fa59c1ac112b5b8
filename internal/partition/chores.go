package partition

import (
	"context"
	"sync"
	"time"

	"github.com/gregor-stream/gregor/internal/storage"
)

// idleClose is how long a log may be unused before its files are closed.
const idleClose = 30 * time.Second

// chores is the work that waits for the housekeeping goroutine.
//
// Bounds: soon has at most the broker's partitions, removals one entry for
// each directory that was deleted within the last file.delete.delay.ms.
type chores struct {
	mu       sync.Mutex
	soon     map[*Partition]chore
	removals []removal
	wake     chan struct{}
}

// chore is what is due for one partition; the bits add up.
type chore uint8

const (
	flush  chore = 1 << iota // a segment was completed
	retain                   // the log start moved
	create                   // a new partition's directory is to be made
)

// removal is a directory to be removed.
type removal struct {
	at   time.Time
	path string
	d    *logDir
	p    *Partition // nil for what an earlier run left
}

func (c *chores) init() {
	c.soon = make(map[*Partition]chore)
	c.wake = make(chan struct{}, 1)
}

func (c *chores) add(p *Partition, what chore) {
	c.mu.Lock()
	c.soon[p] |= what
	c.mu.Unlock()
	c.nudge()
}

func (c *chores) addAll(list []*Partition, what chore) {
	if len(list) == 0 {
		return
	}
	c.mu.Lock()
	for _, p := range list {
		c.soon[p] |= what
	}
	c.mu.Unlock()
	c.nudge()
}

func (c *chores) nudge() {
	select {
	case c.wake <- struct{}{}:
	default:
	}
}

func (c *chores) remove(d *logDir, path string, at time.Time) {
	c.mu.Lock()
	c.removals = append(c.removals, removal{at: at, path: path, d: d})
	c.mu.Unlock()
}

// appended does what an append leaves to do. What flush.messages asks for is
// done before the append is acknowledged, as in Kafka: one sync serves all who
// wait for it, and where the acknowledgement waits for a sync anyway, that is
// the one. A completed segment can wait.
func (s *Set) appended(p *Partition, log *storage.Log, done *Appended) error {
	switch {
	case !log.FlushDue():
	case !done.Acked && p.behind.Load():
		p.dir.committer.ask(p)
	default:
		if err := s.flush(p, log); err != nil {
			return err
		}
	}
	if done.Rolled {
		s.chores.add(p, flush)
	}
	return nil
}

func (s *Set) retainSoon(p *Partition) { s.chores.add(p, retain) }

func (s *Set) removeLater(p *Partition, at time.Time) {
	s.chores.mu.Lock()
	s.chores.removals = append(s.chores.removals, removal{at: at, d: p.dir, p: p})
	s.chores.mu.Unlock()
	s.chores.nudge()
}

// timed is work that comes round.
type timed struct {
	every func() int64 // milliseconds, as configured now
	run   func(now time.Time)
	next  time.Time
}

// housekeeping is the one goroutine behind all partitions.
func (s *Set) housekeeping(ctx context.Context) error {
	b := s.cfg.Broker
	work := []*timed{
		{every: func() int64 { return spaceEvery.Milliseconds() }, run: s.checkSpace},
		{every: func() int64 { return b().HighWatermarkCheckpointIntervalMs }, run: s.checkpointHighWatermarks},
		{every: func() int64 { return b().LogFlushOffsetCheckpointIntervalMs }, run: s.checkpointRecoveryPoints},
		{every: func() int64 { return b().LogFlushStartOffsetCheckpointIntervalMs }, run: s.checkpointLogStarts},
		{every: func() int64 { return b().LogRetentionCheckIntervalMs }, run: s.retainAll},
		{every: func() int64 { return b().LogFlushSchedulerIntervalMs }, run: s.flushAged},
		{every: func() int64 { return int64(b().ProducerIDExpirationCheckIntervalMs) }, run: s.expireProducers},
		{every: func() int64 { return idleClose.Milliseconds() / 2 }, run: s.closeIdle},
	}
	start := time.Now()
	for _, w := range work {
		w.next = start.Add(min(interval(w), max(time.Duration(b().LogInitialTaskDelayMs)*time.Millisecond, time.Millisecond)))
	}
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		timer.Reset(time.Until(s.nextDue(work)))
		select {
		case <-ctx.Done():
			return nil
		case <-timer.C:
		case <-s.chores.wake:
		}
		s.doSoon(ctx)
		now := time.Now()
		s.removeDue(now)
		for _, w := range work {
			if !now.Before(w.next) {
				w.run(now)
				w.next = time.Now().Add(interval(w))
			}
		}
	}
}

// intervalMax keeps "never" (Long.MAX_VALUE) within what a timer takes.
const intervalMax = 24 * time.Hour

func interval(w *timed) time.Duration {
	ms := w.every()
	if ms <= 0 || ms > intervalMax.Milliseconds() {
		return intervalMax
	}
	return time.Duration(ms) * time.Millisecond
}

func (s *Set) nextDue(work []*timed) time.Time {
	next := work[0].next
	for _, w := range work[1:] {
		if w.next.Before(next) {
			next = w.next
		}
	}
	s.chores.mu.Lock()
	for _, r := range s.chores.removals {
		if r.at.Before(next) {
			next = r.at
		}
	}
	s.chores.mu.Unlock()
	return next
}

func (s *Set) doSoon(ctx context.Context) {
	s.chores.mu.Lock()
	soon := s.chores.soon
	s.chores.soon = make(map[*Partition]chore)
	s.chores.mu.Unlock()
	now := time.Now()
	var old []*Partition
	for p, what := range soon {
		if ctx.Err() != nil {
			return // the next start makes what is missing
		}
		if what&create != 0 {
			_, _ = p.open() // where it fails the partition is offline, and the operator told
		}
		log := p.live()
		if log == nil {
			continue
		}
		if what&flush != 0 {
			_ = s.flush(p, log) // the operator was told
		}
		if what&retain != 0 {
			old = append(old, p)
		}
	}
	if len(old) > 0 {
		s.retain(now, old)
	}
}

func (s *Set) removeDue(now time.Time) {
	s.chores.mu.Lock()
	var due []removal
	rest := s.chores.removals[:0]
	for _, r := range s.chores.removals {
		if r.at.After(now) && !r.d.Space.Full() { // a full disk does not wait
			rest = append(rest, r)
		} else {
			due = append(due, r)
		}
	}
	s.chores.removals = rest
	s.chores.mu.Unlock()
	for _, r := range due {
		if r.d.failed() != nil {
			continue // the next start looks at what is left
		}
		var err error
		path := r.path
		if r.p != nil {
			log := r.p.made.Load()
			path = log.Dir()
			err = log.Remove()
		} else {
			err = s.cfg.Host.FS().RemoveAll(path)
		}
		if err != nil {
			s.failed(r.d, "remove "+path, err)
			s.cfg.Log.Error("a deleted partition's directory could not be removed; the next start tries again", "dir", path, "error", err)
		}
	}
}
