package history

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestThePageShowsAVerdict checks the history that the page shows.
func TestThePageShowsAVerdict(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("..", "..", "docs", "history-checker.md"))
	if err != nil {
		t.Fatal(err)
	}
	block := func(kind string) string {
		m := regexp.MustCompile("(?s)\n```" + kind + "\n(.*?)```").FindSubmatch(text)
		if m == nil {
			t.Fatalf("the page has no %s", kind)
		}
		return string(m[1])
	}
	ops, err := Read(strings.NewReader(block("jsonl")), false)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := said(t, check(t, ops, Options{})), block("output"); got != want {
		t.Errorf("the page says\n%s\nthe verdict is\n%s", want, got)
	}
	for _, a := range anomalies() {
		name := strings.TrimSuffix(string(a), "-realtime")
		if !strings.Contains(string(text), "`"+name+"`") {
			t.Errorf("the page does not explain %s", a)
		}
	}
}
