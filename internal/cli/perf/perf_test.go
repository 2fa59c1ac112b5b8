package perf

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/gregor-stream/gregor/internal/cli/command"
	"github.com/gregor-stream/gregor/internal/cli/flags"
	"github.com/gregor-stream/gregor/internal/cli/java"
)

// out is a world whose outputs can be read.
func out() (*command.Env, *bytes.Buffer) {
	var b bytes.Buffer
	return &command.Env{In: strings.NewReader(""), Out: &b, Err: &b}, &b
}

func want(t *testing.T, b *bytes.Buffer, text string) {
	t.Helper()
	if got := b.String(); got != text {
		t.Errorf("printed\n%swant\n%s", got, text)
	}
	b.Reset()
}

// The arithmetic of ProducerPerformance: rates of MiB, halves rounded up, the
// percentiles picked at share times count.
func TestProducerLines(t *testing.T) {
	env, b := out()
	start := time.UnixMilli(1_700_000_000_000)
	s := newStats(env, false, 1000, 5*time.Second, false, start)
	for i := range 1000 {
		s.record(time.Duration(i)*time.Millisecond+999*time.Microsecond, 1024, start.Add(time.Duration(i)*time.Millisecond))
	}
	s.printTotal(start.Add(2125 * time.Millisecond))
	want(t, b, "1000 records sent, 470.588235 records/sec (0.46 MB/sec), 499.50 ms avg latency, 999.00 ms max latency, 500 ms 50th, 950 ms 95th, 990 ms 99th, 999 ms 99.9th.\n")

	s = newStats(env, false, 4, time.Second, false, start)
	s.record(3*time.Millisecond, 1<<20, start.Add(10*time.Millisecond))
	want(t, b, "")
	s.record(4*time.Millisecond, 1<<20, start.Add(1000*time.Millisecond))
	want(t, b, "2 records sent, 2.0 records/sec (2.00 MB/sec), 3.5 ms avg latency, 4.0 ms max latency.\n")
	s.record(1*time.Millisecond, 1<<20, start.Add(3000*time.Millisecond))
	want(t, b, "1 records sent, 0.5 records/sec (0.50 MB/sec), 1.0 ms avg latency, 1.0 ms max latency.\n")
	s.suppress()
	s.record(1*time.Millisecond, 1<<20, start.Add(9000*time.Millisecond))
	want(t, b, "")
	s.printTotal(start.Add(10 * time.Second))
	want(t, b, "4 records sent, 0.400000 records/sec (0.40 MB/sec), 2.25 ms avg latency, 4.00 ms max latency, 3 ms 50th, 4 ms 95th, 4 ms 99th, 4 ms 99.9th.\n")

	newStats(env, false, 2, time.Second, false, start).printTotal(start.Add(time.Second))
	want(t, b, "0 records sent, 0.000000 records/sec (0.00 MB/sec), NaN ms avg latency, 0.00 ms max latency, 0 ms 50th, 0 ms 95th, 0 ms 99th, 0 ms 99.9th.\n")
}

func TestSteadyStateIsAnnouncedOnceAndSummedUpAlone(t *testing.T) {
	env, b := out()
	start := time.UnixMilli(0)
	s := newStats(env, false, 10, 100*time.Millisecond, true, start)
	s.record(time.Millisecond, 10, start.Add(100*time.Millisecond))
	s.record(time.Millisecond, 10, start.Add(200*time.Millisecond))
	s.printTotal(start.Add(400 * time.Millisecond))
	want(t, b, `In steady state.
1 records sent, 10.0 records/sec (0.00 MB/sec), 1.0 ms avg latency, 1.0 ms max latency.
1 records sent, 10.0 records/sec (0.00 MB/sec), 1.0 ms avg latency, 1.0 ms max latency.
2 steady state records sent, 5.000000 records/sec (0.00 MB/sec), 1.00 ms avg latency, 1.00 ms max latency, 1 ms 50th, 1 ms 95th, 1 ms 99th, 1 ms 99.9th.
`)
}

func TestALongRunIsSampled(t *testing.T) {
	env, _ := out()
	start := time.UnixMilli(0)
	s := newStats(env, false, 10_000_000, time.Hour, false, start)
	if s.every != 20 || cap(s.latencies) != 500_001 {
		t.Fatalf("every %d-th latency is kept, %d in all", s.every, cap(s.latencies))
	}
	for i := range 100 {
		s.record(time.Duration(i)*time.Millisecond, 1, start)
	}
	if !slices.Equal(s.latencies, []int32{0, 20, 40, 60, 80}) {
		t.Errorf("kept %v", s.latencies)
	}
}

