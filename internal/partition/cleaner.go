package partition

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/gregor-stream/gregor/internal/config"
	"github.com/gregor-stream/gregor/internal/kafka"
	"github.com/gregor-stream/gregor/internal/storage"
	"github.com/gregor-stream/gregor/internal/storage/compact"
	"github.com/gregor-stream/gregor/internal/storage/logdir"
	"github.com/gregor-stream/gregor/internal/vfs"
)

// cleaner compacts the logs of all partitions: one goroutine looks for the
// dirtiest, and each compaction under way has one, at most log.cleaner.threads.
// Which log comes next, and when, is Kafka's LogCleanerManager's rule.
type cleaner struct {
	pace  pacer
	stats cleanerStats
	wake  chan struct{}
	done  chan *cleaning // a compaction ended

	mu      sync.Mutex
	running map[*Partition]*cleaning // at most log.cleaner.threads
	closed  bool
}

// cleaning is one compaction under way.
type cleaning struct {
	p     *Partition
	log   *storage.Log
	dirt  storage.Dirt
	slot  int // which of the threads it is, for the metrics
	stop  context.CancelFunc
	ended chan struct{}
}

func (c *cleaner) init() {
	c.wake = make(chan struct{}, 1)
	c.done = make(chan *cleaning)
	c.running = make(map[*Partition]*cleaning)
	c.stats.init()
}

// nudge has the cleaner look again now: its configuration may have changed.
func (c *cleaner) nudge() {
	select {
	case c.wake <- struct{}{}:
	default:
	}
}

// end stops a partition's compaction, if there is one, and waits for its end.
// The partition is deleted already, so that no other begins.
func (c *cleaner) end(p *Partition) {
	c.mu.Lock()
	run := c.running[p]
	c.mu.Unlock()
	if run != nil {
		run.stop()
		<-run.ended
	}
}

// close stops all compactions, and lets no other begin.
func (c *cleaner) close() {
	c.mu.Lock()
	c.closed = true
	all := slices.Collect(maps.Values(c.running))
	c.mu.Unlock()
	for _, run := range all {
		run.stop()
	}
	for _, run := range all {
		<-run.ended
	}
}

// begin notes a compaction, unless its partition is gone.
func (c *cleaner) begin(run *cleaning, stop context.CancelFunc) bool {
	run.stop, run.ended = stop, make(chan struct{})
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed || run.p.role.Load().deleted {
		return false
	}
	used := make(map[int]bool, len(c.running))
	for _, r := range c.running {
		used[r.slot] = true
	}
	for used[run.slot] {
		run.slot++
	}
	c.running[run.p] = run
	return true
}

func (c *cleaner) busy(p *Partition) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.running[p] != nil
}

// RunCleaner compacts logs until ctx ends, and waits for those under way.
func (s *Set) RunCleaner(ctx context.Context) error {
	var under sync.WaitGroup
	defer under.Wait()
	count := 0
	b := s.cfg.Broker()
	timer := time.NewTimer(time.Duration(min(b.LogInitialTaskDelayMs, b.CleanerBackoffMs, intervalMax.Milliseconds())) * time.Millisecond)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			for ; count > 0; count-- {
				<-s.cleaner.done
			}
			return nil
		case <-timer.C:
		case <-s.cleaner.wake:
		case <-s.cleaner.done:
			count--
		}
		b = s.cfg.Broker()
		for b.CleanerEnable && count < b.CleanerThreads {
			run := s.dirtiest(time.Now(), count)
			if run == nil {
				s.retainCompacted(time.Now())
				break
			}
			runCtx, stop := context.WithCancel(ctx)
			if !s.cleaner.begin(run, stop) {
				stop()
				break
			}
			count++
			under.Go(func() {
				s.clean(runCtx, run)
				stop()
				s.cleaner.done <- run
			})
		}
		timer.Reset(max(time.Duration(min(b.CleanerBackoffMs, intervalMax.Milliseconds()))*time.Millisecond, cleanerPause))
	}
}

// restMs is for how long a thread rests, at least, after a compaction that failed:
// the next it tries may be the same.
const restMs = 1000

// cleanerPause is the least time between two looks at all logs, when there is
// nothing to do.
const cleanerPause = 10 * time.Millisecond

// dirtiest chooses what to compact next: of the logs whose dirty part is large
// enough, or overdue, the one with the largest share of it.
func (s *Set) dirtiest(now time.Time, running int) *cleaning {
	var best *cleaning
	top, delay := 0.0, int64(0)
	for _, p := range s.all() {
		log := p.live()
		if log == nil || !log.Config().Compact || p.uncleanable.Load() || s.cleaner.busy(p) {
			continue
		}
		d, err := log.Dirt(now, kafka.Offset(p.cleaned.Load()))
		if err != nil {
			s.setUncleanable(p, err)
			s.failed(p.dir, "look for what to compact in "+p.tp.String(), err)
			continue
		}
		if d.Reset {
			p.cleaned.Store(int64(d.First))
			p.dir.cleaned.Store(true)
		}
		delay = max(delay, d.OverdueMs)
		if d.Clean+d.Cleanable > 0 {
			top = max(top, d.Ratio())
		}
		if d.End <= d.First || !d.Due(log.Config()) {
			continue
		}
		if best == nil || d.Ratio() > best.dirt.Ratio() {
			best = &cleaning{p: p, log: log, dirt: d}
		}
	}
	s.cleaner.stats.looked(now, top, delay, running)
	return best
}

