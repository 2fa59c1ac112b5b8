package vfs

import (
	"io"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"
)

// Mem is a file system in memory. It knows what of it was synced, so that
// [Mem.CrashClone] can show what a loss of power would leave. It is as strict
// as POSIX allows: a file whose directory was not synced may be gone.
type Mem struct {
	clock func() time.Time // nil: all times are zero

	mu    sync.Mutex
	root  *memNode
	locks map[string]bool
	limit int64 // bytes that all files may hold, 0: no limit
	used  int64
	stale func(name string) bool // see ShowStale
}

var _ FS = (*Mem)(nil)

// NewMem makes an empty file system. clock gives modification times and may be
// nil.
func NewMem(clock func() time.Time) *Mem {
	return &Mem{clock: clock, root: newMemDir(), locks: map[string]bool{}}
}

// SetLimit makes the disk full when its files hold n bytes; 0 is no limit.
func (m *Mem) SetLimit(n int64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.limit = n
}

// memNode is a directory or a file.
type memNode struct {
	modTime time.Time

	// Of a directory; guarded by Mem.mu.
	entries map[string]*memNode // nil: this is a file
	stable  map[string]*memNode // what is durable of entries
	pending []dirOp             // from stable to entries, in order

	file memData
}

// dirOp is one change of a directory: names that get a node, nil to remove.
type dirOp map[string]*memNode

func newMemDir() *memNode {
	return &memNode{entries: map[string]*memNode{}, stable: map[string]*memNode{}}
}

func (n *memNode) dir() bool { return n.entries != nil }

func (n *memNode) apply(now time.Time, op dirOp) {
	n.modTime = now
	for name, node := range op {
		if node == nil {
			delete(n.entries, name)
		} else {
			n.entries[name] = node
		}
	}
	n.pending = append(n.pending, op)
}

func (m *Mem) now() time.Time {
	if m.clock == nil {
		return time.Time{}
	}
	return m.clock()
}

func memFail(op, name string, err error) error {
	return &fs.PathError{Op: op, Path: name, Err: err}
}

// find gives the node of a name; the root for the empty and the topmost name.
func (m *Mem) find(name string) *memNode {
	n := m.root
	for rest := clean(name); rest != ""; {
		var first string
		first, rest, _ = strings.Cut(rest, "/")
		if !n.dir() {
			return nil
		}
		if n = n.entries[first]; n == nil {
			return nil
		}
	}
	return n
}

func clean(name string) string {
	name = filepath.ToSlash(filepath.Clean(name))
	name = name[len(filepath.VolumeName(name)):]
	return strings.Trim(strings.TrimPrefix(name, "."), "/")
}

// parent gives the directory of a name, and its last element.
func (m *Mem) parent(op, name string) (*memNode, string, error) {
	c := clean(name)
	if c == "" {
		return nil, "", memFail(op, name, fs.ErrExist)
	}
	dir, base := "", c
	if i := strings.LastIndexByte(c, '/'); i >= 0 {
		dir, base = c[:i], c[i+1:]
	}
	n := m.find(dir)
	if n == nil || !n.dir() {
		return nil, "", memFail(op, name, fs.ErrNotExist)
	}
	return n, base, nil
}

// Open opens a file.
func (m *Mem) Open(name string, flags Flag) (File, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	p, base, err := m.parent("open", name)
	if err != nil {
		return nil, err
	}
	n := p.entries[base]
	switch {
	case n == nil && flags&Create == 0:
		return nil, memFail("open", name, fs.ErrNotExist)
	case n != nil && n.dir():
		return nil, memFail("open", name, fs.ErrInvalid)
	case n != nil && flags&Create != 0 && flags&Exclusive != 0:
		return nil, memFail("open", name, fs.ErrExist)
	case n == nil:
		n = &memNode{modTime: m.now()}
		p.apply(m.now(), dirOp{base: n})
	}
	f := &memFile{fs: m, name: name, node: n, write: flags&(Write|Create|Truncate) != 0}
	if flags&Truncate != 0 {
		m.used += n.file.truncate(0)
		n.modTime = m.now()
	}
	return f, nil
}

// Mkdir makes one directory.
func (m *Mem) Mkdir(name string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	p, base, err := m.parent("mkdir", name)
	if err != nil {
		return err
	}
	if p.entries[base] != nil {
		return memFail("mkdir", name, fs.ErrExist)
	}
	d := newMemDir()
	d.modTime = m.now()
	p.apply(m.now(), dirOp{base: d})
	return nil
}

