package msg

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"math"
	"strconv"
	"unicode/utf8"
)

// AppendJSON appends the message as Kafka's JsonConverter of this version
// writes it: the fields in the order of the definition, a tagged field only
// where it is not the default, null as null, ids and bytes in base64. It fails
// where the version has no such message.
func (n *Node) AppendJSON(dst []byte, version int16) ([]byte, error) {
	if n.kind == kindStruct && !n.array && version > n.newest && hasStructs(n) {
		return dst, fmt.Errorf("can't write version %d", version)
	}
	return n.appendJSON(dst, version), nil
}

// hasStructs says whether a message has a struct within: only there do
// Kafka's converters look at the version.
func hasStructs(n *Node) bool {
	for i := range n.list {
		if c := &n.list[i]; c.kind == kindStruct && !c.null && (!c.array || len(c.list) > 0) {
			return true
		}
	}
	return false
}

func (n *Node) appendJSON(dst []byte, version int16) []byte {
	switch {
	case n.null:
		return append(dst, "null"...)
	case n.array:
		dst = append(dst, '[')
		for i := range n.list {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = n.list[i].appendJSON(dst, version)
		}
		return append(dst, ']')
	}
	switch n.kind {
	case kindStruct:
		return n.appendStruct(dst, version)
	case kindBool:
		return strconv.AppendBool(dst, n.number != 0)
	case kindFloat64:
		return appendDouble(dst, math.Float64frombits(uint64(n.number)))
	case kindString:
		return AppendJSONString(dst, n.data)
	case kindBytes:
		dst = append(dst, '"')
		dst = base64.StdEncoding.AppendEncode(dst, n.data)
		return append(dst, '"')
	case kindUUID:
		dst = append(dst, '"')
		dst = base64.RawURLEncoding.AppendEncode(dst, n.data)
		return append(dst, '"')
	case kindRaw:
		return append(dst, n.data...)
	case kindInt8, kindInt16, kindUint16, kindInt32, kindUint32, kindInt64:
	}
	return strconv.AppendInt(dst, n.number, 10)
}

func (n *Node) appendStruct(dst []byte, version int16) []byte {
	dst = append(dst, '{')
	first := true
	for i := range *n.fields {
		f, v := &(*n.fields)[i], &n.list[i]
		if !f.versions.has(version) || f.tagged.has(version) && f.isDefault(v) {
			continue
		}
		if !first {
			dst = append(dst, ',')
		}
		first = false
		dst = append(dst, '"')
		dst = append(dst, f.name...)
		dst = append(dst, '"', ':')
		dst = v.appendJSON(dst, version)
	}
	return append(dst, '}')
}

// isDefault says whether a tagged field has the value that is not written.
func (f *schemaField) isDefault(v *Node) bool {
	switch {
	case v.kind == kindRaw:
		return false
	case f.def == "null" || v.null:
		return v.null == (f.def == "null")
	case f.array:
		return len(v.list) == 0
	}
	switch f.kind {
	case kindStruct:
		for i := range f.fields {
			if !f.fields[i].isDefault(&v.list[i]) {
				return false
			}
		}
		return true
	case kindString:
		return string(v.data) == f.def
	case kindBytes:
		return len(v.data) == 0
	case kindUUID:
		return bytes.Equal(v.data, make([]byte, 16))
	case kindBool, kindInt8, kindInt16, kindUint16, kindInt32, kindUint32, kindInt64, kindFloat64, kindRaw:
	}
	d := f.defaultNode(0)
	return v.number == d.number
}

// AppendJSONString appends text as Jackson writes it: only the quotation
// mark, the backslash and control characters are escaped, and what is not
// UTF-8 is replaced as Java does.
func AppendJSONString(dst, text []byte) []byte {
	dst = append(dst, '"')
	for _, r := range JavaString(text) {
		switch {
		case r == '"' || r == '\\':
			dst = append(dst, '\\', byte(r))
		case r >= ' ':
			dst = utf8.AppendRune(dst, r)
		case r == '\b':
			dst = append(dst, '\\', 'b')
		case r == '\t':
			dst = append(dst, '\\', 't')
		case r == '\n':
			dst = append(dst, '\\', 'n')
		case r == '\f':
			dst = append(dst, '\\', 'f')
		case r == '\r':
			dst = append(dst, '\\', 'r')
		default:
			dst = fmt.Appendf(dst, `\u%04X`, r)
		}
	}
	return append(dst, '"')
}

// JavaString is text as Java's String constructor decodes it: where bytes are
// no UTF-8, the longest beginning of a character that could have been one is
// replaced by one U+FFFD, where Go replaces each byte.
func JavaString(text []byte) string {
	if utf8.Valid(text) {
		return string(text)
	}
	out := make([]byte, 0, len(text)+8)
	for len(text) > 0 {
		r, size := utf8.DecodeRune(text)
		if r == utf8.RuneError && size <= 1 {
			size = brokenPrefix(text)
		}
		out = utf8.AppendRune(out, r)
		text = text[size:]
	}
	return string(out)
}

// brokenPrefix is how many bytes of a broken character Java replaces at once.
func brokenPrefix(b []byte) int {
	low, high, want := byte(0x80), byte(0xbf), 0
	switch c := b[0]; {
	case c >= 0xc2 && c <= 0xdf:
		want = 1
	case c >= 0xe0 && c <= 0xef:
		want = 2
		if c == 0xe0 {
			low = 0xa0
		}
	case c >= 0xf0 && c <= 0xf4:
		want = 3
		if c == 0xf0 {
			low = 0x90
		}
		if c == 0xf4 {
			high = 0x8f
		}
	}
	n := 1
	for ; n <= want && n < len(b) && b[n] >= low && b[n] <= high; n++ {
		low, high = 0x80, 0xbf
	}
	if b[0] == 0xed && n == 3 {
		return 3 // a surrogate, whole: Java replaces it once
	}
	return n
}

// appendDouble writes a number as Java's Double.toString does; what is none is
// a string, as Jackson writes it.
func appendDouble(dst []byte, v float64) []byte {
	switch {
	case math.IsNaN(v):
		return append(dst, `"NaN"`...)
	case math.IsInf(v, 1):
		return append(dst, `"Infinity"`...)
	case math.IsInf(v, -1):
		return append(dst, `"-Infinity"`...)
	}
	if abs := math.Abs(v); abs == 0 || abs >= 1e-3 && abs < 1e7 {
		begin := len(dst)
		dst = strconv.AppendFloat(dst, v, 'f', -1, 64)
		if !bytes.ContainsRune(dst[begin:], '.') {
			dst = append(dst, '.', '0')
		}
		return dst
	}
	mantissa, exponent, _ := bytes.Cut(strconv.AppendFloat(nil, v, 'e', -1, 64), []byte{'e'})
	dst = append(dst, mantissa...)
	if !bytes.ContainsRune(mantissa, '.') {
		dst = append(dst, '.', '0')
	}
	n, _ := strconv.Atoi(string(exponent)) // strconv wrote it
	dst = append(dst, 'E')
	return strconv.AppendInt(dst, int64(n), 10)
}
