// Package commands runs Kafka's own commands and gregor's with the same
// arguments against the same cluster, for Gregor's cluster and for Apache
// Kafka's, and compares what they print and how they end. Kind: test
package commands

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gregor-stream/gregor/test/harness"
)

// Step is one command line of a script.
type Step struct {
	// Args are the words after the command's name, parted by spaces (a word
	// with a space in it is written in single quotes). BROKER stands for the
	// bootstrap address, CONTROLLER for the controller's, NAME for a word that is the run's own and equally long
	// in every run, DIR for a folder of the run's own.
	Args  string
	Stdin string
	// Shown reduces what is compared of standard output, after the masks; nil
	// compares all of it.
	Shown func(stdout string) string
	// ErrShown does the same for standard error; nil compares nothing of it:
	// the one clear line is Gregor's own.
	ErrShown func(stderr string) string
	// Reads says that the step may be repeated: both commands are, until they
	// agree or [settle] is over. A broker learns of a change a moment after
	// the controller has answered.
	Reads bool
	// CodeOnly compares the exit code alone.
	CodeOnly bool
	// Class runs another of Kafka's classes than the script's, and Command
	// another of gregor's commands; to prepare or to look after.
	Class, Command string
	// ByKafka runs Kafka's class on both sides, to prepare what the commands
	// under test do not.
	ByKafka bool
}

// Script is a command and its steps; each sees what those before it did.
type Script struct {
	Name    string // of the test
	Class   string // Kafka's: org.apache.kafka.tools.TopicCommand
	Command string // gregor's: topics
	Files   map[string]string
	// Prepare makes what the steps of one run need: topics, records, members of
	// groups, under the run's own name.
	Prepare func(t *testing.T, c Cluster, name string)
	Steps   []Step
	// OnGregor leaves out Apache Kafka's cluster: what the script is about does
	// not depend on the broker.
	OnGregor bool
	// Together runs both commands at the same time: the steps touch nothing but
	// what has the run's own name, and mostly wait.
	Together bool
}

// limit bounds one command.
const limit = 90 * time.Second

// settle is how long a step that reads is repeated.
const settle = 2 * time.Second

// Compare runs the script four times, with Kafka's command and with ours
// against both clusters (or one, see OnGregor), and fails where the two commands
// differ against one cluster. The clusters are compared at the same time, each
// with a JVM of its own: most of what a command takes is waiting.
func Compare(t *testing.T, w *World, s Script) {
	t.Helper()
	t.Run(s.word(), func(t *testing.T) {
		for _, cluster := range w.Clusters() {
			if cluster.Name == "gregor" || !s.OnGregor {
				t.Run("on-"+cluster.Name, func(t *testing.T) {
					t.Parallel()
					compare(t, w, cluster, s)
				})
			}
		}
	})
}

// word is the script's name as one word.
func (s Script) word() string { return strings.ReplaceAll(s.Name, " ", "-") }

// CompareOn does it for one cluster, where only one has what the script is
// about.
func CompareOn(t *testing.T, w *World, cluster Cluster, s Script) {
	t.Helper()
	t.Run(s.word()+"-on-"+cluster.Name, func(t *testing.T) { compare(t, w, cluster, s) })
}

// compare is one cluster's part of a script.
func compare(t *testing.T, w *World, cluster Cluster, s Script) {
	t.Helper()
	kafka := newRun(t, s, cluster)
	gregor := newRun(t, s, cluster)
	for _, step := range s.Steps {
		want, got := both(t, w, kafka, gregor, step)
		if step.Reads && want != got {
			eventually(t, func() bool {
				want, got = both(t, w, kafka, gregor, step)
				return want == got
			})
		}
		if want != got {
			t.Errorf("%s %s\n--- Kafka's command:\n%s\n--- gregor's:\n%s", s.Command, step.Args, want, got)
		}
	}
}

// both runs one step of each.
func both(t *testing.T, w *World, kafka, gregor *run, step Step) (want, got string) {
	t.Helper()
	if !kafka.script.Together {
		return kafka.kafka(t, w, step), gregor.gregor(t, w, step)
	}
	var wait sync.WaitGroup
	wait.Go(func() { want = kafka.kafka(t, w, step) })
	got = gregor.gregor(t, w, step)
	wait.Wait()
	return want, got
}

// eventually tries until it is so, at most as long as [settle].
func eventually(t *testing.T, so func() bool) {
	t.Helper()
	for end := time.Now().Add(settle); !so() && time.Now().Before(end); {
		time.Sleep(20 * time.Millisecond)
	}
}

// run is one of the runs of a script.
type run struct {
	script  Script
	cluster Cluster
	name    string
	dir     string
}

