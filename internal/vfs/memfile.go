package vfs

import (
	"io"
	"io/fs"
	"maps"
	"sync"
	"sync/atomic"
)

// memBlock is the unit in which unsynced writes are lost or kept.
const memBlock = 4096

// memData is a file's content, and what it was at the last sync.
type memData struct {
	mu   sync.RWMutex
	data []byte
	// saved has, by number, the durable content of the blocks below stableSize
	// that were changed since the last sync.
	saved      map[int64][]byte
	stableSize int64
	// touched are the blocks that were written since the last sync.
	touched map[int64]bool
	// lost are those of them that a failed sync has dropped: no later sync
	// writes them, unless they are written again.
	lost map[int64]bool
}

func (d *memData) size() int64 {
	d.mu.RLock()
	defer d.mu.RUnlock()
	return int64(len(d.data))
}

// save keeps the durable content of the blocks of [from, to) and marks them.
func (d *memData) save(from, to int64) {
	if d.touched == nil {
		d.touched = map[int64]bool{}
	}
	for b := from / memBlock; b*memBlock < to; b++ {
		if d.touched[b] {
			delete(d.lost, b)
			continue
		}
		d.touched[b] = true
		begin, end := b*memBlock, min((b+1)*memBlock, d.stableSize, int64(len(d.data)))
		if begin >= end {
			continue
		}
		if d.saved == nil {
			d.saved = map[int64][]byte{}
		}
		d.saved[b] = append([]byte(nil), d.data[begin:end]...)
	}
}

// truncate gives by how much the file grew.
func (d *memData) truncate(size int64) int64 {
	d.mu.Lock()
	defer d.mu.Unlock()
	old := int64(len(d.data))
	if size < old {
		d.save(size, old)
		d.data = d.data[:size:size]
	} else if size > old {
		d.save(old, size)
		d.data = append(d.data, make([]byte, size-old)...)
	}
	return size - old
}

func (d *memData) readAt(p []byte, at int64) (int, error) {
	d.mu.RLock()
	defer d.mu.RUnlock()
	if at >= int64(len(d.data)) {
		return 0, io.EOF
	}
	n := copy(p, d.data[at:])
	if n < len(p) {
		return n, io.EOF
	}
	return n, nil
}

func (d *memData) writeAt(p []byte, at int64) {
	d.mu.Lock()
	defer d.mu.Unlock()
	end := at + int64(len(p))
	d.save(min(at, int64(len(d.data))), end)
	if gap := at - int64(len(d.data)); gap > 0 {
		d.data = append(d.data, make([]byte, gap)...)
	}
	n := copy(d.data[at:], p)
	d.data = append(d.data, p[n:]...)
}

func (d *memData) sync() {
	d.mu.Lock()
	defer d.mu.Unlock()
	for b := range d.touched {
		if !d.lost[b] {
			delete(d.touched, b)
			delete(d.saved, b)
		}
	}
	d.stableSize = int64(len(d.data))
}

// drop is a sync that fails as Linux lets it fail: readers go on to see what was
// written, the pages count as clean, and no later sync writes them.
func (d *memData) drop() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.lost = maps.Clone(d.touched)
}

// memFile is an open file of a [Mem].
type memFile struct {
	fs     *Mem
	name   string
	node   *memNode
	write  bool
	closed atomic.Bool
}

func (f *memFile) check(op string, write bool) error {
	if f.closed.Load() {
		return memFail(op, f.name, fs.ErrClosed)
	}
	if write && !f.write {
		return memFail(op, f.name, fs.ErrPermission)
	}
	return nil
}

func (f *memFile) Name() string { return f.name }

func (f *memFile) Size() (int64, error) { return f.node.file.size(), f.check("stat", false) }

func (f *memFile) ReadAt(p []byte, at int64) (int, error) {
	if err := f.check("read", false); err != nil {
		return 0, err
	}
	if at < 0 {
		return 0, memFail("read", f.name, fs.ErrInvalid)
	}
	return f.node.file.readAt(p, at)
}

func (f *memFile) WriteAt(p []byte, at int64) (int, error) {
	if err := f.check("write", true); err != nil {
		return 0, err
	}
	if at < 0 {
		return 0, memFail("write", f.name, fs.ErrInvalid)
	}
	grow := max(at+int64(len(p))-f.node.file.size(), 0)
	if err := f.reserve("write", grow); err != nil {
		return 0, err
	}
	f.node.file.writeAt(p, at)
	return len(p), nil
}

// reserve takes space from the disk and stamps the file.
func (f *memFile) reserve(op string, grow int64) error {
	f.fs.mu.Lock()
	defer f.fs.mu.Unlock()
	if f.fs.limit > 0 && grow > 0 && f.fs.used+grow > f.fs.limit {
		return memFail(op, f.name, errNoSpace())
	}
	f.fs.used += grow
	f.node.modTime = f.fs.now()
	return nil
}

func (f *memFile) Truncate(size int64) error {
	if err := f.check("truncate", true); err != nil {
		return err
	}
	if err := f.reserve("truncate", size-f.node.file.size()); err != nil {
		return err
	}
	f.node.file.truncate(size)
	return nil
}

func (f *memFile) Sync() error {
	if err := f.check("sync", false); err != nil {
		return err
	}
	f.node.file.sync()
	return nil
}

// dropWrites lets the writes since the last sync be lost, as a failed sync does.
func (f *memFile) dropWrites() { f.node.file.drop() }

// Preallocate fails where the disk has no space for it, and reserves nothing:
// writes are counted when they are made.
func (f *memFile) Preallocate(offset, length int64) error {
	if err := f.check("fallocate", true); err != nil {
		return err
	}
	f.fs.mu.Lock()
	defer f.fs.mu.Unlock()
	grow := max(offset+length-f.node.file.size(), 0)
	if f.fs.limit > 0 && f.fs.used+grow > f.fs.limit {
		return memFail("fallocate", f.name, errNoSpace())
	}
	return nil
}

func (f *memFile) Close() error {
	if f.closed.Swap(true) {
		return memFail("close", f.name, fs.ErrClosed)
	}
	return nil
}
