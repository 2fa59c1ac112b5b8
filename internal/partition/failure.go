package partition

import (
	"context"
	"errors"
	"fmt"
	"io/fs"

	"github.com/gregor-stream/gregor/internal/kafka"
	"github.com/gregor-stream/gregor/internal/storage"
	"github.com/gregor-stream/gregor/internal/vfs"
)

// A log directory whose disk fails is fenced: it takes nothing and gives
// nothing until the broker is started again, because what a failed write or
// sync left on the disk is not known, and a second try that succeeds would hide
// it. Its partitions are offline (KAFKA_STORAGE_ERROR), who waits for them is
// let go, the other directories go on. It follows Kafka's
// LogDirFailureChannel and ReplicaManager.handleLogDirFailure, with two
// differences: a full disk is no failure, and neither is what the process lacks
// for a moment, such as open files.

// failed is the one entry for errors of the disk under d: of logs and of
// checkpoint files, of reads, writes and syncs. what says what was tried. It
// fences the directory where the error means that the disk has failed, has
// records refused where the disk is full, and does nothing with other errors. It
// never blocks and takes no lock: any lock may be held.
func (s *Set) failed(d *logDir, what string, err error) {
	switch {
	case err == nil:
	case vfs.IsFailed(err):
		s.fence(d, what, err)
	case vfs.IsNoSpace(err):
		s.filled(d, what)
	}
}

// fence takes d out of service, once.
func (s *Set) fence(d *logDir, what string, err error) {
	cause := fmt.Errorf("%s: %w", what, err)
	if !d.failure.CompareAndSwap(nil, &cause) {
		return
	}
	s.cfg.Log.Error("a log directory has failed: its partitions are offline until its disk is mended and the broker started again",
		"dir", d.Path, "operation", what, "partitions", d.partitions.Load(), "error", err)
	s.failures <- d // has room for every directory once
	if s.cfg.Failed != nil {
		s.cfg.Failed(d.Dir, cause)
	}
}

// failed is why d is fenced; nil while it is not.
func (d *logDir) failed() error {
	if cause := d.failure.Load(); cause != nil {
		return *cause
	}
	return nil
}

// offline is the error of a partition in a fenced directory; nil elsewhere.
func (p *Partition) offline() error {
	if p.dir.failure.Load() == nil {
		return nil
	}
	return kafka.Errorf(kafka.ErrKafkaStorageError, "Partition %s is in an offline log directory", p.tp)
}

// Watch takes the partitions of fenced directories offline, until ctx ends. It
// runs beside Run, which may hang in the failing disk.
func (s *Set) Watch(ctx context.Context) error {
	for {
		select {
		case <-ctx.Done():
			return nil
		case d := <-s.failures:
			s.takeOffline(d)
			// A publication under way may be placing more there.
			s.publishing.Lock()
			s.takeOffline(d)
			s.publishing.Unlock()
		}
	}
}

// takeOffline lets go of everybody who waits for a partition in d, and closes
// its files.
func (s *Set) takeOffline(d *logDir) {
	var all []*Partition
	for _, p := range s.all() {
		if p.dir == d && p.goOffline() {
			all = append(all, p)
			p.settle()
			s.tell(p)
		}
	}
	for _, p := range all {
		if log := p.made.Load(); log != nil {
			log.Abandon()
		}
	}
}

// goOffline makes p offline; false where it is already.
func (p *Partition) goOffline() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	r := *p.role.Load()
	if r.deleted || r.offline != nil {
		return false
	}
	r.offline = p.offline()
	p.leader = nil
	p.role.Store(&r)
	return true
}

// trouble is told an error of p's log that is not a client's doing: clients are
// refused with its code. The operator is told once.
func (p *Partition) trouble(what string, err error) {
	if err == nil {
		return
	}
	if code, coded := errors.AsType[kafka.Error](err); coded && code != kafka.ErrKafkaStorageError && !errors.As(err, new(*storage.Damage)) {
		return
	}
	if errors.Is(err, fs.ErrNotExist) && p.vanished() {
		p.set.fence(p.dir, what+" "+p.tp.String(), err)
	}
	p.set.failed(p.dir, what+" "+p.tp.String(), err)
	if p.dir.failed() == nil && !vfs.IsNoSpace(err) && !p.troubled.Swap(true) {
		p.set.cfg.Log.Error("a log fails", "operation", what, "partition", p.tp, "dir", p.dir.Path, "error", err)
	}
}

// vanished says that the whole directory of a partition is gone that nobody
// deleted: its volume was taken away, or somebody removed it by hand.
func (p *Partition) vanished() bool {
	log := p.made.Load()
	if log == nil || p.role.Load().deleted {
		return false
	}
	_, err := p.set.cfg.Host.FS().Stat(log.Dir())
	return errors.Is(err, fs.ErrNotExist) && !p.role.Load().deleted
}

// OfflineDirs are the ids of the fenced directories, those that have one.
func (s *Set) OfflineDirs() []kafka.UUID {
	var ids []kafka.UUID
	for _, d := range s.dirs {
		if d.failed() != nil && !d.ID.IsZero() {
			ids = append(ids, d.ID)
		}
	}
	return ids
}

// DirFailed says whether a directory is fenced.
func (s *Set) DirFailed(path string) bool {
	for _, d := range s.dirs {
		if d.Path == path {
			return d.failed() != nil
		}
	}
	return false
}

// LiveDirs is how many directories are not fenced.
func (s *Set) LiveDirs() int {
	n := 0
	for _, d := range s.dirs {
		if d.failed() == nil {
			n++
		}
	}
	return n
}

// noneLeft is the error of a set without a directory that can be used.
func (s *Set) noneLeft() error {
	var causes []error
	for _, d := range s.dirs {
		causes = append(causes, fmt.Errorf("log directory %s has failed: %w", d.Path, d.failed()))
	}
	return errors.Join(causes...)
}
