package vfs

import (
	"cmp"
	"maps"
	"math/rand/v2"
	"slices"
)

// CrashClone is what a loss of power leaves: a new file system with what was
// synced. With chance, parts of what was not synced are there too: of each
// directory's changes those up to some point, of each file some of the written
// blocks, and a length between the durable and the last one. The same seed
// gives the same clone. m itself goes on unchanged; locks are free in the clone.
func (m *Mem) CrashClone(chance *rand.Rand) *Mem {
	m.mu.Lock()
	defer m.mu.Unlock()
	c := NewMem(m.clock)
	c.limit = m.limit
	c.root = crashDir(m.root, chance, map[*memNode]*memNode{})
	c.used = c.root.total()
	return c
}

// Clone is a copy of everything, as if it had been synced: what a process that
// is killed leaves.
func (m *Mem) Clone() *Mem {
	m.mu.Lock()
	defer m.mu.Unlock()
	c := NewMem(m.clock)
	c.limit, c.used = m.limit, m.used
	c.root = copyTree(m.root)
	return c
}

func (n *memNode) total() int64 {
	sum := int64(0)
	for _, child := range n.entries {
		sum += child.total()
	}
	return sum + n.file.size()
}

func copyTree(n *memNode) *memNode {
	if !n.dir() {
		n.file.mu.RLock()
		defer n.file.mu.RUnlock()
		return newMemFile(n, slices.Clone(n.file.data))
	}
	d := newMemDir()
	d.modTime = n.modTime
	for name, child := range n.entries {
		d.entries[name] = copyTree(child)
	}
	d.stable = maps.Clone(d.entries)
	return d
}

func newMemFile(n *memNode, data []byte) *memNode {
	f := &memNode{modTime: n.modTime}
	f.file.data = data
	f.file.stableSize = int64(len(data))
	return f
}

func crashDir(n *memNode, chance *rand.Rand, done map[*memNode]*memNode) *memNode {
	names := maps.Clone(n.stable)
	if chance != nil {
		for _, op := range n.pending[:chance.IntN(len(n.pending)+1)] {
			settle(names, op)
		}
	}
	d := newMemDir()
	d.modTime = n.modTime
	for _, name := range slices.SortedFunc(maps.Keys(names), cmp.Compare[string]) {
		child := names[name]
		if done[child] == nil {
			if child.dir() {
				done[child] = crashDir(child, chance, done)
			} else {
				done[child] = crashFile(child, chance)
			}
		}
		d.entries[name] = done[child]
	}
	d.stable = maps.Clone(d.entries)
	return d
}

func crashFile(n *memNode, chance *rand.Rand) *memNode {
	f := &n.file
	f.mu.RLock()
	defer f.mu.RUnlock()
	size := f.stableSize
	if last := int64(len(f.data)); chance != nil && last != size {
		switch chance.IntN(3) {
		case 0:
			size = last
		case 1:
			size = min(size, last) + chance.Int64N(max(size, last)-min(size, last)+1)
		}
	}
	data := make([]byte, size)
	copy(data, f.data)
	for _, b := range slices.Sorted(maps.Keys(f.touched)) {
		if chance != nil && chance.IntN(2) == 0 {
			continue // the write reached the disk
		}
		begin := b * memBlock
		if begin >= size {
			continue
		}
		end := min(begin+memBlock, size)
		clear(data[begin:end])
		copy(data[begin:end], f.saved[b])
	}
	return newMemFile(n, data)
}
