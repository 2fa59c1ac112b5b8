package vfs

import "os"

// preallocate does nothing: darwin's F_PREALLOCATE has no guarantee that a
// later write finds the space.
func preallocate(*os.File, int64, int64) error { return nil }

// syncData is a full sync (F_FULLFSYNC in the os package): darwin's fdatasync
// does not reach the disk.
func syncData(f *os.File) error { return f.Sync() }
