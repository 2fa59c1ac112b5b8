// Package clients runs the same script of a real client against Gregor and
// against Apache Kafka, compares what the client saw, and writes the table
// docs/conformance.md. Kind: test
package clients

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gregor-stream/gregor/test/harness"
)

// scriptLimit is how long one script may take on one broker.
const scriptLimit = 170 * time.Second

// line is what a script prints for one step.
type line struct {
	Step   string          `json:"step"`
	Answer json.RawMessage `json:"answer,omitempty"`
	Error  string          `json:"error,omitempty"`
	Cannot string          `json:"cannot,omitempty"`
}

// outcome is one step of one client on both brokers.
type outcome struct {
	kafka, gregor line
}

// masks replace what two brokers cannot agree on in an answer.
var masks = []struct {
	pattern *regexp.Regexp
	by      string
}{
	{regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}`), "<uuid>"}, // of members
	{regexp.MustCompile(`localhost:\d{4,5}`), "<broker>"},
}

func TestClientsSeeTheSameOnBothBrokers(t *testing.T) {
	pair, err := harness.StartPair("clients")
	harness.Missing(t, err)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := pair.Close(); err != nil {
			t.Error(err)
		}
	}()
	newTable("clients", all(), steps()).fill(t, pair)
}

// fill runs every client's script and writes the table.
func (table *table) fill(t *testing.T, pair *harness.Pair) {
	t.Helper()
	t.Run("client", func(t *testing.T) {
		for _, c := range table.clients {
			t.Run(c.name, func(t *testing.T) {
				t.Parallel()
				command, err := c.command()
				if err != nil {
					table.lacks(c.name, err.Error())
				}
				harness.Missing(t, err)
				if err != nil {
					t.Fatal(err)
				}
				table.add(c.name, table.compare(t, c.name, command, pair))
			})
		}
	})
	if harness.WholeRun() {
		if err := table.write(); err != nil {
			t.Error(err)
		}
	}
}

// compare runs a client's script on both brokers at once and reports every
// step in which Apache Kafka does better.
func (table *table) compare(t *testing.T, name string, command []string, pair *harness.Pair) map[string]outcome {
	t.Helper()
	slug := regexp.MustCompile(`[^a-z0-9]+`).ReplaceAllString(strings.ToLower(name), "-")
	prefix := strings.Trim(slug, "-") + "--" // no client's is the beginning of another's
	var kafka, gregor map[string]line
	var errKafka, errGregor error
	both := func() {
		var wg sync.WaitGroup
		wg.Go(func() { kafka, errKafka = table.run(command, pair.Kafka, prefix) })
		wg.Go(func() { gregor, errGregor = table.run(command, pair.Gregor, prefix) })
		wg.Wait()
	}
	both()
	if !table.complete(kafka) { // Kafka shows some changes a moment later: on a busy machine too late for a script
		t.Logf("once more, because of Apache Kafka: %v", errKafka)
		prefix += "again--"
		both()
	}
	if len(kafka) == 0 {
		t.Errorf("the script said nothing about Apache Kafka: %v", errKafka)
	}
	outcomes := map[string]outcome{}
	for _, step := range table.steps {
		o := outcome{kafka: kafka[step], gregor: gregor[step]}
		outcomes[step] = o
		t.Run(strings.ReplaceAll(step, " ", "-"), func(t *testing.T) {
			switch {
			case o.kafka.Cannot != "":
			case o.kafka.Step == "":
				t.Errorf("no answer about Apache Kafka: the script is wrong\n%v", errKafka)
			case o.kafka.Error != "":
				t.Errorf("failed on Apache Kafka: the script is wrong\n%v", errKafka)
			case o.gregor.Step == "" || o.gregor.Error != "":
				t.Errorf("failed on gregor: %s\n%v", o.gregor.Error, errGregor)
			case !same(o):
				t.Errorf("answers differ\n kafka  %s\n gregor %s", masked(o.kafka.Answer), masked(o.gregor.Answer))
			}
		})
	}
	return outcomes
}

// complete tells whether every step has an answer.
func (table *table) complete(said map[string]line) bool {
	for _, step := range table.steps {
		if l, ok := said[step]; !ok || l.Error != "" {
			return false
		}
	}
	return true
}

func same(o outcome) bool {
	return bytes.Equal(masked(o.kafka.Answer), masked(o.gregor.Answer))
}

func masked(answer json.RawMessage) []byte {
	out := []byte(answer)
	for _, m := range masks {
		out = m.pattern.ReplaceAll(out, []byte(m.by))
	}
	return out
}

// run prepares a broker and executes a script, and checks what it has left.
func (table *table) run(command []string, bootstrap, prefix string) (map[string]line, error) {
	if table.before != nil {
		if err := table.before(bootstrap, prefix); err != nil {
			return nil, fmt.Errorf("prepare: %w", err)
		}
	}
	said, err := run(command, bootstrap, prefix)
	if table.after != nil {
		for _, l := range table.after(bootstrap, prefix, said) {
			said[l.Step] = l
		}
	}
	return said, err
}

// run executes a script; the error carries what it printed besides lines.
func run(command []string, bootstrap, prefix string) (map[string]line, error) {
	ctx, cancel := context.WithTimeout(context.Background(), scriptLimit)
	defer cancel()
	cmd := exec.CommandContext(ctx, command[0], append(append([]string{}, command[1:]...), bootstrap, prefix)...)
	if i := len(command) - 1; strings.HasPrefix(command[i], "api_version=") { // after the two arguments
		cmd.Args = append(append(append([]string{}, command[:i]...), bootstrap, prefix), strings.TrimPrefix(command[i], "api_version="))
	}
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	cmd.Env = append(os.Environ(), "KAFKAJS_NO_PARTITIONER_WARNING=1", "PYTHONDONTWRITEBYTECODE=1")
	cmd.WaitDelay = 5 * time.Second
	err := cmd.Run()
	said := map[string]line{}
	scan := bufio.NewScanner(&out)
	scan.Buffer(nil, 16<<20)
	for scan.Scan() {
		var l line
		if json.Unmarshal(scan.Bytes(), &l) == nil && l.Step != "" {
			said[l.Step] = l
		}
	}
	text := errs.String()
	if len(text) > 6000 {
		text = text[:3000] + "\n...\n" + text[len(text)-3000:]
	}
	if err == nil {
		return said, errors.New(text) // shown where a step failed
	}
	return said, fmt.Errorf("%w\n%s", err, text)
}
