package commands

import (
	"fmt"
	"os"
	"sync"
	"testing"

	"github.com/gregor-stream/gregor/test/harness"
)

// shared is started by the first test that needs it.
var shared = sync.OnceValues(NewWorld)

var started bool

// world is both clusters and Kafka's commands.
func world(t *testing.T) *World {
	t.Helper()
	_, err := harness.Javac().Find()
	harness.Missing(t, err)
	started = true
	w, err := shared()
	if err != nil {
		t.Fatal(err)
	}
	return w
}

func TestMain(m *testing.M) {
	code := m.Run()
	if started {
		if w, err := shared(); err == nil {
			if err := w.Close(); err != nil {
				fmt.Fprintln(os.Stderr, "commands:", err)
				code = max(code, 1)
			}
		}
	}
	os.Exit(code)
}
