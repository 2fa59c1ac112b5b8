// Package harness starts and ends the brokers that the proofs talk to: the
// gregor binary, and Apache Kafka from its jars. It finds what the caches
// hold, picks free ports on loopback, waits for readiness, and ends every
// process that it started, by its id. Kind: test
package harness

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
)

// Root is the folder of the repository.
func Root() string {
	_, file, _, ok := runtime.Caller(0)
	if !ok {
		panic("harness: no caller information")
	}
	return filepath.Dir(filepath.Dir(filepath.Dir(file)))
}

// Cache is a path below the ignored cache folder.
func Cache(elem ...string) string {
	return filepath.Join(append([]string{Root(), ".cache"}, elem...)...)
}

// Deps is a path below the folder that pins what the caches hold.
func Deps(elem ...string) string {
	return filepath.Join(append([]string{Root(), "test", "deps"}, elem...)...)
}

// Jars returns the class path of one folder of jars (broker, tools,
// client-old), which the Makefile fills.
func Jars(set string) (string, error) {
	dir := Cache("jars", set, "libs")
	jars, err := filepath.Glob(filepath.Join(dir, "*.jar"))
	if err != nil || len(jars) == 0 {
		return "", fmt.Errorf("%s is %w: install Maven, then `make deps`", dir, ErrMissing)
	}
	return filepath.Join(dir, "*"), nil
}

// Tool names a program that a proof needs and says how to get it.
type Tool struct {
	Name string // as it is called
	Hint string // what to install
}

// ErrMissing is wrapped by every error that says that the machine lacks a
// tool: a proof that meets it is not passed, it is missing.
var ErrMissing = errors.New("missing on this machine")

// Find returns the path of a tool, or an error that wraps [ErrMissing].
func (t Tool) Find() (string, error) {
	path, err := exec.LookPath(t.Name)
	if err != nil {
		return "", fmt.Errorf("%s is %w: install %s", t.Name, ErrMissing, t.Hint)
	}
	return path, nil
}

// Java runs Apache Kafka and its clients.
func Java() Tool { return Tool{Name: "java", Hint: "a JDK 17 (openjdk-17-jdk-headless)"} }

// Javac compiles the Java script.
func Javac() Tool { return Tool{Name: "javac", Hint: "a JDK 17 (openjdk-17-jdk-headless)"} }

// Node runs kafkajs.
func Node() Tool { return Tool{Name: "node", Hint: "Node.js 18 or newer (nodejs)"} }

// Kcat is librdkafka's command.
func Kcat() Tool { return Tool{Name: "kcat", Hint: "kcat"} }

// Python is the interpreter of the cached virtual environment.
func Python() Tool {
	return Tool{Name: Cache("venv", "bin", "python"), Hint: "Python 3 with venv, then `make deps`"}
}

// PythonOld is the interpreter of the virtual environment of old clients.
func PythonOld() Tool {
	return Tool{Name: Cache("venv-old", "bin", "python"), Hint: "Python 3 with venv, then `make deps`"}
}

// CI tells whether a missing tool is a failure.
func CI() bool { return os.Getenv("CI") == "true" }

// runDir makes a folder for one process, with a short name for logs.
func runDir(name string) (string, error) {
	base := Cache("run")
	if err := os.MkdirAll(base, 0o755); err != nil {
		return "", err
	}
	return os.MkdirTemp(base, strings.ReplaceAll(name, "/", "-")+"-")
}