// MkdirAll makes a directory and those above it.
func (m *Mem) MkdirAll(name string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	n := m.root
	for rest := clean(name); rest != ""; {
		var first string
		first, rest, _ = strings.Cut(rest, "/")
		next := n.entries[first]
		if next == nil {
			next = newMemDir()
			next.modTime = m.now()
			n.apply(m.now(), dirOp{first: next})
		}
		if !next.dir() {
			return memFail("mkdir", name, fs.ErrExist)
		}
		n = next
	}
	return nil
}

// Remove removes a file or an empty directory.
func (m *Mem) Remove(name string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	p, base, err := m.parent("remove", name)
	if err != nil {
		return err
	}
	n := p.entries[base]
	if n == nil {
		return memFail("remove", name, fs.ErrNotExist)
	}
	if n.dir() && len(n.entries) > 0 {
		return memFail("remove", name, fs.ErrExist)
	}
	m.forget(n)
	p.apply(m.now(), dirOp{base: nil})
	return nil
}

// RemoveAll removes a tree.
func (m *Mem) RemoveAll(name string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	p, base, err := m.parent("remove", name)
	if err != nil || p.entries[base] == nil {
		return nil //nolint:nilerr // what is not there is removed
	}
	m.forget(p.entries[base])
	p.apply(m.now(), dirOp{base: nil})
	return nil
}

// forget gives back the space of a tree that has lost its name.
func (m *Mem) forget(n *memNode) {
	for _, child := range n.entries {
		m.forget(child)
	}
	if !n.dir() {
		m.used -= n.file.size()
	}
}

// Rename moves a file or directory.
func (m *Mem) Rename(from, to string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	p, base, err := m.parent("rename", from)
	if err != nil {
		return err
	}
	q, last, err := m.parent("rename", to)
	if err != nil {
		return err
	}
	n := p.entries[base]
	if n == nil {
		return memFail("rename", from, fs.ErrNotExist)
	}
	if p == q && base == last {
		return nil
	}
	if old := q.entries[last]; old != nil {
		if old.dir() && (!n.dir() || len(old.entries) > 0) {
			return memFail("rename", to, fs.ErrExist)
		}
		m.forget(old)
	}
	if p == q {
		p.apply(m.now(), dirOp{base: nil, last: n})
		return nil
	}
	q.apply(m.now(), dirOp{last: n})
	p.apply(m.now(), dirOp{base: nil})
	return nil
}

// List gives the entries of a directory, sorted by name.
func (m *Mem) List(name string) ([]Entry, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	n := m.find(name)
	if n == nil || !n.dir() {
		return nil, memFail("list", name, fs.ErrNotExist)
	}
	entries := make([]Entry, 0, len(n.entries))
	for base, child := range n.entries {
		entries = append(entries, Entry{Name: base, Dir: child.dir()})
	}
	slices.SortFunc(entries, func(a, b Entry) int { return strings.Compare(a.Name, b.Name) })
	return entries, nil
}

// Stat describes a file or directory.
func (m *Mem) Stat(name string) (Info, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	n := m.find(name)
	if n == nil {
		return Info{}, memFail("stat", name, fs.ErrNotExist)
	}
	return Info{Size: n.file.size(), ModTime: n.modTime, Dir: n.dir()}, nil
}

// SetModTime says when a file was last written.
func (m *Mem) SetModTime(name string, t time.Time) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	n := m.find(name)
	if n == nil {
		return memFail("chtimes", name, fs.ErrNotExist)
	}
	n.modTime = t
	return nil
}

// SyncDir makes the names in a directory durable.
func (m *Mem) SyncDir(name string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	n := m.find(name)
	if n == nil || !n.dir() {
		return memFail("sync", name, fs.ErrNotExist)
	}
	for _, op := range n.pending {
		settle(n.stable, op)
	}
	n.pending = nil
	return nil
}

func settle(names map[string]*memNode, op dirOp) {
	for name, node := range op {
		if node == nil {
			delete(names, name)
		} else {
			names[name] = node
		}
	}
}

// Lock takes the lock on a file.
func (m *Mem) Lock(name string) (io.Closer, error) {
	f, err := m.Open(name, Create)
	if err != nil {
		return nil, err
	}
	if err := f.Close(); err != nil {
		return nil, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.locks[clean(name)] {
		return nil, memFail("lock", name, ErrLocked)
	}
	m.locks[clean(name)] = true
	return &memLock{m, clean(name)}, nil
}

type memLock struct {
	m    *Mem
	name string
}

func (l *memLock) Close() error {
	l.m.mu.Lock()
	defer l.m.mu.Unlock()
	delete(l.m.locks, l.name)
	return nil
}

// Usage is the limit and what is free of it; a tebibyte where there is none.
func (m *Mem) Usage(string) (total, free int64, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	total = m.limit
	if total == 0 {
		total = 1 << 40
	}
	return total, max(total-m.used, 0), nil
}
