package partition

import (
	"context"
	"math"
	"time"

	"github.com/gregor-stream/gregor/internal/storage/logdir"
)

// settleEvery is how often the recovery points are advanced: what a start after
// a crash has to read is what was written since.
const settleEvery = 5 * time.Second

// settleShare is how much of the disk's time the round may take: after each
// sync it rests this many times as long as the sync took, at most settleRest.
const (
	settleShare = 1
	settleRest  = 100 * time.Millisecond
)

// memoQuiet is how long nothing must have changed in a directory before a memo
// is made of it: longer than the clock ticks by which a file system tells
// times.
const memoQuiet = 50 * time.Millisecond

// RunSettle goes round the logs that were written to, until ctx ends, and makes
// durable what a recovery would have to read, one log at a time; then it writes
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
	for _, p := range s.all() {
		if ctx.Err() != nil {
			return
		}
		took, changed := s.settleLog(p)
		if !changed {
			continue
		}
		if rest := min(took*settleShare, settleRest); rest > 0 {
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

// settleLog settles a log, if it has changed, and says how long that took.
func (s *Set) settleLog(p *Partition) (took time.Duration, changed bool) {
	log := p.live()
	if log == nil {
		return 0, false
	}
	began := time.Now()
	if log.Unsettled() {
		changed = true
		p.unmemorize()
		if err := s.synced(p, log, began, p.dir.spare(log.Settle)); err != nil {
			return time.Since(began), true // the operator was told
		}
	}
	if !p.memoTried.Load() {
		s.memorize(p, began.Add(-memoQuiet))
	}
	return time.Since(began), changed
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
