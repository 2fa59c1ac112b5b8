package stream

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"time"
	"unicode/utf8"

	"github.com/twmb/franz-go/pkg/kgo"
)

// record is one record as JSON: what `tail --format json` prints and
// `produce --input records` reads, so that the one can be piped into the other.
type record struct {
	Topic     string   `json:"topic,omitempty"`
	Partition *int32   `json:"partition,omitempty"`
	Offset    *int64   `json:"offset,omitempty"`
	Timestamp string   `json:"timestamp,omitempty"` // RFC 3339 with milliseconds, UTC
	Appended  bool     `json:"logAppendTime,omitempty"`
	Key       blob     `json:"key"`
	Value     blob     `json:"value"`
	Headers   []header `json:"headers,omitempty"`
}

type header struct {
	Key   string `json:"key"`
	Value blob   `json:"value"`
}

// blob is the bytes of a key, value or header as JSON: null, a string where
// the bytes are UTF-8, otherwise {"base64": "..."}. Read, any other JSON value
// stands for its own compact text.
type blob []byte

// boxed is a blob that is no text.
type boxed struct {
	Base64 *string `json:"base64"`
}

// MarshalJSON writes a blob.
func (b blob) MarshalJSON() ([]byte, error) {
	switch {
	case b == nil:
		return []byte("null"), nil
	case utf8.Valid(b):
		return plainJSON(string(b))
	}
	text := base64.StdEncoding.EncodeToString(b)
	return plainJSON(boxed{&text})
}

// plainJSON is v as JSON without HTML's escapes.
func plainJSON(v any) ([]byte, error) {
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false)
	err := enc.Encode(v)
	return bytes.TrimSuffix(buf.Bytes(), []byte("\n")), err
}

// UnmarshalJSON reads a blob.
func (b *blob) UnmarshalJSON(data []byte) error {
	switch data[0] {
	case 'n':
		*b = nil
		return nil
	case '"':
		var s string
		err := json.Unmarshal(data, &s)
		*b = blob(s)
		return err
	case '{':
		var box boxed
		strict := json.NewDecoder(bytes.NewReader(data))
		strict.DisallowUnknownFields()
		if strict.Decode(&box) == nil && box.Base64 != nil {
			raw, err := base64.StdEncoding.DecodeString(*box.Base64)
			if err != nil {
				return fmt.Errorf("base64: %w", err)
			}
			*b = raw
			return nil
		}
	}
	var buf bytes.Buffer
	err := json.Compact(&buf, data)
	*b = buf.Bytes()
	return err
}

const milliseconds = "2006-01-02T15:04:05.000Z07:00"

// toRecord is r for machines.
func toRecord(r *kgo.Record) record {
	out := record{Topic: r.Topic, Partition: &r.Partition, Offset: &r.Offset, Key: r.Key, Value: r.Value}
	if !r.Timestamp.IsZero() {
		out.Timestamp = r.Timestamp.UTC().Format(milliseconds)
	}
	out.Appended = r.Attrs.TimestampType() == 1
	for _, h := range r.Headers {
		out.Headers = append(out.Headers, header{h.Key, h.Value})
	}
	return out
}

// fromJSON reads one record of `--input records`.
func fromJSON(data []byte) (*kgo.Record, error) {
	var in record
	strict := json.NewDecoder(bytes.NewReader(data))
	strict.DisallowUnknownFields()
	if err := strict.Decode(&in); err != nil {
		return nil, fmt.Errorf("no record of the form that tail --format json prints: %w", err)
	}
	if !bytes.Contains(data, []byte(`"value"`)) {
		return nil, errors.New(`a record without "value" (null makes a tombstone)`)
	}
	r := &kgo.Record{Key: in.Key, Value: in.Value, Partition: -1}
	if in.Partition != nil {
		r.Partition = *in.Partition
	}
	if in.Timestamp != "" {
		t, err := time.Parse(time.RFC3339Nano, in.Timestamp)
		if err != nil {
			return nil, fmt.Errorf("timestamp: %w", err)
		}
		r.Timestamp = t
	}
	for _, h := range in.Headers {
		r.Headers = append(r.Headers, kgo.RecordHeader{Key: h.Key, Value: h.Value})
	}
	return r, nil
}
