package late

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/gregor-stream/gregor/test/harness"
)

// program is Late.java with one release of Kafka's clients. Its methods may be
// called by several goroutines.
type program struct {
	cmd    *exec.Cmd
	dir    string // of its classes, and of what it says on stderr
	stderr *os.File
	done   chan struct{} // closed at the end of its output

	mu      sync.Mutex // of the fields below, and of the writes to in
	in      io.WriteCloser
	waiting map[string]chan string // by who is to answer
}

// startProgram compiles the program against a set of jars and runs it.
func startProgram(jars string) (*program, error) {
	dir, err := os.MkdirTemp("", "late-")
	if err != nil {
		return nil, err
	}
	p := &program{dir: dir, done: make(chan struct{}), waiting: map[string]chan string{}}
	if err := p.start(jars); err != nil {
		_ = os.RemoveAll(dir) // the first error counts
		return nil, err
	}
	return p, nil
}

func (p *program) start(jars string) error {
	if err := harness.CompileJava(jars, filepath.Join(harness.Root(), "test", "late", "Late.java"), p.dir); err != nil {
		return err
	}
	cmd, err := harness.JVM([]string{"-Xmx384m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Xshare:auto"}, jars, "Late")
	if err != nil {
		return err
	}
	cmd.Args[slices.Index(cmd.Args, "-cp")+1] += string(os.PathListSeparator) + p.dir
	if p.stderr, err = os.Create(filepath.Join(p.dir, "stderr")); err != nil {
		return err
	}
	cmd.Stderr = p.stderr
	if p.in, err = cmd.StdinPipe(); err != nil {
		return err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	p.cmd = cmd
	if err := cmd.Start(); err != nil {
		return err
	}
	go p.listen(out)
	return nil
}

// listen hands answers to those who wait for them.
func (p *program) listen(out io.Reader) {
	defer close(p.done)
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		who, said, _ := strings.Cut(lines.Text(), " ")
		p.mu.Lock()
		if c := p.waiting[who]; c != nil {
			c <- said // there is room: one answer a question
			delete(p.waiting, who)
		}
		p.mu.Unlock()
	}
}

// begin tells who to do something. What it answers comes later.
func (p *program) begin(who string, words ...string) (<-chan string, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	c := make(chan string, 1)
	line, key := who+" "+strings.Join(words, " ")+"\n", who
	if words[0] == "kill" {
		key += "/kill" // what it was told before has its own answer
	}
	p.waiting[key] = c
	_, err := io.WriteString(p.in, line)
	return c, err
}

// wait waits for an answer that was begun.
func (p *program) wait(c <-chan string) (string, error) {
	select {
	case said := <-c:
		return said, nil
	case <-p.done:
		text, _ := os.ReadFile(p.stderr.Name())
		return "", fmt.Errorf("the Java program has ended: %s", text)
	case <-time.After(3 * waitLimit):
		return "", fmt.Errorf("the Java program did not answer within %v", 3*waitLimit)
	}
}

// tell is begin and wait.
func (p *program) tell(who string, words ...string) (string, error) {
	c, err := p.begin(who, words...)
	if err != nil {
		return "", err
	}
	return p.wait(c)
}

// close ends the program.
func (p *program) close() error {
	_ = p.in.Close() // it ends at the end of its input
	select {
	case <-p.done:
	case <-time.After(waitLimit):
		_ = p.cmd.Process.Kill()
		<-p.done
	}
	_ = p.cmd.Wait() // how it ends after its last answer does not matter
	_ = p.stderr.Close()
	return os.RemoveAll(p.dir)
}
