package partition

import (
	"errors"
	"io/fs"
	"math"
	"slices"
	"time"

	"github.com/gregor-stream/gregor/internal/storage"
	"github.com/gregor-stream/gregor/internal/storage/logdir"
	"github.com/gregor-stream/gregor/internal/vfs"
)

// spaceEvery is how often a full disk is looked at: writing goes on at most so
// long after there is space.
const spaceEvery = time.Second

// filled is told that a write found d's disk full: records are refused from
// here on, until a look at it finds space for the reserve and as much again.
// Refusing them all keeps what little is free for the metadata, and the state
// the same for everybody: small batches do not slip through where large ones
// fail. Like failed it takes no lock.
func (s *Set) filled(d *logDir, what string) {
	d.Space.Filled()
	s.tellFull(d, what)
}

// tellFull tells the operator, once for each time that the disk is full.
func (s *Set) tellFull(d *logDir, what string) {
	if !d.toldFull.Swap(true) {
		s.cfg.Log.Error("the disk of a log directory is full: records are refused, everything else goes on. "+
			"Delete topics or records, lower their retention, or enlarge the volume; writing then goes on by itself",
			"dir", d.Path, "free", d.Space.Free(), "operation", what)
	}
}

// full refuses records while p's disk is full.
func (p *Partition) full() error {
	if !p.dir.Space.Full() {
		return nil
	}
	return &storage.FullDisk{Dir: p.dir.Path}
}

// refused puts the error of an append that found the disk full in a client's
// words, and others as they are.
func (p *Partition) refused(what string, err error) error {
	p.trouble(what, err)
	if !vfs.IsNoSpace(err) {
		return err
	}
	return errors.Join(&storage.FullDisk{Dir: p.dir.Path}, err)
}

// checkSpace looks at the directories' disks.
func (s *Set) checkSpace(now time.Time) {
	for _, d := range s.spaces() {
		if d.failed() != nil {
			continue
		}
		if s.takenAway(d) {
			continue
		}
		full := d.Space.Full()
		if full {
			s.tellFull(d, "give up the reserve")
			s.makeRoom(now, d)
		}
		s.failed(d, "take the reserve", d.Space.Check())
		if full && !d.Space.Full() {
			d.toldFull.Store(false)
			s.cfg.Log.Info("the disk of a log directory has space again: records are taken", "dir", d.Path, "free", d.Space.Free())
		}
	}
	s.late.nudge()
}

// takenAway fences a directory whose lock file is gone: its volume was
// unmounted, or somebody has renamed or removed it. Open files would go on, and
// what is opened anew would be another's.
func (s *Set) takenAway(d *logDir) bool {
	lock := vfs.Join(d.Path, logdir.LockFile)
	_, err := s.cfg.Host.FS().Stat(lock)
	switch {
	case err == nil:
		d.locked = true
	case d.locked && errors.Is(err, fs.ErrNotExist):
		s.fence(d, "look for "+lock, err)
	default:
		s.failed(d, "look for "+lock, err)
	}
	return d.failed() != nil
}

// spaces are the directories whose space is looked after: that of the metadata,
// too.
func (s *Set) spaces() []*logDir {
	if s.metadata == nil {
		return s.dirs
	}
	return append(slices.Clip(s.dirs), s.metadata)
}

// makeRoom does on a full disk at once what is due later: segments that
// retention lets go, and files whose removal is only delayed.
func (s *Set) makeRoom(now time.Time, d *logDir) {
	list := slices.DeleteFunc(s.all(), func(p *Partition) bool { return p.dir != d })
	s.retain(now, list)
	for _, p := range list {
		if log := p.live(); log != nil {
			p.trouble("remove deleted segments of", log.Sweep(time.UnixMilli(math.MaxInt64)))
		}
	}
}

// spare does what must be done on a full disk, too: with the reserve's room if
// there is no other.
func (d *logDir) spare(do func() error) error {
	err := do()
	if vfs.IsNoSpace(err) && d.Space.GiveUp() {
		err = do()
	}
	return err
}

// DirFull says whether a directory's disk is full.
func (s *Set) DirFull(path string) bool {
	for _, d := range s.spaces() {
		if d.Path == path {
			return d.Space.Full()
		}
	}
	return false
}
