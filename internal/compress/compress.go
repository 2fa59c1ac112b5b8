// Package compress packs and unpacks what Kafka's record batches carry: gzip,
// snappy (raw and in xerial's framing), lz4 frames and zstd. Unpacking is
// bounded: nothing is allocated because a header claims a size, and a reader
// works in fixed memory however much comes out. It knows nothing of batches.
// Kind: pure
package compress

import (
	"errors"
	"fmt"
)

// Codec is a compression type as the attributes of a batch number it.
type Codec uint8

// The codecs of Kafka. Other values of the three attribute bits are invalid.
const (
	None   Codec = 0
	Gzip   Codec = 1
	Snappy Codec = 2
	Lz4    Codec = 3
	Zstd   Codec = 4
)

// Lz4Magic0 unpacks lz4 as message sets of magic 0 carry it: their writers
// computed the frame header's checksum over the wrong bytes, so it is not
// looked at (and written in the same wrong way). It is no number of the wire.
const Lz4Magic0 Codec = 0x80 | Lz4

// String is Kafka's name of the codec: none, gzip, snappy, lz4, zstd.
func (c Codec) String() string {
	switch c {
	case None:
		return "none"
	case Gzip:
		return "gzip"
	case Snappy:
		return "snappy"
	case Lz4:
		return "lz4"
	case Zstd:
		return "zstd"
	case Lz4Magic0:
		return "lz4 of magic 0"
	}
	return fmt.Sprintf("codec %d", uint8(c))
}

// Valid says whether c is one of Kafka's codecs.
func (c Codec) Valid() bool { return c <= Zstd }

// ParseCodec reads a codec's name. It does not know "producer" and
// "uncompressed", which are values of the topic's compression.type.
func ParseCodec(name string) (Codec, bool) {
	for c := None; c <= Zstd; c++ {
		if c.String() == name {
			return c, true
		}
	}
	return None, false
}

// Level is a codec's effort. [DefaultLevel] is the codec's own default.
type Level int32

// DefaultLevel stands for the default of whichever codec is used, so that the
// zero value of a config is useful. No codec has a level 0 of its own here:
// zstd's 0 means "default" as well.
const DefaultLevel Level = 0

// LevelRange is the lowest and highest level of Kafka's configuration
// (compression.gzip.level and so on) and the default. Gzip also takes -1, its
// default; None and Snappy have no levels.
func (c Codec) LevelRange() (lowest, highest, preset Level) {
	switch c {
	case Gzip:
		return 1, 9, -1
	case Lz4:
		return 1, 17, 9
	case Zstd:
		return -131072, 22, 3
	case None, Snappy:
	}
	return 0, 0, 0
}

// ErrTooLarge says that the unpacked data exceeds the caller's maximum.
var ErrTooLarge = errors.New("unpacked data exceeds the maximum")

// ErrCorrupt says that the packed data is damaged or cut short.
var ErrCorrupt = errors.New("packed data is corrupt")

// ErrUnknownCodec says that the codec's number is none of Kafka's.
var ErrUnknownCodec = errors.New("unknown compression type")
