package gregor_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestEmbedPageShowsTheExamplesThatRun: every Go block of the page names the
// example above it, and is its body.
func TestEmbedPageShowsTheExamplesThatRun(t *testing.T) {
	page, err := os.ReadFile("docs/embed.md")
	if err != nil {
		t.Fatal(err)
	}
	blocks := regexp.MustCompile("(?ms)^```(\\w*)\n(.*?)^```$").FindAllStringSubmatch(string(page), -1)
	marked := regexp.MustCompile("(?ms)^<!-- (\\S+) (\\S+) -->\n```go\n(.*?)^```$").FindAllStringSubmatch(string(page), -1)
	if len(blocks) != len(marked) || len(marked) < 5 {
		t.Fatalf("the page has %d blocks, of which %d name their example: <!-- file function -->", len(blocks), len(marked))
	}
	for _, m := range marked {
		if diff := cmp.Diff(bodyOf(t, m[1], m[2]), m[3]); diff != "" {
			t.Errorf("docs/embed.md is not %s of %s (-example +page):\n%s", m[2], m[1], diff)
		}
	}
}

// bodyOf is the body of an example, without its output, and without inTest around
// it.
func bodyOf(t *testing.T, file, function string) string {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	set := token.NewFileSet()
	parsed, err := parser.ParseFile(set, file, text, 0)
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range parsed.Decls {
		f, ok := d.(*ast.FuncDecl)
		if !ok || f.Name.Name != function {
			continue
		}
		body := f.Body
		if call, ok := body.List[0].(*ast.ExprStmt); ok && len(body.List) == 1 {
			if c, ok := call.X.(*ast.CallExpr); ok && len(c.Args) == 1 {
				if inner, ok := c.Args[0].(*ast.FuncLit); ok {
					body = inner.Body
				}
			}
		}
		return dedent(string(text[set.Position(body.Lbrace).Offset+1 : set.Position(body.Rbrace).Offset]))
	}
	t.Fatalf("%s has no %s", file, function)
	return ""
}

// dedent takes the tabs that all lines have, and the comment about the output.
func dedent(body string) string {
	body, _, _ = strings.Cut(body, "\t// Output:")
	body = strings.TrimRight(strings.TrimPrefix(body, "\n"), "\n\t")
	tabs := len(body) - len(strings.TrimLeft(body, "\t"))
	lines := strings.Split(body, "\n")
	for i := range lines {
		lines[i] = strings.TrimPrefix(lines[i], strings.Repeat("\t", tabs))
	}
	return strings.Join(lines, "\n") + "\n"
}
