package vfs

import (
	"errors"
	"os"
	"syscall"
	"unsafe"
)

func preallocate(*os.File, int64, int64) error { return nil }

func syncData(f *os.File) error { return f.Sync() }

// syncDir does nothing: Windows makes names durable with the file.
func syncDir(string) error { return nil }

const (
	lockExclusive   = 0x2
	lockImmediately = 0x1
	errLockViolated = syscall.Errno(33)
	errDiskFull     = syscall.Errno(112)
	errHandleFull   = syscall.Errno(39)
	errIODevice     = syscall.Errno(1117)
	errTooManyFiles = syscall.Errno(4)
	errNoMemory     = syscall.Errno(8)
	errOutOfMemory  = syscall.Errno(14)
	errShared       = syscall.Errno(32) // another process, a virus scanner, has the file
)

func lockFile(f *os.File) error {
	proc := syscall.NewLazyDLL("kernel32.dll").NewProc("LockFileEx")
	var at syscall.Overlapped
	ok, _, err := proc.Call(f.Fd(), lockExclusive|lockImmediately, 0, 1, 0, uintptr(unsafe.Pointer(&at)))
	if ok != 0 {
		return nil
	}
	if errors.Is(err, errLockViolated) {
		return ErrLocked
	}
	return err
}

func usage(name string) (total, free int64, err error) {
	path, err := syscall.UTF16PtrFromString(name)
	if err != nil {
		return 0, 0, &os.PathError{Op: "usage", Path: name, Err: err}
	}
	proc := syscall.NewLazyDLL("kernel32.dll").NewProc("GetDiskFreeSpaceExW")
	ok, _, err := proc.Call(uintptr(unsafe.Pointer(path)), uintptr(unsafe.Pointer(&free)), uintptr(unsafe.Pointer(&total)), 0)
	if ok == 0 {
		return 0, 0, &os.PathError{Op: "usage", Path: name, Err: err}
	}
	return total, free, nil
}

func noSpace(err error) bool {
	return errors.Is(err, errDiskFull) || errors.Is(err, errHandleFull)
}

// passing says whether the process, and not the disk, lacks something.
func passing(err error) bool {
	for _, e := range []syscall.Errno{errTooManyFiles, errNoMemory, errOutOfMemory, errShared, errLockViolated} {
		if errors.Is(err, e) {
			return true
		}
	}
	return false
}

// What [Mem] and [Faults] return.
func errNoSpace() error { return errDiskFull }
func errIO() error      { return errIODevice }
func errPassing() error { return errTooManyFiles }
