package commands

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gregor-stream/gregor/test/harness"
)

// Process is a command of its own, which a script talks to while it runs.
type Process struct {
	t    *testing.T
	cmd  *exec.Cmd
	errs bytes.Buffer
	read chan struct{} // closed at the end of its output

	mu    sync.Mutex
	grown chan struct{} // closed and made anew by each line
	lines []string
}

// Begin starts it. It is killed at the end of the test if it still runs.
func Begin(t *testing.T, cmd *exec.Cmd) *Process {
	t.Helper()
	p := &Process{t: t, cmd: cmd, read: make(chan struct{}), grown: make(chan struct{})}
	cmd.Stderr = &p.errs
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill() })
	go func() {
		defer close(p.read)
		for s := bufio.NewScanner(out); s.Scan(); {
			p.mu.Lock()
			p.lines = append(p.lines, s.Text())
			close(p.grown)
			p.grown = make(chan struct{})
			p.mu.Unlock()
		}
	}()
	return p
}

// Await waits until n lines have the text in them.
func (p *Process) Await(text string, n int) {
	p.t.Helper()
	late := time.After(limit)
	for {
		p.mu.Lock()
		seen, grown := strings.Count(strings.Join(p.lines, "\n"), text), p.grown
		p.mu.Unlock()
		if seen >= n {
			return
		}
		select {
		case <-grown:
		case <-p.read:
			p.t.Fatalf("%v ended before it printed %q %d times:\n%s\n%s", p.cmd.Args, text, n, strings.Join(p.lines, "\n"), p.errs.String())
		case <-late:
			p.t.Fatalf("%v has not printed %q %d times:\n%s", p.cmd.Args, text, n, strings.Join(p.lines, "\n"))
		}
	}
}

// Interrupt is Ctrl-C.
func (p *Process) Interrupt() {
	p.t.Helper()
	if err := p.cmd.Process.Signal(os.Interrupt); err != nil {
		p.t.Fatal(err)
	}
}

// End waits for its end.
func (p *Process) End() harness.Printed {
	p.t.Helper()
	select {
	case <-p.read:
	case <-time.After(limit):
		p.mu.Lock()
		defer p.mu.Unlock()
		last := p.lines[max(len(p.lines)-10, 0):]
		p.t.Fatalf("%v does not end; after %d lines:\n%s\n%s", p.cmd.Args, len(p.lines), strings.Join(last, "\n"), p.errs.String())
	}
	if err := p.cmd.Wait(); err != nil && !errors.As(err, new(*exec.ExitError)) {
		p.t.Fatal(err)
	}
	return harness.Printed{Out: strings.Join(p.lines, "\n") + "\n", Err: p.errs.String(), Code: p.cmd.ProcessState.ExitCode()}
}

// BeginGregor starts our command line, BeginKafka one of Kafka's classes.
func BeginGregor(t *testing.T, w *World, args ...string) *Process {
	t.Helper()
	return Begin(t, exec.CommandContext(t.Context(), w.binary, args...))
}

// BeginKafka starts one of Kafka's classes in a JVM of its own.
func BeginKafka(t *testing.T, class string, args ...string) *Process {
	t.Helper()
	cmd, err := harness.KafkaToolCommand(context.Background(), class, args...)
	if err != nil {
		t.Fatal(err)
	}
	return Begin(t, cmd)
}
