package wire

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"io"
	"math/bits"

	"github.com/klauspost/compress/s2"
	"github.com/klauspost/compress/zstd"
	"github.com/pierrec/lz4/v4"
)

// message is one message of the formats before v2, to be sent; edit changes it
// before the checksum is made.
type message struct {
	magic      int8
	offset     int64
	attributes byte
	timestamp  int64 // magic 1
	key, value []byte
	edit       func(b []byte)
	badCRC     bool
}

// messages are plain ones with offsets from 0.
func messages(magic int8, values ...string) []message {
	list := make([]message, len(values))
	for i, v := range values {
		list[i] = message{magic: magic, offset: int64(i), timestamp: epoch2020 + int64(i)*10, key: fmt.Appendf(nil, "k%d", i), value: []byte(v)}
	}
	return list
}

func (m message) encode() []byte {
	b := binary.BigEndian.AppendUint64(nil, uint64(m.offset))
	b = append(b, make([]byte, 8)...)
	b = append(b, byte(m.magic), m.attributes)
	if m.magic > 0 {
		b = binary.BigEndian.AppendUint64(b, uint64(m.timestamp))
	}
	for _, field := range [][]byte{m.key, m.value} {
		size := int32(len(field))
		if field == nil {
			size = -1
		}
		b = append(binary.BigEndian.AppendUint32(b, uint32(size)), field...)
	}
	binary.BigEndian.PutUint32(b[8:], uint32(len(b)-12))
	if m.edit != nil {
		m.edit(b)
	}
	if !m.badCRC {
		binary.BigEndian.PutUint32(b[12:], crc32.ChecksumIEEE(b[16:]))
	}
	return b
}

func encodeAll(list []message) []byte {
	var out []byte
	for _, m := range list {
		out = append(out, m.encode()...)
	}
	return out
}

// wrap packs messages into one, as old producers do.
func wrap(codec int, list []message) message {
	last := list[len(list)-1]
	packed := pack(codec, encodeAll(list))
	if codec == lz4ed && last.magic == 0 {
		packed = breakLz4(packed)
	}
	return message{magic: last.magic, offset: last.offset, attributes: byte(codec), timestamp: last.timestamp, value: packed}
}

// breakLz4 makes the checksum of the frame's header as the writers of magic 0
// did: over the frame's magic number, too (KAFKA-3160).
func breakLz4(frame []byte) []byte {
	frame[6] = byte(xxh32(frame[:6]) >> 8)
	return frame
}

// xxh32 is the hash of fewer than 16 bytes.
func xxh32(b []byte) uint32 {
	const p1, p2, p3, p4, p5 = 2654435761, 2246822519, 3266489917, 668265263, 374761393
	h := uint32(p5) + uint32(len(b))
	for ; len(b) >= 4; b = b[4:] {
		h = bits.RotateLeft32(h+binary.LittleEndian.Uint32(b)*p3, 17) * p4
	}
	for _, c := range b {
		h = bits.RotateLeft32(h+uint32(c)*p5, 11) * p1
	}
	h = (h ^ h>>15) * p2
	h = (h ^ h>>13) * p3
	return h ^ h>>16
}

// unpack undoes what either broker packed, and says how.
func unpack(codec int, magic int8, data []byte) ([]byte, string, error) {
	switch codec {
	case gzipped:
		r, err := gzip.NewReader(bytes.NewReader(data))
		if err != nil {
			return nil, "", err
		}
		out, err := io.ReadAll(r)
		return out, "gzip", err
	case snappy:
		return unpackSnappy(data)
	case lz4ed:
		how, right := "lz4", byte(xxh32(data[4:6])>>8)
		if data[6] != right {
			how = "lz4 with another checksum"
			if data[6] == byte(xxh32(data[:6])>>8) {
				how = "lz4 with the checksum of magic 0"
			}
			data = bytes.Clone(data)
			data[6] = right
		}
		out, err := io.ReadAll(lz4.NewReader(bytes.NewReader(data)))
		return out, how, err
	case zstded:
		r, err := zstd.NewReader(nil)
		if err != nil {
			return nil, "", err
		}
		defer r.Close()
		out, err := r.DecodeAll(data, nil)
		return out, "zstd", err
	}
	return nil, "", fmt.Errorf("codec %d in magic %d", codec, magic)
}

func unpackSnappy(data []byte) ([]byte, string, error) {
	if !bytes.HasPrefix(data, []byte("\x82SNAPPY\x00")) {
		out, err := s2.Decode(nil, data)
		return out, "raw snappy", err
	}
	var out []byte
	for data = data[16:]; len(data) >= 4; {
		n := int(binary.BigEndian.Uint32(data))
		block, err := s2.Decode(nil, data[4:4+n])
		if err != nil {
			return nil, "", err
		}
		out, data = append(out, block...), data[4+n:]
	}
	return out, "xerial snappy", nil
}

// messageSet renders the messages of a fetch response of before version 4, those
// within wrappers too. What is cut at the end is not compared.
func (m *masker) messageSet(data []byte, depth string) []string {
	var lines []string
	for i := 0; len(data) >= 26; i++ {
		size := int(int32(binary.BigEndian.Uint32(data[8:]))) + 12
		if size < 26 {
			return append(lines, fmt.Sprintf("%s[%d]: a message of %d bytes", depth, i, size))
		}
		if size > len(data) {
			break
		}
		lines = append(lines, m.message(data[:size], fmt.Sprintf("%s[%d]", depth, i))...)
		data = data[size:]
	}
	if len(lines) == 0 {
		return []string{depth + ": empty"}
	}
	return lines
}

func (m *masker) message(b []byte, depth string) []string {
	magic, attributes, stamp, rest := int8(b[16]), b[17], "none", b[18:]
	if magic == 1 {
		stamp, rest = m.stamp(int64(binary.BigEndian.Uint64(rest))), rest[8:]
	}
	field := func() []byte {
		n := int(int32(binary.BigEndian.Uint32(rest)))
		rest = rest[4:]
		if n < 0 {
			return nil
		}
		out := rest[:n:n]
		rest = rest[n:]
		return out
	}
	key, value := field(), field()
	crc := crc32.ChecksumIEEE(b[16:]) == binary.BigEndian.Uint32(b[12:])
	line := fmt.Sprintf("%s: offset %d, magic %d, crc %v, attributes %d, time %s, %d bytes left",
		depth, int64(binary.BigEndian.Uint64(b)), magic, crc, attributes, stamp, len(rest))
	codec := int(attributes & 7)
	if codec == none {
		return []string{fmt.Sprintf("%s, %d bytes, key %s, value %s", line, len(b), text(key), text(value))}
	}
	inner, how, err := unpack(codec, magic, value)
	if err != nil {
		return []string{fmt.Sprintf("%s, key %s: %v", line, text(key), err)}
	}
	return append([]string{fmt.Sprintf("%s, key %s, %s of %d bytes", line, text(key), how, len(inner))}, m.messageSet(inner, depth)...)
}

func text(b []byte) string {
	if b == nil {
		return "null"
	}
	return fmt.Sprintf("%q", b)
}
