package compress

import (
	"encoding/binary"
	"fmt"
	"io"

	"github.com/pierrec/lz4/v4"
)

// The lz4 frame, as far as Kafka uses it (independent blocks, no dictionary):
//
//	+-------------+-----+----+--------------------+----+
//	| magic   u32 | FLG | BD | content size u64 ? | HC |
//	+-------------+-----+----+--------------------+----+
//	| length u32, high bit: not packed | block | xxh32 u32 ? | ...
//	+--------------------------------------------------+
//	| 0 u32 | content xxh32 u32 ? |
//	+--------------------------------------------------+
//
// All numbers are little-endian. HC is the second byte of the xxh32 of what
// stands between magic and HC; writers of message sets of magic 0 took the
// magic in.
const (
	lz4FrameMagic  = 0x184D2204
	lz4Plain       = 1 << 31 // in a block's length
	lz4BlockSize   = 64 << 10
	lz4FlagVersion = 0xc0
	lz4FlagOwn     = 0x20 // blocks are independent
	lz4FlagBlock   = 0x10 // blocks have checksums
	lz4FlagSize    = 0x08 // the content's size follows BD
	lz4FlagContent = 0x04 // the content has a checksum
	lz4FlagUnused  = 0x03
	// lz4Ratio bounds how much longer than itself a block unpacks.
	lz4Ratio = 255
)

// lz4Depth is how deep Java's levels 1 to 17 search, as pierrec numbers it.
func lz4Depth(level Level) lz4.CompressionLevel {
	return lz4.CompressionLevel(1 << (8 + min(level, 9)))
}

func (p *Pool) packLz4(dst, src []byte, level Level, magic0 bool) ([]byte, error) {
	at := len(dst)
	dst = binary.LittleEndian.AppendUint32(dst, lz4FrameMagic)
	dst = append(dst, 0x40|lz4FlagOwn, 4<<4)
	summed := dst[at+4:]
	if magic0 {
		summed = dst[at:]
	}
	dst = append(dst, byte(xxh32(summed)>>8))
	pack, done := p.lz4Packer(level)
	defer done()
	for len(src) > 0 {
		block := src[:min(len(src), lz4BlockSize)]
		src = src[len(block):]
		at := len(dst)
		bound := lz4.CompressBlockBound(len(block))
		dst = append(dst, make([]byte, 4+bound)...)
		n, err := pack(block, dst[at+4:])
		if err != nil {
			return dst[:at], err
		}
		length := uint32(n)
		if n == 0 || n >= len(block) {
			n = copy(dst[at+4:], block)
			length = uint32(n) | lz4Plain
		}
		binary.LittleEndian.PutUint32(dst[at:], length)
		dst = dst[:at+4+n]
	}
	return append(dst, 0, 0, 0, 0), nil
}

// lz4Packer is a pooled compressor: as Java's, level 9 is the fast one.
func (p *Pool) lz4Packer(level Level) (pack func(src, dst []byte) (int, error), done func()) {
	if level == DefaultLevel || level == 9 {
		c, _ := p.lz4.Get().(*lz4.Compressor)
		if c == nil {
			c = &lz4.Compressor{}
		}
		return c.CompressBlock, func() { p.lz4.Put(c) }
	}
	c, _ := p.lz4High.Get().(*lz4.CompressorHC)
	if c == nil {
		c = &lz4.CompressorHC{}
	}
	c.Level = lz4Depth(level)
	return c.CompressBlock, func() { p.lz4High.Put(c) }
}

// lz4Unpacker reads one frame; what follows it is not looked at, as in Kafka.
type lz4Unpacker struct {
	src      []byte
	flags    byte
	blockMax int
	buf      []byte
}

func (u *lz4Unpacker) reset(src []byte, codec Codec) error {
	if len(src) < 7 || binary.LittleEndian.Uint32(src) != lz4FrameMagic {
		return fmt.Errorf("no frame header: %w", ErrCorrupt)
	}
	u.flags = src[4]
	switch {
	case u.flags&lz4FlagVersion != 0x40, u.flags&lz4FlagUnused != 0, src[5]&0x8f != 0, src[5]>>4 < 4:
		return fmt.Errorf("frame flags %#x %#x: %w", src[4], src[5], ErrCorrupt)
	case u.flags&lz4FlagOwn == 0:
		return fmt.Errorf("blocks that depend on each other: %w", ErrCorrupt)
	}
	u.blockMax = 1 << (8 + 2*(src[5]>>4))
	header := 6
	if u.flags&lz4FlagSize != 0 {
		header += 8
	}
	if len(src) <= header {
		return fmt.Errorf("cut frame header: %w", ErrCorrupt)
	}
	if codec != Lz4Magic0 && src[header] != byte(xxh32(src[4:header])>>8) {
		return fmt.Errorf("frame header checksum: %w", ErrCorrupt)
	}
	u.src = src[header+1:]
	return nil
}

func (u *lz4Unpacker) next(int) ([]byte, error) {
	for {
		if len(u.src) < 4 {
			return nil, fmt.Errorf("frame without an end: %w", ErrCorrupt)
		}
		length := binary.LittleEndian.Uint32(u.src)
		u.src = u.src[4:]
		size := int(length &^ lz4Plain)
		if size == 0 {
			if u.flags&lz4FlagContent != 0 && len(u.src) < 4 {
				return nil, fmt.Errorf("cut content checksum: %w", ErrCorrupt)
			}
			return nil, io.EOF
		}
		if size > u.blockMax || size > len(u.src) {
			return nil, fmt.Errorf("block of %d bytes where %d may be and %d are left: %w", size, u.blockMax, len(u.src), ErrCorrupt)
		}
		block := u.src[:size]
		u.src = u.src[size:]
		if u.flags&lz4FlagBlock != 0 {
			if len(u.src) < 4 || binary.LittleEndian.Uint32(u.src) != xxh32(block) {
				return nil, fmt.Errorf("block checksum: %w", ErrCorrupt)
			}
			u.src = u.src[4:]
		}
		if length&lz4Plain != 0 {
			return block, nil
		}
		u.buf = scratch(u.buf, min(u.blockMax, lz4Ratio*size))
		n, err := lz4.UncompressBlock(block, u.buf)
		if err != nil {
			return nil, err
		}
		if n > 0 {
			return u.buf[:n], nil
		}
	}
}

func (u *lz4Unpacker) release() bool {
	u.src = nil
	return true
}
