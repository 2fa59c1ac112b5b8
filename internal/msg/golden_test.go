package msg

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"reflect"
	"strconv"
	"strings"
	"testing"

	"github.com/gregor-stream/gregor/internal/kafka"
)

// example is a line of testdata/golden.txt.gz: what Kafka's own classes wrote.
type example struct {
	name    string
	version int16
	round   int // 0: the defaults
	bytes   []byte
	json    string
}

func examples(t testing.TB) []example {
	t.Helper()
	f, err := os.Open("testdata/golden.txt.gz")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	zip, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	var list []example
	lines := bufio.NewScanner(zip)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		parts := strings.SplitN(lines.Text(), " ", 5)
		version, err := strconv.ParseInt(parts[1], 10, 16)
		if err != nil {
			t.Fatal(err)
		}
		b, err := hex.DecodeString(parts[3])
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, example{name: parts[0], version: int16(version), round: int(parts[2][0] - '0'), bytes: b, json: parts[4]})
	}
	if err := lines.Err(); err != nil {
		t.Fatal(err)
	}
	return list
}

func byName() map[string]Message {
	m := map[string]Message{}
	for _, message := range all() {
		m[message.MessageName()] = message
	}
	return m
}

// TestCodecAgreesWithKafka decodes what Kafka's own classes wrote for every
// message and version, compares every value with Kafka's JSON, and encodes it
// again to the same bytes.
func TestCodecAgreesWithKafka(t *testing.T) {
	messages := byName()
	covered := map[string]bool{}
	for _, e := range examples(t) {
		m := messages[e.name]
		if m == nil {
			t.Errorf("no message %s", e.name)
			continue
		}
		where := fmt.Sprintf("%s v%d round %d", e.name, e.version, e.round)
		decodeAndCompare(t, m, e.bytes, e.version)
		var want any
		d := json.NewDecoder(strings.NewReader(e.json))
		d.UseNumber()
		if err := d.Decode(&want); err != nil {
			t.Fatal(err)
		}
		if diff := compareJSON(reflect.ValueOf(m).Elem(), want, e.name); diff != "" {
			t.Errorf("%s: %s", where, diff)
		}
		if e.round == 0 {
			m.SetDefaults()
			if got := m.AppendTo(nil, e.version); !bytes.Equal(got, e.bytes) {
				t.Errorf("%s: defaults are %x, Kafka's are %x", where, got, e.bytes)
			}
			continue
		}
		covered[fmt.Sprint(e.name, e.version)] = true
	}
	for _, m := range all() {
		oldest, newest := m.VersionRange()
		for v := oldest; v <= newest; v++ {
			if !covered[fmt.Sprint(m.MessageName(), v)] {
				t.Errorf("%s v%d has no example", m.MessageName(), v)
			}
		}
	}
}

// compareJSON says where a decoded value differs from the JSON that Kafka
// wrote of it.
func compareJSON(v reflect.Value, want any, path string) string {
	if v.Kind() == reflect.Pointer {
		if v.IsNil() != (want == nil) {
			return fmt.Sprintf("%s is null: %v, want %v", path, v.IsNil(), want)
		}
		if v.IsNil() {
			return ""
		}
		v = v.Elem()
	}
	switch w := want.(type) {
	case nil:
		if v.Kind() != reflect.Slice || !v.IsNil() {
			return fmt.Sprintf("%s is %v, want null", path, v)
		}
		return ""
	case map[string]any:
		return compareObject(v, w, path)
	case []any:
		if v.Kind() != reflect.Slice || v.Len() != len(w) || v.IsNil() {
			return fmt.Sprintf("%s is %v, want %d elements", path, v, len(w))
		}
		for i := range w {
			if diff := compareJSON(v.Index(i), w[i], fmt.Sprintf("%s[%d]", path, i)); diff != "" {
				return diff
			}
		}
		return ""
	}
	if got := fmt.Sprint(plain(v)); got != fmt.Sprint(want) {
		return fmt.Sprintf("%s is %s, want %v", path, got, want)
	}
	return ""
}

func compareObject(v reflect.Value, want map[string]any, path string) string {
	for name, w := range want {
		field := strings.ToUpper(name[:1]) + name[1:]
		f := v.FieldByName(field)
		if size, ok := strings.CutSuffix(field, "SizeInBytes"); ok && !f.IsValid() {
			if f = v.FieldByName(size); f.IsValid() {
				f = reflect.ValueOf(f.Len())
			}
		}
		if !f.IsValid() {
			return fmt.Sprintf("%s has no field %s", path, field)
		}
		if strings.HasSuffix(strings.ToLower(name), "records") && w == "" && !f.IsNil() {
			continue // Kafka's JSON leaves out what records hold
		}
		if diff := compareJSON(f, w, path+"."+name); diff != "" {
			return diff
		}
	}
	return ""
}

// plain is a value as Kafka writes it in JSON.
func plain(v reflect.Value) any {
	switch x := v.Interface().(type) {
	case []byte:
		return base64.StdEncoding.EncodeToString(x)
	case kafka.UUID:
		return x.String()
	case float64:
		return strconv.FormatFloat(x, 'f', 1, 64)
	}
	return v.Interface()
}