func TestReportsInJSON(t *testing.T) {
	env, b := out()
	start := time.UnixMilli(0)
	s := newStats(env, true, 2, 100*time.Millisecond, false, start)
	s.record(3*time.Millisecond, 1<<20, start.Add(100*time.Millisecond))
	s.printTotal(start.Add(200 * time.Millisecond))
	want(t, b, `{"type":"report","records":1,"recordsPerSecond":10,"mibPerSecond":10,"avgLatencyMs":3,"maxLatencyMs":3}
{"type":"summary","records":1,"recordsPerSecond":5,"mibPerSecond":5,"avgLatencyMs":3,"maxLatencyMs":3,"p50LatencyMs":3,"p95LatencyMs":3,"p99LatencyMs":3,"p999LatencyMs":3}
`)
	newStats(env, true, 2, time.Second, false, start).printTotal(start.Add(time.Second))
	if got := b.String(); !strings.Contains(got, `"avgLatencyMs":null`) {
		t.Errorf("the average of nothing is %s", got)
	}
}

// As java.util.Scanner parts a text.
func TestPayloadFilesArePartedAsScannerDoes(t *testing.T) {
	for _, c := range []struct{ text, delimiter, want string }{
		{"a\nb", "\n", "a|b"},
		{"a\nb\n", "\n", "a|b"},
		{"a\n\nb\n\n", "\n", "a||b|"},
		{"\na", "\n", "a"},
		{"\n\na", "\n", "|a"},
		{"a,b;;c", "[,;]+", "a|b|c"},
		{"a\r\nb", "\n", "a\r|b"},
		{"x", ",", "x"},
		{"a\xffb", ",", "a\uFFFDb"},
	} {
		list, err := split(c.text, c.delimiter)
		if err != nil {
			t.Fatal(err)
		}
		if got := string(bytes.Join(list, []byte("|"))); got != c.want {
			t.Errorf("%q at %q: %q, want %q", c.text, c.delimiter, got, c.want)
		}
	}
	if list, err := split("\n", "\n"); err != nil || len(list) != 0 {
		t.Errorf("only a delimiter: %q, %v", list, err)
	}
	if _, err := split("a", "("); err == nil || !strings.Contains(err.Error(), "--payload-delimiter (") {
		t.Errorf("a wrong delimiter: %v", err)
	}
}

func TestPayloadFilesThatCannotBeUsedGetOneLine(t *testing.T) {
	env, _ := out()
	dir := t.TempDir()
	file := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	large := file("large", "x")
	if err := os.Truncate(large, payloadFileMost+1); err != nil {
		t.Fatal(err)
	}
	for path, text := range map[string]string{
		file("empty", ""): "is empty", file("delimiters", "\n"): "only delimiters", large: "at most 268435456 are read",
		dir: "is a folder", filepath.Join(dir, "none"): "no such file",
	} {
		_, err := readPayloads(env, path, "\n", true)
		if err == nil || !strings.Contains(err.Error(), text) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: %v, want %q", path, err, text)
		}
	}
}

func TestKeysAreChosenAsAsked(t *testing.T) {
	keys := func(p payloads, n int64) string {
		var list []string
		for i := range n {
			list = append(list, string(p.key(i)))
		}
		return strings.Join(list, " ")
	}
	if got := keys(payloads{keys: keysRange, keyMax: 3}, 7); got != "0 1 2 0 1 2 0" {
		t.Errorf("range: %s", got)
	}
	// SplittableRandom(0).nextInt(16), as Java draws it.
	if got := keys(payloads{keys: keysRandom, keyMax: 16, random: java.NewSplittableRandom(0)}, 5); !regexp.MustCompile(`^(\d+ ?){5}$`).MatchString(got) {
		t.Errorf("random: %s", got)
	}
	p := payloads{keys: keysNone}
	if key := p.key(1); key != nil {
		t.Errorf("none: %q", key)
	}
}

// run runs a command line of this room.
func run(t *testing.T, args string) (string, error) {
	t.Helper()
	env, b := out()
	for _, cmd := range Commands(env) {
		words := strings.Fields(args)
		if cmd.Name() != words[0] {
			continue
		}
		_, normal, err := flags.Normalize(cmd, words[1:])
		if err != nil {
			return "", err
		}
		cmd.SetArgs(normal)
		cmd.SetOut(b)
		cmd.SilenceErrors, cmd.SilenceUsage = true, true
		err = cmd.ExecuteContext(t.Context())
		return b.String(), err
	}
	t.Fatalf("no command %s", args)
	return "", nil
}

// What 4.4 has and 4.3's command, which ours is compared with, has not.
func TestKeyFlagsAreChecked(t *testing.T) {
	const to = "producer-perf-test --topic x --num-records 1 --throughput -1 --record-size 1 --bootstrap-server localhost:1 "
	for args, text := range map[string]string{
		"--key-distribution range":                       "--record-key-range is required",
		"--record-key-range 4":                           "--key-distribution must be 'range' or 'random'",
		"--record-key-range 0 --key-distribution random": "--record-key-range should be greater than zero.",
		"--key-distribution zipf":                        "--key-distribution zipf: want none, range or random",
	} {
		if _, err := run(t, to+args); err == nil || !strings.Contains(err.Error(), text) {
			t.Errorf("%s: %v, want %q", args, err, text)
		}
	}
}

