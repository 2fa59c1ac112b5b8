package stream

import (
	"bytes"
	"encoding/json"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
)

// filter says which records are shown. All conditions must hold.
type filter struct {
	keys, values []*regexp.Regexp
	headers      []headerCondition
	fields       []fieldCondition
	until        time.Time // zero: no end
}

type headerCondition struct {
	name  string
	value *regexp.Regexp // nil: the header must be there
}

// fieldCondition compares one field of a JSON value.
type fieldCondition struct {
	path     []string
	operator string // = != < <= > >= ~ or "" (the field must be there)
	want     string
	number   float64
	pattern  *regexp.Regexp
}

func (f *filter) addKey(pattern string) error   { return addPattern(&f.keys, "--key", pattern) }
func (f *filter) addValue(pattern string) error { return addPattern(&f.values, "--grep", pattern) }

func addPattern(to *[]*regexp.Regexp, flag, pattern string) error {
	re, err := regexp.Compile(pattern)
	if err != nil {
		return fmt.Errorf("%s: %w", flag, err)
	}
	*to = append(*to, re)
	return nil
}

// addHeader reads "name" or "name=pattern".
func (f *filter) addHeader(text string) error {
	name, pattern, has := strings.Cut(text, "=")
	c := headerCondition{name: name}
	if has {
		re, err := regexp.Compile(pattern)
		if err != nil {
			return fmt.Errorf("--header %s: %w", text, err)
		}
		c.value = re
	}
	f.headers = append(f.headers, c)
	return nil
}

// addField reads "user.id=42", "price>=10", "name~^A" or "user.email".
func (f *filter) addField(text string) error {
	m := regexp.MustCompile(`^([^=!<>~]+?)\s*(?:(=|!=|<=|>=|<|>|~)\s*(.*))?$`).FindStringSubmatch(text)
	if m == nil {
		return fmt.Errorf("--field %s: want path=value, with one of = != < <= > >= ~ (a pattern), or a path alone", text)
	}
	c := fieldCondition{path: strings.Split(m[1], "."), operator: m[2], want: m[3]}
	var err error
	switch c.operator {
	case "~":
		if c.pattern, err = regexp.Compile(c.want); err != nil {
			return fmt.Errorf("--field %s: %w", text, err)
		}
	case "<", "<=", ">", ">=":
		if c.number, err = strconv.ParseFloat(c.want, 64); err != nil {
			return fmt.Errorf("--field %s: %s wants a number", text, c.operator)
		}
	}
	f.fields = append(f.fields, c)
	return nil
}

// accepts says whether a record is shown.
func (f *filter) accepts(r *kgo.Record) bool {
	for _, re := range f.keys {
		if r.Key == nil || !re.Match(r.Key) {
			return false
		}
	}
	for _, re := range f.values {
		if !re.Match(r.Value) {
			return false
		}
	}
	for _, c := range f.headers {
		if !c.accepts(r.Headers) {
			return false
		}
	}
	if len(f.fields) == 0 {
		return true
	}
	value, ok := parseJSON(r.Value)
	if !ok {
		return false
	}
	for _, c := range f.fields {
		if !c.accepts(value) {
			return false
		}
	}
	return true
}

func (c headerCondition) accepts(headers []kgo.RecordHeader) bool {
	for _, h := range headers {
		if h.Key == c.name && (c.value == nil || c.value.Match(h.Value)) {
			return true
		}
	}
	return false
}

// parseJSON reads a JSON value, also one behind the id of a schema.
func parseJSON(b []byte) (any, bool) {
	if len(b) > 5 && b[0] == 0 {
		b = b[5:]
	}
	dec := json.NewDecoder(bytes.NewReader(b))
	dec.UseNumber()
	var v any
	err := dec.Decode(&v)
	return v, err == nil
}

// accepts compares the field at the path.
func (c fieldCondition) accepts(value any) bool {
	for _, step := range c.path {
		switch v := value.(type) {
		case map[string]any:
			inner, ok := v[step]
			if !ok {
				return false
			}
			value = inner
		case []any:
			i, err := strconv.Atoi(step)
			if err != nil || i < 0 || i >= len(v) {
				return false
			}
			value = v[i]
		default:
			return false
		}
	}
	return c.compares(scalar(value))
}

func (c fieldCondition) compares(text string) bool {
	switch c.operator {
	case "":
		return true
	case "~":
		return c.pattern.MatchString(text)
	case "=", "!=":
		same := text == c.want
		if a, err := strconv.ParseFloat(text, 64); err == nil && !same {
			if b, err := strconv.ParseFloat(c.want, 64); err == nil {
				same = a == b
			}
		}
		return same == (c.operator == "=")
	}
	n, err := strconv.ParseFloat(text, 64)
	if err != nil {
		return false
	}
	switch c.operator {
	case "<":
		return n < c.number
	case "<=":
		return n <= c.number
	case ">":
		return n > c.number
	}
	return n >= c.number
}

// scalar is a JSON value as the text that a person would type for it.
func scalar(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case json.Number:
		return v.String()
	case bool:
		return strconv.FormatBool(v)
	case nil:
		return "null"
	}
	text, err := plainJSON(v)
	if err != nil {
		return ""
	}
	return string(text)
}
