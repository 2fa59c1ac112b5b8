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
	partitions atomic.Int64

	// What changed since the checkpoint files were written.
	highWatermarks atomic.Bool
	logStarts      atomic.Bool
	recoveryPoints atomic.Bool
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
		s.checkpointFile(d, &d.recoveryPoints, logdir.RecoveryPointFile, all, recoveryPoint),
		s.checkpointFile(d, &d.logStarts, logdir.LogStartFile, all, logStart),
		s.checkpointFile(d, &d.highWatermarks, logdir.HighWatermarkFile, all, highWatermark))
}

func recoveryPoint(p *Partition) (kafka.Offset, bool) { return p.log.RecoveryPoint(), true }
func highWatermark(p *Partition) (kafka.Offset, bool) { return p.log.HighWatermark(), true }

// logStart is what only the checkpoint knows: as in Kafka a log that begins
// where its first segment does needs no line.
func logStart(p *Partition) (kafka.Offset, bool) {
	start := p.log.LogStartOffset()
	return start, start > 0
}

func (s *Set) checkpointFile(d *logDir, changed *atomic.Bool, name string, all []*Partition, value func(*Partition) (kafka.Offset, bool)) error {
	if !changed.Swap(false) {
		return nil
	}
	offsets := make(map[kafka.TopicPartition]kafka.Offset, d.partitions.Load())
	for _, p := range all {
		if p.dir != d || p.log == nil || p.role.Load().deleted {
			continue
		}
		if offset, ok := value(p); ok {
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
			if p.dir == d && p.log != nil {
				lag := max(int64(p.log.HighWatermark()-p.log.LogEndOffset()), 0)
				list[i].Replicas = append(list[i].Replicas, Replica{p.tp, p.log.Size(), lag})
			}
		}
	}
	return list
}
