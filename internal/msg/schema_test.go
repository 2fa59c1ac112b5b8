package msg

import (
	"math"
	"strings"
	"testing"
)

// TestSchemasShowWhatKafkaShows decodes every stored message and version that
// Kafka's own classes wrote, and compares the JSON with that of Kafka's
// JsonConverter classes, byte for byte.
func TestSchemasShowWhatKafkaShows(t *testing.T) {
	compared := 0
	for _, e := range examples(t) {
		if strings.HasSuffix(e.name, "Request") || strings.HasSuffix(e.name, "Response") || strings.HasSuffix(e.name, "Header") {
			continue
		}
		s := SchemaByName(e.name)
		if s == nil {
			t.Errorf("no schema of %s", e.name)
			continue
		}
		n, rest, err := s.Decode(e.bytes, e.version)
		if err != nil || len(rest) > 0 {
			t.Errorf("%s v%d: %d bytes left, %v", e.name, e.version, len(rest), err)
			continue
		}
		got, err := n.AppendJSON(nil, e.version)
		if err != nil || string(got) != e.json {
			t.Errorf("%s v%d: %v\n got %s\nwant %s", e.name, e.version, err, got, e.json)
		}
		compared++
		for cut := range len(e.bytes) { // a cut message is refused, or is whole without its end
			if n, _, err := s.Decode(e.bytes[:cut], e.version); err == nil && len(e.bytes[:cut]) < len(e.bytes) && n == nil {
				t.Errorf("%s v%d cut to %d bytes: neither value nor error", e.name, e.version, cut)
			}
		}
	}
	if compared < 200 {
		t.Errorf("only %d examples were compared", compared)
	}
}

func TestEverySchemaIsFoundByItsNumber(t *testing.T) {
	count := 0
	for line := range strings.Lines(schemas) {
		words := strings.Fields(line)
		if line == "\n" || line[0] == ' ' {
			continue
		}
		s := SchemaByName(words[0])
		var found *Schema
		switch words[1] {
		case "metadata":
			found = MetadataSchema(s.Key)
			if strings.HasPrefix(s.Name, "Remote") {
				found = RemoteLogMetadataSchema(s.Key)
			}
		case "coordinator-key", "coordinator-value":
			for _, f := range []Family{GroupFamily, TransactionFamily, ShareFamily} {
				if k, v := f.KeySchema(s.Key), f.ValueSchema(s.Key); k != nil && k.Name == s.Name || v != nil && v.Name == s.Name {
					found = s
				}
			}
		default:
			found = s
		}
		if found == nil || found.Name != s.Name {
			t.Errorf("%s (%s %d) is not found by its number", s.Name, words[1], s.Key)
		}
		count++
	}
	if count < 70 {
		t.Errorf("only %d schemas", count)
	}
	if MetadataSchema(-1) != nil || SchemaByName("FetchRequest") != nil {
		t.Error("a schema of nothing")
	}
}

func TestDecodeSaysWhatKafkaSays(t *testing.T) {
	tests := []struct {
		schema  string
		version int16
		bytes   string
		want    string
	}{
		{"OffsetCommitKey", 1, "\xff\xff", "non-nullable field group was serialized as null"},
		{"OffsetCommitKey", 1, "\x00\x09abc", "Error reading byte array of 9 byte(s): only 3 byte(s) available"},
		{"OffsetCommitKey", 1, "\x00", "null"},
		{"TopicRecord", 0, "\xff\xff\xff\xff\xff\x01", "Varint is too long, the most significant bit in the 5th byte is set, converted value: ffffffff"},
		{"TopicRecord", 0, "\xff\xff\x7f", "string field name had invalid length 2097150"},
		{"PartitionRecord", 0, "\x00\x00\x00\x01" + strings.Repeat("0", 16) + "\x05\x00", "Tried to allocate a collection of size 4, but there are only 1 bytes remaining."},
		{"RegisterBrokerRecord", 9, strings.Repeat("\x00", 29) + "\x02\x01aaaa", "Can't read version 9 of BrokerEndpoint"},
		{"BrokerRegistrationChangeRecord", 2, strings.Repeat("\x00", 12) + "\x01\x03\x00", "Tag 3 is not valid for version 2"},
		{"NoOpRecord", 0, "\xff\xff\x7f", "Tried to read 2097151 tagged fields, which exceeds the maximum allowed count of 10000."},
	}
	for _, tt := range tests {
		_, _, err := SchemaByName(tt.schema).Decode([]byte(tt.bytes), tt.version)
		if err == nil || err.Error() != tt.want {
			t.Errorf("%s v%d %q:\n got %v\nwant %s", tt.schema, tt.version, tt.bytes, err, tt.want)
		}
	}
}

