package quorum

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gregor-stream/gregor/internal/batch"
	"github.com/gregor-stream/gregor/internal/kafka"
	"github.com/gregor-stream/gregor/internal/vfs"
)

const pointDir = "/data/" + logName

// logFiles gives the segments, and what was cut off them.
func logFiles(t *testing.T, fsys vfs.FS) map[string][]byte {
	t.Helper()
	entries, err := fsys.List(pointDir)
	if err != nil {
		t.Fatal(err)
	}
	files := map[string][]byte{}
	for _, e := range entries {
		if strings.Contains(e.Name, ".log") {
			content, err := vfs.ReadFile(fsys, vfs.Join(pointDir, e.Name), 1<<20)
			if err != nil {
				t.Fatal(err)
			}
			files[e.Name] = content
		}
	}
	return files
}

// settled is a closed log of several segments without a snapshot, with topics
// t-0 to t-11.
func settled(t *testing.T) *vfs.Mem {
	t.Helper()
	disk := vfs.NewMem(nil)
	q := oneVoter(t, disk, tinySegments)
	register(t, q)
	for i := range 12 {
		mustCreate(t, q, fmt.Sprintf("t-%d", i), 1)
	}
	mustClose(t, q)
	return disk
}

func tinySegments(cfg *Config) { cfg.SegmentBytes, cfg.tiny = 600, true }

func openTiny(t *testing.T, fsys vfs.FS) (*Quorum, error) {
	t.Helper()
	cfg := testConfig(t, fsys, "/data")
	tinySegments(&cfg)
	return Open(cfg)
}

// harm changes a file's content.
func harm(t *testing.T, fsys vfs.FS, name string, change func([]byte) []byte) {
	t.Helper()
	name = vfs.Join(pointDir, name)
	content, err := vfs.ReadFile(fsys, name, 1<<20)
	if err != nil {
		t.Fatal(err)
	}
	if err := vfs.WriteFile(fsys, name, change(content)); err != nil {
		t.Fatal(err)
	}
}

// Whatever bit flips below the recovery point, in the last batch, too: the
// start names it and takes nothing away, however often it is tried.
func TestDamageBelowTheRecoveryPointIsNeverCut(t *testing.T) {
	pristine := settled(t)
	for name, content := range logFiles(t, pristine) {
		for it := batch.Batches(content); it.Next(); {
			b := it.Batch()
			for at := 8; at < len(b); at += 5 {
				if at >= 12 && at < 16 {
					continue // no checksum covers the leader epoch
				}
				disk := pristine.Clone()
				harm(t, disk, name, func(c []byte) []byte { c[it.Position()+at] ^= 1 << (at % 8); return c })
				before := logFiles(t, disk)
				for range 2 {
					_, err := openTiny(t, disk)
					if err == nil {
						t.Fatalf("byte %d of the batch at %d of %s: the damage is not seen", at, it.Position(), name)
					}
					for _, part := range []string{name, fmt.Sprintf("offset %d ", b.BaseOffset()), "position ", "restore the directory", pointFile} {
						if !strings.Contains(err.Error(), part) {
							t.Fatalf("byte %d of the batch at %d of %s: the error does not say %q: %v", at, it.Position(), name, part, err)
						}
					}
				}
				if after := logFiles(t, disk); !maps.EqualFunc(before, after, slices.Equal) {
					t.Fatalf("byte %d of the batch at %d of %s: the refused start changed the log", at, it.Position(), name)
				}
			}
		}
	}
}

// Who follows the error's advice and removes the file gives up what follows,
// and finds it beside the log.
func TestWithoutTheRecoveryPointTheLogIsCut(t *testing.T) {
	disk := settled(t)
	q, err := openTiny(t, disk)
	if err != nil {
		t.Fatal(err)
	}
	topic, _ := q.Image().Topics.ByName("t-5")
	if err := errors.Join(q.Close(), disk.Remove(vfs.Join(pointDir, pointFile))); err != nil {
		t.Fatal(err)
	}
	for name, content := range logFiles(t, disk) {
		if at := strings.Index(string(content), "t-5"); at >= 0 {
			harm(t, disk, name, func(c []byte) []byte { c[at] ^= 1; return c })
		}
	}
	cfg := testConfig(t, disk, "/data")
	tinySegments(&cfg)
	q = start(t, cfg)
	_, before := q.Image().Topics.ByName("t-4")
	_, behind := q.Image().Topics.ByName("t-5")
	if topic == nil || !before || behind {
		t.Errorf("the log is not cut at the damage: t-4 %t, t-5 %t", before, behind)
	}
	mustClose(t, q)
	kept := slices.ContainsFunc(slices.Collect(maps.Keys(logFiles(t, disk))), func(name string) bool { return strings.Contains(name, ".cut-") })
	if !kept {
		t.Error("what was cut off is not kept")
	}
	if q, err = openTiny(t, disk); err != nil {
		t.Fatal(err)
	}
	mustClose(t, q)
}

