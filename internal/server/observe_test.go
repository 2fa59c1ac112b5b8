package server

import (
	"os"
	"strings"
	"testing"
)

func TestEveryReasonIsExplained(t *testing.T) {
	page, err := os.ReadFile("../../docs/observe.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range []string{reasonPerIP, reasonFull, reasonFrame, reasonTorn, reasonIdle, reasonProtocol} {
		if !strings.Contains(string(page), "`"+r+"`") {
			t.Errorf("docs/observe.md does not explain %s", r)
		}
	}
}
