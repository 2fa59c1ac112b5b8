//go:build unix

package gregor_test

import (
	"os"
	"syscall"
	"testing"
)

// onDisk is the space that a file takes.
func onDisk(t *testing.T, file string) int64 {
	t.Helper()
	info, err := os.Stat(file)
	if err != nil {
		t.Fatal(err)
	}
	return info.Sys().(*syscall.Stat_t).Blocks * 512 //nolint:forcetypeassert // it is unix
}
