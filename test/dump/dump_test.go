package dump

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/gregor-stream/gregor/test/harness"
)

// tools starts Kafka's tools for a test.
func tools(t *testing.T, set string) *kafkaTools {
	t.Helper()
	k, err := startTools(set, t.TempDir())
	harness.Missing(t, err)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := k.close(); err != nil {
			t.Errorf("Kafka's tools: %v", err)
		}
	})
	return k
}

// options lists what dump-log can be told beside the files.
func options() [][]string {
	const classes = "org.apache.kafka.tools.api."
	return [][]string{
		nil, {"--deep-iteration"}, {"--print-data-log"}, {"--print-data-log", "--skip-record-metadata"}, {"--deep-iteration", "--skip-record-metadata"},
		{"--verify-index-only"}, {"--index-sanity-check"}, {"--max-bytes", "700"}, {"--max-bytes", "0", "--deep-iteration"}, {"--max-message-size", "200"},
		{"--value-decoder-class", classes + "StringDecoder"}, {"--value-decoder-class", classes + "LongDecoder"},
		{"--key-decoder-class", classes + "IntegerDecoder"}, {"--value-decoder-class", classes + "DefaultDecoder"}, {"--value-decoder-class", "org.example.Own"},
		{"--offsets-decoder"}, {"--transaction-log-decoder"}, {"--cluster-metadata-decoder"}, {"--remote-log-metadata-decoder"},
		{"--share-group-state-decoder"}, {"--cluster-metadata-decoder", "--skip-record-metadata"}, {"--offsets-decoder", "--skip-record-metadata"},
	}
}

