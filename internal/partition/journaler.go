package partition

import (
	"sync"
	"sync/atomic"
	"time"

	"github.com/gregor-stream/gregor/internal/storage"
	"github.com/gregor-stream/gregor/internal/storage/journal"
)

// pieceMost is how much of a log goes into the journal at most. Above it the
// second copy costs more than the sync of a file that it saves.
const pieceMost = 64 << 10

// writersMax is how many goroutines write to the journal: while one waits for
// the disk the other lets those go who waited for the sync before.
const writersMax = 2

// drainShare bounds the part of the time in which halves are drained: where it
// would be more they become longer.
const drainShare = 20

// drainTries is how often a log is tried that changes while it is synced.
const drainTries = 100

// journaler is the part of a committer that has the sync journal.
//
// Bounds: short has each partition of the directory at most once; each of inHalf
// those with pieces in it, and who was removed since, too; there are writersMax
// writers at most, as many lists and one more, and one drain.
type journaler struct {
	journal *journal.Journal // nil: there is none, all files are synced. Set by Load.
	turn    chan struct{}    // who has put something in may use the journal
	stopped chan struct{}    // closed by the committer's close

	// Guarded by the committer's mu.
	short   []*Partition
	spare   [][]*Partition // memory for short
	writers int

	runShort func() // writeShort, as a goroutine that ended counts

	// Guarded by turn.
	inHalf [2][]*Partition // who has pieces in a half
	turns  uint64          // of the halves, from 1 on
	turned time.Time       // when the last was
	pieces []taken
}

// taken is a piece that a group has.
type taken struct {
	p     *Partition
	log   *storage.Log
	piece storage.Piece
}

// together runs f for the numbers below n, as many at once as syncs of files.
func together(n int, f func(i int)) {
	var next atomic.Int64
	var wait sync.WaitGroup
	for range min(n, syncersMax) {
		wait.Go(func() {
			for i := int(next.Add(1) - 1); i < n; i = int(next.Add(1) - 1) {
				f(i)
			}
		})
	}
	wait.Wait()
}

// pushShort queues p for the journal.
func (c *committer) pushShort(p *Partition) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		p.syncing.Store(syncIdle)
		return
	}
	c.short = append(c.short, p)
	if c.writers < writersMax {
		c.writers++
		c.begin(c.runShort)
	}
}

// writeShort writes what is queued, as one group after the other.
func (c *committer) writeShort() {
	for {
		c.turn <- struct{}{}
		c.mu.Lock()
		list := c.short
		c.short = nil
		if n := len(c.spare); n > 0 {
			c.short, c.spare = c.spare[n-1], c.spare[:n-1]
		}
		if len(list) == 0 {
			c.spare = append(c.spare, list)
			c.writers--
			c.mu.Unlock()
			<-c.turn
			return
		}
		c.mu.Unlock()
		began := time.Now()
		w := c.writeGroup(list)
		if w.group && c.set.cfg.Flushed != nil {
			c.set.cfg.Flushed(time.Since(began))
		}
		<-c.turn
		now := time.Now()
		for _, p := range w.done {
			p.Synced(now)
			c.ran(p)
		}
		for _, p := range w.rest {
			c.elsewhere(p, w.failed)
		}
		clear(list)
		c.mu.Lock()
		c.spare = append(c.spare, list[:0])
		c.mu.Unlock()
	}
}

// written is what became of a list of partitions.
type written struct {
	done   []*Partition // on disk now, or there is nothing to be synced
	rest   []*Partition // to be synced in their files
	failed error        // why the journal has failed, and with it the directory
	group  bool         // a group was written
}

