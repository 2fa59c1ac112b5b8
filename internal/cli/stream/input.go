package stream

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
)

// inputs are the forms in which records are read.
func inputs() []string { return []string{"lines", "json", "records", "csv", "file"} }

// lineBytesMax bounds one line, and one JSON value: a record has to fit into a
// request, whose default bound is 100 MiB.
const lineBytesMax = 100 << 20

// reader yields records; io.EOF ends it. Where is the place of the record that
// was read last, or of what is wrong: "orders.csv:17".
type reader interface {
	next() (*kgo.Record, error)
	where() string
}

// shape is how records are made of what is read.
type shape struct {
	separator string // of key and value in a line; "" for none
	keyField  string // of JSON and CSV
	headers   []string
	timeField string
	comma     rune
}

// inputFor guesses the form from a file's name.
func inputFor(file string) string {
	switch strings.ToLower(filepath.Ext(file)) {
	case ".json", ".jsonl", ".ndjson":
		return "json"
	case ".csv", ".tsv":
		return "csv"
	}
	return "lines"
}

// newReader reads one input.
func newReader(form, name string, in io.Reader, s shape) (reader, error) {
	switch form {
	case "lines":
		return &lineReader{name: name, in: bufio.NewReaderSize(in, 64<<10), shape: s}, nil
	case "json", "records":
		return &jsonReader{name: name, in: bufio.NewReaderSize(in, 64<<10), shape: s, records: form == "records"}, nil
	case "csv":
		return newCSVReader(name, in, s)
	case "file":
		return &fileReader{name: name, in: in}, nil
	}
	return nil, fmt.Errorf("--input %s: want %s", form, strings.Join(inputs(), ", "))
}

// watched notes that an input cannot be read, which is not the fault of a record.
type watched struct {
	io.Reader

	failed error
}

// Read implements [io.Reader].
func (w *watched) Read(p []byte) (int, error) {
	n, err := w.Reader.Read(p)
	if err != nil && err != io.EOF {
		w.failed = err
	}
	return n, err
}

// readLine reads a line without its end; io.EOF only where nothing is left. One
// that is too long is passed over whole.
func readLine(in *bufio.Reader) ([]byte, error) {
	var line []byte
	long := false
	for {
		part, err := in.ReadSlice('\n')
		if long = long || len(line)+len(part) > lineBytesMax; !long {
			line = append(line, part...)
		}
		switch {
		case errors.Is(err, bufio.ErrBufferFull):
		case long && (err == nil || err == io.EOF):
			return nil, fmt.Errorf("the line is longer than %d bytes", lineBytesMax)
		case err == io.EOF && len(line) > 0, err == nil:
			return bytes.TrimRight(line, "\r\n"), nil
		default:
			return nil, err
		}
	}
}

// lineReader makes a record of each line.
type lineReader struct {
	name  string
	in    *bufio.Reader
	shape shape
	line  int
}

func (r *lineReader) where() string { return fmt.Sprintf("%s:%d", r.name, r.line) }

func (r *lineReader) next() (*kgo.Record, error) {
	line, err := readLine(r.in)
	if err != nil {
		r.line++
		return nil, err
	}
	r.line++
	rec := &kgo.Record{Value: line, Partition: -1}
	if r.shape.separator != "" {
		key, value, ok := bytes.Cut(line, []byte(r.shape.separator))
		if !ok {
			return nil, fmt.Errorf("there is no %q between key and value", r.shape.separator)
		}
		rec.Key, rec.Value = key, value
	}
	return rec, nil
}

// fileReader makes one record of all.
type fileReader struct {
	name string
	in   io.Reader
	done bool
}

func (r *fileReader) where() string { return r.name }

func (r *fileReader) next() (*kgo.Record, error) {
	if r.done {
		return nil, io.EOF
	}
	r.done = true
	data, err := io.ReadAll(io.LimitReader(r.in, lineBytesMax+1))
	if err == nil && len(data) > lineBytesMax {
		err = fmt.Errorf("the file is larger than a record may be (%d bytes)", lineBytesMax)
	}
	return &kgo.Record{Value: data, Partition: -1}, err
}

// jsonReader makes a record of each line that holds a JSON value: the value as
// it is written, or a whole record as tail prints it.
type jsonReader struct {
	name    string
	in      *bufio.Reader
	shape   shape
	records bool
	line    int
}

func (r *jsonReader) where() string { return fmt.Sprintf("%s:%d", r.name, r.line) }

func (r *jsonReader) next() (*kgo.Record, error) {
	for {
		line, err := readLine(r.in)
		r.line++
		if err != nil {
			return nil, err
		}
		if len(bytes.TrimSpace(line)) == 0 {
			continue
		}
		if r.records {
			return fromJSON(line)
		}
		if !json.Valid(line) {
			return nil, fmt.Errorf("not a JSON value on one line: %s", jsonProblem(line))
		}
		return r.shape.of(line)
	}
}

