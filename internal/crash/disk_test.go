package crash

import (
	"github.com/gregor-stream/gregor/internal/vfs"
)

// watched is a disk that calls point before and after everything that changes
// it, and that may be told to lie: a lie swallows an operation, as a bug that
// leaves it out would.
type watched struct {
	vfs.FS
	point func(what string)
	world *world
	lie   *bug // nil: none
}

func (w *watched) around(op vfs.Op, what, name string, do func() error) error {
	if w.lie.swallows(op, name) {
		return nil
	}
	w.point("before " + what + " " + name)
	err := do()
	w.point("after " + what + " " + name)
	return err
}

func (w *watched) Open(name string, flags vfs.Flag) (vfs.File, error) {
	changes := flags&(vfs.Create|vfs.Truncate) != 0
	if changes {
		w.point("before open " + name)
	}
	f, err := w.FS.Open(name, flags)
	if err != nil {
		return nil, err
	}
	if changes {
		w.point("after open " + name)
	}
	return &watchedFile{File: f, w: w}, nil
}

func (w *watched) Mkdir(name string) error {
	return w.around(vfs.OpMkdir, "mkdir", name, func() error { return w.FS.Mkdir(name) })
}

func (w *watched) MkdirAll(name string) error {
	return w.around(vfs.OpMkdir, "mkdir", name, func() error { return w.FS.MkdirAll(name) })
}

func (w *watched) Remove(name string) error {
	return w.around(vfs.OpRemove, "remove", name, func() error { return w.FS.Remove(name) })
}

func (w *watched) RemoveAll(name string) error {
	return w.around(vfs.OpRemove, "remove", name, func() error { return w.FS.RemoveAll(name) })
}

func (w *watched) Rename(from, to string) error {
	return w.around(vfs.OpRename, "rename", from, func() error { return w.FS.Rename(from, to) })
}

func (w *watched) SyncDir(name string) error {
	return w.around(vfs.OpSyncDir, "sync of directory", name, func() error { return w.FS.SyncDir(name) })
}

type watchedFile struct {
	vfs.File
	w *watched
}

func (f *watchedFile) WriteAt(p []byte, at int64) (n int, err error) {
	if f.w.lie != nil && f.w.lie.rewrite != nil {
		p = f.w.lie.rewrite(f.w.world, f.Name(), p)
	}
	err = f.w.around(vfs.OpWrite, "write to", f.Name(), func() error { n, err = f.File.WriteAt(p, at); return err })
	return n, err
}

func (f *watchedFile) Truncate(size int64) error {
	return f.w.around(vfs.OpTruncate, "truncation of", f.Name(), func() error { return f.File.Truncate(size) })
}

func (f *watchedFile) Sync() error {
	return f.w.around(vfs.OpSync, "sync of", f.Name(), f.File.Sync)
}
