package console

import (
	"bufio"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/gregor-stream/gregor/internal/msg"
)

// plain is DefaultMessageFormatter: the parts of a record that are wanted,
// parted by the key separator.
type plain struct {
	timestamp, partition, offset, delivery, epoch, headers, key, value bool

	separator, lineEnd, headersSeparator, null string
	// The deserializers; nil writes the bytes as they are.
	ofKey, ofValue, ofHeaders deserializer
}

func newPlain(p map[string]string) (*plain, []string) {
	text := func(key, fallback string) string {
		if v, ok := p[key]; ok {
			return v
		}
		return fallback
	}
	yes := func(key string) bool { return strings.EqualFold(strings.TrimSpace(p[key]), "true") }
	f := &plain{
		timestamp: yes("print.timestamp"), partition: yes("print.partition"), offset: yes("print.offset"),
		delivery: yes("print.delivery"), epoch: yes("print.epoch"), headers: yes("print.headers"), key: yes("print.key"), value: true,
		separator: text("key.separator", "\t"), lineEnd: text("line.separator", "\n"),
		headersSeparator: text("headers.separator", ","), null: text("null.literal", "null"),
	}
	if _, set := p["print.value"]; set {
		f.value = yes("print.value")
	}
	var doubts []string
	for _, one := range []struct {
		key  string
		into *deserializer
	}{{"key.deserializer", &f.ofKey}, {"value.deserializer", &f.ofValue}, {"headers.deserializer", &f.ofHeaders}} {
		class, set := p[one.key]
		if !set {
			continue
		}
		d, err := newDeserializer(class, one.key == "key.deserializer", configOf(p, one.key+"."))
		if err != nil {
			doubts = append(doubts, fmt.Sprintf("%s=%s: %v; the bytes are shown as they are", one.key, class, err))
			continue
		}
		*one.into = d
	}
	return f, doubts
}

// configOf are the properties that begin with prefix, without it.
func configOf(p map[string]string, prefix string) map[string]string {
	own := make(map[string]string)
	for key, value := range p {
		if rest, ok := strings.CutPrefix(key, prefix); ok && rest != "" {
			own[rest] = value
		}
	}
	return own
}

func (f *plain) write(w *bufio.Writer, r *kgo.Record) error {
	first := true
	part := func(wanted bool, texts ...string) bool {
		if !wanted {
			return false
		}
		if !first {
			_, _ = w.WriteString(f.separator)
		}
		first = false
		for _, t := range texts {
			_, _ = w.WriteString(t)
		}
		return true
	}
	part(f.timestamp, timestampOf(r))
	part(f.partition, "Partition:", strconv.Itoa(int(r.Partition)))
	part(f.offset, "Offset:", strconv.FormatInt(r.Offset, 10))
	// The console consumer hands neither on (ConsoleConsumer.process).
	part(f.delivery, "Delivery:NOT_PRESENT")
	part(f.epoch, "Epoch:NOT_PRESENT")
	if part(f.headers) {
		if err := f.writeHeaders(w, r); err != nil {
			return err
		}
	}
	if part(f.key) {
		if err := f.show(w, f.ofKey, r.Key); err != nil {
			return err
		}
	}
	if part(f.value) {
		if err := f.show(w, f.ofValue, r.Value); err != nil {
			return err
		}
	}
	if !first {
		_, _ = w.WriteString(f.lineEnd)
	}
	return nil
}

func timestampOf(r *kgo.Record) string {
	switch r.Attrs.TimestampType() {
	case 0:
		return "CreateTime:" + strconv.FormatInt(r.Timestamp.UnixMilli(), 10)
	case 1:
		return "LogAppendTime:" + strconv.FormatInt(r.Timestamp.UnixMilli(), 10)
	}
	return "NO_TIMESTAMP"
}

func (f *plain) writeHeaders(w *bufio.Writer, r *kgo.Record) error {
	if len(r.Headers) == 0 {
		_, _ = w.WriteString("NO_HEADERS")
		return nil
	}
	for i, h := range r.Headers {
		if i > 0 {
			_, _ = w.WriteString(f.headersSeparator)
		}
		_, _ = w.WriteString(msg.JavaString([]byte(h.Key)))
		_ = w.WriteByte(':')
		if err := f.show(w, f.ofHeaders, h.Value); err != nil {
			return err
		}
	}
	return nil
}

// show writes bytes through a deserializer. What is null is the bytes of
// null.literal before that, as in Kafka.
func (f *plain) show(w *bufio.Writer, d deserializer, data []byte) error {
	if data == nil {
		data = []byte(f.null)
	}
	if d == nil {
		_, _ = w.Write(data)
		return nil
	}
	text, err := d(data)
	if err != nil {
		return err
	}
	_, _ = w.WriteString(text)
	return nil
}

// logging is LoggingMessageFormatter: plain, and a line on log for each
// record.
type logging struct {
	*plain

	log io.Writer
}

func (f *logging) write(w *bufio.Writer, r *kgo.Record) error {
	if err := f.plain.write(w, r); err != nil {
		return err
	}
	line := ""
	if t := timestampOf(r); t != "NO_TIMESTAMP" {
		line = t + ", "
	}
	if r.Key == nil {
		line += "key:null "
	} else {
		line += "key:" + msg.JavaString(r.Key) + ", "
	}
	if r.Value == nil {
		line += "value:null"
	} else {
		line += "value:" + msg.JavaString(r.Value)
	}
	_, _ = fmt.Fprintln(f.log, line)
	return nil
}