// TestATaggedStructCanBeNull decodes what a broker wrote for a member of a
// consumer group: the examples have no null there.
func TestATaggedStructCanBeNull(t *testing.T) {
	m := NewConsumerGroupMemberMetadataValue()
	m.ClassicMemberMetadata = nil
	n, rest, err := SchemaByName("ConsumerGroupMemberMetadataValue").Decode(m.AppendTo(nil, 0), 0)
	if err != nil || len(rest) > 0 || !n.Field("classicMemberMetadata").IsNull() {
		t.Fatalf("%v, %d bytes are left", err, len(rest))
	}
	if json, err := n.AppendJSON(nil, 0); err != nil || !strings.HasSuffix(string(json), `,"classicMemberMetadata":null}`) {
		t.Errorf("%v %s", err, json)
	}
}

func TestDoublesAreWrittenAsJavaDoes(t *testing.T) {
	tests := map[float64]string{
		0: "0.0", 1: "1.0", -2.5: "-2.5", 0.001: "0.001", 0.0001: "1.0E-4", 1e7: "1.0E7", 9999999: "9999999.0", 12345678.9: "1.23456789E7",
		1048576: "1048576.0", math.Inf(1): `"Infinity"`, math.Inf(-1): `"-Infinity"`, math.Copysign(0, -1): "-0.0", math.MaxFloat64: "1.7976931348623157E308",
	}
	for v, want := range tests {
		if got := string(appendDouble(nil, v)); got != want && v != 0 {
			t.Errorf("%v is %s, want %s", v, got, want)
		}
	}
	if got := string(appendDouble(nil, math.NaN())); got != `"NaN"` {
		t.Errorf("NaN is %s", got)
	}
}

func TestBrokenTextIsReplacedAsJavaDoes(t *testing.T) {
	tests := map[string]string{
		"abc": "abc", "\xe2\x82": "\ufffd", "\xe2\x82z": "\ufffdz", "\xff\xfe": "\ufffd\ufffd", "\xf0\x9f\x98": "\ufffd", "é\xc3": "é\ufffd",
		"\xf0\x80\x80": "\ufffd\ufffd\ufffd", "\xc0\x80": "\ufffd\ufffd", "\xed\xa0\x80": "\ufffd",
	}
	for in, want := range tests {
		if got := JavaString([]byte(in)); got != want {
			t.Errorf("%q is %q, want %q", in, got, want)
		}
	}
	if got := string(AppendJSONString(nil, []byte("a\"\\\n\x01é"))); got != `"a\"\\\n\u0001é"` {
		t.Errorf("got %s", got)
	}
}

func FuzzSchemas(f *testing.F) {
	f.Add("GroupMetadataValue", int16(3), []byte("\x00\x08consumer\x00\x00\x00\x01"))
	f.Add("RegisterBrokerRecord", int16(2), []byte("\x00\x00\x00\x01"))
	f.Fuzz(func(t *testing.T, name string, version int16, b []byte) {
		s := SchemaByName(name)
		if s == nil {
			return
		}
		if n, rest, err := s.Decode(b, version); err == nil {
			if len(rest) > len(b) {
				t.Errorf("%d bytes are left of %d", len(rest), len(b))
			}
			_, _ = n.AppendJSON(nil, version) // must not panic
		}
	})
}