// jsonProblem says what is wrong with a text that is no JSON.
func jsonProblem(text []byte) string {
	var v any
	if err := json.Unmarshal(text, &v); err != nil {
		return err.Error()
	}
	return cut(string(text), 60)
}

// of makes a record of a JSON value: the key and the headers are fields of it.
func (s shape) of(text []byte) (*kgo.Record, error) {
	rec := &kgo.Record{Value: text, Partition: -1}
	if s.keyField == "" && s.timeField == "" && len(s.headers) == 0 {
		return rec, nil
	}
	value, _ := parseJSON(text)
	field := func(path string) (string, error) {
		return lookup(value, path)
	}
	return rec, s.fill(rec, field)
}

// lookup is the field at a dotted path as text.
func lookup(value any, path string) (string, error) {
	for step := range strings.SplitSeq(path, ".") {
		object, ok := value.(map[string]any)
		if !ok {
			return "", fmt.Errorf("there is no field %q", path)
		}
		if value, ok = object[step]; !ok {
			return "", fmt.Errorf("there is no field %q", path)
		}
	}
	return scalar(value), nil
}

// fill sets key, headers and time of a record from its fields.
func (s shape) fill(rec *kgo.Record, field func(string) (string, error)) error {
	if s.keyField != "" {
		key, err := field(s.keyField)
		if err != nil {
			return err
		}
		rec.Key = []byte(key)
	}
	for _, name := range s.headers {
		value, err := field(name)
		if err != nil {
			return err
		}
		rec.Headers = append(rec.Headers, kgo.RecordHeader{Key: name, Value: []byte(value)})
	}
	if s.timeField == "" {
		return nil
	}
	text, err := field(s.timeField)
	if err != nil {
		return err
	}
	rec.Timestamp, err = parseTime(text, time.Now())
	return err
}

// csvReader makes a record of each row: a JSON object whose names are those of
// the first row.
type csvReader struct {
	name   string
	in     *csv.Reader
	header []string
	shape  shape
	line   int
}

func newCSVReader(name string, in io.Reader, s shape) (reader, error) {
	r := &csvReader{name: name, in: csv.NewReader(in), shape: s}
	r.in.Comma = s.comma
	if s.comma == 0 {
		r.in.Comma = ','
		if strings.EqualFold(filepath.Ext(name), ".tsv") {
			r.in.Comma = '\t'
		}
	}
	header, err := r.in.Read()
	if err != nil {
		return nil, fmt.Errorf("%s:1: the first row has to name the columns: %w", name, err)
	}
	r.header = header
	return r, nil
}

func (r *csvReader) where() string { return fmt.Sprintf("%s:%d", r.name, r.line) }

func (r *csvReader) next() (*kgo.Record, error) {
	row, err := r.in.Read()
	if err != nil {
		if bad, ok := errors.AsType[*csv.ParseError](err); ok {
			r.line = bad.Line
			return nil, bad.Err
		}
		return nil, err
	}
	r.line, _ = r.in.FieldPos(0)
	value, err := r.object(row)
	if err != nil {
		return nil, err
	}
	rec := &kgo.Record{Value: value, Partition: -1}
	return rec, r.shape.fill(rec, func(name string) (string, error) {
		for i, h := range r.header {
			if h == name {
				return row[i], nil
			}
		}
		return "", fmt.Errorf("there is no column %q; there are %s", name, strings.Join(r.header, ", "))
	})
}

// object is a row as a JSON object, in the order of the columns; what is a
// number or true or false in JSON stays one.
func (r *csvReader) object(row []string) ([]byte, error) {
	var out bytes.Buffer
	out.WriteByte('{')
	for i, cell := range row {
		if i > 0 {
			out.WriteByte(',')
		}
		name, err := plainJSON(r.header[i])
		if err != nil {
			return nil, err
		}
		out.Write(name)
		out.WriteByte(':')
		if isJSONScalar(cell) {
			out.WriteString(cell)
			continue
		}
		text, err := plainJSON(cell)
		if err != nil {
			return nil, err
		}
		out.Write(text)
	}
	out.WriteByte('}')
	return out.Bytes(), nil
}

// isJSONScalar says that a cell is a number that JSON writes in the same way,
// true or false.
func isJSONScalar(cell string) bool {
	if cell == "true" || cell == "false" {
		return true
	}
	if _, err := strconv.ParseFloat(cell, 64); err != nil {
		return false
	}
	return json.Valid([]byte(cell))
}
