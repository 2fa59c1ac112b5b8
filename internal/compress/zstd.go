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
)

// zstdUnpacker reads frames. It walks over a frame's block headers first: they
// bound what the frame can hold, so that neither the window nor the content
// size in the frame's header makes anybody allocate more.
type zstdUnpacker struct {
	src    []byte // the frames that are left
	frame  []byte // the rest of the current frame, for the decoder
	window byte   // the window descriptor in place of the frame's
	at     int    // where it stands in frame; -1: nowhere, or read already
	open   bool   // the decoder is within a frame
	held   uint64 // the largest window so far, which the decoder keeps
	d      *zstd.Decoder
	whole  []byte
	buf    []byte
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
	u.src, u.frame, u.open = src, nil, false
	return nil
}

func (u *zstdUnpacker) next(int) ([]byte, error) {
	for {
		if u.open {
			piece, err := readSome(u.d, u.buf)
			if err != io.EOF { //nolint:errorlint // the decoder's own, never wrapped
				return piece, err
			}
			u.open = false
		}
		if len(u.src) == 0 {
			return nil, io.EOF
		}
		shape, err := zstdFrame(u.src)
		if err != nil {
			return nil, err
		}
		u.frame, u.src = u.src[:shape.size], u.src[shape.size:]
		switch {
		case shape.skip:
		case shape.content <= zstdWhole:
			u.whole, err = u.d.DecodeAll(u.frame, u.whole[:0])
			if err != nil || len(u.whole) > 0 {
				return u.whole, err
			}
		default:
			if err := u.stream(shape); err != nil {
				return nil, err
			}
		}
	}
}

// stream begins to unpack a long frame with a window that is no larger than
// the frame's content.
func (u *zstdUnpacker) stream(shape zstdShape) error {
	if u.buf == nil {
		u.buf = make([]byte, 64<<10)
	}
	u.at = -1
	window := shape.window
	if window == 0 {
		window = shape.content
	}
	u.held = max(u.held, min(window, 2*shape.content))
	if shape.window > shape.content {
		exponent := byte(0)
		for uint64(1)<<(10+exponent) < shape.content {
			exponent++
		}
		u.at, u.window = shape.windowAt, exponent<<3
	}
	u.open = true
	return u.d.Reset((*zstdSource)(u))
}

// zstdSource feeds the decoder with the frame, its window descriptor replaced.
type zstdSource zstdUnpacker

func (s *zstdSource) Read(p []byte) (int, error) {
	if len(s.frame) == 0 {
		return 0, io.EOF
	}
	n := copy(p, s.frame)
	if s.at >= 0 && s.at < n {
		p[s.at] = s.window
	}
	s.at -= n
	s.frame = s.frame[n:]
	return n, nil
}

func (u *zstdUnpacker) release() bool {
	u.src, u.frame = nil, nil
	return u.d.Reset(nil) == nil && u.held <= 2*keepMax
}

// zstdShape is what a frame's header and block headers say.
type zstdShape struct {
	size     int    // of the packed frame
	content  uint64 // at most so much comes out
	window   uint64 // 0: the header has none
	windowAt int
	skip     bool // a frame of user data
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
	descriptor := src[4]
	at := 5
	single := descriptor&0x20 != 0
	if !single {
		exponent, mantissa := src[at]>>3, src[at]&7
		base := uint64(1) << (10 + exponent)
		shape.window, shape.windowAt = base+base/8*uint64(mantissa), at
		at++
	}
	at += [4]int{0, 1, 2, 4}[descriptor&3] // dictionary id
	claimed, n := zstdContentSize(src, at, descriptor>>6, single)
	at += n
	blockMax := uint64(zstdBlockMax)
	if !single {
		blockMax = min(blockMax, shape.window)
	}
	for last := false; !last; {
		if at+3 > len(src) {
			return zstdShape{}, fmt.Errorf("cut frame: %w", ErrCorrupt)
		}
		header := int(src[at]) | int(src[at+1])<<8 | int(src[at+2])<<16
		at += 3
		last = header&1 != 0
		size := header >> 3
		switch header >> 1 & 3 {
		case 0: // raw
			shape.content += uint64(size)
		case 1: // one byte, repeated
			shape.content += uint64(size)
			size = 1
		case 2:
			shape.content += blockMax
		default:
			return zstdShape{}, fmt.Errorf("reserved block type: %w", ErrCorrupt)
		}
		if at += size; at > len(src) {
			return zstdShape{}, fmt.Errorf("cut block: %w", ErrCorrupt)
		}
	}
	if descriptor&4 != 0 {
		at += 4
	}
	if at > len(src) {
		return zstdShape{}, fmt.Errorf("cut frame: %w", ErrCorrupt)
	}
	if n > 0 {
		if claimed > shape.content {
			return zstdShape{}, fmt.Errorf("blocks for %d bytes do not hold the %d claimed: %w", shape.content, claimed, ErrCorrupt)
		}
		shape.content = claimed
	}
	shape.size = at
	return shape, nil
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
