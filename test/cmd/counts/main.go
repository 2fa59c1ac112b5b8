// Command counts reads `go test -json` from its input, prints what a person
// wants to see of it, and leaves "passed failed" in a file. Kind: tool
package main

import (
	"bufio"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"strings"
)

// event is one line of `go test -json`.
type event struct {
	Action  string
	Package string
	Test    string
	Output  string
	Elapsed float64
}

// counter keeps the output of running tests until they fail or pass.
type counter struct {
	passed, failed int
	output         map[string][]string // by package and test
	failedIn       map[string]int      // failed tests by package
}

func main() {
	path := flag.String("out", "", "where to leave the counts")
	flag.Parse()
	c := &counter{output: map[string][]string{}, failedIn: map[string]int{}}
	lines := bufio.NewReader(os.Stdin)
	for {
		line, err := lines.ReadString('\n')
		if line != "" {
			c.line(line)
		}
		if err != nil {
			break
		}
	}
	fmt.Printf("%d passed, %d failed\n", c.passed, c.failed)
	if *path == "" {
		return
	}
	if err := os.WriteFile(*path, fmt.Appendf(nil, "%d %d\n", c.passed, c.failed), 0o644); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// print shows text as it is.
func (c *counter) print(text string) { fmt.Print(text) }

func (c *counter) line(line string) {
	var e event
	if json.Unmarshal([]byte(line), &e) != nil || e.Action == "" {
		c.print(line)
		return
	}
	key := e.Package + " " + e.Test
	switch e.Action {
	case "output":
		c.keep(key, e)
	case "build-output":
		c.print(e.Output)
	case "pass", "skip", "fail":
		c.end(key, e)
	}
}

func (c *counter) keep(key string, e event) {
	text := strings.TrimSpace(e.Output)
	if strings.HasPrefix(text, "=== ") || strings.HasPrefix(text, "--- PASS") || text == "PASS" {
		return
	}
	c.output[key] = append(c.output[key], e.Output)
}

func (c *counter) end(key string, e event) {
	kept := c.output[key]
	delete(c.output, key)
	switch {
	case e.Test == "" && e.Action == "fail" && c.failedIn[e.Package] == 0:
		c.failed++ // it did not build, or panicked: no test says that it failed
		for test, said := range c.output {
			if strings.HasPrefix(test, e.Package+" ") {
				c.print(strings.Join(said, ""))
			}
		}
	case e.Test != "" && e.Action == "fail":
		c.failed++
		c.failedIn[e.Package]++
	case e.Test != "" && e.Action == "pass":
		c.passed++
	}
	if e.Action == "fail" || e.Action == "pass" && e.Test == "" || e.Action == "skip" && e.Test != "" {
		c.print(strings.Join(kept, ""))
	}
}
