// Package readme runs what the README tells a newcomer to type, against a
// running gregor, and holds the two languages of the page together.
// Kind: test
package readme

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gregor-stream/gregor/test/harness"
)

// block is one fenced piece of code, with the language behind its fence.
type block struct{ language, code string }

func blocks(t *testing.T, page string) []block {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(harness.Root(), page))
	if err != nil {
		t.Fatal(err)
	}
	var found []block
	for _, m := range regexp.MustCompile("(?s)```([a-z]*)\n(.*?)```").FindAllStringSubmatch(string(text), -1) {
		found = append(found, block{m[1], m[2]})
	}
	return found
}

func TestBothReadmesHaveTheSameCode(t *testing.T) {
	english, chinese := blocks(t, "README.md"), blocks(t, "README.zh-CN.md")
	if len(english) < 6 || !slices.Equal(english, chinese) {
		t.Errorf("README.md has %d pieces of code, README.zh-CN.md %d; they must be the same, in the same order", len(english), len(chinese))
	}
}

func TestTheFirstMinute(t *testing.T) {
	b, err := harness.StartGregor(harness.Options{Name: "readme"})
	harness.Missing(t, err)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := b.Remove(); err != nil {
			t.Error(err)
		}
	}()
	dir := t.TempDir()
	ran := map[string]bool{}
	for _, piece := range blocks(t, "README.md") {
		code := strings.ReplaceAll(piece.code, "localhost:9092", b.Addr())
		var cmd *exec.Cmd
		name := piece.language
		switch {
		case name == "" && strings.Contains(code, "kcat"):
			name = "shell"
			_, err := harness.Kcat().Find()
			harness.Missing(t, err)
			cmd = exec.Command("bash", "-euc", code)
		case name == "" && strings.Contains(code, "gregor produce"):
			name = "commands"
			cmd = exec.Command("bash", "-euc", code)
			cmd.Dir = harness.Root()
		case name == "python":
			python, err := harness.Python().Find()
			harness.Missing(t, err)
			cmd = exec.Command(python, write(t, dir, "first.py", code))
		case name == "go" && strings.Contains(code, "package main"):
			cmd = exec.Command("go", "run", write(t, dir, "first.go", code))
			cmd.Dir = filepath.Join(harness.Root(), "test") // where franz-go is pinned
		case name == "java":
			java, err := harness.Java().Find()
			harness.Missing(t, err)
			jars, err := harness.Jars("broker")
			if err != nil {
				t.Fatal(err)
			}
			cmd = exec.Command(java, "-cp", jars, write(t, dir, "First.java", code))
		default:
			continue
		}
		ran[name] = true
		t.Run(name, func(t *testing.T) { run(t, cmd) })
	}
	for _, name := range []string{"shell", "commands", "python", "go", "java"} {
		if !ran[name] {
			t.Errorf("the README has no first minute in %s", name)
		}
	}
}

func write(t *testing.T, dir, name, code string) string {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.WriteFile(path, []byte(code), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// run expects that the program ends by itself and has seen the record.
func run(t *testing.T, cmd *exec.Cmd) {
	ctx, cancel := context.WithTimeout(t.Context(), 90*time.Second)
	defer cancel()
	bounded := exec.CommandContext(ctx, cmd.Path, cmd.Args[1:]...)
	bounded.Dir = cmd.Dir
	out, err := bounded.CombinedOutput()
	if err != nil || !strings.Contains(string(out), "world") {
		t.Errorf("%s: %v\n%s", filepath.Base(cmd.Path), err, out)
	}
}
