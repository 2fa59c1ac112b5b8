package console

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/twmb/franz-go/pkg/kgo"
)

// show is a record as a test writes it down.
func show(r *kgo.Record) string {
	text := func(b []byte) string {
		if b == nil {
			return "null"
		}
		return fmt.Sprintf("%q", b)
	}
	out := text(r.Key) + "=" + text(r.Value)
	for _, h := range r.Headers {
		out += " " + h.Key + ":" + text(h.Value)
	}
	return out
}

func TestLinesBecomeRecords(t *testing.T) {
	keys, both := "parse.key=true", "parse.key=true parse.headers=true"
	for _, one := range []struct{ properties, line, want string }{
		{"", "a\tb", `null="a\tb"`},
		{keys, "k\tv\tw", `"k"="v\tw"`},
		{keys, "\t", `""=""`},
		{keys, "v", "No key separator found on line number 1: 'v'"},
		{keys + " ignore.error=true", "v", `null="v"`},
		{keys + " key.separator=::", "k:::v", `"k"=":v"`},
		{both, "a:1,b:\tk\tv", `"k"="v" a:"1" b:""`},
		{both, "\tk\tv", "No header key separator found in pair '' on line number 1"},
		{both, "a:1\tv", "No key separator found on line number 1: 'a:1\tv'"},
		{both, "a:1", "No headers delimiter found on line number 1: 'a:1'"},
		{both + " ignore.error=true", "a,b:1\tv", `null="v" a:null b:"1"`},
		{both + " null.marker=-", "-\t-\t-", "null=null"},
		{both + " null.marker=-", "a:-\tk\tv", `"k"="v" a:null`},
		{both + " null.marker=-", "-:a\tk\tv", "Header keys should not be equal to the null marker '-' as they can't be null"},
		{both + ` headers.separator=\|`, "a:1|b:2\tk\tv", `"k"="v" a:"1" b:"2"`},
		{"", "\xff\xc3(", "null=\"\ufffd\ufffd(\""},
	} {
		p := make(map[string]string)
		for s := range strings.FieldsSeq(one.properties) {
			key, value, _ := strings.Cut(s, "=")
			p[key] = value
		}
		reader, err := newLineReader("t", p)
		if err != nil {
			t.Fatal(err)
		}
		r, err := reader.record([]byte(one.line))
		got := fmt.Sprint(err)
		if err == nil {
			got = show(r)
		}
		if got != one.want {
			t.Errorf("%s, %q: %s, want %s", one.properties, one.line, got, one.want)
		}
	}
}

func TestSeparatorsMustDiffer(t *testing.T) {
	for _, p := range []map[string]string{
		{"headers.delimiter": ","}, {"headers.key.separator": ","}, {"headers.key.separator": "\t"},
		{"null.marker": "\t"}, {"null.marker": ","}, {"null.marker": ":"}, {"headers.separator": "("},
	} {
		if _, err := newLineReader("t", p); err == nil {
			t.Errorf("%v was taken", p)
		}
	}
}

func TestSplitIsJavas(t *testing.T) {
	for _, one := range []struct {
		pattern, text string
		want          []string
	}{
		{",", "a,,b,,", []string{"a", "", "b"}}, {",", "", []string{""}}, {",", ",a", []string{"", "a"}}, {",", ",,", nil},
		{"", "abc", []string{"a", "b", "c"}}, {"x*", "axb", []string{"a", "b"}},
	} {
		if got := splitAsJava(regexp.MustCompile(one.pattern), one.text); !slices.Equal(got, one.want) {
			t.Errorf("%q at %q: %q, want %q", one.text, one.pattern, got, one.want)
		}
	}
}

func TestLinesEndAsInJava(t *testing.T) {
	for text, want := range map[string][]string{
		"": nil, "a": {"a"}, "a\n": {"a"}, "a\r\nb\rc\n\nd": {"a", "b", "c", "", "d"}, "\r\n\r\n": {"", ""}, "a\r": {"a"}, "\n\r": {"", ""},
	} {
		for _, in := range []io.Reader{strings.NewReader(text), iotest.OneByteReader(strings.NewReader(text))} {
			var got []string
			l := readLines(t.Context(), in)
			for line := range l.next {
				got = append(got, string(line))
			}
			if l.err != nil || !slices.Equal(got, want) {
				t.Errorf("%q: %q, %v; want %q", text, got, l.err, want)
			}
		}
	}
}

