package vfs

import (
	"errors"
	"fmt"
	"io/fs"
	"testing"
)

// A full disk can be waited for, an I/O error cannot; and a sync that found the
// disk full is no full disk: what it left is not known.
func TestErrorsAreTold(t *testing.T) {
	type kind struct{ noSpace, failed bool }
	for _, c := range []struct {
		name string
		err  error
		want kind
	}{
		{"nothing", nil, kind{}},
		{"full", memFail("write", "/a", errNoSpace()), kind{noSpace: true}},
		{"an I/O error", memFail("write", "/a", errIO()), kind{failed: true}},
		{"wrapped", fmt.Errorf("append: %w", memFail("write", "/a", errIO())), kind{failed: true}},
		{"a sync of a full disk", synced(memFail("sync", "/a", errNoSpace())), kind{failed: true}},
		{"a failed sync, wrapped", errors.Join(fmt.Errorf("flush: %w", synced(memFail("sync", "/a", errIO()))), nil), kind{failed: true}},
		{"no more files", memFail("open", "/a", errPassing()), kind{}},
		{"not there", memFail("open", "/a", fs.ErrNotExist), kind{}},
		{"not there, to be synced", synced(memFail("sync", "/a", fs.ErrNotExist)), kind{}},
		{"of our own making", errors.New("damaged"), kind{}},
	} {
		if got := (kind{IsNoSpace(c.err), IsFailed(c.err)}); got != c.want {
			t.Errorf("%s: %+v, want %+v", c.name, got, c.want)
		}
	}
	if _, err := (OS{}).Stat(Join(t.TempDir(), "nothing")); IsFailed(err) {
		t.Errorf("a file that is not there: %v", err)
	}
}

func TestReplaceFileLeavesTheOldOnAFullDisk(t *testing.T) {
	m := NewMem(nil)
	must(t, ReplaceFile(m, "/a", []byte("old")))
	m.SetLimit(8)
	if err := ReplaceFile(m, "/a", []byte("much longer")); !IsNoSpace(err) {
		t.Fatalf("%v", err)
	}
	faults := NewFaults(m)
	for _, op := range []Op{OpOpen, OpWrite, OpSync, OpRename} {
		faults.Inject(Fault{Ops: op, Times: 1})
		if err := ReplaceFile(faults, "/a", []byte("new")); err == nil {
			t.Fatal("a failed replacement has no error")
		}
	}
	if data, err := ReadFile(m, "/a", 10); string(data) != "old" || err != nil {
		t.Errorf("%q %v", data, err)
	}
	if entries, _ := m.List("/"); len(entries) != 1 {
		t.Errorf("left behind: %v", entries)
	}
}
