package partition

import (
	"sync"
	"time"

	"github.com/gregor-stream/gregor/internal/kafka"
	"github.com/gregor-stream/gregor/internal/storage"
)

// cleanerStats is what the cleaner's metrics say: like Kafka's, mostly of the
// last compaction of each thread.
type cleanerStats struct {
	mu       sync.Mutex
	last     map[int]lastCleaning // by thread; at most log.cleaner.threads were ever set
	lastLook time.Time
	dirtiest float64
	runs     int64
	read     int64
	written  int64
}

type lastCleaning struct {
	utilization   float64
	read, written int64
	took          time.Duration
	overdueMs     int64
}

// cleanerTally is one compaction's times.
type cleanerTally struct {
	began, indexed, ended time.Time
	bytes                 int64
}

// CleanerStats is the state of the cleaner, for who observes.
type CleanerStats struct {
	Utilization  float64       // of the map, the highest of the last compactions
	RecopyRatio  float64       // bytes written for each that was read, in the last compactions
	LongestClean time.Duration // of the last compactions
	OverdueMs    int64         // how long a log waits for what max.compaction.lag.ms wants
	DirtyRatio   float64       // of the dirtiest log
	SinceLook    time.Duration // since all logs were looked at
	Running      int
	Runs         int64 // that ended
	Read         int64 // bytes, in all
	Written      int64
	// Uncleanable has, by log directory, the logs that cannot be compacted, and
	// the bytes that wait in them.
	Uncleanable map[string]Uncleanable
}

// Uncleanable is what cannot be compacted in a directory.
type Uncleanable struct {
	Partitions int
	Bytes      int64
}

func (c *cleanerStats) init() {
	c.last = make(map[int]lastCleaning)
	c.lastLook = time.Now()
}

func (c *cleanerStats) begin(now time.Time) *cleanerTally {
	return &cleanerTally{began: now, indexed: now, ended: now}
}

// looked notes a look at all logs.
func (c *cleanerStats) looked(now time.Time, dirtiest float64, overdueMs int64, slot int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.lastLook, c.dirtiest = now, dirtiest
	last := c.last[slot]
	last.overdueMs = overdueMs
	c.last[slot] = last
}

func (c *cleanerStats) end(t *cleanerTally, done *storage.Cleaned, slot int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	last := c.last[slot]
	last.utilization, last.read, last.written, last.took = done.Utilization, done.BytesRead, done.BytesWritten, t.ended.Sub(t.began)
	c.last[slot] = last
	c.runs++
	c.read += done.IndexBytes + done.BytesRead
	c.written += done.BytesWritten
}

// CleanerStats looks at the cleaner.
func (s *Set) CleanerStats() *CleanerStats {
	now := time.Now()
	out := &CleanerStats{Uncleanable: make(map[string]Uncleanable, len(s.dirs))}
	c := &s.cleaner.stats
	c.mu.Lock()
	read, written := int64(0), int64(0)
	for _, last := range c.last {
		out.Utilization, out.LongestClean = max(out.Utilization, last.utilization), max(out.LongestClean, last.took)
		out.OverdueMs = max(out.OverdueMs, last.overdueMs)
		read, written = read+last.read, written+last.written
	}
	out.RecopyRatio = float64(written) / float64(max(read, 1))
	out.DirtyRatio, out.SinceLook = c.dirtiest, now.Sub(c.lastLook)
	out.Runs, out.Read, out.Written = c.runs, c.read, c.written
	c.mu.Unlock()
	s.cleaner.mu.Lock()
	out.Running = len(s.cleaner.running)
	s.cleaner.mu.Unlock()
	for _, d := range s.dirs {
		out.Uncleanable[d.Path] = Uncleanable{}
	}
	for _, p := range s.all() {
		log := p.live()
		if log == nil || !p.uncleanable.Load() {
			continue
		}
		u := out.Uncleanable[p.dir.Path]
		u.Partitions++
		if d, err := log.Dirt(now, kafka.Offset(p.cleaned.Load())); err == nil {
			u.Bytes += d.Cleanable
		}
		out.Uncleanable[p.dir.Path] = u
	}
	return out
}
