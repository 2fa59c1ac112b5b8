package vfs

import (
	"errors"
	"io/fs"
	"os"
	"syscall"
	"unsafe"
)

// Of sys/fcntl.h: as much as is asked for, in pieces where it must be, behind
// what the file has.
const (
	allocateAll   = 0x4
	afterPhysical = 3
)

// preallocate has the file system set the space aside (F_PREALLOCATE), and does
// not change the file's size. What the file has beyond its size already counts.
func preallocate(f *os.File, offset, length int64) error {
	const block = 512 // the unit of st_blocks, whatever the file system's own is
	var st syscall.Stat_t
	if err := syscall.Fstat(int(f.Fd()), &st); err != nil {
		return &fs.PathError{Op: "fstat", Path: f.Name(), Err: err}
	}
	missing := offset + length - st.Blocks*block
	if missing <= 0 {
		return nil
	}
	store := syscall.Fstore_t{Flags: allocateAll, Posmode: afterPhysical, Length: missing}
	for {
		_, _, errno := syscall.Syscall(syscall.SYS_FCNTL, f.Fd(), syscall.F_PREALLOCATE, uintptr(unsafe.Pointer(&store)))
		switch {
		case errno == 0, errors.Is(errno, syscall.ENOTSUP), errors.Is(errno, syscall.EOPNOTSUPP), errors.Is(errno, syscall.EINVAL):
			return nil
		case errors.Is(errno, syscall.EINTR):
		default:
			return &fs.PathError{Op: "preallocate", Path: f.Name(), Err: errno}
		}
	}
}

// syncData is a full sync (F_FULLFSYNC in the os package): darwin's fdatasync
// does not reach the disk.
func syncData(f *os.File) error { return f.Sync() }