func newRun(t *testing.T, s Script, c Cluster) *run {
	t.Helper()
	r := &run{script: s, cluster: c, name: uniqueName(), dir: t.TempDir()}
	for name, text := range s.Files {
		if err := os.WriteFile(filepath.Join(r.dir, name), []byte(r.fill(text)), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if s.Prepare != nil {
		s.Prepare(t, c, r.name)
	}
	return r
}

// fill puts the run's own words into a text.
func (r *run) fill(text string) string {
	return strings.NewReplacer("BROKER", r.cluster.Addr, "CONTROLLER", r.cluster.Controller, "NAME", r.name, "DIR", r.dir).Replace(text)
}

// Words parts a command line at its spaces; single quotes hold one together.
func Words(line string) []string {
	var words []string
	for _, m := range regexp.MustCompile(`'([^']*)'|(\S+)`).FindAllStringSubmatch(line, -1) {
		words = append(words, m[1]+m[2])
	}
	return words
}

func (r *run) args(step Step) []string {
	var args []string
	for _, w := range Words(step.Args) {
		args = append(args, r.fill(w))
	}
	return args
}

func (r *run) kafka(t *testing.T, w *World, step Step) string {
	t.Helper()
	class := r.script.Class
	if step.Class != "" {
		class = step.Class
	}
	p, err := w.toolsOf(r.cluster).Run(class, r.args(step), r.fill(step.Stdin))
	if err != nil {
		t.Fatal(err)
	}
	return r.show(step, p)
}

func (r *run) gregor(t *testing.T, w *World, step Step) string {
	t.Helper()
	if step.ByKafka {
		return r.kafka(t, w, step)
	}
	name := r.script.Command
	if step.Command != "" {
		name = step.Command
	}
	p, err := w.Gregor(t.Context(), append([]string{name}, r.args(step)...), r.fill(step.Stdin))
	if err != nil {
		t.Fatal(err)
	}
	return r.show(step, p)
}

// show is what is compared of an output.
func (r *run) show(step Step, p harness.Printed) string {
	if step.CodeOnly {
		return fmt.Sprintf("exit code %d", p.Code)
	}
	out, errs := Mask(r.unfill(p.Out)), ""
	if step.Shown != nil {
		out = step.Shown(out)
	}
	if step.ErrShown != nil {
		errs = "\nstderr: " + step.ErrShown(Mask(r.unfill(p.Err)))
	}
	return fmt.Sprintf("%s%s\nexit code %d", out, errs, p.Code)
}

// unfill takes the run's own words out of what was printed.
func (r *run) unfill(text string) string {
	return strings.NewReplacer(r.dir, "DIR", r.name, "NAME").Replace(text)
}

// World is what all scripts share: both clusters, Kafka's commands, ours.
type World struct {
	Pair  *harness.Pair
	Tools *harness.Tools

	second *harness.Tools // a JVM for what is compared on Apache Kafka's cluster meanwhile
	binary string
}

// toolsOf is the JVM for one cluster.
func (w *World) toolsOf(c Cluster) *harness.Tools {
	if c.Addr == w.Pair.Kafka {
		return w.second
	}
	return w.Tools
}

// Cluster is one of the two, with the addresses of its broker and of its
// controller.
type Cluster struct{ Name, Addr, Controller string }

// Clusters are Apache Kafka's and Gregor's.
func (w *World) Clusters() []Cluster {
	return []Cluster{{"kafka", w.Pair.Kafka, w.Pair.KafkaController}, {"gregor", w.Pair.Gregor, w.Pair.GregorController}}
}

// NewWorld starts what is not there yet.
func NewWorld() (*World, error) {
	binary, err := harness.Binary()
	if err != nil {
		return nil, err
	}
	pair, err := harness.StartOwnPair("commands")
	if err != nil {
		return nil, err
	}
	tools, err := harness.StartTools("tools")
	if err != nil {
		return nil, errors.Join(err, pair.Close())
	}
	second, err := harness.StartTools("tools")
	if err != nil {
		return nil, errors.Join(err, tools.Close(), pair.Close())
	}
	return &World{Pair: pair, Tools: tools, second: second, binary: binary}, nil
}

// Close ends what NewWorld started.
func (w *World) Close() error { return errors.Join(w.Tools.Close(), w.second.Close(), w.Pair.Close()) }

// Gregor runs our command line.
func (w *World) Gregor(ctx context.Context, args []string, stdin string) (harness.Printed, error) {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	cmd := exec.CommandContext(ctx, w.binary, args...)
	var out, errs bytes.Buffer
	cmd.Stdin, cmd.Stdout, cmd.Stderr = strings.NewReader(stdin), &out, &errs
	err := cmd.Run()
	if exit := new(exec.ExitError); err != nil && (!errors.As(err, &exit) || ctx.Err() != nil) {
		return harness.Printed{}, fmt.Errorf("gregor %v: %w\n%s", args, errors.Join(err, ctx.Err()), errs.String())
	}
	return harness.Printed{Out: out.String(), Err: errs.String(), Code: cmd.ProcessState.ExitCode()}, nil
}
