package vfs

import (
	"errors"
	"os"
	"syscall"
	"unsafe"
)

// preallocate sets the allocation of the file (FileAllocationInfo), which leaves
// its size alone. The caller never asks for less than the file has: that would cut
// it.
func preallocate(f *os.File, offset, length int64) error {
	const fileAllocationInfo = 5
	size := offset + length
	proc := syscall.NewLazyDLL("kernel32.dll").NewProc("SetFileInformationByHandle")
	ok, _, err := proc.Call(f.Fd(), fileAllocationInfo, uintptr(unsafe.Pointer(&size)), unsafe.Sizeof(size))
	if ok != 0 || errors.Is(err, errInvalidFunction) || errors.Is(err, errNotSupported) || errors.Is(err, errInvalidParameter) {
		return nil
	}
	return &os.PathError{Op: "preallocate", Path: f.Name(), Err: err}
}

// syncData is FlushFileBuffers: the content, its metadata, and the disk's cache.
func syncData(f *os.File) error { return f.Sync() }

// syncDir does nothing: a directory cannot be opened to be flushed, and a file's
// flush takes its name along.
func syncDir(string) error { return nil }

const (
	errInvalidFunction  = syscall.Errno(1)
	errNotSupported     = syscall.Errno(50)
	errInvalidParameter = syscall.Errno(87)

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

// noFiles says whether the process has too many files open, which no sync says.
func noFiles(err error) bool { return errors.Is(err, errTooManyFiles) }

// What [Mem] and [Faults] return.
func errNoSpace() error { return errDiskFull }
func errIO() error      { return errIODevice }
func errPassing() error { return errTooManyFiles }
