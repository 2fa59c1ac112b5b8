package vfs

import (
	"fmt"
	"io"
	"strings"
	"sync"
	"time"
)

// Op is a kind of operation that [Faults] can make fail; they can be or-ed.
type Op uint16

// The operations.
const (
	OpOpen Op = 1 << iota
	OpRead
	OpWrite
	OpSync
	OpSyncDir
	OpTruncate
	OpRename
	OpRemove
	OpMkdir
	OpList
	OpPreallocate
	OpAny Op = 1<<16 - 1
)

// Fault says which operation fails, and how. It counts the operations that
// match Ops, Contains and Match.
type Fault struct {
	Ops      Op
	Contains string                 // a part of the name; empty: any file
	Match    func(name string) bool // of the name; nil: any file
	After    int                    // how many matching operations succeed first
	Times    int                    // how many fail then; 0: all
	// NoSpace makes the error a full disk, Passing one that has nothing to do
	// with the disk (EAGAIN); otherwise it is an I/O error.
	NoSpace, Passing bool
	// Short lets a write put half of its bytes before it fails.
	Short bool
	// Drop lets a sync that fails drop what it should have written, as Linux
	// does: a later sync that succeeds does not bring it to the disk.
	Drop bool

	seen int
}

// Faults is a file system with errors on order, over another one.
type Faults struct {
	inner FS

	mu     sync.Mutex
	faults []*Fault
	count  int
	failed int
	last   string
}

var _ FS = (*Faults)(nil)

// NewFaults makes one without errors.
func NewFaults(inner FS) *Faults { return &Faults{inner: inner} }

// Inject orders a fault.
func (f *Faults) Inject(fault Fault) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.faults = append(f.faults, &fault)
}

// Heal forgets all faults.
func (f *Faults) Heal() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.faults = nil
}

// Count is how many operations there were; a test runs a script once to learn
// it, and then once for each operation, which it makes fail.
func (f *Faults) Count() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.count
}

// Failed is how many operations were made to fail.
func (f *Faults) Failed() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.failed
}

// Last names the operation that was made to fail last, by its kind's number and
// its file.
func (f *Faults) Last() string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.last
}

func (f *Faults) hit(op Op, name string) (how Fault, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.count++
	for _, x := range f.faults {
		if x.Ops&op == 0 || !strings.Contains(name, x.Contains) || x.Match != nil && !x.Match(name) {
			continue
		}
		x.seen++
		if x.seen <= x.After || (x.Times > 0 && x.seen > x.After+x.Times) {
			continue
		}
		f.failed, f.last = f.failed+1, fmt.Sprintf("%#x %s", uint16(op), name)
		return *x, x.err(op, name)
	}
	return Fault{}, nil
}

func (x *Fault) err(op Op, name string) error {
	err := errIO()
	switch {
	case x.NoSpace:
		err = errNoSpace()
	case x.Passing:
		err = errPassing()
	}
	err = memFail("injected fault", name, err)
	if op&(OpSync|OpSyncDir) != 0 {
		err = synced(err)
	}
	return err
}

// Open opens a file.
func (f *Faults) Open(name string, flags Flag) (File, error) {
	if _, err := f.hit(OpOpen, name); err != nil {
		return nil, err
	}
	file, err := f.inner.Open(name, flags)
	if err != nil {
		return nil, err
	}
	return &faultFile{File: file, faults: f}, nil
}

// Mkdir makes one directory.
func (f *Faults) Mkdir(name string) error {
	if _, err := f.hit(OpMkdir, name); err != nil {
		return err
	}
	return f.inner.Mkdir(name)
}

// MkdirAll makes a directory and those above it.
func (f *Faults) MkdirAll(name string) error {
	if _, err := f.hit(OpMkdir, name); err != nil {
		return err
	}
	return f.inner.MkdirAll(name)
}

// Remove removes a file or an empty directory.
func (f *Faults) Remove(name string) error {
	if _, err := f.hit(OpRemove, name); err != nil {
		return err
	}
	return f.inner.Remove(name)
}

// RemoveAll removes a tree.
func (f *Faults) RemoveAll(name string) error {
	if _, err := f.hit(OpRemove, name); err != nil {
		return err
	}
	return f.inner.RemoveAll(name)
}

// Rename moves a file or directory.
func (f *Faults) Rename(from, to string) error {
	if _, err := f.hit(OpRename, from); err != nil {
		return err
	}
	return f.inner.Rename(from, to)
}

// List gives the entries of a directory.
func (f *Faults) List(name string) ([]Entry, error) {
	if _, err := f.hit(OpList, name); err != nil {
		return nil, err
	}
	return f.inner.List(name)
}

// Stat describes a file or directory; it never fails on order.
func (f *Faults) Stat(name string) (Info, error) { return f.inner.Stat(name) }

// SetModTime says when a file was last written; it never fails on order.
func (f *Faults) SetModTime(name string, t time.Time) error { return f.inner.SetModTime(name, t) }

// SyncDir makes the names in a directory durable.
func (f *Faults) SyncDir(name string) error {
	if _, err := f.hit(OpSyncDir, name); err != nil {
		return err
	}
	return f.inner.SyncDir(name)
}

// Lock takes the lock on a file; it never fails on order.
func (f *Faults) Lock(name string) (io.Closer, error) { return f.inner.Lock(name) }

// Usage is the size of the volume; it never fails on order.
func (f *Faults) Usage(name string) (total, free int64, err error) { return f.inner.Usage(name) }

type faultFile struct {
	File
	faults *Faults
}

func (f *faultFile) ReadAt(p []byte, at int64) (int, error) {
	if _, err := f.faults.hit(OpRead, f.Name()); err != nil {
		return 0, err
	}
	return f.File.ReadAt(p, at)
}

func (f *faultFile) WriteAt(p []byte, at int64) (int, error) {
	how, err := f.faults.hit(OpWrite, f.Name())
	if err == nil {
		return f.File.WriteAt(p, at)
	}
	if !how.Short {
		return 0, err
	}
	n, _ := f.File.WriteAt(p[:len(p)/2], at)
	return n, err
}

func (f *faultFile) Truncate(size int64) error {
	if _, err := f.faults.hit(OpTruncate, f.Name()); err != nil {
		return err
	}
	return f.File.Truncate(size)
}

func (f *faultFile) Sync() error {
	how, err := f.faults.hit(OpSync, f.Name())
	if err == nil {
		return f.File.Sync()
	}
	if d, ok := f.File.(interface{ dropWrites() }); ok && how.Drop {
		d.dropWrites()
	}
	return err
}

func (f *faultFile) Preallocate(offset, length int64) error {
	if _, err := f.faults.hit(OpPreallocate, f.Name()); err != nil {
		return err
	}
	return f.File.Preallocate(offset, length)
}
