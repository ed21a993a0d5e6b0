package controllers_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// Limits that the code keeps.
const (
	fileLimit       = 400
	complexityLimit = 11
	reconcileLimit  = 40
	module          = "github.com/stackwright/stackwright/"
)

// source is one Go file of the operator, without tests.
type source struct {
	// folder from the root of the module, such as controllers/kit.
	folder, path string
	file         *ast.File
	set          *token.FileSet
}

func sources(t *testing.T) []source {
	t.Helper()
	var result []source
	for _, root := range []string{"../api", "../controllers"} {
		err := filepath.WalkDir(root, func(file string, entry fs.DirEntry, err error) error {
			if err != nil || !strings.HasSuffix(file, ".go") || strings.HasSuffix(file, "_test.go") ||
				strings.HasPrefix(entry.Name(), "zz_generated") {
				return err
			}
			s := source{folder: filepath.ToSlash(filepath.Dir(file))[3:], path: filepath.ToSlash(file)[3:], set: token.NewFileSet()}
			s.file, err = parser.ParseFile(s.set, file, nil, parser.SkipObjectResolution)
			result = append(result, s)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if len(result) < 80 {
		t.Fatalf("only %d files are looked at", len(result))
	}
	return result
}

func (s source) imports() []string {
	var imports []string
	for _, spec := range s.file.Imports {
		name, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			panic(err)
		}
		imports = append(imports, name)
	}
	return imports
}

// room says whether a folder is a room: it builds objects from facts. The name is that of the room; kit serves all of them.
func room(folder string) (string, bool) {
	parts := strings.Split(strings.TrimPrefix(folder, "controllers/"), "/")
	switch parts[0] {
	case "engines", "runtimes", "integrations":
		if len(parts) > 2 && parts[1] == "internal" {
			return path.Join(parts[:3]...), true
		}
		return path.Join(parts[:min(len(parts), 2)]...), true
	case "components", "loadbalancer", "kit", "desired":
		return parts[0], true
	}
	return "", false
}

// allowed says whether code in one folder may use another package of the module: api ← part, kit ← rooms ← registry.
func allowed(folder, imported string) bool {
	own, isRoom := room(folder)
	other, usesRoom := room(imported)
	shared := strings.HasPrefix(imported, "controllers/engines/internal/") && strings.HasPrefix(folder, "controllers/engines/")
	switch {
	case strings.HasPrefix(imported, "api/"):
		return true
	case strings.HasPrefix(folder, "api/"):
		return false
	case imported == "controllers/part":
		return true
	case folder == "controllers/part":
		return false
	case imported == "controllers/kit":
		return true
	case isRoom && own == "desired":
		return imported == "controllers/resolve"
	case isRoom:
		return other == own || shared
	case usesRoom && other != "desired":
		return folder == "controllers"
	}
	return true
}

func TestImportDirection(t *testing.T) {
	seen := 0
	for _, s := range sources(t) {
		if strings.HasSuffix(s.folder, "parttest") {
			continue
		}
		for _, name := range s.imports() {
			if imported, ours := strings.CutPrefix(name, module); ours {
				if seen++; !allowed(s.folder, imported) {
					t.Errorf("%s imports %s", s.path, imported)
				}
			}
		}
	}
	if seen < 100 {
		t.Errorf("only %d imports were checked", seen)
	}
}

// TestRoomsArePure: the same facts give the same bytes, so a room sees no clock, no randomness and no cluster.
func TestRoomsArePure(t *testing.T) {
	forbidden := []string{
		"context", "time", "os", "os/exec", "io/fs", "net/http", "math/rand", "math/rand/v2", "crypto/rand", "sync",
		"k8s.io/client-go", "sigs.k8s.io/controller-runtime/pkg/cache", "sigs.k8s.io/controller-runtime/pkg/manager",
	}
	rooms := map[string]bool{}
	for _, s := range sources(t) {
		name, isRoom := room(s.folder)
		if !isRoom {
			continue
		}
		rooms[name] = true
		for _, imported := range s.imports() {
			under := func(f string) bool {
				return imported == f || strings.HasPrefix(imported, f+"/") && strings.Contains(f, ".")
			}
			client := imported == "sigs.k8s.io/controller-runtime/pkg/client" && name != "desired" // it names the type of objects
			if slices.ContainsFunc(forbidden, under) || client {
				t.Errorf("%s imports %s", s.path, imported)
			}
		}
	}
	if len(rooms) < 10 {
		t.Errorf("only the rooms %v were checked", rooms)
	}
}

func TestFilesAreShort(t *testing.T) {
	for _, s := range sources(t) {
		if lines := s.set.Position(s.file.End()).Line; lines > fileLimit {
			t.Errorf("%s has %d lines", s.path, lines)
		}
		name := strings.TrimSuffix(path.Base(s.path), ".go")
		for _, word := range []string{"util", "utils", "helper", "helpers", "common", "misc"} {
			if name == word || path.Base(s.folder) == word {
				t.Errorf("%s: the name does not say what is in it", s.path)
			}
		}
	}
}

func TestFunctionsAreSimple(t *testing.T) {
	checked := 0
	for _, s := range sources(t) {
		for _, declaration := range s.file.Decls {
			function, ok := declaration.(*ast.FuncDecl)
			if !ok || function.Body == nil {
				continue
			}
			checked++
			if n := complexity(function); n > complexityLimit {
				t.Errorf("%s: %s has %d paths", s.path, function.Name.Name, n)
			}
			lines := s.set.Position(function.End()).Line - s.set.Position(function.Pos()).Line + 1
			if function.Name.Name == "Reconcile" && lines > reconcileLimit {
				t.Errorf("%s: Reconcile has %d lines", s.path, lines)
			}
		}
	}
	if checked < 500 {
		t.Errorf("only %d functions were checked", checked)
	}
}

// complexity counts the paths through a function: one, and one more for each decision.
func complexity(function *ast.FuncDecl) int {
	paths := 1
	ast.Inspect(function, func(node ast.Node) bool {
		switch n := node.(type) {
		case *ast.FuncLit: // a function of its own
			return false
		case *ast.IfStmt, *ast.ForStmt, *ast.RangeStmt:
			paths++
		case *ast.CaseClause:
			if n.List != nil {
				paths++
			}
		case *ast.CommClause:
			if n.Comm != nil {
				paths++
			}
		case *ast.BinaryExpr:
			if n.Op == token.LAND || n.Op == token.LOR {
				paths++
			}
		}
		return true
	})
	return paths
}

func TestComplexityCounts(t *testing.T) {
	text := `package p
func f(a, b bool, list []int) {
	if a && b || a { return }
	for range list { switch { case a: case b: default: } }
	func() { if a { return } }()
}`
	file, err := parser.ParseFile(token.NewFileSet(), "", text, 0)
	if err != nil {
		t.Fatal(err)
	}
	if got := complexity(file.Decls[0].(*ast.FuncDecl)); got != 7 { //nolint:forcetypeassert // the text holds one function
		t.Errorf("%d paths, not 7", got)
	}
}
