package dumplog

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gregor-stream/gregor/internal/batch"
	"github.com/gregor-stream/gregor/internal/compress"
	"github.com/gregor-stream/gregor/internal/kafka"
)

// dump runs the command.
func dump(t *testing.T, args ...string) (code int, out, errs string) {
	t.Helper()
	var stdout, stderr bytes.Buffer
	cmd := New(&stdout, &stderr)
	cmd.SetArgs(args)
	cmd.SilenceErrors, cmd.SilenceUsage = true, true
	var exit interface{ ExitCode() int }
	if err := cmd.Execute(); errors.As(err, &exit) {
		code = exit.ExitCode()
	} else if err != nil {
		t.Fatalf("%v: an error without an exit code: %v", args, err)
	}
	return code, stdout.String(), stderr.String()
}

func file(t *testing.T, name string, content []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// built is a batch with records key-n, value-n and a header.
func built(t testing.TB, base kafka.Offset, codec compress.Codec, count int) []byte {
	t.Helper()
	b := batch.NewBuilder(&compress.Pool{}, batch.Options{BaseOffset: base, Codec: codec})
	for range count {
		b.Append(1000, []byte("key"), []byte("value"), batch.Header{Key: "h", Value: []byte("v")})
	}
	out, err := b.Build(nil)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

const segmentName = "00000000000000000000.log"

func TestASegmentIsShown(t *testing.T) {
	path := file(t, segmentName, slices.Concat(built(t, 0, compress.None, 2), built(t, 5, compress.Zstd, 1), []byte("cut")))
	code, out, errs := dump(t, "--files", path, "--print-data-log")
	for _, want := range []string{
		"Dumping " + path + "\nLog starting offset: 0\nbaseOffset: 0 lastOffset: 1 count: 2 ",
		"\n| offset: 1 CreateTime: 1000 keySize: 3 valueSize: 5 sequence: -1 headerKeys: [h] key: key payload: value\n",
		" compresscodec: zstd ", "isvalid: true", "Found 3 invalid bytes at the end of " + segmentName + "\n",
	} {
		if !strings.Contains(out, want) {
			t.Errorf("%q is not in\n%s", want, out)
		}
	}
	if code != 0 || errs != "Non-consecutive offsets in "+path+"\n  1 is followed by 5\n" {
		t.Errorf("exit code %d, errors %q", code, errs)
	}
}

func TestJSONIsOneObjectALine(t *testing.T) {
	path := file(t, segmentName, slices.Concat(built(t, 0, compress.None, 1), built(t, 5, compress.None, 1), []byte("cut")))
	_, out, errs := dump(t, "--files", path, "--print-data-log", "--format", "json")
	var kinds []string
	for line := range strings.Lines(out) {
		var object struct {
			Type, File string
			Key, Value *string
			Headers    []struct{ Key, Value string }
		}
		if err := json.Unmarshal([]byte(line), &object); err != nil || object.File != path {
			t.Fatalf("%v in %s", err, line)
		}
		if object.Type == "record" && (*object.Key != "key" || *object.Value != "value" || object.Headers[0].Value != "v") {
			t.Errorf("%s", line)
		}
		kinds = append(kinds, object.Type)
	}
	if want := []string{"file", "batch", "record", "batch", "record", "invalidBytes", "problem"}; !slices.Equal(kinds, want) || errs != "" {
		t.Errorf("got %v and %q, want %v", kinds, errs, want)
	}
}

func TestBytesAreBase64InJSON(t *testing.T) {
	path := file(t, segmentName, built(t, 0, compress.None, 1))
	_, out, _ := dump(t, "--files", path, "--value-decoder-class", decoderPackage+".DefaultDecoder", "--format", "json")
	if !strings.Contains(out, `"key":"key","value":"dmFsdWU="`) {
		t.Errorf("%s", out)
	}
}

func TestDamageIsOneLine(t *testing.T) {
	sound := built(t, 0, compress.None, 2)
	changed := func(at int, value byte) []byte { b := slices.Clone(sound); b[at] = value; return b }
	gzip := built(t, 0, compress.Gzip, 2)
	gzip[61] ^= 0xff
	tests := map[string][]byte{
		"a batch of 0 bytes cannot be":         slices.Concat(sound, make([]byte, 100)),
		"unknown compression type 7":           changed(22, 7),
		"there is no record format -1":         changed(16, 0xff),
		"it is said to have":                   changed(61, 0x7e),
		"the batch says that it has -1":        slices.Concat(sound[:57], []byte{0xff, 0xff, 0xff, 0xff}, sound[61:]),
		"record 0 of the batch at offset 0":    gzip,
		"bytes follow the last record":         changed(60, 1),
		"the header of a batch is cut":         slices.Concat(binary.BigEndian.AppendUint32(make([]byte, 8), 20), make([]byte, 4), []byte{2}, make([]byte, 16)),
		"its key or value is cut":              slices.Concat(binary.BigEndian.AppendUint32(make([]byte, 8), 14), make([]byte, 4), []byte{0, 0, 0, 0, 0, 9, 0, 0, 0, 0}, make([]byte, 8)),
		"its length is damaged":                slices.Concat(binary.BigEndian.AppendUint32(make([]byte, 8), 20), make([]byte, 4), []byte{2}, make([]byte, 60)),
		"control record at offset 0: its key ": slices.Concat(changed(22, 0x20)),
	}
	for want, content := range tests {
		path := file(t, segmentName, content)
		for _, shape := range []string{"text", "json"} {
			code, _, errs := dump(t, "--files", path, "--deep-iteration", "--format", shape)
			if code != 1 || strings.Count(errs, "\n") != 1 || !strings.HasPrefix(errs, "gregor dump-log: "+path+" at position ") || !strings.Contains(errs, want) {
				t.Errorf("%s: exit code %d, want %q in %q", shape, code, want, errs)
			}
		}
	}
}

func TestArgumentsAreJudged(t *testing.T) {
	path := file(t, segmentName, built(t, 0, compress.None, 1))
	tests := []struct {
		want string
		args []string
	}{
		{`Missing required argument "[files]"`, nil},
		{"there are text and json", []string{"--files", path, "--format", "xml"}},
		{"org.example.Own", []string{"--files", path, "--value-decoder-class", "org.example.Own"}},
		{"it cannot be negative", []string{"--files", path, "--max-bytes", "-1"}},
		{"5 bytes are no long", []string{"--files", path, "--value-decoder-class", decoderPackage + ".LongDecoder"}},
		{"there is no such file", []string{"--files", "00000000000000000009.log"}},
		{"does not begin with an offset", []string{"--files", file(t, "x.log", nil)}},
		{"not that of a snapshot", []string{"--files", file(t, "x.checkpoint", nil)}},
		{"no file matches", []string{"--files", filepath.Dir(path) + "/*.none"}},
		{"no segment, index or snapshot", []string{"--files", t.TempDir()}},
		{"it has no key", []string{"--files", file(t, segmentName, noKey(t)), "--offsets-decoder"}},
	}
	for _, tt := range tests {
		if code, _, errs := dump(t, tt.args...); code != 1 || strings.Count(errs, "\n") != 1 || !strings.Contains(errs, tt.want) {
			t.Errorf("%v: exit code %d, want %q in %q", tt.args, code, tt.want, errs)
		}
	}
	if code, out, _ := dump(t, path); code != 0 || !strings.Contains(out, "baseOffset: 0") {
		t.Errorf("a file without --files: exit code %d: %s", code, out)
	}
}

func noKey(t *testing.T) []byte {
	t.Helper()
	b := batch.NewBuilder(nil, batch.Options{})
	b.Append(1, nil, []byte("v"))
	out, err := b.Build(nil)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestFilesAreSplitAsJavaDoes(t *testing.T) {
	tests := map[string][]string{"a": {"a"}, "a,b": {"a", "b"}, "a,,b,,": {"a", "", "b"}, "": {""}, ",": nil, " a": {" a"}}
	for in, want := range tests {
		if got := splitFiles(in); !slices.Equal(got, want) {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
	for in, want := range map[string]string{"a//b/": "a/b", "/": "/", "./a": "./a", "///": "/"} {
		if got := javaPath(in); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}

func TestProgressTellsRateAndTimeLeft(t *testing.T) {
	p := progress{path: segmentName, size: 4e9}
	if got := p.line(1e9, 10*time.Second); got != segmentName+": 25%, 100 MB/s, 30s left" {
		t.Errorf("got %q", got)
	}
	if q := newProgress(&bytes.Buffer{}, segmentName, 4e9); q.out != nil {
		t.Error("a buffer is no terminal")
	}
}

func TestALookupSearchesAsKafkaDoes(t *testing.T) {
	x := &offsetIndex{base: 100}
	for i := range 3000 { // more than the part that is searched first
		x.b = binary.BigEndian.AppendUint32(x.b, uint32(i*10))
		x.b = binary.BigEndian.AppendUint32(x.b, uint32(i*1000))
		x.entries++
	}
	for offset, want := range map[int64]int64{99: 0, 100: 0, 109: 0, 110: 1000, 15105: 1500_000, 30090: 2999_000, 1 << 40: 2999_000} {
		if got := x.lookup(offset); got != want {
			t.Errorf("offset %d: position %d, want %d", offset, got, want)
		}
	}
}

// FuzzRecords reads records of all formats from any bytes: it must end, with
// records or an error.
func FuzzRecords(f *testing.F) {
	f.Add(int8(2), built(f, 0, compress.None, 2))
	f.Add(int8(2), built(f, 0, compress.Lz4, 2))
	f.Add(int8(0), []byte("\x00\x00\x00\x00\x00\x00\x00\x01\x00\x00\x00\x0f\x00\x00\x00\x00\x00\x00\xff\xff\xff\xff\x00\x00\x00\x01a"))
	var parsers []recordParser
	for _, o := range []options{{offsets: true}, {transactions: true}, {cluster: true}, {remote: true}, {shares: true}} {
		parser, err := o.parser()
		if err != nil {
			f.Fatal(err)
		}
		parsers = append(parsers, parser)
	}
	f.Fuzz(func(_ *testing.T, magic int8, b []byte) {
		if magic < 0 || len(b) < batch.HeaderSize || len(b) > 4<<10 {
			return
		}
		e := &entry{from: &source{path: "f"}, magic: magic, head: b, full: b, size: int64(len(b))}
		pool := &compress.Pool{}
		d := &dumper{o: &options{}, pool: pool}
		_ = e.records(pool, func(r *record) error {
			for _, parser := range parsers {
				_, _ = parser.parse(r) // an error is a fine answer
			}
			_, _ = controlText(e, r)
			d.headers(r)
			return nil
		})
	})
}
