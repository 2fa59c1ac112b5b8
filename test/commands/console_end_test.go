package commands

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
)

// running is a command that has not ended yet.
type running struct {
	cmd  *exec.Cmd
	in   io.WriteCloser
	out  *bufio.Reader
	pipe io.Closer
	errs bytes.Buffer
}

func startGregor(t *testing.T, w *World, args ...string) *running {
	t.Helper()
	r := &running{cmd: exec.CommandContext(t.Context(), w.binary, args...)}
	r.cmd.Stderr = &r.errs
	in, err := r.cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := r.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	r.in, r.out, r.pipe = in, bufio.NewReader(out), out
	if err := r.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	return r
}

func (r *running) line(t *testing.T) string {
	t.Helper()
	line, err := r.out.ReadString('\n')
	if err != nil {
		t.Fatalf("%v\n%s", err, r.errs.String())
	}
	return line
}

// end waits for the end, and checks the exit code and what was said.
func (r *running) end(t *testing.T, code int, said string) {
	t.Helper()
	kill := time.AfterFunc(30*time.Second, func() { _ = r.cmd.Process.Kill() })
	defer kill.Stop()
	_ = r.cmd.Wait()
	if got := r.cmd.ProcessState.ExitCode(); got != code || !strings.Contains(r.errs.String(), said) {
		t.Errorf("exit code %d, want %d and %q:\n%s", got, code, said, r.errs.String())
	}
}

// group is the number of a group's members, and what it has committed of
// partition 0 of topic.
func group(t *testing.T, addr, name, topic string) (members int, offset int64) {
	t.Helper()
	c, err := kgo.NewClient(kgo.SeedBrokers(addr))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	groups, err := kadm.NewClient(c).DescribeGroups(t.Context(), name)
	if err != nil {
		t.Fatal(err)
	}
	offsets, err := kadm.NewClient(c).FetchOffsets(t.Context(), name)
	if err != nil {
		t.Fatal(err)
	}
	at, ok := offsets.Lookup(topic, 0)
	if !ok {
		return len(groups[name].Members), -1
	}
	return len(groups[name].Members), at.At
}

func TestConsoleCommandsEndWell(t *testing.T) {
	w := world(t)
	for _, c := range w.Clusters() {
		t.Run("on-"+c.Name, func(t *testing.T) {
			topic := uniqueName()
			lines := strings.Repeat("a line of the topic\n", 50000)
			if p := gregorRun(t, w, "console-producer", []string{"--bootstrap-server", c.Addr, "--topic", topic}, lines); p.Code != 0 || p.Err != "" {
				t.Fatalf("exit code %d: %s", p.Code, p.Err)
			}
			consumer := []string{"console-consumer", "--bootstrap-server", c.Addr, "--topic", topic, "--from-beginning", "--group"}

			// Nobody takes the output any more: the group is left all the same.
			r := startGregor(t, w, append(consumer, topic+"-pipe")...)
			r.line(t)
			_ = r.pipe.Close()
			r.end(t, 0, "Unable to write to standard out, closing consumer.\nProcessed a total of ")
			if members, offset := group(t, c.Addr, topic+"-pipe", topic); members != 0 || offset <= 0 {
				t.Errorf("after a broken pipe: %d members, offset %d", members, offset)
			}

			// Ctrl-C: what was printed is committed.
			r = startGregor(t, w, append(consumer, topic+"-int")...)
			for range 50000 {
				r.line(t)
			}
			_ = r.cmd.Process.Signal(os.Interrupt)
			r.end(t, 130, "Processed a total of 50000 messages\n")
			if members, offset := group(t, c.Addr, topic+"-int", topic); members != 0 || offset != 50000 {
				t.Errorf("after Ctrl-C: %d members, offset %d", members, offset)
			}

			// Ctrl-C while lines are typed: those that came are sent.
			r = startGregor(t, w, "console-producer", "--bootstrap-server", c.Addr, "--topic", topic, "--timeout", "100", "--format", "json", "--sync")
			_, _ = fmt.Fprintln(r.in, "typed")
			if line := r.line(t); !strings.Contains(line, `"offset":50000,`) {
				t.Errorf("the answer is %s", line)
			}
			_ = r.cmd.Process.Signal(os.Interrupt)
			r.end(t, 130, "1 records were sent, 0 were not")
			p := gregorRun(t, w, "console-consumer", []string{"--bootstrap-server", c.Addr, "--topic", topic, "--partition", "0", "--offset", "50000", "--max-messages", "1", "--timeout-ms", "10000", "--format", "json"}, "")
			if !strings.Contains(p.Out, `"value":"typed"`) {
				t.Errorf("%d: %s%s", p.Code, p.Out, p.Err)
			}
		})
	}
}

func TestConsoleConsumerInANewGroup(t *testing.T) {
	w := world(t)
	topic := uniqueName()
	gregorRun(t, w, "console-producer", []string{"--bootstrap-server", w.Pair.Kafka, "--topic", topic}, "one\n")
	for _, remote := range []string{"", "range"} {
		args := []string{"--bootstrap-server", w.Pair.Kafka, "--topic", topic, "--from-beginning", "--max-messages", "1", "--timeout-ms", "10000", "--group", topic + remote, "--command-property", "group.protocol=consumer"}
		if remote != "" {
			args = append(args, "--command-property", "group.remote.assignor="+remote)
		}
		p := gregorRun(t, w, "console-consumer", args, "")
		if p.Code != 0 || p.Out != "one\n" {
			t.Errorf("exit code %d, %q: %s", p.Code, p.Out, p.Err)
		}
		if p, err := w.Tools.Run(groupsClass, []string{"--bootstrap-server", w.Pair.Kafka, "--list", "--type"}, ""); err != nil || !strings.Contains(p.Out, topic+remote) {
			t.Errorf("%v: %s", err, p.Out)
		} else if i := strings.Index(p.Out, topic+remote+" "); i >= 0 && !strings.HasPrefix(strings.TrimSpace(p.Out[i+len(topic+remote):]), "Consumer") {
			t.Errorf("the group is not a new one: %s", p.Out)
		}
	}
}

const groupsClass = "org.apache.kafka.tools.consumer.group.ConsumerGroupCommand"