func TestDeserializersPrintAsJavaDoes(t *testing.T) {
	for _, one := range []struct{ class, data, want string }{
		{"LongDeserializer", "\xff\xff\xff\xff\xff\xff\xff\xfe", "-2"},
		{"LongDeserializer", "null", "Size of data received by LongDeserializer is not 8"},
		{"IntegerDeserializer", "null", "1853189228"},
		{"ShortDeserializer", "\x80\x00", "-32768"},
		{"FloatDeserializer", "\x3f\x80\x00\x00", "1.0"},
		{"FloatDeserializer", "\x3d\xcc\xcc\xcd", "0.1"},
		{"FloatDeserializer", "1", "Size of data received by Deserializer is not 4"},
		{"DoubleDeserializer", "\x40\x59\x00\x00\x00\x00\x00\x00", "100.0"},
		{"DoubleDeserializer", "\x41\x63\x12\xd0\x00\x00\x00\x00", "1.0E7"},
		{"DoubleDeserializer", "\x3f\x1a\x36\xe2\xeb\x1c\x43\x2d", "1.0E-4"},
		{"DoubleDeserializer", "\x7f\xf8\x00\x00\x00\x00\x00\x00", "NaN"},
		{"DoubleDeserializer", "\xff\xf0\x00\x00\x00\x00\x00\x00", "-Infinity"},
		{"BooleanDeserializer", "\x01", "true"}, {"BooleanDeserializer", "\x00", "false"},
		{"BooleanDeserializer", "\xff", "Unexpected byte received by BooleanDeserializer: -1"},
		{"UUIDDeserializer", "123E4567-e89b-12d3-a456-426614174000", "123e4567-e89b-12d3-a456-426614174000"},
		{"UUIDDeserializer", "1-2-3-4-5", "00000001-0002-0003-0004-000000000005"},
		{"UUIDDeserializer", "x", "Error parsing data into UUID"},
		{"BytesDeserializer", "a\\\x00~\x7f", `a\x5C\x00~\x7F`},
		{"ByteBufferDeserializer", "abc", "java.nio.HeapByteBuffer[pos=0 lim=3 cap=3]"},
		{"StringDeserializer", "\xe2\x82", "\ufffd"},
		{"VoidDeserializer", "", "Data should be null for a VoidDeserializer."},
	} {
		d, err := newDeserializer(serializationPackage+one.class, false, nil)
		if err != nil {
			t.Fatal(err)
		}
		got, err := d([]byte(one.data))
		if err != nil {
			got = err.Error()
		}
		if got != one.want {
			t.Errorf("%s of %q: %s, want %s", one.class, one.data, got, one.want)
		}
	}
}

func TestEncodingsOfText(t *testing.T) {
	for encoding, pair := range map[string][2]string{
		"ISO-8859-1": {"\xe9", "é"}, "US-ASCII": {"a\xe9", "a\ufffd"}, "UTF-16": {"\xff\xfea\x00", "a"}, "UTF-16BE": {"\x00a\x00", "a\ufffd"}, "UTF-16LE": {"a\x00", "a"},
	} {
		d, err := newText(true, map[string]string{"key.deserializer.encoding": encoding})
		if err != nil {
			t.Fatal(err)
		}
		if got, _ := d([]byte(pair[0])); got != pair[1] {
			t.Errorf("%s: %q, want %q", encoding, got, pair[1])
		}
	}
}

// printed is what a formatter makes of a record.
func printed(t *testing.T, class string, r *kgo.Record) (string, error) {
	t.Helper()
	f, _, err := formatterOf(class, map[string]string{}, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	w := bufio.NewWriter(&out)
	err = f.write(w, r)
	_ = w.Flush()
	return out.String(), err
}

func TestCoordinatorsRecordsAreKafkasJSON(t *testing.T) {
	commit := "\x00\x01\x00\x01g\x00\x01t\x00\x00\x00\x05"
	transaction := "\x00\x00\x00\x02tx"
	for _, one := range []struct{ class, key, value, want string }{
		{"OffsetsMessageFormatter", commit, "\x00\x03\x00\x00\x00\x00\x00\x00\x00\x07\xff\xff\xff\xff\x00\x01m\x00\x00\x00\x00\x00\x00\x00\x09",
			`{"key":{"type":1,"data":{"group":"g","topic":"t","partition":5}},"value":{"version":3,"data":{"offset":7,"leaderEpoch":-1,"metadata":"m","commitTimestamp":9}}}`},
		{"OffsetsMessageFormatter", commit, "null", `{"key":{"type":1,"data":{"group":"g","topic":"t","partition":5}},"value":null}`},
		{"GroupMetadataMessageFormatter", commit, "null", ""},
		{"OffsetsMessageFormatter", "\x7f\x00", "null", ""},
		{"OffsetsMessageFormatter", "\x00", "null", "Could not read record at offset 3 due to: Could not read version from key's buffer."},
		{"OffsetsMessageFormatter", commit, "\x00\x63", "Could not read record at offset 3 due to: Found an unknown record version 99 for 1 type"},
		{"TransactionLogMessageFormatter", transaction, "\x00\x00\x00\x00\x00\x00\x00\x00\x00\x01\x00\x02\x00\x00\x00\x03\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x04\x00\x00\x00\x00\x00\x00\x00\x05",
			`{"key":{"type":0,"data":{"transactionalId":"tx"}},"value":{"version":0,"data":{"producerId":1,"producerEpoch":2,"transactionTimeoutMs":3,"transactionStatus":"Ongoing","transactionPartitions":[],"transactionLastUpdateTimestampMs":4,"transactionStartTimestampMs":5}}}`},
	} {
		r := &kgo.Record{Offset: 3, Key: []byte(one.key), Value: []byte(one.value)}
		if one.value == "null" {
			r.Value = nil
		}
		got, err := printed(t, formatterPackage+one.class, r)
		if err != nil {
			got = err.Error()
		}
		if got != one.want {
			t.Errorf("%s: %s\nwant %s", one.class, got, one.want)
		}
	}
}

func TestJSONShowsBytesThatAreNoText(t *testing.T) {
	var out bytes.Buffer
	w := bufio.NewWriter(&out)
	r := &kgo.Record{Topic: "t", Offset: 1, LeaderEpoch: 2, Value: []byte{0xff}, Headers: []kgo.RecordHeader{{Key: "h", Value: []byte("<v>")}}}
	if err := (jsonFormatter{}).write(w, r); err != nil {
		t.Fatal(err)
	}
	_ = w.Flush()
	got := regexp.MustCompile(`"timestamp":-?\d+`).ReplaceAllString(out.String(), `"timestamp":0`)
	want := `{"topic":"t","partition":0,"offset":1,"leaderEpoch":2,"timestamp":0,"timestampType":"CreateTime","headers":[{"key":"h","value":"<v>"}],"key":null,"value":null,"valueBase64":"/w=="}` + "\n"
	if got != want {
		t.Errorf("got  %swant %s", got, want)
	}
}
