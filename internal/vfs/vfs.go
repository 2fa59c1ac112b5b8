// Package vfs is the one seam between Gregor and the operating system's files:
// an FS with what a log needs (positioned reads and writes, sync of data and of
// directories, preallocation that keeps the file's size, locks), the real one
// and one in memory that can crash. It knows nothing of what the files mean.
// Kind: disk
package vfs

import (
	"errors"
	"io"
	"io/fs"
	"path/filepath"
	"time"
)

// FS is a file system. Names are the host's paths. Errors are
// [*fs.PathError] or [*os.LinkError]-like values that name operation and path;
// errors.Is finds [fs.ErrNotExist] and [fs.ErrExist] in them. It is safe for
// concurrent use.
type FS interface {
	// Open opens a file, see [Flag].
	Open(name string, flags Flag) (File, error)
	// Mkdir makes one directory; fs.ErrExist where there is one.
	Mkdir(name string) error
	// MkdirAll makes a directory and those above it.
	MkdirAll(name string) error
	// Remove removes a file or an empty directory.
	Remove(name string) error
	// RemoveAll removes a directory and what is in it; nil where it is not there.
	RemoveAll(name string) error
	// Rename moves a file or directory, over a file of the new name.
	Rename(from, to string) error
	// List gives the entries of a directory, sorted by name.
	List(name string) ([]Entry, error)
	// Stat describes a file or directory.
	Stat(name string) (Info, error)
	// SetModTime says when a file was last written: for a copy that stands for
	// older data.
	SetModTime(name string, t time.Time) error
	// SyncDir makes the names in a directory durable. On systems that cannot
	// do it, it does nothing.
	SyncDir(name string) error
	// Lock takes the advisory lock on a file, which it makes where it is not
	// there. ErrLocked where another process (or another caller) has it.
	Lock(name string) (io.Closer, error)
	// Usage is the size of the volume that holds name, and what is free of it.
	Usage(name string) (total, free int64, err error)
}

// File is an open file. Reads and writes are positioned, so that it may be
// used by several goroutines; Truncate and writes are ordered by their caller.
type File interface {
	io.ReaderAt
	io.WriterAt
	io.Closer
	// Name is the name it was opened by, also after a rename.
	Name() string
	// Size is the length in bytes.
	Size() (int64, error)
	// Truncate cuts or extends the file.
	Truncate(size int64) error
	// Sync makes the content durable, and of the metadata what is needed to
	// read it again (fdatasync). The name is made durable by SyncDir.
	Sync() error
	// Preallocate reserves space for [offset, offset+length), which reaches to
	// the file's end at least, without changing the file's size. Where the system or the file system cannot do that, it
	// does nothing; a full disk is an error for which [IsNoSpace] holds.
	Preallocate(offset, length int64) error
}

// Flag says how a file is opened. Files are opened for reading at least.
type Flag uint8

// The flags of [FS.Open].
const (
	Read      Flag = 0
	Write     Flag = 1 << iota
	Create         // make it where it is not there; implies Write
	Exclusive      // with Create: fs.ErrExist where it is there
	Truncate       // cut it to nothing; implies Write
)

// Entry is one name in a directory.
type Entry struct {
	Name string
	Dir  bool
}

// Info describes a file or directory.
type Info struct {
	Size    int64
	ModTime time.Time
	Dir     bool
}

// ErrLocked is returned by [FS.Lock] where another has the lock.
var ErrLocked = errors.New("locked by another process")

// Join makes a path of its elements, as the host writes it.
func Join(elements ...string) string { return filepath.Join(elements...) }

// Base is the last element of a path.
func Base(name string) string { return filepath.Base(name) }

// Dir is the path without its last element.
func Dir(name string) string { return filepath.Dir(name) }

// Exists says whether there is a file or directory of this name.
func Exists(fsys FS, name string) (bool, error) {
	_, err := fsys.Stat(name)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	return err == nil, err
}

// ReadFile reads a whole file of at most limit bytes; a longer one is an error.
func ReadFile(fsys FS, name string, limit int64) (data []byte, err error) {
	f, err := fsys.Open(name, Read)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	size, err := f.Size()
	if err != nil {
		return nil, err
	}
	if size > limit {
		return nil, &fs.PathError{Op: "read", Path: name, Err: errors.New("file is longer than it may be")}
	}
	data = make([]byte, size)
	if _, err := io.ReadFull(io.NewSectionReader(f, 0, size), data); err != nil {
		return nil, &fs.PathError{Op: "read", Path: name, Err: err}
	}
	return data, nil
}

// WriteFile makes or replaces a file, in place and without a sync.
func WriteFile(fsys FS, name string, data []byte) error {
	f, err := fsys.Open(name, Create|Truncate)
	if err != nil {
		return err
	}
	return errors.Join(writeAll(f, data), f.Close())
}

// ReplaceFile replaces a file so that a crash leaves the old or the new
// content: it writes name.tmp, syncs it, renames it over name and syncs the
// directory. Where that fails the old content stays.
func ReplaceFile(fsys FS, name string, data []byte) error {
	tmp := name + ".tmp"
	f, err := fsys.Open(tmp, Create|Truncate)
	if err != nil {
		return err
	}
	err = writeAll(f, data)
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err == nil {
		err = fsys.Rename(tmp, name)
	}
	if err != nil {
		_ = fsys.Remove(tmp) // on a full disk the old content and half of the new need not both stand
		return err
	}
	return fsys.SyncDir(Dir(name))
}

func writeAll(f File, data []byte) error {
	_, err := f.WriteAt(data, 0)
	return err
}
