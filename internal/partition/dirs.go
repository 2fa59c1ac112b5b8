package partition

import (
	"errors"
	"fmt"
	"sync/atomic"

	"github.com/gregor-stream/gregor/internal/kafka"
	"github.com/gregor-stream/gregor/internal/storage/logdir"
	"github.com/gregor-stream/gregor/internal/vfs"
)

// logDir is one log directory in use.
type logDir struct {
	Dir
	committer  committer
	partitions atomic.Int64

	// What changed since the checkpoint files were written.
	highWatermarks atomic.Bool
	logStarts      atomic.Bool
	recoveryPoints atomic.Bool

	// removed: the files have offsets of partitions that are gone. Guarded by
	// Set.publishing.
	removed bool
}

// dirty has all checkpoint files written at their next turn.
func (d *logDir) dirty() {
	d.highWatermarks.Store(true)
	d.logStarts.Store(true)
	d.recoveryPoints.Store(true)
}

func (d *logDir) pathOf(tp kafka.TopicPartition) string { return vfs.Join(d.Path, tp.String()) }

func (d *logDir) writeClean(fsys vfs.FS, brokerEpoch int64) error {
	return logdir.WriteClean(fsys, d.Path, brokerEpoch)
}

// place chooses the directory of a new partition: the one that the metadata
// names, or else the one with the fewest partitions.
func (s *Set) place(id kafka.UUID) *logDir {
	best := s.dirs[0]
	for _, d := range s.dirs {
		if d.ID == id {
			return d
		}
		if d.partitions.Load() < best.partitions.Load() {
			best = d
		}
	}
	return best
}

// checkpoint writes the checkpoint files of d that are out of date.
func (s *Set) checkpoint(d *logDir, all []*Partition) error {
	return errors.Join(
		s.checkpointFile(d, &d.recoveryPoints, logdir.RecoveryPointFile, all, recoveryPointOf),
		s.checkpointFile(d, &d.logStarts, logdir.LogStartFile, all, logStartOf),
		s.checkpointFile(d, &d.highWatermarks, logdir.HighWatermarkFile, all, highWatermarkOf))
}

// forgetRemoved takes partitions that are gone out of the checkpoint files, now:
// a new partition of the same name would be opened with their offsets after a
// crash, and lose what is below.
func (s *Set) forgetRemoved() {
	for _, d := range s.dirs {
		if !d.removed {
			continue
		}
		d.dirty()
		err := s.checkpoint(d, s.all())
		s.told(err)
		d.removed = err != nil
	}
}

// The values of the checkpoint files. Of a log that could not be opened they
// stay what they were.

func recoveryPointOf(p *Partition) kafka.Offset {
	if log := p.made.Load(); log != nil {
		return log.RecoveryPoint()
	}
	return p.unopened[0]
}

func logStartOf(p *Partition) kafka.Offset {
	if log := p.made.Load(); log != nil {
		return log.LogStartOffset()
	}
	return p.unopened[1]
}

func highWatermarkOf(p *Partition) kafka.Offset {
	if log := p.made.Load(); log != nil {
		return log.HighWatermark()
	}
	return p.unopened[2]
}

func (s *Set) checkpointFile(d *logDir, changed *atomic.Bool, name string, all []*Partition, value func(*Partition) kafka.Offset) error {
	if !changed.Swap(false) {
		return nil
	}
	offsets := make(map[kafka.TopicPartition]kafka.Offset, d.partitions.Load())
	for _, p := range all {
		if p.dir != d || p.role.Load().deleted {
			continue
		}
		// As in Kafka a log that begins where its first segment does needs no
		// line in the log starts' file.
		if offset := value(p); offset > 0 || name != logdir.LogStartFile {
			offsets[p.tp] = offset
		}
	}
	if err := logdir.WriteOffsets(s.cfg.Host.FS(), vfs.Join(d.Path, name), offsets); err != nil {
		changed.Store(true)
		return fmt.Errorf("write checkpoint %s: %w", vfs.Join(d.Path, name), err)
	}
	return nil
}

// LogDir describes one log directory.
type LogDir struct {
	Path        string
	Err         error
	Total, Free int64
	Replicas    []Replica
}

// Replica is a partition in a log directory.
type Replica struct {
	kafka.TopicPartition
	Size int64
	Lag  int64
}

// LogDirs describes the log directories and what is in them.
func (s *Set) LogDirs() []LogDir {
	all := s.all()
	list := make([]LogDir, len(s.dirs))
	for i, d := range s.dirs {
		list[i].Path = d.Path
		list[i].Total, list[i].Free, list[i].Err = s.cfg.Host.FS().Usage(d.Path)
		for _, p := range all {
			if p.dir != d || p.role.Load().offline != nil {
				continue
			}
			r := Replica{TopicPartition: p.tp}
			if log := p.made.Load(); log != nil {
				r.Size, r.Lag = log.Size(), max(int64(log.HighWatermark()-log.LogEndOffset()), 0)
			}
			list[i].Replicas = append(list[i].Replicas, r)
		}
	}
	return list
}
