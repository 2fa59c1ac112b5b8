package storage

import (
	"fmt"
	"sync/atomic"
	"testing"

	"github.com/gregor-stream/gregor/internal/vfs"
)

// counted counts the files that are open.
type counted struct {
	vfs.FS
	open atomic.Int64
}

func (c *counted) Open(name string, flags vfs.Flag) (vfs.File, error) {
	f, err := c.FS.Open(name, flags)
	if err != nil {
		return nil, err
	}
	c.open.Add(1)
	return &countedFile{f, c}, nil
}

type countedFile struct {
	vfs.File
	in *counted
}

func (f *countedFile) Close() error {
	f.in.open.Add(-1)
	return f.File.Close()
}

func TestIdleLogsHoldNoOpenFiles(t *testing.T) {
	c := DefaultConfig()
	c.SegmentBytes = 200
	fsys := &counted{FS: disk(t)}
	l := newLog(t, fsys, &c)
	want := func(what string, most int64) {
		t.Helper()
		if n := fsys.open.Load(); n > most {
			t.Fatalf("%s: %d files are open, want at most %d", what, n, most)
		}
	}
	want("made", 0)
	for i := range 40 {
		appendValues(t, l, int64(i), fmt.Sprint(i))
	}
	idle := func() {
		for range 2 {
			must(t, l.CloseIdle(at(1000)))
		}
	}
	idle()
	want("idle", 0)
	readAll(t, l, 0)
	_, err := l.Expire(at(41))
	must(t, err)
	_, err = l.Retain(at(41))
	must(t, err)
	var f Fetched
	must(t, l.Read(0, 100, true, 40, &f))
	idle()
	want("a section is in use", 1)
	f.Release()
	want("released", 0)
	appendValues(t, l, 50, "more")
	for range 2 {
		must(t, l.CloseIdle(at(49)))
	}
	want("appended to lately", 1) // the active segment
	must(t, l.Close(at(60)))
	want("closed", 0)
	for _, clean := range []bool{true, false} {
		o := testOptions(&c)
		o.Clean = clean
		l, _, err = Open(hostOf(fsys), o)
		must(t, err)
		want("opened", 0)
		if _, found, err := l.OffsetForTimestamp(stampAt(45)); !found || err != nil {
			t.Fatal(found, err)
		}
		want("searched by time", 3)
		l.Abandon()
		want("abandoned", 0)
	}
	must(t, l.Close(at(61)))
}
