package vfs

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"testing"
)

// both runs a test over the host's file system and the one in memory.
func both(t *testing.T, run func(t *testing.T, fsys FS, dir string)) {
	t.Helper()
	t.Run("OS", func(t *testing.T) { run(t, OS{}, t.TempDir()) })
	t.Run("Mem", func(t *testing.T) {
		m := NewMem(nil)
		if err := m.MkdirAll("/data"); err != nil {
			t.Fatal(err)
		}
		run(t, m, "/data")
	})
	t.Run("Faults", func(t *testing.T) { run(t, NewFaults(OS{}), t.TempDir()) })
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestFilesReadWhatWasWritten(t *testing.T) {
	both(t, func(t *testing.T, fsys FS, dir string) {
		name := Join(dir, "a")
		if _, err := fsys.Open(name, Write); !errors.Is(err, fs.ErrNotExist) {
			t.Fatalf("open of nothing: %v", err)
		}
		f, err := fsys.Open(name, Create|Exclusive)
		must(t, err)
		if _, err := fsys.Open(name, Create|Exclusive); !errors.Is(err, fs.ErrExist) {
			t.Fatalf("exclusive open of a file that is there: %v", err)
		}
		_, err = f.WriteAt([]byte("hello"), 0)
		must(t, err)
		_, err = f.WriteAt([]byte("far"), 10000)
		must(t, err)
		must(t, f.Preallocate(10003, 1<<20))
		if size, err := f.Size(); size != 10003 || err != nil {
			t.Fatalf("size %d after preallocation, %v", size, err)
		}
		got := make([]byte, 8)
		if n, err := f.ReadAt(got, 9999); n != 4 || !errors.Is(err, io.EOF) || !bytes.Equal(got[:4], []byte("\x00far")) {
			t.Fatalf("read %d %q %v", n, got, err)
		}
		must(t, f.Truncate(5))
		must(t, f.Truncate(7))
		if n, _ := f.ReadAt(got, 0); !bytes.Equal(got[:n], []byte("hello\x00\x00")) {
			t.Fatalf("after truncation %q", got[:n])
		}
		must(t, f.Sync())
		must(t, f.Close())
		if err := f.Close(); err == nil {
			t.Fatal("a second close succeeds")
		}
		data, err := ReadFile(fsys, name, 7)
		must(t, err)
		if string(data) != "hello\x00\x00" {
			t.Fatalf("read file: %q", data)
		}
		if _, err := ReadFile(fsys, name, 6); err == nil {
			t.Fatal("a file beyond the limit was read")
		}
	})
}

func TestDirectories(t *testing.T) {
	both(t, func(t *testing.T, fsys FS, dir string) {
		must(t, fsys.MkdirAll(Join(dir, "x", "y")))
		must(t, fsys.MkdirAll(Join(dir, "x", "y")))
		if err := fsys.Mkdir(Join(dir, "x")); !errors.Is(err, fs.ErrExist) {
			t.Fatalf("mkdir of what is there: %v", err)
		}
		if err := fsys.Mkdir(Join(dir, "no", "y")); !errors.Is(err, fs.ErrNotExist) {
			t.Fatalf("mkdir in nothing: %v", err)
		}
		must(t, WriteFile(fsys, Join(dir, "x", "b"), []byte("1")))
		must(t, ReplaceFile(fsys, Join(dir, "x", "a"), []byte("22")))
		must(t, fsys.Rename(Join(dir, "x", "b"), Join(dir, "x", "a")))
		must(t, fsys.SyncDir(Join(dir, "x")))
		entries, err := fsys.List(Join(dir, "x"))
		must(t, err)
		if len(entries) != 2 || entries[0] != (Entry{Name: "a"}) || entries[1] != (Entry{Name: "y", Dir: true}) {
			t.Fatalf("entries %v", entries)
		}
		if info, err := fsys.Stat(Join(dir, "x", "a")); err != nil || info.Size != 1 || info.Dir {
			t.Fatalf("stat %v %v", info, err)
		}
		if err := fsys.Remove(Join(dir, "x")); err == nil {
			t.Fatal("a directory that is not empty was removed")
		}
		must(t, fsys.Rename(Join(dir, "x"), Join(dir, "z")))
		must(t, fsys.RemoveAll(Join(dir, "z")))
		must(t, fsys.RemoveAll(Join(dir, "z")))
		if there, err := Exists(fsys, Join(dir, "z")); there || err != nil {
			t.Fatalf("still there: %v %v", there, err)
		}
		if err := fsys.Remove(Join(dir, "z")); !errors.Is(err, fs.ErrNotExist) {
			t.Fatalf("removal of nothing: %v", err)
		}
	})
}

func TestTheLockIsExclusiveAndIsLetGo(t *testing.T) {
	both(t, func(t *testing.T, fsys FS, dir string) {
		name := Join(dir, ".lock")
		first, err := fsys.Lock(name)
		must(t, err)
		if _, err := fsys.Lock(name); !errors.Is(err, ErrLocked) {
			t.Fatalf("a second lock: %v", err)
		}
		must(t, first.Close())
		again, err := fsys.Lock(name)
		must(t, err)
		must(t, again.Close())
	})
}

func TestUsage(t *testing.T) {
	both(t, func(t *testing.T, fsys FS, dir string) {
		if total, free, err := fsys.Usage(dir); err != nil || total <= 0 || free < 0 || free > total {
			t.Fatalf("usage %d %d %v", total, free, err)
		}
	})
}

func TestAFullDisk(t *testing.T) {
	m := NewMem(nil)
	m.SetLimit(10)
	f, err := m.Open("/a", Create)
	must(t, err)
	if err := f.Preallocate(0, 11); !IsNoSpace(err) {
		t.Fatalf("reservation on a full disk: %v", err)
	}
	_, err = f.WriteAt([]byte("0123456789"), 0)
	must(t, err)
	if _, err := f.WriteAt([]byte("x"), 10); !IsNoSpace(err) {
		t.Fatalf("write on a full disk: %v", err)
	}
	must(t, f.Truncate(4))
	_, err = f.WriteAt([]byte("456789"), 4)
	must(t, err)
	must(t, m.Remove("/a"))
	must(t, WriteFile(m, "/b", []byte("0123456789")))
}

func TestInjectedFaults(t *testing.T) {
	f := NewFaults(NewMem(nil))
	f.Inject(Fault{Ops: OpWrite, Contains: "a", After: 1, Times: 1, Short: true})
	f.Inject(Fault{Ops: OpSync, NoSpace: true})
	file, err := f.Open("/a", Create)
	must(t, err)
	if n, err := file.WriteAt([]byte("1234"), 0); n != 4 || err != nil {
		t.Fatalf("first write: %d %v", n, err)
	}
	if n, err := file.WriteAt([]byte("5678"), 4); n != 2 || err == nil {
		t.Fatalf("short write: %d %v", n, err)
	}
	if n, err := file.WriteAt([]byte("5678"), 4); n != 4 || err != nil {
		t.Fatalf("third write: %d %v", n, err)
	}
	if err := file.Sync(); IsNoSpace(err) || !IsFailed(err) {
		t.Fatalf("sync: %v", err)
	}
	f.Heal()
	must(t, file.Sync())
	if f.Count() != 6 {
		t.Fatalf("%d operations counted, want 6", f.Count())
	}
}
