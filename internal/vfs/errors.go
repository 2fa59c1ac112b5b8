package vfs

import (
	"errors"
	"io/fs"
	"syscall"
)

// IsNoSpace says whether err comes from a full disk or quota: what was tried
// did not happen, and may succeed when there is space again. It does not hold
// for a sync that found the disk full: what that left is not known.
func IsNoSpace(err error) bool { return !isSync(err) && noSpace(err) }

// IsFailed says whether err means that the disk, or the way to it, cannot be
// relied on any more: an I/O error, a refused access, a file system that has
// become read-only, any failed sync. It does not hold for a full disk, for what
// the process lacks for a moment (open files, memory), and for a name that is
// not there or is there already: who asked must know what that means.
func IsFailed(err error) bool {
	if isSync(err) {
		return true
	}
	if _, system := errors.AsType[syscall.Errno](err); !system || noSpace(err) || passing(err) {
		return false
	}
	return !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, fs.ErrExist)
}

// IsPassing says whether the process lacks something for a moment, such as open
// files: what was tried did not happen, and may succeed soon. It does not hold
// for a failed sync.
func IsPassing(err error) bool { return err != nil && !isSync(err) && passing(err) }

// syncError is a failed sync of a file or directory. The system may have thrown
// away what was not written, and the next sync of the same file would succeed.
type syncError struct{ err error }

// Error is the error of the sync.
func (e *syncError) Error() string { return e.err.Error() }

// Unwrap gives the error of the sync.
func (e *syncError) Unwrap() error { return e.err }

// synced marks the error of a sync.
func synced(err error) error {
	if err == nil || errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrClosed) || noFiles(err) {
		return err // there was nothing to be synced, or it was not opened
	}
	return &syncError{err}
}

func isSync(err error) bool {
	_, ok := errors.AsType[*syncError](err)
	return ok
}
