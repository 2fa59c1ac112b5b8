package partition

import (
	"context"
	"errors"
	"io/fs"
	"sync"
	"time"

	"github.com/gregor-stream/gregor/internal/kafka"
	"github.com/gregor-stream/gregor/internal/storage"
	"github.com/gregor-stream/gregor/internal/storage/logdir"
	"github.com/gregor-stream/gregor/internal/vfs"
)

// A log whose recovery finds no room, not even the reserve's, waits: its
// partition is offline, and once a second, when the disk has space again, the
// recovery is tried again, from what the checkpoint files said. It does without
// the reserve, so that a log that needs more than there is takes nothing from
// the others. Where it succeeds the partition is online, with the leader and
// the configuration that the metadata has by then. A new log that could not be
// made waits here, too.

// late is the logs that wait for space.
//
// Bound: logs has each partition of the broker at most once, and those that
// were removed while they were being opened; leaving those whose disk is slow.
type late struct {
	mu      sync.Mutex
	logs    map[*Partition]*lateLog
	gone    int                 // of them are gone
	leaving map[*Partition]bool // removed, and their directories may be in place, see Set.leave
	wake    chan struct{}       // holds at most one wake-up
}

// lateLog is one of them. What is not fixed is guarded by late.mu.
type lateLog struct {
	p       *Partition
	options storage.Options
	hw      kafka.Offset

	opening bool // somebody is at it
	gone    bool // and has to remove it, since the partition is removed
}

func (l *late) init() {
	l.logs = make(map[*Partition]*lateLog)
	l.leaving = make(map[*Partition]bool)
	l.wake = make(chan struct{}, 1)
}

func (l *late) add(log *lateLog) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.logs[log.p] == nil {
		l.logs[log.p] = log
	}
}

// nudge has the logs that wait looked at.
func (l *late) nudge() {
	l.mu.Lock()
	none := len(l.logs) == 0
	l.mu.Unlock()
	if none {
		return
	}
	select {
	case l.wake <- struct{}{}:
	default:
	}
}

// take gives the logs of d, to be opened now.
func (l *late) take(d *logDir) []*lateLog {
	l.mu.Lock()
	defer l.mu.Unlock()
	var list []*lateLog
	for p, log := range l.logs {
		if p.dir == d {
			log.opening = true
			list = append(list, log)
		}
	}
	return list
}

// put ends what take began: a log that waits on goes back. It says whether the
// log is to be removed.
func (l *late) put(log *lateLog, waits bool) (gone bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	log.opening = false
	if !log.gone && !waits {
		delete(l.logs, log.p)
	}
	return log.gone
}

// removed forgets a log that put said is to be removed, and is.
func (l *late) removed(log *lateLog) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.logs, log.p)
	l.gone--
}

// leave forgets a partition that is removed. It says false where its log is
// being opened: who does that removes it.
func (l *late) leave(p *Partition) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if log := l.logs[p]; log != nil && log.opening {
		log.gone = true
		l.gone++
		return false
	}
	delete(l.logs, p)
	return true
}

// goes notes partitions that are removed, and whose directories are not yet.
func (l *late) goes(list []*Partition) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, p := range list {
		l.leaving[p] = true
	}
}

// left forgets them, and has those looked at that waited for their places.
func (l *late) left(list []*Partition) {
	l.mu.Lock()
	for _, p := range list {
		delete(l.leaving, p)
	}
	l.mu.Unlock()
	l.nudge()
}

// ending says whether the directory that p is to have is another's, who was
// removed while its log was being opened, or whose disk is slow.
func (l *late) ending(p *Partition) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.gone == 0 && len(l.leaving) == 0 {
		return false // as nearly always
	}
	for other := range l.leaving {
		if other.tp == p.tp && other.dir == p.dir {
			return true
		}
	}
	for other, log := range l.logs {
		if log.gone && other.tp == p.tp && other.dir == p.dir {
			return true
		}
	}
	return false
}

// again are the options of a second try: what the first has left is looked at
// as after a crash.
func again(o storage.Options) storage.Options {
	o.Clean, o.Memo, o.Unchanged = false, nil, false
	return o
}

// recoverTight opens, one after the other, the logs that found no room together:
// what there is may do for some. The others wait, and the operator is told.
func (s *Set) recoverTight(now time.Time, list []*Partition, byPartition map[*Partition]*foundLog) {
	for _, p := range list {
		f := byPartition[p]
		if !f.noRoom {
			continue
		}
		p.role.Store(&role{leader: kafka.NoNode, epoch: kafka.NoLeaderEpoch})
		if s.recoverLog(now, f); !f.noRoom {
			continue
		}
		s.late.add(&lateLog{p: p, options: f.options, hw: f.hw})
		s.cfg.Log.Error("a partition is offline: the recovery of its log finds no room on the disk. Delete topics or records, "+
			"lower their retention, or enlarge the volume; the partition then comes back by itself",
			"partition", p.tp, "dir", p.dir.Path, "free", p.dir.Space.Free(), "missingAtLeast", p.dir.Space.Missing(), "error", p.role.Load().offline)
	}
}

// pace bounds how often one directory's logs are tried.
type pace struct {
	tried bool
	free  int64 // bytes that the last try left
	ended time.Time
	took  time.Duration
}

// paceShare is how many times as long as a try took the next waits where no more
// space is free than it left: quotas do not show there.
const paceShare = 10

func (p *pace) due(now time.Time, free int64) bool {
	switch rest := now.Sub(p.ended); {
	case !p.tried:
		return true
	case free > p.free:
		return rest >= p.took
	default:
		return rest >= paceShare*p.took
	}
}

