package compress

import (
	"encoding/binary"
	"fmt"
	"io"

	"github.com/klauspost/compress/zstd"
)

// packZstd writes one frame. The encoder's levels are fewer than zstd's: each
// stands for a range of them.
func (p *Pool) packZstd(dst, src []byte, level Level) ([]byte, error) {
	if level == DefaultLevel {
		level = 3
	}
	effort := zstd.EncoderLevelFromZstd(int(level))
	slot := &p.zstd[(effort-zstd.SpeedFastest)&3]
	e, _ := slot.Get().(*zstd.Encoder)
	if e == nil {
		var err error
		e, err = zstd.NewWriter(nil,
			zstd.WithEncoderLevel(effort),
			zstd.WithEncoderConcurrency(1),
			zstd.WithLowerEncoderMem(true),
			zstd.WithWindowSize(1<<20),
			zstd.WithZeroFrames(true),
			zstd.WithEncoderCRC(false)) // the batch has a checksum
		if err != nil {
			return dst, err
		}
	}
	defer slot.Put(e)
	return e.EncodeAll(src, dst), nil
}

const (
	zstdMagic     = 0xFD2FB528
	zstdSkipMagic = 0x184D2A50 // and the 15 after it
	zstdBlockMax  = 128 << 10
	// zstdWhole is the size up to which a frame is unpacked in one piece,
	// without a window.
	zstdWhole = 256 << 10
	// zstdWindowMax is the largest window, that of zstd's level 22: Java's
	// producers name it even for the smallest batch.
	zstdWindowMax = 128 << 20
	// zstdWindowFree is the window that every frame may have (RFC 8878 asks
	// all decoders for so much). More is had only for data that is not packed
	// denser than zstdDensity: memory must be paid for in bytes sent.
	zstdWindowFree = 8 << 20
	zstdDensity    = 64
)

// zstdUnpacker reads frames. It walks over a frame's block headers first: they
// bound what the frame can hold, so that neither the window nor the content
// size in the frame's header makes anybody allocate more. The decoder of a long
// frame is given a header of our own, with a window no larger than it needs.
type zstdUnpacker struct {
	src   []byte // the frames that are left
	head  []byte // of the current frame, for the decoder, then
	rest  []byte // the rest of it
	open  bool   // the decoder is within a frame
	left  uint64 // what is still to come out of it, where its size is known
	known bool
	held  uint64 // the largest window so far, which the decoder keeps
	d     *zstd.Decoder
	whole []byte
	buf   []byte
}

func newZstdUnpacker() (*zstdUnpacker, error) {
	d, err := zstd.NewReader(nil,
		zstd.WithDecoderConcurrency(1),
		zstd.WithDecoderLowmem(true),
		zstd.WithDecoderMaxWindow(zstdWindowMax+zstdWindowMax/8))
	if err != nil {
		return nil, err
	}
	return &zstdUnpacker{d: d}, nil
}

func (u *zstdUnpacker) reset(src []byte, _ Codec) error {
	u.src, u.head, u.rest, u.open = src, nil, nil, false
	return nil
}

func (u *zstdUnpacker) next(int) ([]byte, error) {
	for {
		if u.open {
			piece, err := readSome(u.d, u.buf)
			if err == nil {
				return piece, u.count(piece)
			}
			if err != io.EOF { //nolint:errorlint // the decoder's own, never wrapped
				return nil, err
			}
			if u.open = false; u.known && u.left > 0 {
				return nil, fmt.Errorf("%d bytes less than the frame claims: %w", u.left, ErrCorrupt)
			}
		}
		if len(u.src) == 0 {
			return nil, io.EOF
		}
		shape, err := zstdFrame(u.src)
		if err != nil {
			return nil, err
		}
		frame := u.src[:shape.size]
		u.src = u.src[shape.size:]
		switch {
		case shape.skip:
		case shape.content <= zstdWhole:
			u.whole, err = u.d.DecodeAll(frame, u.whole[:0])
			if err != nil || len(u.whole) > 0 {
				return u.whole, err
			}
		default:
			if err := u.stream(frame, &shape); err != nil {
				return nil, err
			}
		}
	}
}

// count holds what comes out of a frame against what the frame claims.
func (u *zstdUnpacker) count(piece []byte) error {
	if !u.known {
		return nil
	}
	if uint64(len(piece)) > u.left {
		return fmt.Errorf("more bytes than the frame claims: %w", ErrCorrupt)
	}
	u.left -= uint64(len(piece))
	return nil
}

// stream begins to unpack a long frame.
func (u *zstdUnpacker) stream(frame []byte, shape *zstdShape) error {
	if shape.window > zstdWindowMax {
		return fmt.Errorf("window of %d bytes: %w", shape.window, ErrCorrupt)
	}
	if u.buf == nil {
		u.buf = make([]byte, 64<<10)
	}
	window := min(shape.window, shape.content, max(zstdWindowFree, zstdDensity*uint64(len(frame))))
	u.held = max(u.held, window)
	// Magic, descriptor without a content size, window, dictionary id.
	u.head = append(u.head[:0], frame[:4]...)
	u.head = append(u.head, frame[4]&0x0f, zstdWindow(window))
	u.head = append(u.head, frame[shape.dictionary[0]:shape.dictionary[1]]...)
	u.rest = frame[shape.blocks:]
	u.left, u.known = shape.content, shape.known
	u.open = true
	return u.d.Reset((*zstdSource)(u))
}

