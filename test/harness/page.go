package harness

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// WholeRun tells whether this process is part of `make test`: a test that
// somebody runs alone does not rewrite the page.
func WholeRun() bool { return os.Getenv("REPORT") != "" }

// WriteSection writes one section of docs/conformance.md, between its two
// markers. The other sections, which other runs write, stay.
func WriteSection(section, text string) error {
	unlock, err := lockPage()
	if err != nil {
		return err
	}
	defer unlock()
	path := filepath.Join(Root(), "docs", "conformance.md")
	data, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	begin, end := "<!-- begin "+section+" -->\n", "<!-- end "+section+" -->"
	before, rest, ok := strings.Cut(string(data), begin)
	_, after, ok2 := strings.Cut(rest, end)
	if !ok || !ok2 {
		return fmt.Errorf("%s: no section %q", path, section)
	}
	return os.WriteFile(path, []byte(before+begin+text+end+after), 0o644)
}

// lockPage keeps two test processes from writing the page at once.
func lockPage() (unlock func(), err error) {
	lock := Cache("run", "page.lock")
	if err := os.MkdirAll(filepath.Dir(lock), 0o755); err != nil {
		return nil, err
	}
	deadline := time.Now().Add(5 * time.Second)
	for {
		f, err := os.OpenFile(lock, os.O_CREATE|os.O_EXCL, 0o644)
		if err == nil {
			return func() { _ = os.Remove(lock) }, f.Close()
		}
		if time.Now().After(deadline) { // left behind by a run that was killed
			return func() { _ = os.Remove(lock) }, nil
		}
		time.Sleep(10 * time.Millisecond)
	}
}
