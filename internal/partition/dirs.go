package partition

import (
	"errors"
	"fmt"
	"sync/atomic"

	"github.com/gregor-stream/gregor/internal/kafka"
	"github.com/gregor-stream/gregor/internal/metadata"
	"github.com/gregor-stream/gregor/internal/storage/logdir"
	"github.com/gregor-stream/gregor/internal/vfs"
)

// logDir is one log directory in use.
type logDir struct {
	Dir
	committer  committer
	partitions atomic.Int64

	// failure is why the directory is fenced: set once, never taken back.
	failure atomic.Pointer[error]
	// locked: its lock file was seen. It is of Load, and then of the housekeeping
	// goroutine.
	locked bool
	// toldFull: the operator knows that the disk is full.
	toldFull atomic.Bool

	// What changed since the checkpoint files were written.
	highWatermarks atomic.Bool
	logStarts      atomic.Bool
	recoveryPoints atomic.Bool
	memos          atomic.Bool
	cleaned        atomic.Bool

	// writing has room for who writes a checkpoint file: one at a time.
	writing chan struct{}

	// removed: the files have offsets of partitions that are gone.
	removed atomic.Bool
	// leaving is how many publications' removed partitions are not out of here yet.
	leaving atomic.Int32
}

func (s *Set) newLogDir(d Dir) *logDir {
	if d.Space == nil {
		d.Space = logdir.NewSpace(s.cfg.Host.FS(), d.Path)
	}
	dir := &logDir{Dir: d, writing: make(chan struct{}, 1)}
	dir.committer.init(s, dir)
	if d.Err != nil {
		dir.failure.Store(&d.Err)
	}
	return dir
}

// dirty has all checkpoint files written at their next turn.
func (d *logDir) dirty() {
	d.highWatermarks.Store(true)
	d.logStarts.Store(true)
	d.recoveryPoints.Store(true)
	d.cleaned.Store(true)
}

func (d *logDir) pathOf(tp kafka.TopicPartition) string { return vfs.Join(d.Path, tp.String()) }

func (d *logDir) writeClean(brokerEpoch int64) error {
	return logdir.WriteClean(d.Space.Spare(), d.Path, brokerEpoch)
}

// place chooses the directory of a new partition: the one that the metadata
// names, or else of those that are not fenced the one with the fewest
// partitions. A directory that is named and not known may be one that could not
// be read: as in Kafka nothing is made in its place while one is fenced.
func (s *Set) place(id kafka.UUID) *logDir {
	var best, fenced *logDir
	for _, d := range s.dirs {
		switch {
		case d.ID == id:
			return d
		case d.failed() != nil:
			fenced = d
		case best == nil || d.partitions.Load() < best.partitions.Load():
			best = d
		}
	}
	named := id != metadata.DirectoryUnassigned && id != metadata.DirectoryMigrating
	if best == nil || fenced != nil && named {
		return fenced
	}
	return best
}

// assign says where p is, if the metadata does not know. Of a fenced directory
// too: so the controller learns that the partition needs another leader.
func (s *Set) assign(p *Partition, t *metadata.Topic) {
	reg, ok := t.Partition(p.tp.Partition)
	if !ok || s.cfg.Assign == nil || p.dir.ID.IsZero() {
		return
	}
	if level, ok := s.image.Load().MetadataLevel(); !ok || !level.Directories() {
		return
	}
	id, _ := reg.Directory(s.cfg.NodeID)
	unknown := id == metadata.DirectoryUnassigned || id == metadata.DirectoryMigrating
	if id != p.dir.ID && (unknown || p.offline() == nil) {
		s.cfg.Assign(p.topicID, p.tp.Partition, p.dir.ID)
	}
}

// checkpoint writes the checkpoint files of d that are out of date.
func (s *Set) checkpoint(d *logDir, all []*Partition) error {
	return errors.Join(
		s.checkpointFile(d, &d.recoveryPoints, logdir.RecoveryPointFile, all, recoveryPointOf),
		s.checkpointFile(d, &d.cleaned, logdir.CleanerFile, all, cleanedOf),
		s.checkpointFile(d, &d.logStarts, logdir.LogStartFile, all, logStartOf),
		s.checkpointFile(d, &d.highWatermarks, logdir.HighWatermarkFile, all, highWatermarkOf))
}

// forgetRemoved takes partitions that are gone out of the checkpoint files, now:
// a new partition of the same name would be opened with their offsets after a
// crash, and lose what is below.
func (s *Set) forgetRemoved(d *logDir) {
	if d.failed() != nil {
		return
	}
	d.dirty()
	err := s.checkpoint(d, s.all())
	s.told(err)
	d.removed.Store(err != nil)
}

// The values of the checkpoint files. Of a log that could not be opened they
// stay what they were.

func recoveryPointOf(p *Partition) kafka.Offset {
	if log := p.made.Load(); log != nil {
		return log.Settled()
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
	d.writing <- struct{}{}
	defer func() { <-d.writing }()
	if !changed.Swap(false) || d.failed() != nil {
		return nil
	}
	offsets := make(map[kafka.TopicPartition]kafka.Offset, d.partitions.Load())
	for _, p := range all {
		if p.dir != d || p.role.Load().deleted {
			continue
		}
		// As in Kafka a log that begins where its first segment does needs no
		// line in the log starts' file, and one that was never compacted none in
		// the cleaner's.
		if offset := value(p); offset > 0 || offset == 0 && name != logdir.LogStartFile {
			offsets[p.tp] = offset
		}
	}
	if err := logdir.WriteOffsets(d.Space.Spare(), vfs.Join(d.Path, name), offsets); err != nil {
		changed.Store(true)
		s.failed(d, "write "+name, err)
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
		if list[i].Err = d.failed(); list[i].Err != nil {
			continue
		}
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
