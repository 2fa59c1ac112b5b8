package stream

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// forms are the ways in which the bytes of a key or value are shown.
func forms() []string { return []string{"auto", "text", "json", "hex", "base64", "int", "float"} }

// readable shows b in a form, in one line of at most most bytes (0: all).
func readable(b []byte, form string, most int) string {
	if b == nil {
		return "null"
	}
	var text string
	switch form {
	case "text":
		text = printable(b)
	case "json":
		text = compactJSON(b)
	case "hex":
		text = hex.EncodeToString(b)
	case "base64":
		text = base64.StdEncoding.EncodeToString(b)
	case "int":
		text = integer(b)
	case "float":
		text = float(b)
	default:
		text = guess(b)
	}
	return cut(text, most)
}

// cut shortens a text at a rune, and says how much is left out.
func cut(text string, most int) string {
	if most <= 0 || len(text) <= most {
		return text
	}
	end := most
	for end > 0 && !utf8.RuneStart(text[end]) {
		end--
	}
	return fmt.Sprintf("%s... (%d bytes)", text[:end], len(text))
}

// guess shows bytes as what they most likely are: JSON, text, a value with the
// id of a schema in front (Confluent's framing), a number, or else hex.
func guess(b []byte) string {
	switch {
	case len(b) == 0:
		return `""`
	case looksLikeText(b):
		return compactJSON(b)
	case b[0] == 0 && len(b) > 5 && !isNumber(b):
		return fmt.Sprintf("schema %d: %s", binary.BigEndian.Uint32(b[1:5]), guessBody(b[5:]))
	case isNumber(b):
		return integer(b)
	}
	return guessBody(b)
}

// guessBody shows bytes that are no text: hex, and the words that are in them.
func guessBody(b []byte) string {
	if looksLikeText(b) {
		return compactJSON(b)
	}
	words := wordsIn(b)
	if words == "" {
		return "0x" + hex.EncodeToString(b)
	}
	return "0x" + hex.EncodeToString(b) + " «" + words + "»"
}

func looksLikeText(b []byte) bool {
	if !utf8.Valid(b) {
		return false
	}
	for _, r := range string(b) {
		if !unicode.IsPrint(r) && r != '\n' && r != '\r' && r != '\t' {
			return false
		}
	}
	return true
}

// isNumber says that b is most likely a 4 or 8 byte integer of Kafka's own
// serializers: big-endian, and small enough to have zeros (or ones) in front.
func isNumber(b []byte) bool {
	switch len(b) {
	case 4:
		return b[0] == 0 || b[0] == 0xff
	case 8:
		return b[0] == 0 && b[1] == 0 || b[0] == 0xff && b[1] == 0xff
	}
	return false
}

// wordsIn are the runs of at least four letters in b, at most 200 bytes.
func wordsIn(b []byte) string {
	var words []string
	total := 0
	for _, w := range bytes.FieldsFunc(b, func(r rune) bool { return r < 32 || r > 126 }) {
		if len(w) >= 4 && total < 200 {
			words = append(words, string(w))
			total += len(w)
		}
	}
	return strings.Join(words, " ")
}

// compactJSON is JSON without its line breaks; other text as it is.
func compactJSON(b []byte) string {
	if trimmed := bytes.TrimSpace(b); len(trimmed) > 0 && (trimmed[0] == '{' || trimmed[0] == '[') {
		var buf bytes.Buffer
		if json.Compact(&buf, trimmed) == nil {
			return buf.String()
		}
	}
	return printable(b)
}

// printable escapes what would move the cursor or is no UTF-8.
func printable(b []byte) string {
	if looksLikeText(b) && !bytes.ContainsAny(b, "\n\r\t") {
		return string(b)
	}
	var out strings.Builder
	for len(b) > 0 {
		r, n := utf8.DecodeRune(b)
		switch {
		case r == utf8.RuneError && n == 1:
			fmt.Fprintf(&out, `\x%02x`, b[0])
		case unicode.IsPrint(r):
			out.WriteRune(r)
		default:
			quoted := strconv.QuoteRune(r)
			out.WriteString(quoted[1 : len(quoted)-1])
		}
		b = b[n:]
	}
	return out.String()
}

func integer(b []byte) string {
	switch len(b) {
	case 1:
		return strconv.Itoa(int(int8(b[0])))
	case 2:
		return strconv.Itoa(int(int16(binary.BigEndian.Uint16(b))))
	case 4:
		return strconv.Itoa(int(int32(binary.BigEndian.Uint32(b))))
	case 8:
		return strconv.FormatInt(int64(binary.BigEndian.Uint64(b)), 10)
	}
	return fmt.Sprintf("0x%x (no integer of %d bytes)", b, len(b))
}

func float(b []byte) string {
	switch len(b) {
	case 4:
		return strconv.FormatFloat(float64(math.Float32frombits(binary.BigEndian.Uint32(b))), 'g', -1, 32)
	case 8:
		return strconv.FormatFloat(math.Float64frombits(binary.BigEndian.Uint64(b)), 'g', -1, 64)
	}
	return fmt.Sprintf("0x%x (no float of %d bytes)", b, len(b))
}
