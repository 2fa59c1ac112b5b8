package vfs

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"slices"
	"strings"
	"time"
)

// OS is the host's file system. It has no state.
type OS struct{}

var _ FS = OS{}

// The modes of what is made, before the process's umask.
const (
	fileMode = 0o644
	dirMode  = 0o755
)

// Open opens a file of the host.
func (OS) Open(name string, flags Flag) (File, error) {
	mode := os.O_RDONLY
	if flags&(Write|Create|Truncate) != 0 {
		mode = os.O_RDWR
	}
	if flags&Create != 0 {
		mode |= os.O_CREATE
	}
	if flags&Exclusive != 0 {
		mode |= os.O_EXCL
	}
	if flags&Truncate != 0 {
		mode |= os.O_TRUNC
	}
	f, err := os.OpenFile(name, mode, fileMode)
	if err != nil {
		return nil, err
	}
	return osFile{f}, nil
}

// Mkdir makes one directory.
func (OS) Mkdir(name string) error { return os.Mkdir(name, dirMode) }

// MkdirAll makes a directory and those above it.
func (OS) MkdirAll(name string) error { return os.MkdirAll(name, dirMode) }

// Remove removes a file or an empty directory.
func (OS) Remove(name string) error { return os.Remove(name) }

// RemoveAll removes a tree.
func (OS) RemoveAll(name string) error { return os.RemoveAll(name) }

// Rename moves a file or directory.
func (OS) Rename(from, to string) error { return os.Rename(from, to) }

// List gives the entries of a directory, sorted by name.
func (OS) List(name string) ([]Entry, error) {
	found, err := os.ReadDir(name)
	if err != nil {
		return nil, err
	}
	entries := make([]Entry, len(found))
	for i, e := range found {
		entries[i] = Entry{Name: e.Name(), Dir: e.IsDir()}
	}
	slices.SortFunc(entries, func(a, b Entry) int { return strings.Compare(a.Name, b.Name) })
	return entries, nil
}

// Stat describes a file or directory.
func (OS) Stat(name string) (Info, error) {
	st, err := os.Stat(name)
	if err != nil {
		return Info{}, err
	}
	return Info{Size: st.Size(), ModTime: st.ModTime(), Dir: st.IsDir()}, nil
}

// SetModTime says when a file was last written.
func (OS) SetModTime(name string, t time.Time) error { return os.Chtimes(name, time.Time{}, t) }

// SyncDir makes the names in a directory durable.
func (OS) SyncDir(name string) error { return synced(syncDir(name)) }

// Lock takes the advisory lock on a file. It is let go when the process ends,
// however it ends.
func (OS) Lock(name string) (io.Closer, error) {
	f, err := os.OpenFile(name, os.O_RDWR|os.O_CREATE, fileMode)
	if err != nil {
		return nil, err
	}
	if err := lockFile(f); err != nil {
		return nil, errors.Join(&fs.PathError{Op: "lock", Path: name, Err: err}, f.Close())
	}
	return f, nil
}

// Usage is the size of the volume that holds name and what is free of it.
func (OS) Usage(name string) (total, free int64, err error) { return usage(name) }

type osFile struct{ *os.File }

func (f osFile) Size() (int64, error) {
	st, err := f.Stat()
	if err != nil {
		return 0, err
	}
	return st.Size(), nil
}

func (f osFile) Sync() error { return synced(syncData(f.File)) }

func (f osFile) Preallocate(offset, length int64) error {
	return preallocate(f.File, offset, length)
}
