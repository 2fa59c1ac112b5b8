package kills

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/gregor-stream/gregor/test/harness"
)

// other is a program in another language that does transactions under an id,
// sends and reads, and takes down what it was told.
type other struct {
	name, id string
	command  func(r *run) (*exec.Cmd, error)

	cmd   *exec.Cmd
	input io.Closer
	file  string
	log   *os.File
	done  chan error
}

// others lists them. They live as long as the run.
func others() []*other {
	return []*other{
		{name: "confluent-kafka", id: "kills-confluent", command: func(*run) (*exec.Cmd, error) {
			python, err := harness.Python().Find()
			return exec.Command(python, filepath.Join(harness.Root(), "test", "kills", "confluent.py")), err
		}},
		{name: "java", id: "kills-java", command: func(r *run) (*exec.Cmd, error) {
			classes := filepath.Join(r.b.Dir, "classes")
			if err := harness.CompileJava("tools", filepath.Join(harness.Root(), "test", "kills", "Recorded.java"), classes); err != nil {
				return nil, err
			}
			jars, err := harness.Jars("tools")
			if err != nil {
				return nil, err
			}
			cmd, err := harness.JVM([]string{"-Xmx256m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Xshare:auto"}, "tools", "Recorded")
			if err != nil {
				return nil, err
			}
			for i, arg := range cmd.Args {
				if arg == "-cp" {
					cmd.Args[i+1] = classes + string(os.PathListSeparator) + jars
				}
			}
			return cmd, nil
		}},
	}
}

// begin starts a program, with process numbers from first.
func (o *other) begin(r *run, first int) error {
	cmd, err := o.command(r)
	if err != nil {
		return err
	}
	o.cmd, o.file = cmd, filepath.Join(r.b.Dir, o.name+".jsonl")
	id := o.id
	if *simple {
		id = "-"
	}
	cmd.Args = append(cmd.Args, r.b.Addr(), o.file, fmt.Sprint(first), id)
	for _, topic := range []string{plain, txns, compact, copied} {
		cmd.Args = append(cmd.Args, fmt.Sprintf("%d=%s", keyOf(topic, 0), topic))
	}
	if o.log, err = os.Create(filepath.Join(r.b.Dir, o.name+".log")); err != nil {
		return err
	}
	cmd.Stdout, cmd.Stderr = o.log, o.log
	if o.input, err = cmd.StdinPipe(); err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("start %s: %w", o.name, err)
	}
	o.done = make(chan error, 1)
	go func() { o.done <- cmd.Wait() }()
	return nil
}

// end lets a program finish what it does, and waits for it.
func (o *other) end() error {
	if o.done == nil {
		return nil
	}
	_ = o.input.Close() // one that is gone says so below
	select {
	case err := <-o.done:
		if err = errors.Join(err, o.log.Close()); err != nil {
			said, _ := os.ReadFile(o.log.Name())
			return fmt.Errorf("%s: %w\n%s", o.name, err, strings.TrimSpace(string(said)))
		}
		return nil
	case <-time.After(2 * waitMax):
		_ = o.cmd.Process.Kill() // how it ends is told
		return fmt.Errorf("%s did not come to its end within %v: %w", o.name, 2*waitMax, <-o.done)
	}
}
