package harness

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Missing ends a test whose error says that the machine lacks a tool: the
// test is neither passed nor failed, and the last lines of the run name what
// is missing (a failure where CI=true). Other errors it leaves alone.
func Missing(t *testing.T, err error) {
	t.Helper()
	if err == nil || !errors.Is(err, ErrMissing) {
		return
	}
	if dir := os.Getenv("REPORT"); dir != "" {
		name := strings.ReplaceAll(t.Name(), "/", "-") + ".missing"
		line := t.Name() + " did not run: " + strings.ReplaceAll(err.Error(), "\n", " ") + "\n"
		if err := os.WriteFile(filepath.Join(dir, name), []byte(line), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if CI() {
		t.Fatal(err)
	}
	t.Skip(err)
}
