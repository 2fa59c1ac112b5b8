package cli

import (
	"bytes"
	"context"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/gregor-stream/gregor"
	"github.com/gregor-stream/gregor/internal/cli/command"
)

// run runs the command line; a broker that starts is stopped when its
// greeting is complete.
func run(t *testing.T, args ...string) (code int, out, log string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	var stderr bytes.Buffer
	stdout := &greeting{done: cancel}
	code = Main(ctx, "gregor", args, &command.Env{In: strings.NewReader(""), Out: stdout, Err: &stderr})
	return code, stdout.String(), stderr.String()
}

// greeting stops the broker once it has said how to try it.
type greeting struct {
	bytes.Buffer
	done func()
}

func (g *greeting) Write(p []byte) (int, error) {
	n, err := g.Buffer.Write(p)
	if strings.Contains(g.String(), "kafka-console-producer") {
		g.done()
	}
	return n, err //nolint:wrapcheck // a buffer
}

// lastLine is the one line about the error.
func lastLine(log string) string {
	lines := strings.Split(strings.TrimSpace(log), "\n")
	return lines[len(lines)-1]
}

func TestStartSaysWhereItListensAndWhereTheDataIs(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data")
	for _, fresh := range []string{" (new)", ""} {
		code, out, log := run(t, "--dir", dir, "--override", "listeners=PLAINTEXT://localhost:0", "-q")
		if code != 0 {
			t.Fatalf("exit code %d: %s", code, log)
		}
		for _, want := range []string{"listening  127.0.0.1:", "data       " + dir, fresh + "\n", "kcat -P -b localhost:"} {
			if !strings.Contains(out, want) {
				t.Errorf("%q is not in:\n%s", want, out)
			}
		}
	}
}

func TestWithoutAFileTheBrokerIsFoundAgain(t *testing.T) {
	if c, _ := (startOptions{}).config(); c.Listen != "localhost:9092" || c.Dir == "" {
		t.Errorf("listens on %q, data in %q", c.Listen, c.Dir)
	}
	if c, _ := (startOptions{file: "f"}).config(); c.Listen != "" || c.Dir != "" {
		t.Errorf("with a file: listens on %q, data in %q", c.Listen, c.Dir)
	}
}

func TestABrokerInMemoryLeavesNothing(t *testing.T) {
	code, out, log := run(t, "start", "--memory", "--override", "listeners=PLAINTEXT://localhost:0", "-q")
	if code != 0 || !strings.Contains(out, "in memory, gone when this ends") {
		t.Errorf("exit code %d\n%s%s", code, out, log)
	}
	for _, args := range [][]string{{"start", "--memory", "--dir", t.TempDir()}, {"start", "f", "--memory"}} {
		if code, _, log := run(t, args...); code != command.ExitUsage {
			t.Errorf("%q: exit code %d: %s", args, code, log)
		}
	}
}

func TestStartReadsAFileAndOverrides(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "server.properties")
	text := "broker.id=5\nzookeeper.connect=localhost:2181\nnum.partitons=2\nlisteners=PLAINTEXT://localhost:1\nlog.dirs=" + dir + "/data\noffsets.topic.replication.factor=1\n"
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	code, out, log := run(t, "start", file, "--override", "listeners=PLAINTEXT://localhost:0")
	if code != 0 || !strings.Contains(out, dir+"/data") {
		t.Fatalf("exit code %d\n%s%s", code, out, log)
	}
	for _, want := range []string{"broker.id is deprecated: node.id=5 is used instead", "there is no ZooKeeper", "did you mean num.partitions?"} {
		if !strings.Contains(log, want) {
			t.Errorf("%q is not in:\n%s", want, log)
		}
	}
}

