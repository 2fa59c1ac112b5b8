package compress

import (
	"errors"
	"fmt"
	"io"
	"sync"
)

// Pool keeps the state of packers and unpackers between uses. A node owns one
// and hands it down; the zero value is ready, and it is safe for concurrent
// use. What it keeps holds no goroutine and no timer, and goes back to the
// garbage collector when it has not been used for a while.
type Pool struct {
	readers [Zstd + 1]sync.Pool // of *Reader, by codec
	gzip    [10]sync.Pool       // of *gzip.Writer, by level; 0 is the default
	lz4     sync.Pool           // of *lz4.Compressor
	lz4High sync.Pool           // of *lz4.CompressorHC
	zstd    [4]sync.Pool        // of *zstd.Encoder, by klauspost's level
}

// Compress appends src, packed, to dst and returns the longer slice. A level
// that the codec does not have is an error.
func (p *Pool) Compress(dst, src []byte, codec Codec, level Level) ([]byte, error) {
	if err := checkLevel(codec, level); err != nil {
		return dst, err
	}
	switch codec {
	case None:
		return append(dst, src...), nil
	case Gzip:
		return p.packGzip(dst, src, level)
	case Snappy:
		return packSnappy(dst, src), nil
	case Lz4, Lz4Magic0:
		return p.packLz4(dst, src, level, codec == Lz4Magic0)
	case Zstd:
		return p.packZstd(dst, src, level)
	}
	return dst, fmt.Errorf("compress: %w %d", ErrUnknownCodec, codec)
}

func checkLevel(codec Codec, level Level) error {
	lowest, highest, preset := (codec &^ 0x80).LevelRange()
	if level == DefaultLevel || level == preset || lowest <= level && level <= highest {
		return nil
	}
	return fmt.Errorf("compress: %s has no level %d (%d to %d)", codec, level, lowest, highest)
}

// Decompress appends src, unpacked, to dst. It fails with [ErrTooLarge] as soon
// as more than max bytes come out, and with [ErrCorrupt] for damaged data. dst
// grows with what comes out, never by what a header claims.
func (p *Pool) Decompress(dst, src []byte, codec Codec, max int) ([]byte, error) {
	if codec == None {
		if len(src) > max {
			return dst, fmt.Errorf("decompress: %w of %d bytes", ErrTooLarge, max)
		}
		return append(dst, src...), nil
	}
	r, err := p.Reader(src, codec, max)
	if err != nil {
		return dst, err
	}
	defer r.Close()
	for {
		piece, err := r.Next()
		if errors.Is(err, io.EOF) {
			return dst, nil
		}
		if err != nil {
			return dst, err
		}
		dst = append(dst, piece...)
	}
}

// Reader unpacks src piece by piece, in fixed memory: what is held is a window
// of the codec's own (64 KiB to 8 MiB), except that a block of raw snappy is
// unpacked whole. After max bytes it fails with [ErrTooLarge]. The caller closes
// the reader, which gives it back to the pool; until then src must not change.
func (p *Pool) Reader(src []byte, codec Codec, max int) (*Reader, error) {
	if plain := codec &^ 0x80; plain == None || plain > Zstd {
		return nil, fmt.Errorf("decompress: %w %d", ErrUnknownCodec, codec)
	}
	r, _ := p.readers[codec&^0x80].Get().(*Reader)
	if r == nil {
		unpacker, err := newUnpacker(codec)
		if err != nil {
			return nil, err
		}
		r = &Reader{unpacker: unpacker}
	}
	r.pool, r.codec, r.left, r.rest, r.err = p, codec, max, nil, nil
	if err := r.unpacker.reset(src, codec); err != nil {
		r.Close()
		return nil, corrupt(codec, err)
	}
	return r, nil
}

// unpacker is one codec's state.
type unpacker interface {
	// reset begins with src.
	reset(src []byte, codec Codec) error
	// next is the next piece, not empty, good until the next call; io.EOF at
	// the end. A piece that is to be held whole must not exceed max by more
	// than the unpacker's own fixed memory.
	next(max int) ([]byte, error)
	// release lets go of src. It says whether the state is small enough to be
	// pooled.
	release() bool
}

func newUnpacker(codec Codec) (unpacker, error) {
	switch codec {
	case Gzip:
		return &gzipUnpacker{}, nil
	case Snappy:
		return &snappyUnpacker{}, nil
	case Lz4, Lz4Magic0:
		return &lz4Unpacker{}, nil
	case Zstd:
		return newZstdUnpacker()
	case None:
	}
	return nil, ErrUnknownCodec
}

// Reader is a stream of unpacked bytes, made by [Pool.Reader].
type Reader struct {
	pool     *Pool
	codec    Codec
	unpacker unpacker
	left     int    // how many more bytes may come out
	rest     []byte // of the last piece, for Read
	err      error  // sticks
}

// Next is the next piece of unpacked data, good until the next call; io.EOF at
// the end. Use either Next or Read.
func (r *Reader) Next() ([]byte, error) {
	if r.err != nil {
		return nil, r.err
	}
	piece, err := r.unpacker.next(r.left)
	switch {
	case errors.Is(err, io.EOF):
		r.err = io.EOF
	case errors.Is(err, ErrTooLarge), err == nil && len(piece) > r.left:
		r.err = fmt.Errorf("decompress %s: %w", r.codec, ErrTooLarge)
	case err != nil:
		r.err = corrupt(r.codec, err)
	}
	if r.err != nil {
		return nil, r.err
	}
	r.left -= len(piece)
	return piece, nil
}

// Read fills p as io.Reader does.
func (r *Reader) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	if len(r.rest) == 0 {
		piece, err := r.Next()
		if err != nil {
			return 0, err
		}
		r.rest = piece
	}
	n := copy(p, r.rest)
	r.rest = r.rest[n:]
	return n, nil
}

// Close gives the reader back to its pool; it must not be used afterwards.
func (r *Reader) Close() {
	pool := r.pool
	if pool == nil {
		return
	}
	r.pool, r.rest = nil, nil
	if r.unpacker.release() {
		pool.readers[r.codec&^0x80].Put(r)
	}
}

// corrupt says that the data is damaged, and what the codec said of it.
func corrupt(codec Codec, err error) error {
	if errors.Is(err, ErrCorrupt) {
		return fmt.Errorf("decompress %s: %w", codec, err)
	}
	return fmt.Errorf("decompress %s: %w: %w", codec, ErrCorrupt, err)
}

// keepMax is the largest scratch buffer that stays in a pool.
const keepMax = 4 << 20

// scratch makes room for n bytes, in buf where it has it.
func scratch(buf []byte, n int) []byte {
	if cap(buf) >= n {
		return buf[:n]
	}
	return make([]byte, n, max(n, min(2*cap(buf), keepMax)))
}
