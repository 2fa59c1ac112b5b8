package storage

import (
	"encoding/binary"
	"fmt"
	"slices"
	"testing"

	"github.com/gregor-stream/gregor/internal/batch"
	"github.com/gregor-stream/gregor/internal/kafka"
	"github.com/gregor-stream/gregor/internal/storage/segment"
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

// An append that lacks files halfway leaves nothing in the indexes of what it
// takes back.
func TestAppendsWithoutFilesLeaveNoEntries(t *testing.T) {
	c := DefaultConfig()
	c.IndexIntervalBytes = 1
	m := disk(t)
	faults := vfs.NewFaults(m)
	l := newLog(t, faults, &c)
	three := func(sec int64) error {
		var all []byte
		for i := range int64(3) {
			all = append(all, records(t, batch.Options{BaseOffset: l.LogEndOffset() + kafka.Offset(i)}, sec*3+i, "x")...)
		}
		_, err := l.AppendAsFollower(at(sec), all, 0)
		return err
	}
	failed := 0
	for i := range int64(1200) {
		faults.Inject(vfs.Fault{Ops: vfs.OpOpen, Contains: "index", After: 1, Passing: true})
		err := three(i)
		faults.Heal()
		if err != nil {
			failed++
			must(t, three(i))
		}
	}
	if failed == 0 {
		t.Fatal("no append failed: the test tests nothing")
	}
	must(t, l.Close(at(4000)))
	index, err := vfs.ReadFile(m, vfs.Join(l.Dir(), segment.Name(0, segment.IndexSuffix)), 1<<20)
	must(t, err)
	before := int32(0)
	for ; len(index) > 0; index = index[8:] {
		at := int32(binary.BigEndian.Uint32(index[4:]))
		if at <= before {
			t.Fatalf("an entry at %d follows one at %d", at, before)
		}
		before = at
	}
}

// A log that was idle, or opened anew, looks into its indexes when it is appended
// to again; when that is settled, it holds one file open as well.
func TestLogsThatComeBackHoldOneFileOpen(t *testing.T) {
	c := DefaultConfig()
	c.IndexIntervalBytes = 1
	fsys := &counted{FS: disk(t)}
	l := newLog(t, fsys, &c)
	for i := range int64(5) {
		appendValues(t, l, i, "x")
	}
	must(t, l.CloseIdle(at(1000)))
	must(t, l.CloseIdle(at(1000)))
	appendValues(t, l, 4, "y") // no later than the last: the time index gets no entry
	must(t, l.Settle())
	if n := fsys.open.Load(); n != 1 {
		t.Errorf("%d files are open, want 1", n)
	}
}