func TestAStartThatFailsSaysWhyInOneLine(t *testing.T) {
	taken, err := net.Listen("tcp", "localhost:0") //nolint:noctx // a test
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = taken.Close() }()
	foreign := t.TempDir()
	for i, cluster := range []string{"YWJjZGVmZ2hpamtsbW5vcA", "cXdlcnR5dWlvcGFzZGZnaA"} {
		dir := filepath.Join(foreign, string(rune('a'+i)))
		if err := os.MkdirAll(dir, 0o700); err != nil {
			t.Fatal(err)
		}
		meta := "version=1\nnode.id=1\ncluster.id=" + cluster + "\n"
		if err := os.WriteFile(filepath.Join(dir, "meta.properties"), []byte(meta), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	plain := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(plain, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	tests := map[string][]string{
		"Not a number of type INT":             {"--override", "num.partitions=many"},
		"listeners=PLAINTEXT://localhost:9192": {"--override", "listeners=PLAINTEXT://" + taken.Addr().String()},
		"cluster":                              {"--override", "log.dirs=" + foreign + "/a," + foreign + "/b"},
		plain:                                  {"--override", "log.dirs=" + plain},
		"no-such-file":                         {"start", "no-such-file.properties"},
		"not in effect yet":                    {"--override", "authorizer.class.name=org.example.Authorizer"},
		"only PLAINTEXT is in effect yet":      {"--override", "listeners=SSL://localhost:0", "--override", "inter.broker.listener.name=SSL"},
	}
	for want, args := range tests {
		if args[0] != "start" {
			args = append([]string{"--dir", t.TempDir(), "--override", "listeners=PLAINTEXT://localhost:0", "-q"}, args...)
		}
		code, out, log := run(t, args...)
		if code != command.ExitFailed || !strings.Contains(lastLine(log), want) || !strings.HasPrefix(lastLine(log), "gregor") || strings.Contains(out, "ready") {
			t.Errorf("%q: exit code %d, want 1 and %q in the last line of:\n%s", args, code, want, log)
		}
	}
}

func TestADirectoryServesOneBrokerAtATime(t *testing.T) {
	dir := t.TempDir()
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	first := make(chan int)
	ready := make(chan struct{})
	go func() {
		env := &command.Env{Out: &greeting{done: func() { close(ready) }}, Err: new(bytes.Buffer)}
		first <- Main(ctx, "gregor", []string{"--dir", dir, "--override", "listeners=PLAINTEXT://localhost:0", "-q"}, env)
	}()
	select {
	case <-ready:
	case code := <-first:
		t.Fatalf("the first broker ended with %d", code)
	}
	code, _, log := run(t, "--dir", dir, "--override", "listeners=PLAINTEXT://localhost:0", "-q")
	if code != command.ExitFailed || !strings.Contains(lastLine(log), dir) || !strings.Contains(lastLine(log), "lock") {
		t.Errorf("exit code %d: %s", code, log)
	}
	cancel()
	if code := <-first; code != 0 {
		t.Errorf("the first broker ended with %d", code)
	}
}

func TestManyMistakesAreListed(t *testing.T) {
	code, _, log := run(t, "--dir", t.TempDir(), "--override", "num.partitions=many", "--override", "log.segment.bytes=1")
	if code != command.ExitFailed || !strings.Contains(log, "2 things are wrong:\n  --override: ") {
		t.Errorf("exit code %d: %s", code, log)
	}
}

func TestTheCommandLineIsJudged(t *testing.T) {
	if code, _, log := run(t, "begin"); code != command.ExitUsage || !strings.Contains(log, "gregor help") {
		t.Errorf("exit code %d: %s", code, log)
	}
	if code, out, _ := run(t, "version"); code != 0 || !strings.HasPrefix(out, "gregor "+gregor.Version) || !strings.Contains(out, runtime.GOOS) {
		t.Errorf("exit code %d: %s", code, out)
	}
	if code, out, _ := run(t, "help"); code != 0 || !strings.Contains(out, "gregor start server.properties") {
		t.Errorf("exit code %d: %s", code, out)
	}
}

func TestWithoutAFileMetricsAreServedWhereThePortIsFree(t *testing.T) {
	start := func(args ...string) (out, log string) {
		t.Helper()
		code, out, log := run(t, append([]string{"--dir", t.TempDir(), "--override", "listeners=PLAINTEXT://localhost:0", "-q"}, args...)...)
		if code != 0 {
			t.Fatalf("exit code %d: %s", code, log)
		}
		return out, log
	}
	out, _ := start("--override", "gregor.http.listeners=localhost:0")
	if strings.Count(out, "  metrics    http://localhost:") != 1 || strings.Contains(out, ":9404") {
		t.Errorf("with a listener of our own:\n%s", out)
	}
	// Free or not, one of the two is said; when it is taken, the broker starts.
	if out, log := start(); strings.Contains(out, "metrics    http://localhost:9404/metrics\n") == strings.Contains(log, "gregor: no metrics: ") {
		t.Errorf("by itself:\n%s%s", out, log)
	}
	if l, err := net.Listen("tcp", quickHTTP); err == nil { //nolint:noctx // a test
		defer func() { _ = l.Close() }()
	}
	out, log := start()
	if strings.Contains(out, "metrics") || strings.Count(log, "gregor: no metrics: listen tcp") != 1 {
		t.Errorf("where the port is taken:\n%s%s", out, log)
	}
	code, _, log := run(t, "--dir", t.TempDir(), "--override", "listeners=PLAINTEXT://localhost:0", "--override", "gregor.http.listeners="+quickHTTP)
	if code != command.ExitFailed || !strings.HasSuffix(lastLine(log), "--override gregor.http.listeners=localhost:9405") {
		t.Errorf("where the port was asked for: exit code %d: %s", code, log)
	}
}

func TestTheLogIsJSONOnRequest(t *testing.T) {
	for _, format := range []string{"text", "json"} {
		code, _, log := run(t, "--dir", t.TempDir(), "--override", "listeners=PLAINTEXT://localhost:0", "--override", "unknown.key=1", "--log-format", format)
		if code != 0 || strings.Contains(log, `{"time":"`) != (format == "json") {
			t.Errorf("%s: exit code %d: %s", format, code, log)
		}
	}
	code, _, log := run(t, "--dir", t.TempDir(), "--log-format", "xml")
	if code != command.ExitFailed || !strings.Contains(lastLine(log), "gregor.log.format: String must be one of: text, json") {
		t.Errorf("exit code %d: %s", code, log)
	}
}