// known are the files that dump-log shows.
func known(t *testing.T, dir string) []string {
	t.Helper()
	var files []string
	err := filepath.WalkDir(dir, func(path string, e os.DirEntry, err error) error {
		if err == nil && !e.IsDir() && slices.Contains([]string{".log", ".index", ".timeindex", ".txnindex", ".snapshot", ".checkpoint"}, filepath.Ext(path)) {
			files = append(files, path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// mask takes out of an output what cannot be the same.
func mask(text string) string {
	text = byteArray.ReplaceAllString(text, "[B@x")
	return tiny.ReplaceAllString(text, "tiny")
}

// tiny is a number that Java before 19 writes with more digits than it has.
var tiny = regexp.MustCompile(`\d\.\d+E-3\d\d`)

// limited is what Kafka 4.4 says of a damaged length, where the tool of 4.3.1
// reads on and meets the end: such lines are not compared.
var limited = regexp.MustCompile(`(?m)^.*which exceeds the maximum allowed (?:size|count) of \d+.*$`)

// withoutLimited takes the lines out of both outputs.
func withoutLimited(ours, kafkas string) (string, string) {
	if !limited.MatchString(ours) {
		return ours, kafkas
	}
	a, b := strings.Split(ours, "\n"), strings.Split(kafkas, "\n")
	for i, line := range a {
		if limited.MatchString(line) && i < len(b) && strings.Contains(b[i], ", skipping. ") {
			a[i], b[i] = "", ""
		}
	}
	return strings.Join(a, "\n"), strings.Join(b, "\n")
}

// byteArray is how Java prints an array: with a number that is another in
// each run.
var byteArray = regexp.MustCompile(`\[B@[0-9a-f]+`)

// compare runs both commands with the same arguments and compares output and
// exit code. Ours comes first: Kafka's makes an empty index where there is
// none. Where Kafka dies of an exception ours has one line that says why.
func compare(t *testing.T, k *kafkaTools, args ...string) {
	t.Helper()
	ours, err := gregor(append([]string{"dump-log"}, args...)...)
	if err != nil {
		t.Fatal(err)
	}
	kafkas, err := k.run(dumpClass, args...)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := withoutLimited(mask(ours.out), mask(kafkas.out)); got != want {
		t.Errorf("dump-log %s\n%s", strings.Join(args, " "), difference(want, got))
	}
	if ours.code != kafkas.code {
		t.Errorf("dump-log %s: exit code %d, Kafka's %d\nours:  %.300s\nKafka: %.300s", strings.Join(args, " "), ours.code, kafkas.code, ours.errors, kafkas.errors)
	}
	switch {
	case kafkas.trace():
		before, line := kafkas.beforeTrace(), strings.TrimSuffix(ours.errors, "\n")
		if line, ok := strings.CutPrefix(line, before); !ok || strings.Contains(line, "\n") || !strings.HasPrefix(line, "gregor dump-log: ") {
			t.Errorf("dump-log %s: no one line for an error of Kafka's:\n%.500s\nKafka: %.300s", strings.Join(args, " "), ours.errors, kafkas.errors)
		}
	case ours.errors != kafkas.errors:
		t.Errorf("dump-log %s, errors\n%s", strings.Join(args, " "), difference(kafkas.errors, ours.errors))
	}
}

// difference shows the first line in which two texts differ.
func difference(want, got string) string {
	a, b := strings.Split(want, "\n"), strings.Split(got, "\n")
	for i := range max(len(a), len(b)) {
		line := func(l []string) string {
			if i < len(l) {
				return l[i]
			}
			return "(no line)"
		}
		if line(a) != line(b) {
			return "Kafka: " + line(a) + "\n ours: " + line(b)
		}
	}
	return "no difference"
}

// everyOption compares each file with each option, then all files at once.
func everyOption(t *testing.T, k *kafkaTools, dir string, least int) {
	t.Helper()
	files := known(t, dir)
	if len(files) < least {
		t.Errorf("only %d files in %s, want %d", len(files), dir, least)
	}
	for _, file := range files {
		for _, option := range options() {
			compare(t, k, append([]string{"--files", file}, option...)...)
		}
	}
	compare(t, k, "--files", strings.Join(files, ","), "--deep-iteration")
	t.Logf("%d files, %d comparisons", len(files), k.runs)
}

// TestFilesOfAnEarlierKafka compares on the files in the repository, which
// Apache Kafka 4.4.0 wrote: transactions, a quorum, snapshots.
func TestFilesOfAnEarlierKafka(t *testing.T) {
	k := tools(t, "tools")
	everyOption(t, k, filepath.Join(harness.Root(), "internal", "storage", "testdata", "kafka44"), 10)
	everyOption(t, k, filepath.Join(harness.Root(), "internal", "quorum", "testdata", "kafka-4.4.0"), 5)
}

// TestArguments compares what is said about the list of files itself.
func TestArguments(t *testing.T) {
	k := tools(t, "tools")
	dir := t.TempDir()
	for _, name := range []string{"plain", "odd.name", "00000000000000000000.log", "x.log", "x.index", "x.timeindex", "x.txnindex", "bootstrap.checkpoint", "short.checkpoint", "0.snapshot"} {
		if err := os.WriteFile(filepath.Join(dir, name), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, list := range []string{
		"plain", "odd.name", "00000000000000000000.log", "x.log", "x.index", "x.timeindex", "x.txnindex", "bootstrap.checkpoint", "short.checkpoint", "0.snapshot",
		"none.log", "00000000000000000007.log", "00000000000000000007.txnindex", "00000000000000000007.index", "plain,odd.name,00000000000000000000.log,,", "/00000000000000000000.log",
	} {
		var paths []string
		for name := range strings.SplitSeq(list, ",") {
			if name != "" {
				name = dir + "/" + name
			}
			paths = append(paths, name)
		}
		compare(t, k, "--files", strings.Join(paths, ","))
		compare(t, k, "--files", strings.Join(paths, ","), "--max-bytes", "-1")
	}
	compare(t, k, "--files", "")
	compare(t, k, "--files", ",")
}

// TestJSONLines reads the JSON form: each line is an object with type and
// file, and there are as many batches and records as the text form has.
func TestJSONLines(t *testing.T) {
	for _, tt := range []struct{ dir, decoder string }{
		{"internal/storage/testdata/kafka44/txn-0", "--print-data-log"},
		{"internal/quorum/testdata/kafka-4.4.0/__cluster_metadata-0", "--cluster-metadata-decoder"},
	} {
		dir := filepath.Join(harness.Root(), filepath.FromSlash(tt.dir))
		text, err := gregor("dump-log", "--files", dir, tt.decoder)
		if err != nil || text.code != 0 {
			t.Fatalf("%v %+v", err, text)
		}
		lines, err := gregor("dump-log", "--files", dir, tt.decoder, "--format", "json")
		if err != nil || lines.code != 0 {
			t.Fatalf("%v %+v", err, lines)
		}
		counts := map[string]int{}
		for line := range strings.Lines(lines.out) {
			var object struct{ Type, File string }
			if err := json.Unmarshal([]byte(line), &object); err != nil || object.Type == "" || !strings.HasPrefix(object.File, dir) {
				t.Fatalf("%v in %s", err, line)
			}
			counts[object.Type]++
		}
		for kind, mark := range map[string]string{"file": "Dumping ", "batch": "baseOffset: ", "record": "| offset: ", "abortedTransaction": "version: 0 ", "producer": "producerId: "} {
			want := 0
			for line := range strings.Lines(text.out) {
				if strings.HasPrefix(line, mark) {
					want++
				}
			}
			if counts[kind] != want {
				t.Errorf("%s: %d objects of type %s, and %d lines of text", tt.dir, counts[kind], kind, want)
			}
		}
		if counts["record"] == 0 || counts["file"] < 2 {
			t.Errorf("%s: %v", tt.dir, counts)
		}
	}
}

// TestDirectoriesAndPatterns shows what Kafka's command does not take.
func TestDirectoriesAndPatterns(t *testing.T) {
	dir := filepath.Join(harness.Root(), "internal", "storage", "testdata", "kafka44", "small-0")
	whole, err := gregor("dump-log", "--files", dir)
	if err != nil || whole.code != 0 {
		t.Fatalf("%v %+v", err, whole)
	}
	first, second := strings.Index(whole.out, "00000000000000000000.log"), strings.Index(whole.out, "00000000000000000233.log")
	index := strings.Index(whole.out, "00000000000000000000.index")
	if first < 0 || index < first || second < index {
		t.Errorf("the order is not that of the log: %.300s", whole.out)
	}
	pattern, err := gregor("dump-log", "--files", filepath.Join(dir, "*.log"))
	if err != nil || pattern.code != 0 || strings.Count(pattern.out, "Dumping ") != 2 {
		t.Errorf("%v %+v", err, pattern)
	}
	for _, wrong := range []string{t.TempDir(), filepath.Join(dir, "*.none")} {
		if r, err := gregor("dump-log", "--files", wrong); err != nil || r.code != 1 || !strings.Contains(r.errors, wrong) {
			t.Errorf("%s: %v %+v", wrong, err, r)
		}
	}
}
