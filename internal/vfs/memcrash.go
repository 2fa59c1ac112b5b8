package vfs

import (
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"hash"
	"maps"
	"math/rand/v2"
	"slices"
)

// Chance makes the choices of a crash: IntN gives one of [0, n). A *rand.Rand
// is one; another goes through all of them.
type Chance interface{ IntN(n int) int }

// sector is the unit that a disk writes whole: a block of which only a part
// reached the disk is torn between two of them.
const sector = 512

// CrashClone is what a loss of power leaves: a new file system with what was
// synced. With chance, parts of what was not synced are there too: of each
// directory's changes those up to some point, or any of them (a rename is one
// change); of each file some of the written blocks, whole or torn, and a length
// between the durable and the last one. What never reached the disk reads as
// zeros or, see [Mem.ShowStale], as anything. The same choices give the same
// clone. m itself goes on unchanged; locks are free in the clone.
func (m *Mem) CrashClone(chance Chance) *Mem {
	if r, ok := chance.(*rand.Rand); ok && r == nil {
		chance = nil
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	c := NewMem(m.clock)
	c.limit, c.stale = m.limit, m.stale
	x := crash{chance: chance, stale: m.stale, done: map[*memNode]*memNode{}}
	c.root = x.dir(m.root)
	c.used = c.root.total()
	return c
}

// ShowStale lets crash clones have other bytes than zeros where a file grew and
// its blocks were not written, as file systems do that do not order data before
// metadata (ext4 with data=writeback): in the files whose last name match wants.
func (m *Mem) ShowStale(match func(name string) bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.stale = match
}

// Clone is a copy of everything, as if it had been synced: what a process that
// is killed leaves.
func (m *Mem) Clone() *Mem {
	m.mu.Lock()
	defer m.mu.Unlock()
	c := NewMem(m.clock)
	c.limit, c.used, c.stale = m.limit, m.used, m.stale
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

// crash makes one clone.
type crash struct {
	chance Chance                 // nil: only what was synced
	stale  func(name string) bool // nil: never
	done   map[*memNode]*memNode
}

func (x *crash) yes() bool { return x.chance.IntN(2) == 1 }

func (x *crash) dir(n *memNode) *memNode {
	names := maps.Clone(n.stable)
	for _, op := range x.some(n.pending) {
		settle(names, op)
	}
	d := newMemDir()
	d.modTime = n.modTime
	for _, name := range slices.SortedFunc(maps.Keys(names), cmp.Compare[string]) {
		child := names[name]
		if x.done[child] == nil {
			if child.dir() {
				x.done[child] = x.dir(child)
			} else {
				x.done[child] = x.file(child, x.stale != nil && x.stale(name))
			}
		}
		d.entries[name] = x.done[child]
	}
	d.stable = maps.Clone(d.entries)
	return d
}

// some gives the changes of a directory that reached the disk: all, a beginning
// as a journal leaves it, or any.
func (x *crash) some(pending []dirOp) []dirOp {
	if x.chance == nil || len(pending) == 0 {
		return nil
	}
	if len(pending) > 1 {
		switch x.chance.IntN(3) {
		case 0:
			return pending
		case 1:
			return pending[:x.chance.IntN(len(pending)+1)]
		}
	}
	var some []dirOp
	for _, op := range pending {
		if x.yes() {
			some = append(some, op)
		}
	}
	return some
}

func (x *crash) file(n *memNode, stale bool) *memNode {
	f := &n.file
	f.mu.RLock()
	defer f.mu.RUnlock()
	size := f.stableSize
	if last := int64(len(f.data)); x.chance != nil && last != size {
		switch x.chance.IntN(3) {
		case 0:
			size = last
		case 1:
			size = min(size, last) + int64(x.chance.IntN(int(max(size, last)-min(size, last)+1)))
		}
	}
	data := make([]byte, size)
	copy(data, f.data)
	all := x.chance != nil && len(f.touched) > 1 && x.chance.IntN(3) == 0
	for _, b := range slices.Sorted(maps.Keys(f.touched)) {
		if begin := b * memBlock; begin < size && (!all || f.lost[b]) {
			x.block(data[begin:min(begin+memBlock, size)], f.saved[b], f.lost[b], stale)
		}
	}
	return newMemFile(n, data)
}

// block leaves the new content, puts the durable one in its place, or tears
// the block between two sectors. What a failed sync dropped is lost.
func (x *crash) block(data, durable []byte, lost, stale bool) {
	from, to := 0, len(data)
	sectors := (len(data) + sector - 1) / sector
	if x.chance != nil && !lost {
		if x.yes() {
			return // the write reached the disk
		}
		if sectors > 1 {
			switch x.chance.IntN(3) {
			case 1:
				from = sector * (1 + x.chance.IntN(sectors-1))
			case 2:
				to = sector * (1 + x.chance.IntN(sectors-1))
			}
		}
	}
	clear(data[from:to])
	if stale && x.chance != nil && to > len(durable) && x.yes() {
		for i := max(from, len(durable)); i < to; i++ {
			data[i] = byte(i*167>>3) ^ 0x5a
		}
	}
	if from < len(durable) {
		copy(data[from:to], durable[from:])
	}
}

// Sum is a hash of all names and contents: two disks that cannot be told apart
// by reading have the same.
func (m *Mem) Sum() [sha256.Size]byte {
	m.mu.Lock()
	defer m.mu.Unlock()
	h := sha256.New()
	sum(h, m.root)
	return [sha256.Size]byte(h.Sum(nil))
}

func sum(h hash.Hash, n *memNode) {
	for _, name := range slices.Sorted(maps.Keys(n.entries)) {
		child := n.entries[name]
		child.file.mu.RLock()
		head := append(binary.LittleEndian.AppendUint64([]byte(name), uint64(len(child.file.data))), 0, 'f')
		if child.dir() {
			head[len(head)-1] = 'd'
		}
		h.Write(head)
		h.Write(child.file.data)
		child.file.mu.RUnlock()
		sum(h, child)
	}
	h.Write([]byte{'/'})
}