// Lost ends, lost segments and a damaged recovery point are named.
func TestALogThatLostItsEndIsNotOpened(t *testing.T) {
	pristine := settled(t)
	names := slices.Sorted(maps.Keys(logFiles(t, pristine)))
	last := names[len(names)-1]
	for what, spoil := range map[string]func(disk *vfs.Mem){
		"the last batch is cut":  func(disk *vfs.Mem) { harm(t, disk, last, func(c []byte) []byte { return c[:len(c)-1] }) },
		"the last file is empty": func(disk *vfs.Mem) { harm(t, disk, last, func([]byte) []byte { return nil }) },
		"all files are gone": func(disk *vfs.Mem) {
			for _, name := range names {
				if err := disk.Remove(vfs.Join(pointDir, name)); err != nil {
					t.Fatal(err)
				}
			}
		},
		"the point is damaged": func(disk *vfs.Mem) { harm(t, disk, pointFile, func(c []byte) []byte { c[25] ^= 1; return c }) },
		"the point is empty":   func(disk *vfs.Mem) { harm(t, disk, pointFile, func([]byte) []byte { return nil }) },
	} {
		disk := pristine.Clone()
		spoil(disk)
		before := logFiles(t, disk)
		_, err := openTiny(t, disk)
		if err == nil || !strings.Contains(err.Error(), pointDir) || !strings.Contains(err.Error(), pointFile) || !strings.Contains(err.Error(), "remove") {
			t.Errorf("%s: %v", what, err)
		}
		if after := logFiles(t, disk); !maps.EqualFunc(before, after, slices.Equal) {
			t.Errorf("%s: the refused start changed the log", what)
		}
	}
}

// What is above the recovery point may be torn: it is cut.
func TestATornEndAboveTheRecoveryPointIsCut(t *testing.T) {
	disk := settled(t)
	point, err := readPoint(disk, pointDir)
	if err != nil || point == 0 {
		t.Fatalf("%d %v", point, err)
	}
	names := slices.Sorted(maps.Keys(logFiles(t, disk)))
	last := names[len(names)-1]
	var base kafka.Offset
	for it := batch.Batches(logFiles(t, disk)[last]); it.Next(); {
		base = it.Batch().BaseOffset()
	}
	if err := vfs.WriteFile(disk, vfs.Join(pointDir, pointFile), encodePoint(base)); err != nil {
		t.Fatal(err)
	}
	harm(t, disk, last, func(c []byte) []byte { return c[:len(c)-1] })
	q, err := openTiny(t, disk)
	if err != nil {
		t.Fatal(err)
	}
	if end := q.log.log.End(); end != base {
		t.Errorf("the log ends at %d, want %d", end, base)
	}
	mustClose(t, q)
}

// The point follows the log while it runs, and an idle one is not written.
func TestTheRecoveryPointFollowsTheLog(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		disk := vfs.NewMem(nil)
		g := &gatedFS{FS: disk}
		q := oneVoter(t, g, nil)
		register(t, q)
		mustCreate(t, q, "a", 1)
		time.Sleep(pointInterval + time.Second)
		synctest.Wait()
		point, err := readPoint(disk.CrashClone(nil), pointDir)
		if end := q.Status().HighWatermark; err != nil || point != end {
			t.Errorf("the point is %d (%v), the log ends at %d", point, err, end)
		}
		before := g.syncs.Load()
		time.Sleep(time.Second)
		synctest.Wait()
		if n := g.syncs.Load() - before; n != 0 {
			t.Errorf("an idle log was synced %d times", n)
		}
		mustClose(t, q)
	})
}
