package partition

import (
	"context"
	"math"
	"slices"
	"time"

	"github.com/gregor-stream/gregor/internal/storage/logdir"
)

// settleEvery is how often the recovery points are advanced: what a start after
// a crash has to read is what was written since.
const settleEvery = 5 * time.Second

// settleShare is how much of the disk's time the round may take: after each few
// logs it rests this many times as long as they took, at most settleRest. They
// are synced together: the system makes one commit of its own journal of that,
// for which those wait, too, whose producers wait.
const (
	settleShare  = 1
	settleRest   = 100 * time.Millisecond
	settleAtOnce = 8
)

// memoQuiet is how long nothing must have changed in a directory before a memo
// is made of it: longer than the clock ticks by which a file system tells
// times.
const memoQuiet = 50 * time.Millisecond

// RunSettle goes round the logs that were written to, until ctx ends, and makes
// durable what a recovery would have to read, a few logs at a time; then it writes
// the recovery points down. It wants a goroutine of its own: a round may take
// long where many logs are written to, and nobody waits for it.
func (s *Set) RunSettle(ctx context.Context) error {
	timer := time.NewTimer(settleEvery)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-timer.C:
		}
		s.settleRound(ctx)
		timer.Reset(settleEvery)
	}
}

func (s *Set) settleRound(ctx context.Context) {
	told := time.Now()
	for some := range slices.Chunk(s.unsettled(ctx), settleAtOnce) {
		if ctx.Err() != nil {
			return
		}
		began := time.Now()
		together(len(some), func(i int) { s.settleLog(some[i]) })
		if rest := min(time.Since(began)*settleShare, settleRest); rest > 0 {
			select {
			case <-ctx.Done():
				return
			case <-time.After(rest):
			}
		}
		if time.Since(told) > settleEvery { // a long round is worth something before its end
			told = time.Now()
			s.keepSettled()
		}
	}
	s.keepSettled()
}

// unsettled are the partitions whose logs have changed. Of the others memos are
// taken where there are none, of many after a start; an end does not wait for that.
func (s *Set) unsettled(ctx context.Context) []*Partition {
	var changed []*Partition
	for _, p := range s.all() {
		switch log := p.live(); {
		case log == nil:
		case ctx.Err() != nil:
			return nil
		case log.Unsettled():
			changed = append(changed, p)
		case !p.memoTried.Load():
			s.memorize(p, time.Now().Add(-memoQuiet))
		}
	}
	return changed
}

// settleLog settles a log.
func (s *Set) settleLog(p *Partition) {
	log := p.live()
	if log == nil {
		return
	}
	began := time.Now()
	p.unmemorize()
	if err := s.synced(p, log, began, p.dir.spare(log.Settle)); err != nil {
		return // the operator was told
	}
	if !p.memoTried.Load() {
		s.memorize(p, began.Add(-memoQuiet))
	}
}

// memorize takes a log's memo, where nothing changed after a time.
func (s *Set) memorize(p *Partition, changedBefore time.Time) {
	log := p.live()
	if log == nil {
		return
	}
	memo, again, err := log.Memo(changedBefore.UnixNano())
	if err != nil {
		return // the next start looks for itself
	}
	p.memoTried.Store(!again)
	p.memo.Store(memo)
	if memo != nil {
		p.dir.memos.Store(true)
	}
}

// unmemorize has a memo of the log made anew.
func (p *Partition) unmemorize() {
	p.memoTried.Store(false)
	p.memo.Store(nil)
}

// keepSettled writes recovery points and memos, where there are newer ones.
func (s *Set) keepSettled() {
	s.checkpointRecoveryPoints(time.Now())
	for _, d := range s.dirs {
		if d.failed() == nil {
			s.told(s.writeMemos(d))
		}
	}
}

func (s *Set) writeMemos(d *logDir) error {
	if !d.memos.Swap(false) {
		return nil
	}
	var memos []*logdir.Memo
	for _, p := range s.all() {
		if memo := p.memo.Load(); memo != nil && p.dir == d && !p.role.Load().deleted {
			memos = append(memos, memo)
		}
	}
	err := logdir.WriteMemos(s.cfg.Host.FS(), d.Path, time.Now().Add(-memoQuiet).UnixNano(), memos)
	if err != nil {
		d.memos.Store(true)
	}
	return err
}

// memosOf reads the memos of a log directory. After a clean shutdown all can be
// believed, otherwise those of logs that had been at rest for a while.
func (s *Set) memosOf(d *logDir, clean bool) logdir.Memos {
	memos, err := logdir.ReadMemos(s.cfg.Host.FS(), d.Path)
	if err != nil {
		s.cfg.Log.Info("the memos of the logs cannot be read; every directory is looked at", "dir", d.Path, "error", err)
	}
	if clean {
		memos.Written = math.MaxInt64
	}
	return memos
}
