// Package docs types what the task pages of docs/ say, as it stands, against a
// running gregor, and compares what they say is printed. Kind: test
package docs

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/gregor-stream/gregor/test/harness"
)

// page is one page and what its commands find when they are typed.
type page struct {
	name   string
	broker bool // one runs at localhost:9092, with its metrics at localhost:9404
}

func pages() []page {
	return []page{
		{"start.md", false}, {"configure.md", false}, {"clients.md", true}, {"groups.md", true},
		{"inspect.md", true}, {"observe.md", true}, {"retention.md", true}, {"commands/topics.md", true}, {"commands/clusters.md", true},
		{"commands/transactions.md", true},
	}
}

// piece is one fenced piece of a page.
type piece struct {
	kind string // sh, python, go, java, js, properties; output follows a piece that prints it
	name string // of the file that the piece is written to: ```csv orders.csv
	code string
	line int
}

func pieces(t *testing.T, name string) []piece {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(harness.Root(), "docs", name))
	if err != nil {
		t.Fatal(err)
	}
	var found []piece
	for _, m := range regexp.MustCompile("(?s)\n```([a-z]*) ?([^\n]*)\n(.*?)```").FindAllSubmatchIndex(text, -1) {
		part := func(i int) string { return string(text[m[2*i]:m[2*i+1]]) }
		found = append(found, piece{part(1), part(2), part(3), 1 + strings.Count(string(text[:m[0]+1]), "\n")})
	}
	return found
}

func TestWhatThePagesSayIsTrue(t *testing.T) {
	for _, p := range pages() {
		t.Run(strings.ReplaceAll(strings.TrimSuffix(p.name, ".md"), "/", "-"), func(t *testing.T) {
			w := newDesk(t, p)
			list := pieces(t, p.name)
			if len(list) == 0 {
				t.Fatal("the page has no commands")
			}
			printed := ""
			for _, piece := range list {
				at := fmt.Sprintf("docs/%s:%d", p.name, piece.line)
				if piece.kind == "output" {
					if want := w.fill(piece.code); !matches(printed, want) {
						t.Errorf("%s: the page says\n%s\nprinted was\n%s", at, want, printed)
					}
					continue
				}
				var err error
				if printed, err = w.run(t, piece); err != nil {
					t.Fatalf("%s: %v\n%s", at, err, printed)
				}
			}
		})
	}
}

// matches compares an output with what a page says of it, in which … stands for
// anything within a line, and a line of its own for any lines.
func matches(got, want string) bool {
	var pattern strings.Builder
	for line := range strings.Lines(strings.TrimSpace(want) + "\n") {
		if line == "…\n" {
			pattern.WriteString(`(?:.*\n)*?`)
			continue
		}
		pattern.WriteString(strings.ReplaceAll(regexp.QuoteMeta(strings.TrimSpace(line)), "…", ".*"))
		pattern.WriteString(`\n`)
	}
	return regexp.MustCompile(`^` + pattern.String() + `$`).MatchString(trimLines(strings.TrimSpace(got)) + "\n")
}

// trimLines drops white space at both ends of lines.
func trimLines(text string) string {
	return regexp.MustCompile(`(?m)^[ \t]+|[ \t]+$`).ReplaceAllString(text, "")
}

// desk is where a page is typed: a folder, a path with gregor on it, ports.
type desk struct {
	dir      string
	env      []string
	replacer *strings.Replacer
}

