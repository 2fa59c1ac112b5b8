package console

import (
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/gregor-stream/gregor/internal/msg"
)

// lineReader makes records of lines, as Kafka's LineMessageReader does.
type lineReader struct {
	topic        string
	parseKey     bool
	parseHeaders bool
	ignoreError  bool

	keySeparator       string
	headersDelimiter   string // behind the headers
	headersSeparator   *regexp.Regexp
	headerKeySeparator string
	// null is the text that stands for null; hasNull says that there is one.
	null    string
	hasNull bool

	line int // the number of lines read
}

// newLineReader reads the properties of --reader-config and --reader-property.
func newLineReader(topic string, p map[string]string) (*lineReader, error) {
	text := func(key, fallback string) string {
		if v, ok := p[key]; ok {
			return v
		}
		return fallback
	}
	yes := func(key string) bool { return strings.EqualFold(strings.TrimSpace(p[key]), "true") }
	r := &lineReader{
		topic: text("topic", topic), parseKey: yes("parse.key"), parseHeaders: yes("parse.headers"), ignoreError: yes("ignore.error"),
		keySeparator: text("key.separator", "\t"), headersDelimiter: text("headers.delimiter", "\t"),
		headerKeySeparator: text("headers.key.separator", ":"),
	}
	separator := text("headers.separator", ",")
	r.null, r.hasNull = p["null.marker"]
	var err error
	if r.headersSeparator, err = regexp.Compile(separator); err != nil {
		return nil, fmt.Errorf("headers.separator is a regular expression: %w", err)
	}
	for _, pair := range []struct {
		a, b, names string
		apply       bool
	}{
		{r.headersDelimiter, separator, "headers.delimiter and headers.separator", true},
		{r.headersDelimiter, r.headerKeySeparator, "headers.delimiter and headers.key.separator", true},
		{separator, r.headerKeySeparator, "headers.separator and headers.key.separator", true},
		{r.keySeparator, r.null, "null.marker and key.separator", r.hasNull},
		{separator, r.null, "null.marker and headers.separator", r.hasNull},
		{r.headersDelimiter, r.null, "null.marker and headers.delimiter", r.hasNull},
		{r.headerKeySeparator, r.null, "null.marker and headers.key.separator", r.hasNull},
	} {
		if pair.apply && pair.a == pair.b {
			return nil, fmt.Errorf("%s may not be equal", pair.names)
		}
	}
	return r, nil
}

// record makes the record of the next line, which has no end of line in it.
// What is no UTF-8 becomes U+FFFD, as in Kafka.
func (r *lineReader) record(raw []byte) (*kgo.Record, error) {
	r.line++
	line := msg.JavaString(raw)
	rest := line
	out := &kgo.Record{Topic: r.topic}
	headers, found, err := r.cut(r.parseHeaders, line, &rest, r.headersDelimiter, "headers delimiter")
	if err != nil {
		return nil, err
	}
	if found && !r.isNull(headers) {
		if out.Headers, err = r.headers(headers); err != nil {
			return nil, err
		}
	}
	key, found, err := r.cut(r.parseKey, line, &rest, r.keySeparator, "key separator")
	if err != nil {
		return nil, err
	}
	if found && !r.isNull(key) {
		out.Key = []byte(key)
	}
	if !r.isNull(rest) {
		out.Value = []byte(rest)
	}
	return out, nil
}

func (r *lineReader) isNull(text string) bool { return r.hasNull && text == r.null }

// cut takes what stands before a separator off rest, where it is wanted.
func (r *lineReader) cut(wanted bool, line string, rest *string, separator, name string) (string, bool, error) {
	if !wanted {
		return "", false, nil
	}
	before, after, ok := strings.Cut(*rest, separator)
	switch {
	case ok:
		*rest = after
		return before, true, nil
	case r.ignoreError:
		return "", false, nil
	}
	return "", false, fmt.Errorf("No %s found on line number %d: '%s'", name, r.line, line)
}

func (r *lineReader) headers(text string) ([]kgo.RecordHeader, error) {
	var list []kgo.RecordHeader
	for _, pair := range splitAsJava(r.headersSeparator, text) {
		key, value, ok := strings.Cut(pair, r.headerKeySeparator)
		switch {
		case !ok && r.ignoreError:
			list = append(list, kgo.RecordHeader{Key: pair})
			continue
		case !ok:
			return nil, fmt.Errorf("No header key separator found in pair '%s' on line number %d", pair, r.line)
		case r.isNull(key):
			return nil, errors.New("Header keys should not be equal to the null marker '" + r.null + "' as they can't be null")
		}
		h := kgo.RecordHeader{Key: key}
		if !r.isNull(value) {
			h.Value = []byte(value)
		}
		list = append(list, h)
	}
	return list, nil
}

// splitAsJava is java.util.regex.Pattern.split: no empty texts at the end, and
// none before a match of nothing at the beginning.
func splitAsJava(pattern *regexp.Regexp, text string) []string {
	var list []string
	from := 0
	for _, m := range pattern.FindAllStringIndex(text, -1) {
		if m[1] == 0 {
			continue
		}
		list = append(list, text[from:m[0]])
		from = m[1]
	}
	if from == 0 && len(list) == 0 {
		return []string{text}
	}
	list = append(list, text[from:])
	for len(list) > 0 && list[len(list)-1] == "" {
		list = list[:len(list)-1]
	}
	return list
}
