package segment

import (
	"sync"
	"sync/atomic"

	"github.com/gregor-stream/gregor/internal/vfs"
)

// File is a segment's open data file with a count of those who use it: it is
// closed when the last lets go of it, so that a segment can be closed or deleted
// while a response still reads from it.
type File struct {
	file vfs.File
	uses atomic.Int32
}

func newFile(f vfs.File) *File {
	file := &File{file: f}
	file.uses.Store(1)
	return file
}

// ReadAt reads from the file, as io.ReaderAt.
func (f *File) ReadAt(p []byte, at int64) (int, error) { return f.file.ReadAt(p, at) }

// Descriptor gives the system's number of the file; ok is false where it is
// none of the system's: in memory, or with injected errors.
func (f *File) Descriptor() (fd uintptr, ok bool) {
	file, ok := f.file.(interface{ Fd() uintptr })
	if !ok {
		return 0, false
	}
	return file.Fd(), true
}

// use counts one more user. The caller has a use already, or the segment's lock.
func (f *File) use() *File {
	f.uses.Add(1)
	return f
}

// Release lets go of one use. An error of the close is of no consequence: what
// was written was written.
func (f *File) Release() {
	if f.uses.Add(-1) == 0 {
		_ = f.file.Close()
	}
}

// bufferSize is the length of a [Buffers] buffer: it holds what lies between two
// index entries many times over.
const bufferSize = 64 << 10

// Buffers pools the memory that scans read into. A node owns one; the zero
// value is ready.
type Buffers struct{ pool sync.Pool }

// buffered is a scan's memory.
type buffered struct {
	scanner
	bytes [bufferSize]byte
}

func (b *Buffers) get() *buffered {
	if buf, ok := b.pool.Get().(*buffered); ok {
		return buf
	}
	return new(buffered)
}

func (b *Buffers) put(buf *buffered) {
	buf.file = nil
	b.pool.Put(buf)
}
