package vfs

import (
	"errors"
	"io/fs"
	"os"
	"syscall"
)

// fallocKeepSize is FALLOC_FL_KEEP_SIZE of linux/falloc.h.
const fallocKeepSize = 0x01

func preallocate(f *os.File, offset, length int64) error {
	for {
		err := syscall.Fallocate(int(f.Fd()), fallocKeepSize, offset, length)
		switch {
		case err == nil, errors.Is(err, syscall.EOPNOTSUPP), errors.Is(err, syscall.ENOSYS):
			return nil
		case errors.Is(err, syscall.EINTR):
		default:
			return &fs.PathError{Op: "fallocate", Path: f.Name(), Err: err}
		}
	}
}

func syncData(f *os.File) error {
	for {
		err := syscall.Fdatasync(int(f.Fd()))
		if err == nil {
			return nil
		}
		if !errors.Is(err, syscall.EINTR) {
			return &fs.PathError{Op: "fdatasync", Path: f.Name(), Err: err}
		}
	}
}
