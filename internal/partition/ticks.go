package partition

import (
	"time"

	"github.com/gregor-stream/gregor/internal/kafka"
	"github.com/gregor-stream/gregor/internal/storage"
	"github.com/gregor-stream/gregor/internal/storage/logdir"
	"github.com/gregor-stream/gregor/internal/vfs"
)

func (s *Set) checkpointHighWatermarks(time.Time) {
	for _, d := range s.dirs {
		if d.highWatermarks.Load() {
			s.told(s.checkpointFile(d, &d.highWatermarks, logdir.HighWatermarkFile, s.all(), highWatermarkOf))
		}
	}
}

func (s *Set) checkpointRecoveryPoints(time.Time) {
	for _, d := range s.dirs {
		if d.recoveryPoints.Load() {
			s.told(s.checkpointFile(d, &d.recoveryPoints, logdir.RecoveryPointFile, s.all(), recoveryPointOf))
		}
	}
}

func (s *Set) checkpointLogStarts(time.Time) { s.writeLogStarts() }

// writeLogStarts says in which directories it failed.
func (s *Set) writeLogStarts() map[*logDir]bool {
	failed := map[*logDir]bool{}
	all := s.all()
	for _, d := range s.dirs {
		// Whether there is anything to write is looked at under the lock that the
		// writing is done under: another may be at it.
		err := s.checkpointFile(d, &d.logStarts, logdir.LogStartFile, all, logStartOf)
		s.told(err)
		failed[d] = err != nil
	}
	return failed
}

func (s *Set) told(err error) {
	if err != nil && !vfs.IsNoSpace(err) {
		s.cfg.Log.Error("a checkpoint was not written; it is tried again", "error", err)
	}
}

func (s *Set) retainAll(now time.Time) { s.retain(now, s.all()) }

// retain deletes what retention and DeleteRecords let go. Where the logs begin
// is on disk before their files go: a crash that undoes some of the deletions
// is completed by the next start.
func (s *Set) retain(now time.Time, list []*Partition) {
	if len(list) == 0 {
		return
	}
	starts := make([]kafka.Offset, len(list))
	for i, p := range list {
		log := p.live()
		if log == nil {
			continue
		}
		var moved bool
		err := p.dir.spare(func() (err error) { moved, err = log.Expire(now); return err }) // it may begin a segment
		if err != nil {
			s.cfg.Log.Error("old segments could not be found", "partition", p.tp, "error", err)
			p.trouble("retain", err)
		}
		starts[i] = log.LogStartOffset()
		if moved || log.Retainable(starts[i]) { // who moved it may not have said so yet
			p.dir.logStarts.Store(true)
		}
	}
	failed := s.writeLogStarts()
	for i, p := range list {
		log := p.live()
		if log == nil || failed[p.dir] {
			continue
		}
		err := p.dir.spare(func() error { _, err := log.RetainFrom(now, starts[i]); return err })
		if err != nil {
			s.cfg.Log.Error("old segments could not be deleted", "partition", p.tp, "error", err)
			p.trouble("retain", err)
		}
		if err := log.Sweep(now); err != nil {
			s.cfg.Log.Error("files of deleted segments could not be removed", "partition", p.tp, "error", err)
			p.trouble("remove deleted segments of", err)
		}
	}
}

// flushAged flushes the logs whose last flush is flush.ms ago, as often as
// log.flush.scheduler.interval.ms says. A log that nobody flushed yet counts
// from the first look at it.
func (s *Set) flushAged(now time.Time) {
	for _, p := range s.all() {
		log := p.live()
		if log == nil || log.RecoveryPoint() >= log.LogEndOffset() {
			continue
		}
		if p.flushed.CompareAndSwap(0, now.UnixMilli()) {
			continue
		}
		if now.UnixMilli()-p.flushed.Load() >= p.config.Load().FlushMs {
			_ = s.flush(p, log) // the operator was told
		}
	}
}

func (s *Set) flush(p *Partition, log *storage.Log) error {
	began := time.Now()
	return s.synced(p, log, began, p.dir.spare(func() error { return log.Flush(log.LogEndOffset()) }))
}

func (s *Set) expireProducers(now time.Time) {
	for _, p := range s.all() {
		if log := p.live(); log != nil {
			log.ExpireProducers(now)
		}
	}
}

func (s *Set) closeIdle(now time.Time) {
	for _, p := range s.all() {
		log := p.live()
		if log == nil || p.dir.Space.Full() {
			continue // closing writes the rest of the indexes
		}
		if err := log.CloseIdle(now.Add(-idleClose)); err != nil {
			s.cfg.Log.Error("an idle log could not be closed", "partition", p.tp, "error", err)
			p.trouble("close", err)
		}
		if err := log.Sweep(now); err != nil {
			s.cfg.Log.Error("files of deleted segments could not be removed", "partition", p.tp, "error", err)
			p.trouble("remove deleted segments of", err)
		}
	}
}

// live is the log that housekeeping has to do with: nil where it is not made
// yet, offline or deleted.
func (p *Partition) live() *storage.Log {
	if r := p.role.Load(); r.deleted || r.offline != nil || p.dir.failure.Load() != nil {
		return nil
	}
	return p.made.Load()
}