// RunReopen opens the logs that wait for space, until ctx ends. It wants a
// goroutine of its own beside Run, which makes the room: a recovery may take long.
func (s *Set) RunReopen(ctx context.Context) error {
	paces := make([]pace, len(s.dirs))
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-s.late.wake:
		}
		for i, d := range s.dirs {
			if now := time.Now(); d.failed() == nil && !d.Space.Full() && paces[i].due(now, d.Space.Free()) {
				if s.openLateIn(ctx, d) {
					ended := time.Now()
					paces[i] = pace{tried: true, free: d.Space.Free(), ended: ended, took: ended.Sub(now)}
				}
			}
		}
	}
}

// openLateIn tries the logs of d: all at once, and those that found no room one
// after the other. It says whether some wait on.
func (s *Set) openLateIn(ctx context.Context, d *logDir) bool {
	list := s.late.take(d)
	waits := make([]bool, len(list))
	s.spread(len(list), func(i int) {
		if ctx.Err() == nil {
			waits[i] = s.openLateLog(list[i])
		}
	})
	left := 0
	for i, log := range list {
		if waits[i] && ctx.Err() == nil && len(list) > 1 {
			waits[i] = s.openLateLog(log)
		}
		if s.late.put(log, waits[i]) {
			s.discard(log.p)
			s.late.removed(log)
		} else if waits[i] {
			left++
		}
	}
	return left > 0
}

// openLateLog tries one log, and says whether it waits on.
func (s *Set) openLateLog(log *lateLog) (waits bool) {
	p, began := log.p, time.Now()
	if log.options.New {
		waits, made := s.makeLate(p)
		if made {
			s.tellAgain(p)
		}
		return waits
	}
	opened, err := s.tryLog(began, p, log.options)
	switch {
	case vfs.IsNoSpace(err):
		return true
	case err != nil:
		p.mu.Lock()
		defer p.mu.Unlock()
		if !p.role.Load().deleted {
			_ = s.unopenable(p, err) // until the next start
		}
		return false
	case !s.comeOnline(p, opened, log.hw):
		opened.Abandon()
		return false
	}
	s.cfg.Log.Info("there was room for the recovery of a log: its partition is online again", "partition", p.tp, "dir", p.dir.Path, "took", time.Since(began))
	s.tellAside([]foundLog{{p: p}})
	return false
}

// makeLate makes a new partition's log, unless somebody has.
func (s *Set) makeLate(p *Partition) (waits, made bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if r := p.role.Load(); p.made.Load() != nil || r.deleted || r.offline != nil || p.dir.failed() != nil {
		return false, p.made.Load() != nil
	}
	if s.late.ending(p) {
		return true, false
	}
	log, err := s.tryLog(time.Now(), p, storage.Options{New: true})
	switch {
	case vfs.IsNoSpace(err):
		return true, false
	case err != nil:
		_ = s.unopenable(p, err) // the operator was told
	default:
		log.SetConfig(p.config.Load()) // it may have come meanwhile
		p.made.Store(log)
	}
	return false, err == nil
}

// tellAgain has who serves a partition that this broker leads begin anew: a
// coordinator that found no log has given up until the next election.
func (s *Set) tellAgain(p *Partition) {
	s.publishing.Lock()
	defer s.publishing.Unlock()
	if r := p.role.Load(); s.cfg.Leads != nil && r.leads && r.offline == nil && !r.deleted {
		s.cfg.Leads(p.tp, r.epoch, false)
		s.tell(p)
	}
}

// comeOnline gives p its log, and the role that the metadata says. It says false
// where p is not needed any more, or its directory has failed meanwhile.
func (s *Set) comeOnline(p *Partition, log *storage.Log, hw kafka.Offset) bool {
	s.publishing.Lock()
	defer s.publishing.Unlock()
	if s.closed || p.role.Load().deleted || p.dir.failed() != nil {
		return false
	}
	m, ok := s.image.Load().Topics.ByID(p.topicID)
	s.mu.RLock()
	t := s.byID[p.topicID]
	s.mu.RUnlock()
	if !ok || t == nil {
		return false
	}
	reg, ok := m.Partition(p.tp.Partition)
	if !ok {
		return false
	}
	log.SetConfig(p.config.Load())
	log.SetHighWatermark(min(hw, log.LogEndOffset()))
	p.mu.Lock()
	r := *p.role.Load()
	r.leads, r.offline = false, nil // to lead it needs more than this, see lead
	p.made.Store(log)
	p.role.Store(&r)
	p.mu.Unlock()
	s.lead(time.Now(), t, p, reg)
	s.tell(p)
	s.assign(p, m)
	p.dir.dirty()
	return true
}

// removeUnopened removes the directory of a removed partition whose log could
// not be opened: its topic's deletion is to make room, too.
func (s *Set) removeUnopened(p *Partition) {
	if s.late.leave(p) {
		s.discard(p)
	}
}

// discard takes the directory of a removed partition out of the way, and has its
// files removed after file.delete.delay.ms. One that the start did not find is
// none of p's.
func (s *Set) discard(p *Partition) {
	if !p.found || p.dir.failed() != nil {
		return
	}
	id, err := kafka.NewUUID(s.cfg.Rand)
	from, to := p.dir.pathOf(p.tp), vfs.Join(p.dir.Path, logdir.Rename(p.tp, id, logdir.Delete))
	if err == nil {
		err = p.dir.spare(func() error { return s.cfg.Host.FS().Rename(from, to) })
	}
	switch {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		s.cfg.Log.Error("a deleted partition's directory could not be set aside; it stays", "partition", p.tp, "error", err)
		s.failed(p.dir, "delete "+p.tp.String(), err)
	default:
		s.chores.remove(p.dir, to, time.Now().Add(time.Duration(p.config.Load().FileDeleteDelayMs)*time.Millisecond))
		s.chores.nudge()
	}
}
