package stream_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/gregor-stream/gregor"
	"github.com/gregor-stream/gregor/internal/cli"
	"github.com/gregor-stream/gregor/internal/cli/command"
)

// broker starts a broker that ends with the test.
func broker(t *testing.T) string {
	t.Helper()
	s, err := gregor.Start(t.Context(), gregor.Config{Dir: t.TempDir(), Properties: []string{"listeners=PLAINTEXT://127.0.0.1:0"}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s.Addr()
}

// gregorDoes runs a command line.
func gregorDoes(t *testing.T, stdin string, args ...string) (code int, out, errs string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	var stdout, stderr bytes.Buffer
	code = cli.Main(ctx, "gregor", args, &command.Env{In: strings.NewReader(stdin), Out: &stdout, Err: &stderr})
	return code, stdout.String(), stderr.String()
}

// must runs a command line that has to end well, and returns what it printed.
func must(t *testing.T, stdin string, args ...string) string {
	t.Helper()
	code, out, errs := gregorDoes(t, stdin, args...)
	if code != 0 {
		t.Fatalf("gregor %q: exit code %d\n%s%s", args, code, out, errs)
	}
	return out
}

func file(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// all is what a topic holds, as tail prints it for machines.
func all(t *testing.T, at, topic string) []string {
	t.Helper()
	out := must(t, "", "tail", topic, "--bootstrap-server", at, "--from-beginning", "--follow=false", "--format", "json", "--max-bytes", "0")
	return strings.Split(strings.TrimSpace(out), "\n")
}

func TestProduceMakesRecordsOfEveryInput(t *testing.T) {
	at := broker(t)
	csv := file(t, "orders.csv", "id,region,price\n7,eu,3.5\n8,\"u,s\",x\n")
	must(t, "", "produce", "in", csv, "--bootstrap-server", at, "--key-field", "id", "--header-field", "region")
	must(t, "a=1\nb=2\n", "produce", "in", "--bootstrap-server", at, "--key-separator", "=")
	jsonl := file(t, "x.jsonl", "{\"u\":{\"id\":5},\"t\":\"2020-01-01T00:00:00Z\"}\n\n")
	must(t, "", "produce", "in", jsonl, "--bootstrap-server", at, "--key-field", "u.id", "--timestamp-field", "t", "-H", "from=test")
	must(t, "whole\nfile", "produce", "in", "--bootstrap-server", at, "--input", "file", "-k", "key", "--compression", "zstd")
	want := []string{
		`"key":"7","value":"{\"id\":7,\"region\":\"eu\",\"price\":3.5}","headers":[{"key":"region","value":"eu"}]}`,
		`"key":"8","value":"{\"id\":8,\"region\":\"u,s\",\"price\":\"x\"}","headers":[{"key":"region","value":"u,s"}]}`,
		`"key":"a","value":"1"}`, `"key":"b","value":"2"}`,
		`"timestamp":"2020-01-01T00:00:00.000Z","key":"5","value":"{\"u\":{\"id\":5},\"t\":\"2020-01-01T00:00:00Z\"}","headers":[{"key":"from","value":"test"}]}`,
		`"key":"key","value":"whole\nfile"}`,
	}
	got := all(t, at, "in")
	if len(got) != len(want) {
		t.Fatalf("%d records, want %d:\n%s", len(got), len(want), strings.Join(got, "\n"))
	}
	for _, w := range want { // the one of 2020 comes first: tail goes by time
		if !strings.Contains(strings.Join(got, "\n"), w) {
			t.Errorf("%s is not in\n%s", w, strings.Join(got, "\n"))
		}
	}
}

func TestProduceEndsAtBadInputAndSaysWhere(t *testing.T) {
	at := broker(t)
	tests := []struct {
		name, text string
		args       []string
		want       string
	}{
		{"bad.jsonl", "{\"a\":1}\n{\"a\":\n", nil, "bad.jsonl:2: not a JSON value"},
		{"bad.csv", "a,b\n1,2\n1,2,3\n", nil, "bad.csv:3: wrong number of fields"},
		{"bad.txt", "k=v\nkv\n", []string{"-K", "="}, `bad.txt:2: there is no "="`},
		{"nokey.csv", "a,b\n1,2\n", []string{"--key-field", "c"}, `nokey.csv:2: there is no column "c"; there are a, b`},
		{"bad.json", "{\"x\":1}\n", []string{"-i", "records"}, `unknown field "x"`},
	}
	for _, c := range tests {
		code, _, errs := gregorDoes(t, "", append([]string{"produce", "bad", file(t, c.name, c.text), "--bootstrap-server", at}, c.args...)...)
		if code != 1 || !strings.Contains(errs, c.want) || strings.Count(errs, "\n") != 1 {
			t.Errorf("%s: exit code %d, want 1 and %q in one line:\n%s", c.name, code, c.want, errs)
		}
	}
	if got := all(t, at, "bad"); len(got) != 3 {
		t.Errorf("what stands before the bad input is written: %d records, want 3:\n%s", len(got), strings.Join(got, "\n"))
	}
	code, out, errs := gregorDoes(t, "", "produce", "bad", file(t, "b.jsonl", "1\nx\n2\n"), "--bootstrap-server", at, "--skip-bad")
	if code != 0 || out != "2 records written to bad, 1 inputs left out\n" || !strings.Contains(errs, "b.jsonl:2 is left out") {
		t.Errorf("--skip-bad: exit code %d\n%s%s", code, out, errs)
	}
}

func TestTailFilters(t *testing.T) {
	at := broker(t)
	must(t, `{"n":1,"s":"ab"}`+"\n"+`{"n":20,"s":"cd","l":[{"x":true}]}`+"\n"+"plain\n", "produce", "f", "--bootstrap-server", at, "-k", "key1")
	must(t, `{"n":3}`+"\n", "produce", "f", "--bootstrap-server", at, "-k", "other", "-H", "h=42")
	tests := []struct {
		args []string
		want int
	}{
		{[]string{"--field", "n>2"}, 2}, {[]string{"--field", "n<=3"}, 2}, {[]string{"--field", "n=20"}, 1},
		{[]string{"--field", "n!=20"}, 2}, {[]string{"--field", "s~^c"}, 1}, {[]string{"--field", "l.0.x=true"}, 1},
		{[]string{"--field", "s"}, 2}, {[]string{"--key", "^oth"}, 1}, {[]string{"--grep", "plain"}, 1},
		{[]string{"--header", "h"}, 1}, {[]string{"--header", "h=4"}, 1}, {[]string{"--header", "h=5"}, 0},
		{[]string{"--offset", "2"}, 2}, {[]string{"--offset", "-1"}, 1}, {[]string{"--offset", "0:3"}, 1},
		{[]string{"-n", "3"}, 3}, {[]string{"--max", "2"}, 2}, {[]string{"--since", "1h"}, 4}, {[]string{"--until", "1h"}, 0},
		{[]string{"--key", "key1", "--field", "n>2"}, 1},
	}
	for _, c := range tests {
		out := must(t, "", append([]string{"tail", "f", "--bootstrap-server", at, "--follow=false"}, c.args...)...)
		if got := strings.Count(out, "\n"); got != c.want {
			t.Errorf("%q: %d records, want %d:\n%s", c.args, got, c.want, out)
		}
	}
	for flag, want := range map[string]string{
		"--key=(": "--key: error parsing regexp", "--field=n>x": "> wants a number", "--since=soon": `"soon" is no time`,
		"--value-format=xml": "--value-format xml: want auto", "--offset=x": "--offset x: want a number", "--partition=9": "no such partition",
	} {
		code, _, errs := gregorDoes(t, "", "tail", "f", "--bootstrap-server", at, flag)
		if code != command.ExitUsage || !strings.Contains(errs, want) {
			t.Errorf("%s: exit code %d: %s", flag, code, errs)
		}
	}
}

func TestWhatTailPrintsProduceReads(t *testing.T) {
	at := broker(t)
	c, err := kgo.NewClient(kgo.SeedBrokers(at), kgo.AllowAutoTopicCreation())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	for i, r := range []*kgo.Record{
		{Value: []byte{0, 1, 0xfe}, Key: []byte("k")}, {Value: nil, Key: []byte("gone")}, {Value: []byte("<&> \u2028"), Key: nil},
		{Value: []byte(`{"base64":"x"}`), Headers: []kgo.RecordHeader{{Key: "h", Value: nil}, {Key: "h", Value: []byte{0xff}}}}, {Value: []byte{}},
	} {
		r.Topic, r.Timestamp = "odd", time.UnixMilli(1_600_000_000_000+int64(i))
		if err := c.ProduceSync(t.Context(), r).FirstErr(); err != nil {
			t.Fatal(err)
		}
	}
	must(t, strings.Join(all(t, at, "odd"), "\n"), "produce", "odd2", "--input", "records", "--bootstrap-server", at)
	var a, b bytes.Buffer
	for _, line := range all(t, at, "odd") {
		fmt.Fprintln(&a, line)
	}
	for _, line := range all(t, at, "odd2") {
		fmt.Fprintln(&b, strings.Replace(line, `"odd2"`, `"odd"`, 1))
	}
	if a.String() != b.String() {
		t.Errorf("written:\n%s\nread back:\n%s", a.String(), b.String())
	}
}

func TestCopyKeepsEverythingAndResumes(t *testing.T) {
	from, to := broker(t), broker(t)
	c, err := kgo.NewClient(kgo.SeedBrokers(from), kgo.RecordPartitioner(kgo.ManualPartitioner()))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	create(t, from, "src", 3, "retention.ms=-1")
	write := func(n int) {
		for i := range n {
			r := &kgo.Record{Topic: "src", Partition: int32(i % 2), Key: []byte{byte(i)}, Value: []byte(strings.Repeat("v", i%50)),
				Timestamp: time.UnixMilli(1_500_000_000_000 + int64(i)), Headers: []kgo.RecordHeader{{Key: "n", Value: []byte{byte(i), 0xff}}}}
			c.Produce(t.Context(), r, nil)
		}
		if err := c.Flush(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	copyAll := func() map[string]any {
		out := must(t, "", "copy", "src", "--bootstrap-server", from, "--to", to, "--to-topic", "dst", "--format", "json")
		var result map[string]any
		if err := json.Unmarshal([]byte(out), &result); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
		return result
	}
	for _, n := range []int{1000, 0, 501} {
		write(n)
		if r := copyAll(); r["records"] != float64(n) || r["complete"] != true {
			t.Errorf("%d records written, copied: %v", n, r)
		}
	}
	a, b := strings.Join(all(t, from, "src"), "\n"), strings.ReplaceAll(strings.Join(all(t, to, "dst"), "\n"), `"dst"`, `"src"`)
	if a != b {
		t.Errorf("the copy differs:\n%.2000s\n%.2000s", a, b)
	}
	// Somebody else writes to the copy: that is noticed, and nothing is written.
	must(t, "stranger\n", "produce", "dst", "--bootstrap-server", to, "-p", "0")
	write(10)
	code, _, errs := gregorDoes(t, "", "copy", "src", "--bootstrap-server", from, "--to", to, "--to-topic", "dst")
	if code != 1 || !strings.Contains(errs, "is not a copy of offset") {
		t.Errorf("exit code %d: %s", code, errs)
	}
	// A topic that was there before is not written to.
	must(t, "mine\n", "produce", "src", "--bootstrap-server", to)
	if code, _, errs = gregorDoes(t, "", "copy", "src", "--bootstrap-server", from, "--to", to); code != 1 {
		t.Errorf("exit code %d: %s", code, errs)
	}
	if code, _, errs = gregorDoes(t, "", "copy", "src", "--bootstrap-server", from, "--to", from); code != command.ExitUsage || !strings.Contains(errs, "is the cluster that the topic is in") {
		t.Errorf("exit code %d: %s", code, errs)
	}
}

func TestCopyRecognizesWhatABrokenCopyHadWritten(t *testing.T) {
	from, to := broker(t), broker(t)
	must(t, strings.Repeat("x\ny\nz\n", 10), "produce", "src", "--bootstrap-server", from)
	must(t, "", "copy", "src", "--bootstrap-server", from, "--to", to)
	// As after a kill -9: five more are written at the destination, and not noted.
	must(t, "a\nb\nc\nd\ne\nf\n", "produce", "src", "--bootstrap-server", from)
	lines := all(t, from, "src")
	must(t, strings.Join(lines[30:35], "\n"), "produce", "src", "--bootstrap-server", to, "--input", "records")
	out := must(t, "", "copy", "src", "--bootstrap-server", from, "--to", to)
	if !strings.Contains(out, "1 records of src copied") {
		t.Errorf("only the sixth was missing: %s", out)
	}
	if a, b := strings.Join(lines, "\n"), strings.Join(all(t, to, "src"), "\n"); a != b {
		t.Errorf("the copy differs:\n%s\n%s", a, b)
	}
}

// create makes a topic.
func create(t *testing.T, at, topic string, partitions int32, config string) {
	t.Helper()
	c, err := kgo.NewClient(kgo.SeedBrokers(at))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	key, value, _ := strings.Cut(config, "=")
	if _, err := kadm.NewClient(c).CreateTopic(t.Context(), partitions, 1, map[string]*string{key: &value}, topic); err != nil {
		t.Fatal(err)
	}
}