// retainCompacted does for compacted logs what retainAll does for all, at the
// cleaner's pace, as in Kafka.
func (s *Set) retainCompacted(now time.Time) {
	list := s.all()
	list = slices.DeleteFunc(list, func(p *Partition) bool {
		log := p.live()
		return log == nil || !log.Config().Compact || s.cleaner.busy(p)
	})
	s.retain(now, list)
}

func (s *Set) setUncleanable(p *Partition, err error) {
	p.uncleanable.Store(true)
	s.cfg.Log.Warn("a log cannot be compacted; it is left as it is until the next start", "partition", p.tp, "dir", p.dir.Path, "error", err)
}

// errCleaningEnded ends a compaction early: the broker stops, the partition goes
// away, or its policy is no longer compact.
var errCleaningEnded = errors.New("the compaction is ended")

// clean compacts one log.
func (s *Set) clean(ctx context.Context, run *cleaning) {
	defer func() {
		s.cleaner.mu.Lock()
		delete(s.cleaner.running, run.p)
		s.cleaner.mu.Unlock()
		close(run.ended)
	}()
	b := s.cfg.Broker()
	if err := s.secure(run); err != nil {
		s.cleaner.pace.rest(ctx, max(b.CleanerBackoffMs, restMs)) // the operator was told
		return
	}
	tally := s.cleaner.stats.begin(time.Now())
	progress := time.Now()
	options := storage.CleanOptions{Limits: limits(b), Indexed: func() { tally.indexed = time.Now() }, Spare: run.p.dir.spare}
	options.Pace = func(bytes int) error {
		tally.bytes += int64(bytes)
		if now := time.Now(); now.Sub(progress) >= progressEvery {
			progress = now
			s.cfg.Log.Info("compacting", "partition", run.p.tp, "bytesDone", tally.bytes, "ofAtLeast", run.dirt.Clean+2*run.dirt.Cleanable)
		}
		if !run.log.Config().Compact || !s.cleaner.pace.wait(ctx, bytes, s.cfg.Broker().CleanerIOMaxBytesPerSecond) {
			return errCleaningEnded
		}
		return nil
	}
	done, err := run.log.Clean(time.Now(), &run.dirt, &options)
	run.p.unmemorize() // it has other files now
	tally.ended = time.Now()
	s.cleaner.stats.end(tally, &done, run.slot)
	switch {
	case err == nil:
		run.p.cleaned.Store(int64(done.Upto))
		run.p.dir.cleaned.Store(true)
		s.told(s.checkpointFile(run.p.dir, &run.p.dir.cleaned, logdir.CleanerFile, s.all(), cleanedOf))
		s.cfg.Log.Info("compacted", tally.attrs(run, &done)...)
		if done.Invalid > 0 {
			s.cfg.Log.Warn("records without a key were removed from a compacted log", "partition", run.p.tp, "records", done.Invalid)
		}
	case errors.Is(err, errCleaningEnded):
	case errors.Is(err, storage.ErrCleaningAborted):
		s.cleaner.pace.rest(ctx, restMs)
	case vfs.IsNoSpace(err):
		s.cfg.Log.Warn("a log could not be compacted: the disk is full; it is tried again", "partition", run.p.tp, "error", err)
		s.cleaner.pace.rest(ctx, max(b.CleanerBackoffMs, restMs))
	default:
		s.setUncleanable(run.p, err)
		s.failed(run.p.dir, "compact "+run.p.tp.String(), err)
	}
}

// secure makes what is to be compacted durable, and has the next start know it:
// it must not take the gaps for a loss.
func (s *Set) secure(run *cleaning) error {
	p := run.p
	began := time.Now()
	if err := s.synced(p, run.log, began, p.dir.spare(run.log.Settle)); err != nil {
		return err // the operator was told
	}
	if run.log.Settled() < run.dirt.End {
		return storage.ErrCleaningAborted // it was cut meanwhile
	}
	err := s.checkpointFile(p.dir, &p.dir.recoveryPoints, logdir.RecoveryPointFile, s.all(), recoveryPointOf)
	s.told(err)
	return err
}

// limits are the shares of one thread in what the cleaner may use.
func limits(b *config.Broker) compact.Limits {
	threads := max(b.CleanerThreads, 1)
	return compact.Limits{
		MapBytes: b.CleanerDedupeBufferBytes / int64(threads), MapLoad: b.CleanerLoadFactor,
		IOBytes: b.CleanerIOBufferBytes / threads / 2,
	}
}

// attrs is Kafka's line of statistics.
func (t *cleanerTally) attrs(run *cleaning, done *storage.Cleaned) []any {
	whole := t.ended.Sub(t.began)
	return []any{
		"partition", run.p.tp, "dirty", fmt.Sprintf("[%d, %d)", run.dirt.First, done.Upto), "took", whole, "indexing", t.indexed.Sub(t.began),
		"bytes", done.BytesRead, "bytesNow", done.BytesWritten, "records", done.RecordsRead, "recordsNow", done.RecordsWritten,
		"segments", done.Segments, "segmentsNow", done.Became, "bufferUtilization", fmt.Sprintf("%.1f%%", 100*done.Utilization),
	}
}

func cleanedOf(p *Partition) kafka.Offset { return kafka.Offset(p.cleaned.Load()) }
