package config

import (
	"fmt"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// Property is one "key = value" of a file or of the command line.
type Property struct {
	Key, Value string
	File       string // the file's name, or what stands for it: "--override"
	Line       int    // counted from 1; 0 where there are no lines
}

// Where is "file:line" for messages.
func (p Property) Where() string {
	switch {
	case p.File == "":
		return ""
	case p.Line == 0:
		return p.File
	}
	return fmt.Sprintf("%s:%d", p.File, p.Line)
}

// maxPropertiesBytes bounds a file: Kafka's own is 7 KiB.
const maxPropertiesBytes = 4 << 20

// ParseProperties reads text as java.util.Properties.load does: comments with
// # and !, key and value parted by =, : or white space, lines continued by a
// backslash, the escapes \t \n \r \f and \uXXXX, and a backslash before any
// other character meaning that character. Unlike Java it reads UTF-8 (what is
// not UTF-8 is read as ISO 8859-1, Java's way). The properties come in the
// file's order, a key that appears twice appears twice. The only errors are a
// malformed \u escape and a file beyond 4 MiB.
func ParseProperties(file string, text []byte) ([]Property, error) {
	if len(text) > maxPropertiesBytes {
		return nil, fmt.Errorf("%s: %d bytes are more than a properties file may have (%d)", file, len(text), maxPropertiesBytes)
	}
	s := string(text)
	if !utf8.ValidString(s) {
		s = latin1(text)
	}
	var properties []Property
	r := lineReader{rest: s}
	for {
		line, number, ok := r.next()
		if !ok {
			return properties, nil
		}
		rawKey, rawValue := splitProperty(line)
		key, err := unescape(rawKey)
		if err == nil {
			var v string
			if v, err = unescape(rawValue); err == nil {
				properties = append(properties, Property{Key: key, Value: v, File: file, Line: number})
				continue
			}
		}
		return nil, fmt.Errorf("%s:%d: %w", file, number, err)
	}
}

func latin1(text []byte) string {
	var b strings.Builder
	for _, c := range text {
		b.WriteRune(rune(c))
	}
	return b.String()
}

// lineReader yields logical lines: comments and blank lines skipped,
// continuations joined, leading white space cut.
type lineReader struct {
	rest string
	line int // the number of the natural line read last
}

func (r *lineReader) natural() (string, bool) {
	if r.rest == "" {
		return "", false
	}
	r.line++
	end := strings.IndexAny(r.rest, "\r\n")
	if end < 0 {
		line := r.rest
		r.rest = ""
		return line, true
	}
	line := r.rest[:end]
	if strings.HasPrefix(r.rest[end:], "\r\n") {
		end++
	}
	r.rest = r.rest[end+1:]
	return line, true
}

func (r *lineReader) next() (line string, number int, ok bool) {
	for {
		line, ok = r.natural()
		if !ok {
			return "", 0, false
		}
		line = strings.TrimLeft(line, " \t\f")
		if line == "" || line[0] == '#' || line[0] == '!' {
			continue
		}
		number = r.line
		break
	}
	var joined strings.Builder
	for continues(line) {
		joined.WriteString(line[:len(line)-1])
		more, ok := r.natural()
		if !ok {
			line = ""
			break
		}
		line = strings.TrimLeft(more, " \t\f")
	}
	if joined.Len() == 0 {
		return line, number, true
	}
	joined.WriteString(line)
	return joined.String(), number, true
}

// continues says whether the line ends in an odd number of backslashes.
func continues(line string) bool {
	n := len(line) - len(strings.TrimRight(line, `\`))
	return n%2 == 1
}

// splitProperty cuts a logical line into the raw key and the raw value.
func splitProperty(line string) (key, value string) {
	escaped := false
	end := len(line)
scan:
	for i := range len(line) {
		switch c := line[i]; {
		case escaped:
			escaped = false
		case c == '\\':
			escaped = true
		case c == '=', c == ':', c == ' ', c == '\t', c == '\f':
			end = i
			break scan
		}
	}
	value = strings.TrimLeft(line[end:], " \t\f")
	if value != "" && (value[0] == '=' || value[0] == ':') {
		value = strings.TrimLeft(value[1:], " \t\f")
	}
	return line[:end], value
}

// unescape resolves backslashes. A pair of \u surrogates is one character.
func unescape(raw string) (string, error) {
	if !strings.Contains(raw, `\`) {
		return raw, nil
	}
	var b strings.Builder
	for i := 0; i < len(raw); i++ {
		if raw[i] != '\\' {
			b.WriteByte(raw[i])
			continue
		}
		i++
		if i == len(raw) {
			break // a lone backslash at the end of the file is dropped
		}
		switch raw[i] {
		case 't':
			b.WriteByte('\t')
		case 'n':
			b.WriteByte('\n')
		case 'r':
			b.WriteByte('\r')
		case 'f':
			b.WriteByte('\f')
		case 'u':
			r, size, err := unicodeEscape(raw[i-1:])
			if err != nil {
				return "", err
			}
			b.WriteRune(r)
			i += size - 2
		default:
			b.WriteByte(raw[i])
		}
	}
	return b.String(), nil
}

// unicodeEscape reads \uXXXX at the start of s, and a second one where the
// first is the high half of a pair. size is the bytes that it took.
func unicodeEscape(s string) (r rune, size int, err error) {
	first, ok := hex4(s)
	if !ok {
		return 0, 0, fmt.Errorf(`malformed \uXXXX escape in %q`, s[:min(len(s), 6)])
	}
	if utf16.IsSurrogate(first) {
		if second, ok := hex4(s[6:]); ok {
			if pair := utf16.DecodeRune(first, second); pair != utf8.RuneError {
				return pair, 12, nil
			}
		}
	}
	return first, 6, nil
}

func hex4(s string) (rune, bool) {
	if len(s) < 6 || s[0] != '\\' || s[1] != 'u' {
		return 0, false
	}
	var r rune
	for _, c := range []byte(s[2:6]) {
		switch {
		case c >= '0' && c <= '9':
			c -= '0'
		case c >= 'a' && c <= 'f':
			c -= 'a' - 10
		case c >= 'A' && c <= 'F':
			c -= 'A' - 10
		default:
			return 0, false
		}
		r = r<<4 | rune(c)
	}
	return r, true
}

// ParseOverride reads one "key=value" of the command line.
func ParseOverride(s string) (Property, error) {
	key, v, ok := strings.Cut(s, "=")
	key = strings.TrimSpace(key)
	if !ok || key == "" {
		return Property{}, fmt.Errorf("--override %q: expected key=value", s)
	}
	return Property{Key: key, Value: v, File: "--override"}, nil
}
