// Package examples runs the examples for other languages as their readers
// would: with the gregor binary and each language's own tools. Kind: test
package examples

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/gregor-stream/gregor/test/harness"
)

// run runs a command in an example's folder, with the binary under test.
func run(t *testing.T, folder, want, name string, args ...string) {
	t.Helper()
	binary, err := harness.Binary()
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir = filepath.Join(harness.Root(), "examples", folder)
	cmd.Env = append(os.Environ(), "GREGOR="+binary, "PYTHONDONTWRITEBYTECODE=1")
	out, err := cmd.CombinedOutput()
	if err != nil || !strings.Contains(string(out), want) {
		t.Errorf("%s %v: %v, want %q in\n%s", filepath.Base(name), args, err, want, out)
	}
}

func TestThePythonExample(t *testing.T) {
	python, err := harness.Python().Find()
	harness.Missing(t, err)
	run(t, "python", "OK", python, "-m", "unittest", "test_orders")
}

func TestTheJavaExample(t *testing.T) {
	javac, err := harness.Javac().Find()
	harness.Missing(t, err)
	java, err := harness.Java().Find()
	harness.Missing(t, err)
	jars, err := harness.Jars("broker")
	harness.Missing(t, err)
	if err != nil {
		t.Fatal(err)
	}
	classes := t.TempDir()
	run(t, "java", "", javac, "-d", classes, "-cp", jars, "GregorBroker.java", "OrdersTest.java")
	run(t, "java", "OrdersTest passed", java, "-cp", classes+string(os.PathListSeparator)+jars, "OrdersTest")
}
