// Package dump proves the two commands that work on files: gregor dump-log
// and gregor storage print what Kafka's own classes print, with the same exit
// codes, on the same files, sound and spoiled, and what either formatted is
// started by both. Kind: test
package dump

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"

	"github.com/gregor-stream/gregor/test/harness"
)

const (
	dumpClass    = "org.apache.kafka.tools.DumpLogSegments"
	storageClass = "kafka.tools.StorageTool"
)

// kafkaTools is one Java process that runs the main methods of Kafka's tools,
// one after the other: a process for each would take a second for each.
type kafkaTools struct {
	cmd  *exec.Cmd
	in   io.WriteCloser
	out  *bufio.Reader
	dir  string
	runs int
}

// result is what a command did.
type result struct {
	code        int
	out, errors string
}

// startTools starts the process with one of the sets of jars.
func startTools(set, dir string) (*kafkaTools, error) {
	java, err := harness.Java().Find()
	if err != nil {
		return nil, err
	}
	classPath, err := harness.Jars(set)
	if err != nil {
		return nil, err
	}
	cmd := exec.Command(java, "-Xmx512m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Xshare:auto",
		"-Dorg.slf4j.simpleLogger.defaultLogLevel=off", "-cp", classPath,
		filepath.Join(harness.Root(), "test", "dump", "testdata", "Tools.java"))
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("start Kafka's tools: %w", err)
	}
	return &kafkaTools{cmd: cmd, in: in, out: bufio.NewReader(out), dir: dir}, nil
}

// run runs a class's main method.
func (k *kafkaTools) run(class string, args ...string) (result, error) {
	k.runs++
	out, errs := filepath.Join(k.dir, "kafka.out"), filepath.Join(k.dir, "kafka.err")
	words := append([]string{class, out, errs}, args...)
	if _, err := io.WriteString(k.in, strings.Join(words, "\t")+"\n"); err != nil {
		return result{}, fmt.Errorf("ask Kafka's tools: %w", err)
	}
	line, err := k.out.ReadString('\n')
	if err != nil {
		return result{}, fmt.Errorf("Kafka's tools ended: %w", err)
	}
	code, err := strconv.Atoi(strings.TrimSpace(line))
	if err != nil {
		return result{}, fmt.Errorf("Kafka's tools said %q: %w", line, err)
	}
	text, err := os.ReadFile(out)
	if err != nil {
		return result{}, err
	}
	wrong, err := os.ReadFile(errs)
	return result{code: code, out: string(text), errors: string(wrong)}, err
}

// close ends the process.
func (k *kafkaTools) close() error {
	return errors.Join(k.in.Close(), k.cmd.Wait())
}

// gregor runs one of our commands.
func gregor(args ...string) (result, error) {
	binary, err := harness.Binary()
	if err != nil {
		return result{}, err
	}
	var out, errs strings.Builder
	cmd := exec.Command(binary, args...)
	cmd.Stdout, cmd.Stderr = &out, &errs
	err = cmd.Run()
	if _, ok := errors.AsType[*exec.ExitError](err); ok {
		err = nil
	}
	return result{code: cmd.ProcessState.ExitCode(), out: out.String(), errors: errs.String()}, err
}

// exception is the first line of what Java prints when it dies of one. Kafka's
// own have no stack below it.
var exception = regexp.MustCompile(`(?m)^(?:java|org\.apache\.kafka)\.[\w.$]+(?:Exception|Error)\b`)

// trace says whether Java died of an exception that nobody caught.
func (r result) trace() bool { return exception.MatchString(r.errors) }

// beforeTrace is what was said before that exception.
func (r result) beforeTrace() string { return r.errors[:exception.FindStringIndex(r.errors)[0]] }
