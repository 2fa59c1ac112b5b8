package harness

import (
	"bufio"
	_ "embed" // the driver's source
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"time"
)

//go:embed tools/Tools.java
var toolsSource []byte

// Tools runs Kafka's own commands, all in one JVM, so that each costs
// milliseconds. Its methods may be called by several goroutines; the commands
// run one after the other.
type Tools struct {
	mu      sync.Mutex
	process *exec.Cmd
	in      io.WriteCloser
	out     *bufio.Reader
	dir     string
}

// Printed is what a command printed, and its exit code.
type Printed struct {
	Out, Err string
	Code     int
}

// maxPrinted bounds what one command may print, in bytes.
const maxPrinted = 64 << 20

// StartTools starts the JVM with one set of jars: "tools", or "broker" for
// what only the newest release has. The classes of a command are loaded anew
// for each run, but for those of kept: commands that keep nothing in static
// fields, and run ten times as fast so.
func StartTools(set string, kept ...string) (*Tools, error) {
	javac, err := Javac().Find()
	if err != nil {
		return nil, err
	}
	dir, err := runDir("tools-driver")
	if err != nil {
		return nil, err
	}
	source := filepath.Join(dir, "Tools.java")
	if err := os.WriteFile(source, toolsSource, 0o644); err != nil {
		return nil, err
	}
	if out, err := exec.Command(javac, "-d", dir, source).CombinedOutput(); err != nil {
		return nil, fmt.Errorf("javac Tools.java: %w\n%s", err, out)
	}
	jars, err := Jars(set)
	if err != nil {
		return nil, err
	}
	java, err := Java().Find()
	if err != nil {
		return nil, err
	}
	t := &Tools{dir: dir}
	t.process = exec.Command(java, "-Xmx512m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Xshare:auto", "-Djava.security.manager=allow",
		"-Dorg.slf4j.simpleLogger.defaultLogLevel=off", "-Dtools.kept="+strings.Join(kept, ","), "-cp", dir+string(os.PathListSeparator)+jars, "Tools")
	t.process.SysProcAttr = endWithParent()
	t.process.Stderr = nil // warnings about the security manager; what commands print is caught
	if t.in, err = t.process.StdinPipe(); err != nil {
		return nil, err
	}
	out, err := t.process.StdoutPipe()
	if err != nil {
		return nil, err
	}
	t.out = bufio.NewReader(out)
	return t, t.process.Start()
}

// Close ends the JVM.
func (t *Tools) Close() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	_ = t.in.Close() // the driver ends at the end of its input
	ended := make(chan struct{})
	go func() {
		_ = t.process.Wait() // how it ends after its last command does not matter
		close(ended)
	}()
	select {
	case <-ended:
	case <-time.After(5 * time.Second):
		_ = t.process.Process.Kill()
		<-ended
	}
	return os.RemoveAll(t.dir)
}

// Run runs the main method of class with args and stdin.
func (t *Tools) Run(class string, args []string, stdin string) (Printed, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	w := bufio.NewWriter(t.in)
	word := func(s string) {
		_ = binary.Write(w, binary.BigEndian, uint16(len(s)))
		_, _ = w.WriteString(s)
	}
	word(class)
	_ = binary.Write(w, binary.BigEndian, int32(len(args)))
	for _, a := range args {
		word(a)
	}
	_ = binary.Write(w, binary.BigEndian, int32(len(stdin)))
	_, _ = w.WriteString(stdin)
	if err := w.Flush(); err != nil {
		return Printed{}, fmt.Errorf("the JVM of Kafka's commands is gone: %w", err)
	}
	var code int32
	if err := binary.Read(t.out, binary.BigEndian, &code); err != nil {
		return Printed{}, fmt.Errorf("%s: the JVM of Kafka's commands is gone: %w", class, err)
	}
	out, errOut := t.read()
	errs, err := t.read()
	return Printed{Out: out, Err: errs, Code: int(code)}, errors.Join(errOut, err)
}

// read reads one output. A Java string of one command is no longer than memory.
func (t *Tools) read() (string, error) {
	var n int32
	if err := binary.Read(t.out, binary.BigEndian, &n); err != nil {
		return "", err
	}
	if n < 0 || n > maxPrinted {
		return "", fmt.Errorf("a command printed %d bytes", n)
	}
	text := make([]byte, n)
	_, err := io.ReadFull(t.out, text)
	return string(text), err
}
