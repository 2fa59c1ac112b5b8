package main

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
)

// What Kafka's JSON converters need at run time.
func oracleArtifacts() []mavenArtifact {
	return []mavenArtifact{
		{"com.fasterxml.jackson.core", "jackson-databind", "2.21.7"},
		{"com.fasterxml.jackson.core", "jackson-core", "2.21.7"},
		{"com.fasterxml.jackson.core", "jackson-annotations", "2.21"},
		{"org.slf4j", "slf4j-api", "1.7.36"},
	}
}

// writeGolden has Kafka's own classes write examples of all messages
// (testdata/oracle/Oracle.java, run by a JDK) and keeps them in out/testdata.
// Of the older release only what the current one does not have is kept.
func writeGolden(jars, out string, p pins, messages []*message) error {
	if err := fetchJars(jars, oracleArtifacts()); err != nil {
		return err
	}
	var text bytes.Buffer
	seen := map[string]bool{}
	for _, release := range []string{p.current, p.dropped} {
		lines, err := runOracle(jars, filepath.Join(out, "testdata", "oracle", "Oracle.java"), release, p)
		if err != nil {
			return err
		}
		added := map[string]bool{}
		for line := range strings.Lines(string(lines)) {
			name, rest, _ := strings.Cut(line, " ")
			version, _, _ := strings.Cut(rest, " ")
			if id := name + " " + version; !seen[id] && knows(messages, name, version) {
				added[id] = true
				text.WriteString(line)
			}
		}
		for id := range added {
			seen[id] = true
		}
	}
	return writeCompressed(filepath.Join(out, "testdata", "golden.txt.gz"), text.Bytes())
}

func knows(messages []*message, name, version string) bool {
	n, err := strconv.Atoi(version)
	for _, m := range messages {
		if m.name == name {
			return err == nil && m.versions.contains(n)
		}
	}
	return false
}

func runOracle(jars, source, release string, p pins) ([]byte, error) {
	var class, look []string
	for _, a := range p.artifacts() {
		if a.version == release {
			look = append(look, filepath.Join(jars, a.file()))
		}
	}
	class = append(class, look...)
	for _, a := range oracleArtifacts() {
		class = append(class, filepath.Join(jars, a.file()))
	}
	args := append([]string{"-cp", strings.Join(class, string(os.PathListSeparator)), source}, look...)
	cmd := exec.Command("java", args...)
	var problems bytes.Buffer
	cmd.Stderr = &problems
	lines, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("run %s with Kafka %s: %w\n%s", source, release, err, problems.Bytes())
	}
	return lines, nil
}

// writeCompressed leaves the file alone when it holds the same already, since
// another Go release may compress differently.
func writeCompressed(path string, text []byte) error {
	if old, err := readCompressed(path); err == nil && bytes.Equal(old, text) {
		return nil
	}
	var out bytes.Buffer
	zip, err := gzip.NewWriterLevel(&out, gzip.BestCompression)
	if err != nil {
		return err
	}
	if _, err := zip.Write(text); err != nil {
		return err
	}
	if err := zip.Close(); err != nil {
		return err
	}
	return os.WriteFile(path, out.Bytes(), 0o644)
}

func readCompressed(path string) ([]byte, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = file.Close() }()
	zip, err := gzip.NewReader(file)
	if err != nil {
		return nil, err
	}
	text, err := io.ReadAll(zip)
	return text, errors.Join(err, zip.Close())
}
