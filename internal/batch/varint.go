package batch

import "math/bits"

// Records use zigzag varints of at most 5 (varint) or 10 (varlong) bytes. As
// Kafka's decoder does, bits beyond the 32nd or 64th are dropped without error.

// varint reads a zigzag varint; n is 0 where b is cut or the number too long.
func varint(b []byte) (v int32, n int) {
	if len(b) > 0 && b[0] < 0x80 {
		return unzig(b[0]), 1
	}
	return longVarint(b)
}

// unzig is the number that a varint of one byte stands for.
func unzig(c byte) int32 { return int32(c>>1) ^ -int32(c&1) }

func longVarint(b []byte) (v int32, n int) {
	if len(b) > 1 && b[1] < 0x80 {
		u := uint32(b[0]&0x7f) | uint32(b[1])<<7
		return int32(u>>1) ^ -int32(u&1), 2
	}
	u := uint32(0)
	for i := 0; i < 5 && i < len(b); i++ {
		u |= uint32(b[i]&0x7f) << (7 * i)
		if b[i] < 0x80 {
			return int32(u>>1) ^ -int32(u&1), i + 1
		}
	}
	return 0, 0
}

// varlong reads a zigzag varlong; n is 0 where b is cut or the number too long.
func varlong(b []byte) (v int64, n int) {
	if len(b) > 0 && b[0] < 0x80 {
		return int64(b[0]>>1) ^ -int64(b[0]&1), 1
	}
	return longVarlong(b)
}

func longVarlong(b []byte) (v int64, n int) {
	u := uint64(0)
	for i := 0; i < 10 && i < len(b); i++ {
		u |= uint64(b[i]&0x7f) << (7 * i)
		if b[i] < 0x80 {
			return int64(u>>1) ^ -int64(u&1), i + 1
		}
	}
	return 0, 0
}

func appendVarint(b []byte, v int32) []byte { return appendVarlong(b, int64(v)) }

func appendVarlong(b []byte, v int64) []byte {
	u := uint64(v<<1) ^ uint64(v>>63)
	for u >= 0x80 {
		b = append(b, byte(u)|0x80)
		u >>= 7
	}
	return append(b, byte(u))
}

// varlongSize is how long v is as a varlong, and as a varint too.
func varlongSize(v int64) int {
	return (bits.Len64(uint64(v<<1)^uint64(v>>63)|1) + 6) / 7
}