// newDesk makes a desk, and the broker if the page expects one.
func newDesk(t *testing.T, p page) *desk {
	t.Helper()
	binary, err := harness.Binary()
	if err != nil {
		t.Fatal(err)
	}
	w := &desk{dir: t.TempDir()}
	var ports []string
	for _, written := range []string{"9092", "9192", "9292", "9404"} {
		port, err := harness.FreePort()
		if err != nil {
			t.Fatal(err)
		}
		ports = append(ports, written, fmt.Sprint(port))
	}
	w.replacer = strings.NewReplacer(ports...)
	bin := filepath.Join(w.dir, "bin")
	if out, err := exec.Command(binary, "links", bin).CombinedOutput(); err != nil {
		t.Fatalf("gregor links: %v\n%s", err, out)
	}
	if err := os.Symlink(binary, filepath.Join(bin, "gregor")); err != nil {
		t.Fatal(err)
	}
	python := filepath.Dir(harness.Python().Name)
	w.env = append(os.Environ(), "PATH="+bin+":"+python+":"+os.Getenv("PATH"), "HOME="+w.dir, "XDG_DATA_HOME="+filepath.Join(w.dir, "share"),
		"GREGOR_BOOTSTRAP_SERVER="+w.fill("localhost:9092"), "NODE_PATH="+harness.Cache("node", "node_modules"), "GOFLAGS=-mod=mod",
		"GOPATH="+goEnv(t, "GOPATH"), "GOCACHE="+goEnv(t, "GOCACHE"), "GOMODCACHE="+goEnv(t, "GOMODCACHE"))
	if p.broker {
		w.start(t, binary)
	}
	return w
}

func goEnv(t *testing.T, name string) string {
	t.Helper()
	out, err := exec.Command("go", "env", name).Output()
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(out))
}

// start runs the broker that a page expects, as `gregor` alone starts it.
func (w *desk) start(t *testing.T, binary string) {
	t.Helper()
	cmd := exec.Command(binary, "--memory", "--override", w.fill("listeners=PLAINTEXT://localhost:9092"), "--override", w.fill("gregor.http.listeners=localhost:9404"))
	cmd.Dir, cmd.Env = w.dir, w.env
	log, err := os.Create(filepath.Join(w.dir, "broker.log"))
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stdout, cmd.Stderr = log, log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait() // it was killed
		_ = log.Close()
	})
	if out, err := exec.Command(binary, "health", "--wait", "10s", "--bootstrap-server", w.fill("localhost:9092")).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
}

// fill puts the ports of this run into a text.
func (w *desk) fill(text string) string { return w.replacer.Replace(text) }

// patience bounds one piece.
const patience = 2 * time.Minute

// run runs a piece and returns its standard output, or writes the file that it
// shows.
func (w *desk) run(t *testing.T, p piece) (string, error) {
	t.Helper()
	code := w.fill(p.code)
	if p.name != "" {
		if err := os.WriteFile(filepath.Join(w.dir, p.name), []byte(code), 0o600); err != nil {
			return "", err
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	cmd, err := w.command(ctx, p, code)
	if err != nil || cmd == nil {
		return "", err
	}
	if cmd.Dir == "" {
		cmd.Dir = w.dir
	}
	cmd.Env = w.env
	cmd.WaitDelay = 5 * time.Second
	var errs strings.Builder
	cmd.Stderr = &errs
	out, err := cmd.Output()
	if err != nil {
		err = fmt.Errorf("%w\n%s", err, errs.String())
	}
	return string(out), err
}

// command is how a piece is run; nil for a file that is only shown.
func (w *desk) command(ctx context.Context, p piece, code string) (*exec.Cmd, error) {
	file := func(name string) (string, error) {
		path := filepath.Join(w.dir, name)
		return path, os.WriteFile(path, []byte(code), 0o600)
	}
	switch p.kind {
	case "sh":
		return exec.CommandContext(ctx, "bash", "-euo", "pipefail", "-c", code), nil
	case "python":
		path, err := file("page.py")
		return exec.CommandContext(ctx, harness.Python().Name, path), err
	case "js":
		path, err := file("page.js")
		return exec.CommandContext(ctx, harness.Node().Name, path), err
	case "go":
		path, err := file("page.go")
		cmd := exec.CommandContext(ctx, "go", "run", path)
		cmd.Dir = filepath.Join(harness.Root(), "test") // where franz-go is pinned
		return cmd, err
	case "java":
		path, err := file("Page.java")
		if err != nil {
			return nil, err
		}
		jars, err := harness.Jars("broker")
		return exec.CommandContext(ctx, harness.Java().Name, "-cp", jars, path), err
	case "properties", "yaml", "json", "csv", "text": // a file where it has a name, else only shown
		return nil, nil
	}
	return nil, fmt.Errorf("nothing is known to run %q: sh, python, go, java, js, or a file with a name", p.kind)
}