// writeGroup puts the ends of logs into the journal. The turn is the caller's.
// Who is neither done nor among the rest is queued elsewhere.
func (c *committer) writeGroup(list []*Partition) written {
	if c.dir.failed() != nil {
		return written{rest: list} // nothing is written where nothing is known
	}
	turned, err := c.journal.Begin()
	if err != nil {
		return written{rest: list, failed: c.journal.Failed()}
	}
	if turned {
		c.turns++
		filled := time.Since(c.turned)
		c.turned = time.Now()
		former := 1 - c.journal.Active()
		logs := c.inHalf[former]
		c.inHalf[former] = nil
		c.ended.Go(func() { c.drain(logs, filled) }) // it counts with this one
	}
	w := written{done: c.gather(list)}
	if len(c.pieces) == 0 {
		return w
	}
	defer func() { clear(c.pieces); c.pieces = c.pieces[:0] }()
	number, err := c.journal.Commit()
	w.group, w.failed = err == nil, c.journal.Failed()
	for i := range c.pieces {
		t := &c.pieces[i]
		if err != nil {
			t.log.EndPiece(&t.piece, false)
			w.rest = append(w.rest, t.p)
			continue
		}
		if t.p.journalTurn != c.turns {
			t.p.journalTurn = c.turns
			active := c.journal.Active()
			c.inHalf[active] = append(c.inHalf[active], t.p)
		}
		t.p.journaled.Store(number)
		t.log.EndPiece(&t.piece, true)
		w.done = append(w.done, t.p)
	}
	return w
}

// take puts a piece of p's log into the group; full says that there is no room
// for it.
func (c *committer) take(p *Partition, log *storage.Log) (added, full bool) {
	piece, ok := log.BeginPiece(pieceMost)
	if !ok {
		return false, false
	}
	c.pieces = append(c.pieces, taken{p, log, piece})
	t := &c.pieces[len(c.pieces)-1]
	e := journal.Entry{Log: piece.Log, Topic: piece.Topic, Base: piece.Base, Position: piece.Position, End: piece.End, Size: piece.Size}
	added, err := c.journal.Add(&e, &t.piece)
	if !added {
		log.EndPiece(&t.piece, false)
		c.pieces = c.pieces[:len(c.pieces)-1]
	}
	return added, !added && err == nil
}

// elsewhere has p's file synced where the journal did not take it. Where the
// journal has failed the directory has, as for any other sync, and who waits for
// p is told.
func (c *committer) elsewhere(p *Partition, failed error) {
	if failed != nil {
		p.lose(failed)
		c.set.fence(c.dir, "sync the journal in", failed)
	}
	p.syncing.Store(syncQueued)
	c.pushFile(p)
}

// gather takes pieces for a group, and gives those who need none.
func (c *committer) gather(list []*Partition) (done []*Partition) {
	done = list[:0]
	for i, p := range list {
		p.syncing.Store(syncRuns)
		log := p.live()
		if log == nil {
			done = append(done, p)
			continue
		}
		added, full := false, false
		if !log.FlushDue() {
			added, full = c.take(p, log)
		}
		switch {
		case added:
		case full && len(c.pieces) > 0:
			for _, p := range list[i:] {
				p.syncing.Store(syncQueued)
				c.pushShort(p)
			}
			return done
		default:
			p.syncing.Store(syncQueued)
			c.pushFile(p)
		}
	}
	return done
}

// drain syncs the logs that have pieces in the half of the journal that is not
// written to, so that it may be used again. filled is how long it took to fill it.
func (c *committer) drain(list []*Partition, filled time.Duration) {
	began := time.Now()
	var left atomic.Int64
	together(len(list), func(i int) {
		if !c.drained(list[i]) {
			left.Add(1)
		}
	})
	if left.Load() > 0 {
		return
	}
	c.turn <- struct{}{}
	if c.dir.failed() == nil {
		c.journal.Done()
		if time.Since(began)*drainShare > filled {
			c.journal.Grow()
		}
	}
	<-c.turn
}

// drained syncs p's file; false where it could not. Of a partition that is removed
// nothing is needed.
func (c *committer) drained(p *Partition) bool {
	log := p.made.Load()
	for try := range drainTries {
		if p.dir.failed() != nil {
			return false
		}
		began := time.Now()
		done, err := log.File()
		err = c.set.synced(p, log, began, err)
		if err == nil && done || p.role.Load().deleted {
			return true
		}
		select {
		case <-c.stopped:
			return false
		case <-time.After(min(time.Duration(try+1)*time.Millisecond, 100*time.Millisecond)):
		}
	}
	return false
}
