package msg

import (
	"encoding/binary"
	"math"
	"unicode/utf8"

	"github.com/gregor-stream/gregor/internal/kafka"
)

// AppendUvarint appends v as an unsigned varint.
func AppendUvarint(dst []byte, v int) []byte {
	return binary.AppendUvarint(dst, uint64(uint32(v)))
}

// AppendLength appends the length of bytes, records or an array: a varint of
// the length plus one in flexible versions, else an int32. -1 is null.
func AppendLength(dst []byte, n int, flex bool) []byte {
	if flex {
		return AppendUvarint(dst, n+1)
	}
	return appendInt32(dst, int32(n))
}

// AppendString appends a string, cut to the 32767 bytes that Kafka's formats
// can carry.
func AppendString(dst []byte, s string, flex bool) []byte {
	if len(s) > maxString {
		s = cutString(s)
	}
	if flex {
		dst = AppendUvarint(dst, len(s)+1)
	} else {
		dst = appendInt16(dst, int16(len(s)))
	}
	return append(dst, s...)
}

func cutString(s string) string {
	n := maxString
	for n > maxString-utf8.UTFMax && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n]
}

func appendNullableString(dst []byte, s *string, flex, nullable bool) []byte {
	switch {
	case s != nil:
		return AppendString(dst, *s, flex)
	case !nullable:
		return AppendString(dst, "", flex)
	case flex:
		return append(dst, 0)
	}
	return append(dst, 0xff, 0xff)
}

func appendBytes(dst, b []byte, flex, nullable bool) []byte {
	return append(appendCount(dst, len(b), b == nil, flex, nullable), b...)
}

// appendCount appends the count of an array, or the length of bytes.
func appendCount(dst []byte, n int, null, flex, nullable bool) []byte {
	if null && nullable {
		n = -1
	}
	return AppendLength(dst, n, flex)
}

func appendBool(dst []byte, v bool) []byte {
	if v {
		return append(dst, 1)
	}
	return append(dst, 0)
}

func appendInt8(dst []byte, v int8) []byte       { return append(dst, byte(v)) }
func appendInt16(dst []byte, v int16) []byte     { return binary.BigEndian.AppendUint16(dst, uint16(v)) }
func appendUint16(dst []byte, v uint16) []byte   { return binary.BigEndian.AppendUint16(dst, v) }
func appendInt32(dst []byte, v int32) []byte     { return binary.BigEndian.AppendUint32(dst, uint32(v)) }
func appendUint32(dst []byte, v uint32) []byte   { return binary.BigEndian.AppendUint32(dst, v) }
func appendInt64(dst []byte, v int64) []byte     { return binary.BigEndian.AppendUint64(dst, uint64(v)) }
func appendUUID(dst []byte, v kafka.UUID) []byte { return append(dst, v[:]...) }

func appendFloat64(dst []byte, v float64) []byte {
	return binary.BigEndian.AppendUint64(dst, math.Float64bits(v))
}

// CloseTag puts the size of a tagged field, whose value was appended from mark
// on, before its bytes.
func CloseTag(dst []byte, mark int) []byte {
	var head [5]byte
	n := binary.PutUvarint(head[:], uint64(len(dst)-mark))
	dst = append(dst, head[:n]...)
	copy(dst[mark+n:], dst[mark:len(dst)-n])
	copy(dst[mark:], head[:n])
	return dst
}
