// Command gen reads Kafka's message definitions from Kafka's jars and writes
// the Go structs and codecs of package msg. Its output is a function of the
// jars alone, so regenerating gives no diff. Kind: tool
//
//	go run ./internal/msg/gen           the jars are in .cache/kafka-jars
//	go run ./internal/msg/gen -fetch    get missing jars with mvn first
//	go run ./internal/msg/gen -golden   also have Kafka's classes write the
//	                                    examples for the tests (needs a JDK)
//	go run ./internal/msg/gen -check    write nothing, fail if files differ
//	go run ./internal/msg/gen -jars DIR look for the jars in DIR instead
package main

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

func main() {
	jars := flag.String("jars", "", "directory that holds the jars (default: .cache/kafka-jars of the repository)")
	fetch := flag.Bool("fetch", false, "get missing jars with mvn")
	out := flag.String("out", "", "directory to write to (default: internal/msg of the repository)")
	golden := flag.Bool("golden", false, "have Kafka's own classes write testdata/golden.txt.gz")
	check := flag.Bool("check", false, "write nothing, fail if the files differ")
	flag.Parse()
	if err := run(*jars, *out, *fetch, *golden, *check); err != nil {
		fmt.Fprintln(os.Stderr, "gen:", err)
		os.Exit(1)
	}
}

func run(jars, out string, fetch, golden, check bool) error {
	root, err := repositoryRoot()
	if err != nil {
		return err
	}
	if jars == "" {
		jars = filepath.Join(root, ".cache", "kafka-jars")
	}
	if out == "" {
		out = filepath.Join(root, "internal", "msg")
	}
	pins, err := readPins()
	if err != nil {
		return err
	}
	if fetch {
		if err := fetchJars(jars, pins.artifacts()); err != nil {
			return err
		}
	}
	current, dropped, err := readDefinitions(jars, pins)
	if err != nil {
		return err
	}
	messages, err := merge(current, dropped)
	if err != nil {
		return err
	}
	files, err := emitAll(messages, pins)
	if err != nil {
		return err
	}
	if check {
		return compareFiles(out, files)
	}
	if golden {
		if err := writeGolden(jars, out, pins, messages); err != nil {
			return err
		}
	}
	return writeFiles(out, files)
}

// repositoryRoot is the directory above the working directory with go.mod.
func repositoryRoot() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir, nil
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return "", fmt.Errorf("no go.mod above the working directory: run this inside the repository")
		}
		dir = parent
	}
}

const generatedPrefix = "gen_"

func writeFiles(dir string, files map[string][]byte) error {
	stale, err := filepath.Glob(filepath.Join(dir, generatedPrefix+"*.go"))
	if err != nil {
		return err
	}
	for _, path := range stale {
		if _, ok := files[filepath.Base(path)]; !ok {
			if err := os.Remove(path); err != nil {
				return err
			}
		}
	}
	for name, content := range files {
		path := filepath.Join(dir, name)
		if old, err := os.ReadFile(path); err == nil && bytes.Equal(old, content) {
			continue
		}
		if err := os.WriteFile(path, content, 0o644); err != nil {
			return err
		}
	}
	return nil
}

// compareFiles says which files of dir are not as generated.
func compareFiles(dir string, files map[string][]byte) error {
	var wrong []string
	for _, name := range sortedKeys(files) {
		old, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil || !bytes.Equal(old, files[name]) {
			wrong = append(wrong, name)
		}
	}
	present, err := filepath.Glob(filepath.Join(dir, generatedPrefix+"*.go"))
	if err != nil {
		return err
	}
	for _, path := range present {
		if _, ok := files[filepath.Base(path)]; !ok {
			wrong = append(wrong, filepath.Base(path)+" (stale)")
		}
	}
	if len(wrong) > 0 {
		return fmt.Errorf("not as generated, run go generate ./internal/msg: %s", strings.Join(wrong, ", "))
	}
	return nil
}