// zstdWindow is the descriptor of the smallest window of at least size bytes.
func zstdWindow(size uint64) byte {
	for exponent := range byte(32) {
		base := uint64(1) << (10 + exponent)
		for mantissa := range byte(8) {
			if base+base/8*uint64(mantissa) >= size {
				return exponent<<3 | mantissa
			}
		}
	}
	return 0xff
}

// zstdSource feeds the decoder: our header, then the frame's blocks.
type zstdSource zstdUnpacker

func (s *zstdSource) Read(p []byte) (int, error) {
	from := &s.head
	if len(*from) == 0 {
		from = &s.rest
	}
	if len(*from) == 0 {
		return 0, io.EOF
	}
	n := copy(p, *from)
	*from = (*from)[n:]
	return n, nil
}

func (u *zstdUnpacker) release() bool {
	u.src, u.head, u.rest = nil, nil, nil
	return u.d.Reset(nil) == nil && u.held <= 2*keepMax
}

// zstdShape is what a frame's header and block headers say.
type zstdShape struct {
	size       int    // of the packed frame
	blocks     int    // where its blocks begin
	dictionary [2]int // where the id of its dictionary stands
	content    uint64 // at most so much comes out, or exactly so much where known
	known      bool
	window     uint64
	skip       bool // a frame of user data
}

// zstdFrame walks the headers of the frame that src begins with.
func zstdFrame(src []byte) (zstdShape, error) {
	if len(src) < 8 {
		return zstdShape{}, fmt.Errorf("frame of %d bytes: %w", len(src), ErrCorrupt)
	}
	magic := binary.LittleEndian.Uint32(src)
	if magic&^0xf == zstdSkipMagic {
		size := 8 + uint64(binary.LittleEndian.Uint32(src[4:]))
		if size > uint64(len(src)) {
			return zstdShape{}, fmt.Errorf("cut skippable frame: %w", ErrCorrupt)
		}
		return zstdShape{size: int(size), skip: true}, nil
	}
	if magic != zstdMagic {
		return zstdShape{}, fmt.Errorf("frame magic %#x: %w", magic, ErrCorrupt)
	}
	shape := zstdShape{}
	descriptor, at := src[4], 5
	single := descriptor&0x20 != 0
	if !single {
		exponent, mantissa := src[at]>>3, src[at]&7
		base := uint64(1) << (10 + exponent)
		shape.window = base + base/8*uint64(mantissa)
		at++
	}
	shape.dictionary = [2]int{at, at + [4]int{0, 1, 2, 4}[descriptor&3]}
	at = shape.dictionary[1]
	claimed, n := zstdContentSize(src, at, descriptor>>6, single)
	if single {
		shape.window = claimed
	}
	shape.blocks = at + n
	if err := shape.walk(src, single, descriptor&4 != 0); err != nil {
		return zstdShape{}, err
	}
	if n > 0 {
		if claimed > shape.content {
			return zstdShape{}, fmt.Errorf("blocks for %d bytes do not hold the %d claimed: %w", shape.content, claimed, ErrCorrupt)
		}
		shape.content, shape.known = claimed, true
	}
	return shape, nil
}

// walk goes over the headers of the blocks: it finds the frame's size, and the
// most that it can hold.
func (s *zstdShape) walk(src []byte, single, checksum bool) error {
	at, blockMax := s.blocks, uint64(zstdBlockMax)
	if !single {
		blockMax = min(blockMax, s.window)
	}
	for last := false; !last; {
		if at+3 > len(src) {
			return fmt.Errorf("cut frame: %w", ErrCorrupt)
		}
		header := int(src[at]) | int(src[at+1])<<8 | int(src[at+2])<<16
		at += 3
		last = header&1 != 0
		size := header >> 3
		switch header >> 1 & 3 {
		case 0: // raw
			s.content += uint64(size)
		case 1: // one byte, repeated
			s.content += uint64(size)
			size = 1
		case 2:
			s.content += blockMax
		default:
			return fmt.Errorf("reserved block type: %w", ErrCorrupt)
		}
		if at += size; at > len(src) {
			return fmt.Errorf("cut block: %w", ErrCorrupt)
		}
	}
	if checksum {
		at += 4
	}
	if at > len(src) {
		return fmt.Errorf("cut frame: %w", ErrCorrupt)
	}
	s.size = at
	return nil
}

// zstdContentSize reads the content size at src[at:], n bytes long.
func zstdContentSize(src []byte, at int, code byte, single bool) (size uint64, n int) {
	n = [4]int{0, 2, 4, 8}[code]
	if code == 0 && single {
		n = 1
	}
	if at+n > len(src) {
		return 0, 0 // the walk over the blocks finds the frame cut
	}
	var field [8]byte
	copy(field[:], src[at:at+n])
	size = binary.LittleEndian.Uint64(field[:])
	if n == 2 {
		size += 256
	}
	return size, n
}