func TestWithoutArgumentsHelpIsPrinted(t *testing.T) {
	if text, err := run(t, "producer-perf-test"); err != nil || !strings.Contains(text, "--payload-monotonic") {
		t.Errorf("%v: %s", err, text)
	}
}

func TestConsumerLines(t *testing.T) {
	env, b := out()
	dates, err := java.NewDateFormat("HH:mm:ss:SSS")
	if err != nil {
		t.Fatal(err)
	}
	r := &consumerRun{env: env, dates: dates}
	start := time.UnixMilli(0).UTC()
	r.summary(start, start.Add(2500*time.Millisecond), consumed{records: 3, bytes: 1 << 20}, 500*time.Millisecond)
	want(t, b, "00:00:00:000, 00:00:02:500, 1.0000, 0.4000, 3, 1.2000, 500, 2000, 0.5000, 1.5000\n")
	r.progress(start, start.Add(time.Second), consumed{records: 30, bytes: 3 << 20}, consumed{records: 10, bytes: 1 << 20}, 200*time.Millisecond)
	want(t, b, "00:00:01:000, 0, 3.0000, 2.0000, 30, 20.0000, 200, 800, 2.5000, 25.0000\n")
	r.progress(start, start.Add(time.Second), consumed{records: 30, bytes: 3 << 20}, consumed{}, 2*time.Second)
	want(t, b, "00:00:01:000, 0, 3.0000, 3.0000, 30, 30.0000, 2000, -1000, 0.0000, 0.0000\n")
	r.detailed = true
	r.summary(start, start.Add(time.Second), consumed{}, 0)
	want(t, b, "")
}

// Only the time without any partition counts as rebalancing.
func TestRebalancesAreTimed(t *testing.T) {
	j := joins{since: time.Now().Add(-time.Hour)}
	ctx, two, one := context.Background(), map[string][]int32{"t": {0, 1}}, map[string][]int32{"t": {0}}
	j.gained(ctx, nil, two)
	if d := j.take(); d < time.Hour || j.total != d {
		t.Errorf("the first assignment took %v, %v in all", d, j.total)
	}
	j.lost(ctx, nil, one)
	j.gained(ctx, nil, one)
	if d := j.take(); d != 0 {
		t.Errorf("a partition of two that moved took %v", d)
	}
	j.lost(ctx, nil, two)
	j.since = time.Now().Add(-time.Minute)
	j.gained(ctx, nil, two)
	if d := j.take(); d < time.Minute || d > time.Hour {
		t.Errorf("the second assignment took %v", d)
	}
}

func TestLatencyLines(t *testing.T) {
	env, b := out()
	r := &latencyRun{env: env}
	r.progress(1000, 1667997*time.Nanosecond)
	want(t, b, "1000\t1.6679970000000002\n") // as Java divides and prints it
	latencies := make([]int64, 1000)
	for i := range latencies {
		latencies[len(latencies)-1-i] = int64(i)
	}
	r.results(1000, 1234567890*time.Nanosecond, latencies)
	want(t, b, "Avg latency: 1.2346 ms\nPercentiles: 50th = 500, 99th = 990, 99.9th = 999\n")
	r.json = true
	r.results(1, 1500*time.Microsecond, []int64{1})
	want(t, b, `{"type":"summary","records":1,"avgLatencyMs":1.5,"p50LatencyMs":1,"p99LatencyMs":1,"p999LatencyMs":1}`+"\n")
}

func TestWhatWasReadIsComparedWithWhatWasSent(t *testing.T) {
	record := func(key, value, header string) *kgo.Record {
		return &kgo.Record{Key: []byte(key), Value: []byte(value), Headers: []kgo.RecordHeader{{Key: "h", Value: []byte(header)}}}
	}
	sent := record("k", "v", "x")
	for text, read := range map[string][]*kgo.Record{
		"":              {record("k", "v", "x")},
		"timed out":     nil,
		"message value": {record("k", "w", "x")},
		"message key":   {record("l", "v", "x")},
		"header read":   {record("k", "v", "y")},
		"Header count":  {{Key: []byte("k"), Value: []byte("v")}},
		"Only one":      {record("k", "v", "x"), record("k", "v", "x")},
	} {
		err := compare(sent, read)
		if (err == nil) != (text == "") || err != nil && !strings.Contains(err.Error(), text) {
			t.Errorf("%v, want %q", err, text)
		}
	}
}
