//go:build linux || darwin

package vfs

import (
	"errors"
	"os"
	"syscall"
)

func syncDir(name string) error {
	d, err := os.Open(name)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// lockFile takes both kinds of lock: flock also holds between two callers in
// one process, and the POSIX lock is the one that Apache Kafka (Java) takes.
func lockFile(f *os.File) error {
	err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if err == nil {
		whole := syscall.Flock_t{Type: syscall.F_WRLCK}
		err = syscall.FcntlFlock(f.Fd(), syscall.F_SETLK, &whole)
	}
	if errors.Is(err, syscall.EWOULDBLOCK) || errors.Is(err, syscall.EACCES) {
		return ErrLocked
	}
	return err
}

func usage(name string) (total, free int64, err error) {
	var st syscall.Statfs_t
	if err := syscall.Statfs(name, &st); err != nil {
		return 0, 0, &os.PathError{Op: "statfs", Path: name, Err: err}
	}
	size := int64(st.Bsize) //nolint:unconvert // another type on darwin
	return int64(st.Blocks) * size, int64(st.Bavail) * size, nil
}

func noSpace(err error) bool {
	return errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT)
}

// passing says whether the process, and not the disk, lacks something.
func passing(err error) bool {
	for _, e := range []syscall.Errno{syscall.EMFILE, syscall.ENFILE, syscall.ENOMEM, syscall.EAGAIN, syscall.EINTR} {
		if errors.Is(err, e) {
			return true
		}
	}
	return false
}

// noFiles says whether the process has too many files open, which no sync says.
func noFiles(err error) bool {
	return errors.Is(err, syscall.EMFILE) || errors.Is(err, syscall.ENFILE)
}

// What [Mem] and [Faults] return.
func errNoSpace() error { return syscall.ENOSPC }
func errIO() error      { return syscall.EIO }
func errPassing() error { return syscall.EAGAIN }
