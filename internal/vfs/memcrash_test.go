package vfs

import (
	"bytes"
	"errors"
	"io/fs"
	"math/rand/v2"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestACrashLosesWhatWasNotSynced(t *testing.T) {
	m := NewMem(nil)
	must(t, m.Mkdir("/d"))
	must(t, m.SyncDir("/"))
	must(t, WriteFile(m, "/d/a", []byte("old")))
	must(t, ReplaceFile(m, "/d/b", []byte("kept")))
	f, err := m.Open("/d/a", Write)
	must(t, err)
	must(t, f.Sync())
	_, err = f.WriteAt([]byte("new and longer"), 0)
	must(t, err)
	must(t, WriteFile(m, "/d/c", []byte("no name")))
	must(t, m.Remove("/d/b"))

	c := m.CrashClone(nil)
	for name, want := range map[string]string{"/d/a": "old", "/d/b": "kept"} {
		if got, err := ReadFile(c, name, 100); err != nil || string(got) != want {
			t.Errorf("%s: %q %v, want %q", name, got, err, want)
		}
	}
	if _, err := c.Stat("/d/c"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a name that was not synced survived: %v", err)
	}
	k := m.Clone()
	if got, err := ReadFile(k, "/d/a", 100); err != nil || string(got) != "new and longer" {
		t.Errorf("a killed process's write is gone: %q %v", got, err)
	}
	if _, err := k.Stat("/d/b"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a killed process's removal is undone: %v", err)
	}
}

// After a sync that failed the writes are seen, and are on no disk, however
// often the file is synced; those that are made again are.
func TestAFailedSyncLosesItsWrites(t *testing.T) {
	m := NewMem(nil)
	faults := NewFaults(m)
	must(t, WriteFile(m, "/f", bytes.Repeat([]byte("a"), 2*memBlock)))
	must(t, m.SyncDir("/"))
	f, err := faults.Open("/f", Write)
	must(t, err)
	must(t, f.Sync())
	_, err = f.WriteAt(bytes.Repeat([]byte("b"), 2*memBlock), 0)
	must(t, err)
	faults.Inject(Fault{Ops: OpSync, Times: 1, Drop: true})
	if f.Sync() == nil {
		t.Fatal("there was no fault")
	}
	_, err = f.WriteAt([]byte("c"), memBlock)
	must(t, err)
	must(t, f.Sync())
	live, err := ReadFile(m, "/f", 1<<20)
	must(t, err)
	if want := strings.Repeat("b", memBlock) + "c" + strings.Repeat("b", memBlock-1); string(live) != want {
		t.Error("readers do not see what was written")
	}
	for seed := range uint64(20) {
		got, err := ReadFile(m.CrashClone(rand.New(rand.NewPCG(seed, 0))), "/f", 1<<20)
		must(t, err)
		if want := strings.Repeat("a", memBlock) + "c" + strings.Repeat("b", memBlock-1); string(got) != want {
			t.Fatal("the disk has what a failed sync should have written")
		}
	}
}

// Each of a directory's changes may have reached the disk without the others, and
// a block may be torn.
func TestACrashMayKeepAnyOfTheChanges(t *testing.T) {
	m := NewMem(nil)
	for _, name := range []string{"/a", "/b", "/c"} {
		must(t, WriteFile(m, name, bytes.Repeat([]byte("x"), memBlock)))
	}
	names, torn := map[string]bool{}, false
	for seed := range uint64(400) {
		c := m.CrashClone(rand.New(rand.NewPCG(seed, 0)))
		entries, err := c.List("/")
		must(t, err)
		have := ""
		for _, e := range entries {
			have += e.Name
			data, err := ReadFile(c, "/"+e.Name, memBlock)
			must(t, err)
			n := bytes.Count(data, []byte("x"))
			torn = torn || (len(data) == memBlock && n > 0 && n < memBlock)
		}
		names[have] = true
	}
	if len(names) != 8 || !torn {
		t.Errorf("only the names %v, torn: %t", names, torn)
	}
}

// A crash shows each byte either as it was synced, or as it was last written, or
// (where the file grew) as zero; and never a byte in a block that was synced
// and left alone in any other way.
func TestCrashesMixOldAndNewBlocksOnly(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := NewMem(nil)
		f, err := m.Open("/f", Create)
		if err != nil {
			t.Fatal(err)
		}
		if err := m.SyncDir("/"); err != nil {
			t.Fatal(err)
		}
		var durable []byte
		for i := range rapid.IntRange(1, 30).Draw(t, "steps") {
			at := rapid.Int64Range(0, 5*memBlock).Draw(t, "at")
			switch rapid.SampledFrom([]string{"write", "write", "truncate", "sync"}).Draw(t, "op") {
			case "write":
				buf := make([]byte, rapid.IntRange(1, 2*memBlock).Draw(t, "n"))
				for j := range buf {
					buf[j] = byte(i + 1)
				}
				if _, err := f.WriteAt(buf, at); err != nil {
					t.Fatal(err)
				}
			case "truncate":
				if err := f.Truncate(at); err != nil {
					t.Fatal(err)
				}
			case "sync":
				if err := f.Sync(); err != nil {
					t.Fatal(err)
				}
				if durable, err = ReadFile(m, "/f", 1<<20); err != nil {
					t.Fatal(err)
				}
			}
		}
		live, err := ReadFile(m, "/f", 1<<20)
		if err != nil {
			t.Fatal(err)
		}
		strict, err := ReadFile(m.CrashClone(nil), "/f", 1<<20)
		if err != nil || string(strict) != string(durable) {
			t.Fatalf("without chance: %d bytes, want the %d durable ones (%v)", len(strict), len(durable), err)
		}
		seed := rapid.Uint64().Draw(t, "seed")
		got, err := ReadFile(m.CrashClone(rand.New(rand.NewPCG(seed, 1))), "/f", 1<<20)
		if err != nil {
			t.Fatal(err)
		}
		again, err := ReadFile(m.CrashClone(rand.New(rand.NewPCG(seed, 1))), "/f", 1<<20)
		if err != nil || string(again) != string(got) {
			t.Fatal("the same seed gives another clone")
		}
		for i, b := range got {
			ok := b == 0 || (i < len(durable) && b == durable[i]) || (i < len(live) && b == live[i])
			if !ok {
				t.Fatalf("byte %d is %d: neither durable nor written", i, b)
			}
		}
	})
}
