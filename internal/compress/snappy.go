package compress

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"

	"github.com/klauspost/compress/s2"
)

// Java's snappy library frames its blocks ("xerial"): a header, then chunks.
//
//	+------------------------------+--------------+------------------+
//	| 0x82 S N A P P Y 0           | version  i32 | compatible   i32 |
//	+------------------------------+--------------+------------------+
//	| length i32 | snappy block ...| length i32 | snappy block ...    |
//	+------------------------------+-----------------------------------+
//
// Other clients write one raw snappy block instead.
const (
	xerialMagic  = "\x82SNAPPY\x00"
	xerialHeader = len(xerialMagic) + 8
	// xerialBlock is how much Java packs into one chunk.
	xerialBlock = 32 << 10
)

// snappyRatio bounds how much longer than itself a snappy block unpacks: its
// densest element makes 64 bytes of 3.
const snappyRatio = 22

func packSnappy(dst, src []byte) []byte {
	dst = append(dst, xerialMagic...)
	dst = append(dst, 0, 0, 0, 1, 0, 0, 0, 1)
	for len(src) > 0 {
		block := src[:min(len(src), xerialBlock)]
		src = src[len(block):]
		at := len(dst)
		bound := s2.MaxEncodedLen(len(block))
		dst = append(dst, make([]byte, 4+bound)...)
		packed := s2.EncodeSnappy(dst[at+4:at+4+bound:at+4+bound], block)
		binary.BigEndian.PutUint32(dst[at:], uint32(len(packed)))
		dst = dst[:at+4+len(packed)]
	}
	return dst
}

// snappyUnpacker reads xerial's framing and raw blocks.
type snappyUnpacker struct {
	src    []byte
	framed bool
	buf    []byte
}

func (u *snappyUnpacker) reset(src []byte, _ Codec) error {
	u.framed = bytes.HasPrefix(src, []byte(xerialMagic))
	if len(src) == 0 {
		return fmt.Errorf("no block: %w", ErrCorrupt)
	}
	if !u.framed {
		u.src = src
		return nil
	}
	if len(src) < xerialHeader {
		return fmt.Errorf("header of %d bytes: %w", len(src), ErrCorrupt)
	}
	if version := int32(binary.BigEndian.Uint32(src[len(xerialMagic):])); version < 1 {
		return fmt.Errorf("version %d of the framing: %w", version, ErrCorrupt)
	}
	u.src = src[xerialHeader:]
	return nil
}

func (u *snappyUnpacker) next(max int) ([]byte, error) {
	for len(u.src) > 0 {
		block := u.src
		if u.framed {
			// A header in the middle begins another stream.
			if bytes.HasPrefix(u.src, []byte(xerialMagic)) && len(u.src) >= xerialHeader {
				u.src = u.src[xerialHeader:]
				continue
			}
			if len(u.src) < 4 {
				return nil, io.EOF // as Java reads it
			}
			n := binary.BigEndian.Uint32(u.src)
			if uint64(n) > uint64(len(u.src)-4) {
				return nil, fmt.Errorf("chunk of %d bytes where %d are left: %w", n, len(u.src)-4, ErrCorrupt)
			}
			block, u.src = u.src[4:4+n], u.src[4+n:]
		} else {
			u.src = nil
		}
		piece, err := u.unpack(block, max)
		if err != nil {
			return nil, err
		}
		if len(piece) > 0 {
			return piece, nil
		}
	}
	return nil, io.EOF
}

func (u *snappyUnpacker) unpack(block []byte, max int) ([]byte, error) {
	claimed, err := s2.DecodedLen(block)
	if err != nil {
		return nil, err
	}
	if claimed > len(block)*snappyRatio {
		return nil, fmt.Errorf("%d bytes cannot hold the %d they claim: %w", len(block), claimed, ErrCorrupt)
	}
	if claimed > max {
		return nil, ErrTooLarge
	}
	if !plainSnappy(block) {
		return nil, fmt.Errorf("copy from offset 0: %w", ErrCorrupt)
	}
	u.buf = scratch(u.buf, claimed)
	return s2.Decode(u.buf, block)
}

func (u *snappyUnpacker) release() bool {
	u.src = nil
	return cap(u.buf) <= keepMax
}

// plainSnappy says whether the block has no copy with offset 0: s2 decodes that
// as an extension of its own, which no snappy consumer could read. Other damage
// is left to the decoder.
func plainSnappy(block []byte) bool {
	_, i := binary.Uvarint(block)
	for i >= 0 && i < len(block) {
		tag := block[i]
		i++
		switch tag & 3 {
		case 0: // literal
			n := int(tag >> 2)
			if extra := n - 59; extra > 0 {
				if i+extra > len(block) {
					return true
				}
				n = 0
				for j := range extra {
					n |= int(block[i+j]) << (8 * j)
				}
				i += extra
			}
			i += n + 1
		case 1:
			if i < len(block) && tag&0xe0 == 0 && block[i] == 0 {
				return false
			}
			i++
		case 2:
			if i+2 <= len(block) && block[i]|block[i+1] == 0 {
				return false
			}
			i += 2
		case 3:
			if i+4 <= len(block) && binary.LittleEndian.Uint32(block[i:]) == 0 {
				return false
			}
			i += 4
		}
	}
	return true
}
