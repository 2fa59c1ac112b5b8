package console

import (
	"bufio"
	"encoding/base64"
	"encoding/json"
	"unicode/utf8"

	"github.com/twmb/franz-go/pkg/kgo"
)

// shownRecord is what --format json prints of a record, one line each.
type shownRecord struct {
	Topic         string        `json:"topic"`
	Partition     int32         `json:"partition"`
	Offset        int64         `json:"offset"`
	LeaderEpoch   int32         `json:"leaderEpoch"`   // -1 where the broker gives none
	Timestamp     int64         `json:"timestamp"`     // milliseconds since 1970
	TimestampType string        `json:"timestampType"` // CreateTime, LogAppendTime or None
	Headers       []shownHeader `json:"headers"`
	shownKey
	shownValue
}

// Text is in key and value, null as null; bytes that are no UTF-8 are in
// keyBase64 and valueBase64 instead.
type (
	shownKey struct {
		Key       *string `json:"key"`
		KeyBase64 string  `json:"keyBase64,omitempty"`
	}
	shownValue struct {
		Value       *string `json:"value"`
		ValueBase64 string  `json:"valueBase64,omitempty"`
	}
	shownHeader struct {
		Key string `json:"key"`
		shownValue
	}
)

// jsonFormatter is --format json.
type jsonFormatter struct{}

func (jsonFormatter) write(w *bufio.Writer, r *kgo.Record) error {
	out := shownRecord{
		Topic: r.Topic, Partition: r.Partition, Offset: r.Offset, LeaderEpoch: r.LeaderEpoch,
		Timestamp: r.Timestamp.UnixMilli(), TimestampType: "None", Headers: []shownHeader{},
	}
	switch r.Attrs.TimestampType() {
	case 0:
		out.TimestampType = "CreateTime"
	case 1:
		out.TimestampType = "LogAppendTime"
	}
	out.Key, out.KeyBase64 = textOrBytes(r.Key)
	out.Value, out.ValueBase64 = textOrBytes(r.Value)
	for _, h := range r.Headers {
		one := shownHeader{Key: h.Key}
		one.Value, one.ValueBase64 = textOrBytes(h.Value)
		out.Headers = append(out.Headers, one)
	}
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	return enc.Encode(out)
}

func textOrBytes(b []byte) (*string, string) {
	switch {
	case b == nil:
		return nil, ""
	case utf8.Valid(b):
		s := string(b)
		return &s, ""
	}
	return nil, base64.StdEncoding.EncodeToString(b)
}
