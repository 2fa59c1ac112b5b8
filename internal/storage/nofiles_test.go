package storage

import (
	"fmt"
	"slices"
	"testing"

	"github.com/gregor-stream/gregor/internal/vfs"
)

// A log that is appended to, rolled and settled holds one file open: a broker may
// have ten thousand of them, and its limit is often twenty thousand files.
func TestAppendsHoldOneFileOpen(t *testing.T) {
	c := DefaultConfig()
	c.SegmentBytes, c.IndexIntervalBytes = 100_000, 1
	fsys := &counted{FS: disk(t)}
	l := newLog(t, fsys, &c)
	for i := range int64(3000) { // more entries than an index keeps in memory
		appendValues(t, l, i, fmt.Sprint(i))
		switch i % 500 {
		case 100:
			must(t, l.Settle())
		case 300:
			must(t, l.Roll(at(i)))
		}
		if n := fsys.open.Load() - int64(len(l.segments)-1); n > 1 { // the others close when they are idle
			t.Fatalf("after %d appends %d files are open", i+1, n)
		}
	}
}

// A sync that could not open a file has failed nothing: the log goes on, and the
// next sync makes durable what this one did not.
func TestSyncsWithoutFilesAreTriedAgain(t *testing.T) {
	for what, sync := range map[string]func(l *Log) error{
		"Sync": (*Log).Sync, "Settle": (*Log).Settle, "Flush": func(l *Log) error { return l.Flush(l.LogEndOffset()) },
		"File": func(l *Log) error { _, err := l.File(); return err },
	} {
		for after := range 12 {
			c := DefaultConfig()
			c.IndexIntervalBytes = 1
			m := disk(t)
			faults := vfs.NewFaults(m)
			l := newLog(t, faults, &c)
			values := []string{"a", "b", "c"}
			for i, v := range values {
				appendValues(t, l, int64(i), v)
			}
			must(t, l.CloseIdle(at(1000))) // every file has to be opened
			must(t, l.CloseIdle(at(1000)))
			faults.Inject(vfs.Fault{Ops: vfs.OpOpen, After: after, Times: 1, Passing: true})
			err := sync(l)
			faults.Heal()
			if err == nil && after < 2 && what != "Sync" && what != "File" {
				t.Fatalf("%s, open %d: no error", what, after)
			}
			if l.Lost() != nil {
				t.Fatalf("%s, open %d: the log is lost: %v", what, after, l.Lost())
			}
			must(t, sync(l))
			appendValues(t, l, 9, "d")
			must(t, l.Sync())
			o := testOptions(&c)
			again, found, err := Open(hostOf(m.CrashClone(nil)), o)
			must(t, err)
			if got := readAll(t, again, 0); !slices.Equal(got, append(values, "d")) || len(found.Damaged) > 0 {
				t.Fatalf("%s, open %d: after a loss of power the log has %v: %+v", what, after, got, found)
			}
		}
	}
}
