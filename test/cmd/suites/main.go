// Command suites runs upstream client suites against a fresh gregor each and
// writes what passes into docs/conformance.md. Kind: tool
package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/gregor-stream/gregor/test/harness"
)

// scriptLimit is how long one suite may take.
const scriptLimit = 20 * time.Minute

func main() {
	dir := flag.String("dir", "", "folder with the scripts, server.properties and pass/")
	only := flag.String("only", "", "names of suites, separated by blanks; empty: all")
	flag.Parse()
	if err := run(*dir, strings.Fields(*only)); err != nil {
		fmt.Fprintln(os.Stderr, "suites:", err)
		os.Exit(1)
	}
}

// result is one suite's. It is kept beside what the suite left, so that a run
// of one suite changes one row of the page.
type result struct {
	Name, Took     string
	Passed, Wanted string
	Missing        []string
}

func resultPath(name string) string { return harness.Cache("suites", "results", name+".json") }

// load returns the last result of every suite that has run here.
func load(scripts []string) ([]result, error) {
	var all []result
	for _, script := range scripts {
		data, err := os.ReadFile(resultPath(suiteName(script)))
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		var r result
		if err = errors.Join(err, json.Unmarshal(data, &r)); err != nil {
			return nil, err
		}
		all = append(all, r)
	}
	return all, nil
}

func suiteName(script string) string { return strings.TrimSuffix(filepath.Base(script), ".sh") }

func run(dir string, only []string) error {
	scripts, err := filepath.Glob(filepath.Join(dir, "[0-9]*-*.sh"))
	if err != nil || len(scripts) == 0 {
		return errors.Join(fmt.Errorf("no suites in %q", dir), err)
	}
	properties, err := readProperties(filepath.Join(dir, "server.properties"))
	if err != nil {
		return err
	}
	var errs []error
	for _, script := range scripts {
		name := suiteName(script)
		if len(only) > 0 && !slices.Contains(only, name) {
			continue
		}
		r, err := suite(dir, name, properties)
		if err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", name, err))
			continue
		}
		fmt.Printf("%s: %s of %s in %s\n", r.Name, r.Passed, r.Wanted, r.Took)
		data, err := json.Marshal(r)
		errs = append(errs, err, os.WriteFile(resultPath(name), data, 0o644))
	}
	results, err := load(scripts)
	errs = append(errs, err, harness.WriteSection("suites", page(results)))
	return errors.Join(errs...)
}

// later names the keys of security that refuse to start until they work.
func later(key string) bool {
	return slices.Contains([]string{"authorizer.class.name", "super.users", "allow.everyone.if.no.acl.found"}, key)
}

func readProperties(path string) (map[string]string, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	all := map[string]string{}
	for line := range strings.Lines(string(data)) {
		key, value, ok := strings.Cut(strings.TrimSpace(line), "=")
		switch {
		case !ok || strings.HasPrefix(key, "#") || later(key):
		case key == "log.dirs" || key == "listeners" || key == "advertised.listeners": // the harness has its own
		default:
			all[key] = value
		}
	}
	return all, nil
}

// suite runs one script against a fresh broker on port 9092, which the
// upstream tests have in their code.
func suite(dir, name string, properties map[string]string) (result, error) {
	own := map[string]string{}
	maps.Copy(own, properties)
	if name == "06-node-rdkafka" || name == "09-segmentio" {
		own["num.partitions"] = "1"
	}
	if name == "05-confluent-kafka-go" {
		// One of its tests commits offsets and asks at once whether its records
		// are out, with a Flush that does not wait: docs/config.md.
		own["gregor.transaction.offsets.away.ms"] = "20"
	}
	b, err := harness.StartGregor(harness.Options{Name: name, Port: 9092, Properties: own})
	if err != nil {
		return result{}, err
	}
	defer func() {
		if err := b.Remove(); err != nil {
			fmt.Fprintln(os.Stderr, err)
		}
	}()
	ctx, cancel := context.WithTimeout(context.Background(), scriptLimit)
	defer cancel()
	begun := time.Now()
	scratch := harness.Cache("suites")
	out, err := shell(ctx, scratch, filepath.Join(dir, name+".sh"))
	fmt.Printf("%s", out)
	if ctx.Err() != nil {
		return result{}, fmt.Errorf("not within %v: %w", scriptLimit, err)
	}
	r := result{Name: name, Took: time.Since(begun).Round(time.Second).String()}
	out, _ = shell(ctx, scratch, filepath.Join(dir, "compare.sh"), name, filepath.Join(scratch, "results", name+".pass")) // says how many by exit code too
	counts := regexp.MustCompile(`: (\d+) of (\d+)`).FindStringSubmatch(out)
	if counts == nil {
		return r, fmt.Errorf("compare.sh said %q", out)
	}
	r.Passed, r.Wanted = counts[1], counts[2]
	for line := range strings.Lines(out) {
		if test, ok := strings.CutPrefix(strings.TrimSpace(line), "missing: "); ok {
			r.Missing = append(r.Missing, test)
			fmt.Println(strings.TrimSpace(line))
		}
	}
	return r, nil
}

func shell(ctx context.Context, scratch string, command ...string) (string, error) {
	cmd := exec.CommandContext(ctx, command[0], command[1:]...)
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	cmd.Env = append(os.Environ(), "SCRATCH="+scratch)
	cmd.WaitDelay = 5 * time.Second
	err := cmd.Run()
	return out.String(), err
}

// reason says what a missing test waits for, by words in its name. Two of
// librdkafka's log in with SASL, though their names do not say so.
func reason(test string) string {
	lower := strings.ToLower(test)
	for _, kind := range []struct{ name, words string }{
		{"transactions", "txn|transaction|eos"}, {"security", "acl|scram|sasl|tls|token|quota|authorized|testadminclient_describe(cluster|topics)$"},
		{"share groups", "share"}, {"new-protocol groups", "848|consumerprotocol|consumer_protocol"},
	} {
		if regexp.MustCompile(kind.words).MatchString(lower) {
			return kind.name
		}
	}
	return "other"
}

func page(results []result) string {
	var out strings.Builder
	out.WriteString("| suite | passes | of Apache Kafka's | missing, by what their names say |\n|---|---|---|---|\n")
	for _, r := range results {
		counts := map[string]int{}
		for _, test := range r.Missing {
			why := reason(test)
			for _, part := range r.Missing { // a test that misses by one of its parts
				if why == "other" && strings.HasPrefix(part, test+"/") {
					why = reason(part)
				}
			}
			counts[why]++
		}
		var words []string
		for _, kind := range []string{"transactions", "security", "share groups", "new-protocol groups", "other"} {
			if counts[kind] > 0 {
				words = append(words, fmt.Sprintf("%s %d", kind, counts[kind]))
			}
		}
		fmt.Fprintf(&out, "| %s | %s | %s | %s |\n", r.Name, r.Passed, r.Wanted, strings.Join(words, ", "))
	}
	return out.String()
}
