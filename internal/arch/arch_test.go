package arch

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/gregor-stream/gregor"

// room is one package of the module, without its tests.
type room struct {
	path    string // relative to the module root: "internal/batch", "." for the root
	kind    kind
	imports map[string]token.Position
	files   []*ast.File
}

// name is the path below internal/, or "" for a face.
func (r *room) name() string {
	name, ok := strings.CutPrefix(r.path, "internal/")
	if !ok {
		return ""
	}
	return name
}

func TestEveryPackageSaysItsKind(t *testing.T) {
	for _, r := range rooms(t).all {
		if r.kind == "" {
			t.Errorf("%s: the package comment has no `Kind: pure|disk|shell|face|test|tool`", r.path)
		}
	}
}

func TestEveryRoomStandsInTheOrder(t *testing.T) {
	for _, r := range rooms(t).all {
		if n := r.name(); n != "" && !slices.Contains(order(), n) {
			t.Errorf("%s: not in arch.order; give it a place there and in docs/architecture.md", r.path)
		}
	}
}

func TestRoomsImportOnlyWhatStandsAboveThem(t *testing.T) {
	for _, r := range rooms(t).all {
		mine := slices.Index(order(), r.name())
		for imported, at := range r.imports {
			inner, ok := strings.CutPrefix(imported, module+"/internal/")
			if !ok || r.name() == "" {
				continue
			}
			if slices.Index(order(), inner) >= mine {
				t.Errorf("%s: %s stands below or beside %s", at, inner, r.name())
			}
		}
	}
}

func TestStrangersStayStrangers(t *testing.T) {
	walls := strangers()
	for _, r := range rooms(t).all {
		for imported, at := range r.imports {
			inner := strings.TrimPrefix(imported, module+"/internal/")
			if slices.Contains(walls[r.name()], inner) {
				t.Errorf("%s: %s must not know %s", at, r.name(), inner)
			}
			if inner == "node" && !slices.Contains([]string{".", "gregortest"}, r.path) {
				t.Errorf("%s: only the root package and gregortest import node", at)
			}
			if imported == module && !slices.Contains([]string{"gregortest", "cmd/gregor", "internal/cli"}, r.path) {
				t.Errorf("%s: only faces and the command line import the root package", at)
			}
		}
	}
}

func TestNoBrokerPackageImportsAKafkaClient(t *testing.T) {
	for _, r := range rooms(t).all {
		if r.name() == "cli" || strings.HasPrefix(r.name(), "cli/") || r.kind == test || r.kind == tool {
			continue
		}
		for imported, at := range r.imports {
			if strings.HasPrefix(imported, "github.com/twmb/franz-go") {
				t.Errorf("%s: %s imports a Kafka client", at, r.path)
			}
		}
	}
}

func TestPureAndDiskPackagesHaveNoEffects(t *testing.T) {
	set := rooms(t)
	for _, r := range set.all {
		if r.kind != pure && r.kind != disk {
			continue
		}
		for imported, at := range r.imports {
			if slices.Contains(forbidden(r.kind), imported) && r.name() != "vfs" {
				t.Errorf("%s: a %s package imports %s", at, r.kind, imported)
			}
			inner, ok := strings.CutPrefix(imported, module+"/internal/")
			if ok && !mayImport(r.kind, set.byName[inner]) {
				t.Errorf("%s: a %s package imports %s, which is %s", at, r.kind, inner, set.byName[inner].kind)
			}
		}
		for _, file := range r.files {
			noEffects(t, set.fset, r.kind, file)
		}
	}
}

func mayImport(k kind, imported *room) bool {
	if imported == nil || k == disk {
		return imported == nil || imported.kind == pure || imported.kind == disk
	}
	return imported.kind == pure
}

// noEffects reports goroutines, and in pure code channels and the wall clock.
func noEffects(t *testing.T, fset *token.FileSet, k kind, file *ast.File) {
	t.Helper()
	ast.Inspect(file, func(n ast.Node) bool {
		what := ""
		switch n := n.(type) {
		case *ast.GoStmt:
			what = "starts a goroutine"
		case *ast.SelectStmt, *ast.ChanType, *ast.SendStmt:
			what = "uses a channel"
		case *ast.SelectorExpr:
			pkg, ok := n.X.(*ast.Ident)
			switch {
			case !ok || pkg.Obj != nil:
			case pkg.Name == "time" && slices.Contains(wallClock(), n.Sel.Name):
				what = "reads the clock with time." + n.Sel.Name
			case pkg.Name == "sync" && k == pure && n.Sel.Name != poolOnly:
				what = "locks with sync." + n.Sel.Name
			}
		case *ast.FuncDecl:
			if n.Name.Name == "init" && n.Recv == nil {
				what = "has an init function"
			}
		}
		if what != "" {
			t.Errorf("%s: a %s package %s", fset.Position(n.Pos()), k, what)
		}
		return true
	})
}

// house is all packages of the module.
type house struct {
	fset   *token.FileSet
	all    []*room
	byName map[string]*room
}

func rooms(t *testing.T) house {
	t.Helper()
	root := filepath.Join("..", "..")
	h := house{fset: token.NewFileSet(), byName: map[string]*room{}}
	byPath := map[string]*room{}
	err := filepath.WalkDir(root, func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() {
			return skipDir(root, name, entry)
		}
		if !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") {
			return nil
		}
		rel, err := filepath.Rel(root, filepath.Dir(name))
		if err != nil {
			return err
		}
		rel = filepath.ToSlash(rel)
		r := byPath[rel]
		if r == nil {
			r = &room{path: path.Clean(rel), imports: map[string]token.Position{}}
			byPath[rel] = r
			h.all = append(h.all, r)
			h.byName[r.name()] = r
		}
		return r.add(h.fset, name)
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(h.all) < 3 {
		t.Fatalf("found %d packages below %s: looking in the wrong place", len(h.all), root)
	}
	return h
}

func skipDir(root, name string, entry fs.DirEntry) error {
	base := entry.Name()
	if name != root && (strings.HasPrefix(base, ".") || base == "testdata" || base == "node_modules") {
		return fs.SkipDir
	}
	if _, err := os.Stat(filepath.Join(name, "go.mod")); err == nil && name != root {
		return fs.SkipDir // another module
	}
	return nil
}

var kindInComment = regexp.MustCompile(`Kind: (pure|disk|shell|face|test|tool)\b`)

func (r *room) add(fset *token.FileSet, name string) error {
	file, err := parser.ParseFile(fset, name, nil, parser.ParseComments)
	if err != nil {
		return err
	}
	if file.Doc != nil {
		if m := kindInComment.FindStringSubmatch(file.Doc.Text()); m != nil {
			r.kind = kind(m[1])
		}
	}
	for _, spec := range file.Imports {
		r.imports[strings.Trim(spec.Path.Value, `"`)] = fset.Position(spec.Pos())
	}
	r.files = append(r.files, file)
	return nil
}
