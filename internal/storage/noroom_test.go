package storage

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/gregor-stream/gregor/internal/storage/segment"
	"github.com/gregor-stream/gregor/internal/vfs"
)

// Wherever in it a recovery finds no room: tried again, in the same process or
// after a crash, it ends as if there had been room at once. A file system that
// copies on write may refuse what makes a file shorter, too.
func TestARecoveryThatFoundNoRoomIsTriedAgain(t *testing.T) {
	c := DefaultConfig()
	pristine, want := written(t, &c)
	last := vfs.Join(testDir, segment.Name(20, segment.LogSuffix))
	data, err := vfs.ReadFile(pristine, last, 1<<20)
	must(t, err)
	torn := pristine.Clone()
	must(t, vfs.WriteFile(torn, last, append(data, bytes.Repeat([]byte{7}, 100)...)))
	bare := pristine.Clone()
	for name := range files(t, bare, testDir) {
		if strings.HasSuffix(name, "index") || strings.HasSuffix(name, snapshotSuffix) || strings.HasPrefix(name, "leader-epoch") {
			must(t, bare.Remove(vfs.Join(testDir, name)))
		}
	}
	rng := rand.New(rand.NewPCG(1, 2))
	for _, start := range []struct {
		name  string
		disk  *vfs.Mem
		clean bool
		cuts  int
	}{{"killed", torn, false, 1}, {"clean", bare, true, 0}, {"bare and killed", bare, false, 0}} {
		o := testOptions(&c)
		if start.clean {
			o.Clean, o.RecoveryPoint = true, 30
		}
		failed := 0
		for n := 0; ; n++ {
			m := start.disk.Clone()
			faults := vfs.NewFaults(m)
			faults.Inject(vfs.Fault{Ops: needRoom | vfs.OpTruncate | vfs.OpRename, NoSpace: true, Short: true, After: n, Times: 1})
			l, _, err := Open(hostOf(faults), o)
			if err == nil {
				l.Abandon()
				if faults.Failed() > 0 {
					continue // a file that was not needed
				}
				break
			}
			if !vfs.IsNoSpace(err) {
				t.Fatal(err)
			}
			failed++
			o := o
			o.Clean = false // as of somebody who tries again
			what := fmt.Sprintf("%s, operation %d", start.name, n)
			for range 3 {
				checkAgain(t, what+", after a crash", m.CrashClone(rng), o, want, -1)
			}
			checkAgain(t, what, m, o, want, start.cuts)
			for range 3 {
				checkAgain(t, what+", after that and a crash", m.CrashClone(rng), o, want, -1)
			}
		}
		if failed < 4 {
			t.Errorf("%s: only %d tries failed", start.name, failed)
		}
	}
}

// checkAgain opens the log, compares it and the number of kept tails (-1: any),
// and leaves it as a killed process does.
func checkAgain(t *testing.T, what string, m *vfs.Mem, o Options, want []string, cuts int) {
	t.Helper()
	l, found, err := Open(hostOf(m), o)
	if err != nil || len(found.Damaged) > 0 {
		t.Fatalf("%s: %v %+v", what, err, found.Damaged)
	}
	l.SetHighWatermark(l.LogEndOffset())
	equal(t, what, readAll(t, l, 0), want)
	checkIndexes(t, l)
	kept := 0
	for name := range files(t, m, testDir) {
		if strings.Contains(name, asideMark) {
			kept++
		}
	}
	if cuts >= 0 && kept != cuts {
		t.Fatalf("%s: %d tails are kept, want %d", what, kept, cuts)
	}
	l.Abandon()
}
