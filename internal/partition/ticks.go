package partition

import (
	"time"

	"github.com/gregor-stream/gregor/internal/storage"
	"github.com/gregor-stream/gregor/internal/storage/logdir"
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

func (s *Set) checkpointLogStarts(time.Time) {
	for _, d := range s.dirs {
		if d.logStarts.Load() {
			s.told(s.checkpointFile(d, &d.logStarts, logdir.LogStartFile, s.all(), logStartOf))
		}
	}
}

func (s *Set) told(err error) {
	if err != nil {
		s.cfg.Log.Error("a checkpoint was not written; it is tried again", "error", err)
	}
}

func (s *Set) retainAll(now time.Time) {
	for _, p := range s.all() {
		if log := p.live(); log != nil {
			s.retain(now, p, log)
		}
	}
}

func (s *Set) retain(now time.Time, p *Partition, log *storage.Log) {
	n, err := log.Retain(now)
	if err != nil {
		s.cfg.Log.Error("old segments could not be deleted", "partition", p.tp, "error", err)
	}
	if n > 0 {
		p.dir.logStarts.Store(true)
	}
	if err := log.Sweep(now); err != nil {
		s.cfg.Log.Error("files of deleted segments could not be removed", "partition", p.tp, "error", err)
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
	return s.synced(p, began, log.Flush(log.LogEndOffset()))
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
		if log == nil {
			continue
		}
		if err := log.CloseIdle(now.Add(-idleClose)); err != nil {
			s.cfg.Log.Error("an idle log could not be closed", "partition", p.tp, "error", err)
		}
		if err := log.Sweep(now); err != nil {
			s.cfg.Log.Error("files of deleted segments could not be removed", "partition", p.tp, "error", err)
		}
	}
}

// live is the log that housekeeping has to do with: nil where it is not made
// yet, offline or deleted.
func (p *Partition) live() *storage.Log {
	if r := p.role.Load(); r.deleted || r.offline != nil {
		return nil
	}
	return p.made.Load()
}
