package partition

import (
	"math"
	"slices"
	"time"

	"github.com/gregor-stream/gregor/internal/kafka"
)

// A removed partition is out of the set at once. Its directory is renamed, and
// taken out of the checkpoint files, by a goroutine of the log directory: a log
// that is being synced is closed when that has ended, and on a disk that hangs it
// does not end. The publication waits for it a while, and then goes on; until the
// directory is out of its place, a new partition of the same name has no log.

// leaveWait is how long a publication waits for the disks of what it removes. It
// is long beside a sync, and short beside the session of a broker.
const leaveWait = 2 * time.Second

// forever is the patience of who cannot go on.
const forever = time.Duration(math.MaxInt64)

// removePartitions takes partitions away, for leave to move their directories.
func (s *Set) removePartitions(gone []*Partition) {
	gone = slices.DeleteFunc(slices.Clone(gone), func(p *Partition) bool { return p == nil })
	for _, p := range gone {
		p.become(&role{deleted: true, leader: kafka.NoNode, epoch: p.role.Load().epoch})
		p.settle()
	}
	for _, p := range gone {
		s.tell(p)
		p.dir.partitions.Add(-1)
	}
	s.late.goes(gone)
	s.removed = append(s.removed, gone...)
}

// leave moves the directories of removed partitions out of their places. It waits
// for the disks, but not longer than patience, and not for one whose partitions of
// an earlier publication are still there. publishing is held.
//
// Bound: a directory has one goroutine for each publication that removed
// partitions of it since its disk hangs.
func (s *Set) leave(patience time.Duration) {
	gone := s.removed
	s.removed = nil
	var began []*logDir
	var ends []chan struct{}
	for _, d := range s.dirs {
		list := slices.DeleteFunc(slices.Clone(gone), func(p *Partition) bool { return p.dir != d })
		if len(list) == 0 && (!d.removed.Load() || d.failed() != nil) {
			continue
		}
		end := make(chan struct{})
		if d.leaving.Add(1) == 1 {
			began, ends = append(began, d), append(ends, end)
		}
		d.committer.ended.Go(func() {
			defer close(end)
			defer d.leaving.Add(-1)
			s.leaveDir(d, list)
		})
	}
	if len(ends) == 0 {
		return
	}
	timer := time.NewTimer(patience)
	defer timer.Stop()
	for i, end := range ends {
		select {
		case <-end:
		case <-timer.C:
			s.cfg.Log.Warn("removed partitions wait for their disk, which does not answer; their directories are removed when it does",
				"dir", began[i].Path, "waited", patience)
			return
		}
	}
}

// leaveDir moves the directories of partitions in d, which are removed after
// file.delete.delay.ms.
func (s *Set) leaveDir(d *logDir, gone []*Partition) {
	s.parallel(gone, s.leaveLog)
	stale := d.removed.Load()
	for _, p := range gone {
		stale = stale || logStartOf(p) > 0 || recoveryPointOf(p) > 0 || cleanedOf(p) > 0
	}
	d.dirty()
	if stale {
		s.forgetRemoved(d)
	}
	s.late.left(gone)
}

func (s *Set) leaveLog(p *Partition) {
	s.cleaner.end(p)
	log := p.made.Load()
	if log == nil {
		s.removeUnopened(p)
		return
	}
	if p.dir.failed() != nil {
		// As in Kafka it stays; where its disk comes back, the next start
		// sets it aside.
		s.cfg.Log.Error("a deleted partition's directory stays: its log directory has failed", "partition", p.tp)
		log.Abandon() // nobody finds it any more, and its files are open
		return
	}
	id, err := kafka.NewUUID(s.cfg.Rand)
	if err == nil {
		err = p.dir.spare(func() error { return log.Delete(id) })
	}
	if err != nil {
		s.cfg.Log.Error("a deleted partition's directory could not be set aside; it stays", "partition", p.tp, "error", err)
		s.failed(p.dir, "delete "+p.tp.String(), err)
		return
	}
	s.removeLater(p, time.Now().Add(time.Duration(p.config.Load().FileDeleteDelayMs)*time.Millisecond))
}
