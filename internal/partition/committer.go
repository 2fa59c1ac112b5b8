package partition

import (
	"sync"
	"time"

	"github.com/gregor-stream/gregor/internal/kafka"
	"github.com/gregor-stream/gregor/internal/storage"
)

// syncersMax is how many logs of one directory are synced at once. The system
// makes one commit of its journal of syncs that run together.
const syncersMax = 16

// committer syncs the logs of one directory for those who wait: a producer that
// asked for acks=all, a reader at the high watermark, a coordinator. Nobody
// waits, nothing is synced.
//
// It is clocked by itself: the sync of a log begins when the one before ends,
// and covers all that was appended until then. There is no timer, and no
// goroutine while nobody waits.
//
// What is short goes into the journal, many logs with one sync; for the rest
// each log's file is synced.
//
// Bounds: queue has each partition of the directory at most once, working is at
// most syncersMax.
type committer struct {
	set *Set
	dir *logDir
	journaler

	mu      sync.Mutex
	queue   []*Partition // for syncs of files
	memory  []*Partition // what queue begins with again
	working int
	closed  bool
	ended   sync.WaitGroup
	run     func() // work, as a goroutine that ended counts
}

func (c *committer) init(s *Set, dir *logDir) {
	c.set, c.dir = s, dir
	c.turn, c.stopped, c.turns = make(chan struct{}, 1), make(chan struct{}), 1
	c.run = func() { defer c.ended.Done(); c.work() }
	c.runShort = func() { defer c.ended.Done(); c.writeShort() }
}

// begin starts a goroutine that ended counts. mu is held, and closed not set.
func (c *committer) begin(run func()) {
	c.ended.Add(1)
	go run()
}

// syncState is what a committer has to do with a partition.
type syncState = uint32

const (
	syncIdle   syncState = iota
	syncQueued           // in a queue; its sync will see what is appended now
	syncRuns             // a syncer is at it
	syncAgain            // and somebody came since it began
)

// ask has p synced: from what is in its log now on.
func (c *committer) ask(p *Partition) {
	for {
		switch state := p.syncing.Load(); state {
		case syncQueued, syncAgain:
			return
		case syncRuns:
			if p.syncing.CompareAndSwap(state, syncAgain) {
				return
			}
		case syncIdle:
			if p.syncing.CompareAndSwap(state, syncQueued) {
				c.push(p)
				return
			}
		}
	}
}

// push puts p, which is queued, into the queue that suits it.
func (c *committer) push(p *Partition) {
	if log := p.live(); c.journal != nil && log != nil && log.Fits(pieceMost) {
		c.pushShort(p)
		return
	}
	c.pushFile(p)
}

func (c *committer) pushFile(p *Partition) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		p.syncing.Store(syncIdle)
		return
	}
	if c.queue == nil {
		c.queue = c.memory
	}
	if c.queue = append(c.queue, p); len(c.queue) == 1 {
		c.memory = c.queue[:0]
	}
	if c.working < syncersMax {
		c.working++
		c.begin(c.run)
	}
}

// next takes the first of the queue, or ends the syncer.
func (c *committer) next() *Partition {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.queue) == 0 || c.closed {
		c.working--
		c.queue = nil
		return nil
	}
	p := c.queue[0]
	c.queue[0] = nil
	c.queue = c.queue[1:]
	return p
}

func (c *committer) work() {
	for p := c.next(); p != nil; p = c.next() {
		p.syncing.Store(syncRuns)
		if log := p.live(); log != nil {
			_ = c.set.sync(p, log) // who waits was told
		}
		c.ran(p)
	}
}

// ran says that a sync of p has ended. Who came since it began gets another.
func (c *committer) ran(p *Partition) {
	if !p.syncing.CompareAndSwap(syncRuns, syncIdle) {
		p.syncing.Store(syncQueued)
		c.push(p)
	}
}

// close ends the syncers, and waits for the syncs under way.
func (c *committer) close() {
	c.mu.Lock()
	if !c.closed {
		c.closed = true
		close(c.stopped)
	}
	c.mu.Unlock()
	c.ended.Wait()
}

// sync makes p's records durable and lets go who waits for that. Where
// flush.messages is reached the recovery point has to move, too.
func (s *Set) sync(p *Partition, log *storage.Log) error {
	if log.FlushDue() {
		return s.flush(p, log)
	}
	began := time.Now()
	return s.synced(p, log, began, log.Sync())
}

// synced takes the outcome of a sync or flush that began at a time.
func (s *Set) synced(p *Partition, log *storage.Log, began time.Time, err error) error {
	now := time.Now()
	if s.cfg.Flushed != nil {
		s.cfg.Flushed(now.Sub(began))
	}
	if err != nil && log.Lost() == nil { // what was to be written beside the records was not; it is tried again
		p.trouble("flush", err)
		return err
	}
	if err != nil {
		p.lose(err)
		s.fence(p.dir, "sync", err)
		return err
	}
	p.flushed.Store(began.UnixMilli())
	p.dir.recoveryPoints.Store(true)
	p.Synced(now)
	return nil
}

// lose takes p offline for good: what of its log is on disk is not known.
func (p *Partition) lose(err error) {
	p.mu.Lock()
	r := *p.role.Load()
	if r.offline == nil {
		r.offline = kafka.Errorf(kafka.ErrKafkaStorageError, "the log of %s could not be synced: %v", p.tp, err)
	}
	p.leader = nil
	p.role.Store(&r)
	p.behind.Store(false)
	p.mu.Unlock()
	p.settle()
	p.set.tell(p)
}

// hasten has p synced where that would let somebody go on who waits. It is
// called after an append or a change of the role, and by who begins to wait; it
// may be called with mu.
func (p *Partition) hasten() {
	if p.behind.Load() && p.waiting.count.Load() > 0 {
		p.dir.committer.ask(p)
	}
}
