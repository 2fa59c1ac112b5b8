package logdir

import (
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"sync"
	"sync/atomic"

	"github.com/gregor-stream/gregor/internal/vfs"
)

// The reserve is a 64th of its volume, within these bounds.
const (
	reserveMin = 256 << 10
	reserveMax = 16 << 20
	reservePer = 64
)

// reserveBelow is how little space is free before a reserve is taken: a volume
// that has more needs none yet, and the smaller ones always have one.
const reserveBelow = 16 << 30

// Space is what is known of the room on a log directory's disk. Where it is
// full, records are refused, and a file that was kept in reserve is given up for
// what must be written all the same: the metadata, checkpoints, the mark of a
// clean shutdown. The reserve is taken again before records are taken again. It
// is safe for concurrent use.
type Space struct {
	fsys vfs.FS
	dir  string
	full atomic.Bool
	held atomic.Bool // the reserve is there, whole

	mu sync.Mutex // of the reserve's file; it covers its writes, never a sync
}

// NewSpace looks at nothing yet.
func NewSpace(fsys vfs.FS, dir string) *Space { return &Space{fsys: fsys, dir: dir} }

// Full says whether records are refused.
func (s *Space) Full() bool { return s.full.Load() }

// Filled is told that a write found the disk full.
func (s *Space) Filled() { s.full.Store(true) }

// Free is how many bytes of the volume are free; -1 where that cannot be found.
func (s *Space) Free() int64 {
	_, free, err := s.fsys.Usage(s.dir)
	if err != nil {
		return -1
	}
	return free
}

// Missing is how many bytes have to become free before records are taken again;
// 0 where none, -1 where that cannot be found. A quota does not show in it.
func (s *Space) Missing() int64 {
	total, free, err := s.fsys.Usage(s.dir)
	if err != nil {
		return -1
	}
	want := 2 * reserveSize(total)
	if s.held.Load() {
		want = reserveSize(total)
	}
	return max(want-free, 0)
}

func (s *Space) name() string { return vfs.Join(s.dir, ReserveFile) }

// Prepare is called before a start and before an end, which write much that is
// not put off: where the disk is full it gives the reserve up, if there is one, and
// has records refused.
func (s *Space) Prepare() {
	total, free, err := s.fsys.Usage(s.dir)
	if err != nil {
		return
	}
	size, want := reserveSize(total), 2*reserveSize(total)
	if info, err := s.fsys.Stat(s.name()); err == nil && info.Size == size {
		s.held.Store(true)
		want = size
	}
	if free < want {
		s.GiveUp()
	}
}

// GiveUp removes the reserve, and has records refused until it is there again.
// false says that there was none: what was tried fails again.
func (s *Space) GiveUp() bool {
	s.full.Store(true)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.held.Store(false)
	return s.fsys.Remove(s.name()) == nil
}

func reserveSize(total int64) int64 {
	return min(max(total/reservePer, reserveMin), reserveMax)
}

// Check is called again and again. It takes the reserve where the disk is small
// or filling, and where it was full finds out whether there is space again: for
// the reserve and as much again. It tries by writing, since a quota shows itself
// in no other way. A full disk is no error.
func (s *Space) Check() error {
	full := s.full.Load()
	if s.held.Load() && !full {
		return nil
	}
	total, free, err := s.fsys.Usage(s.dir)
	if err != nil {
		return err
	}
	size := reserveSize(total)
	want := size // of bytes that must be free
	if full {
		want = 2 * size
		if s.held.Load() {
			want = size
		}
	}
	if free < want || !full && free >= reserveBelow {
		return nil
	}
	extra := int64(0)
	if full {
		extra = size
	}
	err = s.take(size, extra)
	if vfs.IsNoSpace(err) {
		return nil
	}
	if err == nil && full {
		s.full.Store(false)
	}
	return err
}

// take writes the reserve where it is not there, and sees whether extra bytes
// fit, too.
func (s *Space) take(size, extra int64) (err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f, err := s.fsys.Open(s.name(), vfs.Create)
	if err != nil {
		return err
	}
	have, err := f.Size()
	if have != size { // half of one, or that of a volume that was smaller
		have = 0
		s.held.Store(false)
		err = errors.Join(err, f.Truncate(0))
	}
	if err == nil {
		err = fill(f, have, size)
	}
	if err == nil {
		err = fill(f, size, size+extra)
		if cut := f.Truncate(size); err == nil {
			err = cut
		}
		s.held.Store(true)
	}
	err = errors.Join(err, f.Close())
	if err != nil && !s.held.Load() {
		if gone := s.fsys.Remove(s.name()); gone != nil && !errors.Is(gone, fs.ErrNotExist) {
			err = errors.Join(err, gone)
		}
	}
	if err != nil {
		return fmt.Errorf("take the reserve: %w", err)
	}
	return nil
}

// fill writes what no file system can make smaller. It reserves first: on a
// full disk that fails sooner.
func fill(f vfs.File, from, to int64) error {
	if from >= to {
		return nil
	}
	if err := f.Preallocate(from, to-from); err != nil {
		return err
	}
	noise := rand.NewChaCha8([32]byte{})
	buf := make([]byte, 64<<10)
	for from < to {
		n := min(int64(len(buf)), to-from)
		_, _ = noise.Read(buf[:n]) // it never fails
		if _, err := f.WriteAt(buf[:n], from); err != nil {
			return err
		}
		from += n
	}
	return nil
}

// Spare is the file system for what must be written on a full disk, too: what
// finds no room gives the reserve up and is tried again.
func (s *Space) Spare() vfs.FS { return spareFS{s.fsys, s} }

// again tries once more with the reserve's room.
func (s *Space) again(try func() error) error {
	err := try()
	if vfs.IsNoSpace(err) && s.GiveUp() {
		err = try()
	}
	return err
}

type spareFS struct {
	vfs.FS
	space *Space
}

// Open opens a file, which may need room for its name.
func (s spareFS) Open(name string, flags vfs.Flag) (f vfs.File, err error) {
	err = s.space.again(func() error { f, err = s.FS.Open(name, flags); return err })
	if err != nil {
		return nil, err
	}
	return &spareFile{File: f, space: s.space}, nil
}

// Mkdir makes one directory.
func (s spareFS) Mkdir(name string) error {
	return s.space.again(func() error { return s.FS.Mkdir(name) })
}

// MkdirAll makes a directory and those above it.
func (s spareFS) MkdirAll(name string) error {
	return s.space.again(func() error { return s.FS.MkdirAll(name) })
}

// Rename moves a file or directory.
func (s spareFS) Rename(from, to string) error {
	return s.space.again(func() error { return s.FS.Rename(from, to) })
}

type spareFile struct {
	vfs.File
	space *Space
	// refused is where the last reservation failed, plus 1: who asks again there
	// has to have it, who asked first may have wanted more than it needs.
	refused int64
}

// WriteAt writes, with the reserve's room if it must.
func (f *spareFile) WriteAt(p []byte, at int64) (n int, err error) {
	err = f.space.again(func() error { n, err = f.File.WriteAt(p, at); return err })
	return n, err
}

// Preallocate reserves, with the reserve's room when asked again.
func (f *spareFile) Preallocate(offset, length int64) error {
	err := f.File.Preallocate(offset, length)
	if !vfs.IsNoSpace(err) {
		return err
	}
	if f.refused == offset+1 && f.space.GiveUp() {
		err = f.File.Preallocate(offset, length)
	}
	f.refused = offset + 1
	return err
}
