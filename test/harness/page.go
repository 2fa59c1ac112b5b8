package harness

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// WriteSection writes one section of docs/conformance.md, between its two
// markers. The other sections, which other runs write, stay.
func WriteSection(section, text string) error {
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
