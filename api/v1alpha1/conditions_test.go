package v1alpha1_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const troubleshooting = "../../docs/troubleshooting.md"

// TestReasonsAreExplained proves that the page on troubleshooting has a section for every reason, and for nothing else.
func TestReasonsAreExplained(t *testing.T) {
	content, err := os.ReadFile(troubleshooting)
	if err != nil {
		t.Fatal(err)
	}
	var explained []string
	for _, match := range regexp.MustCompile(`(?m)^### (\w+)$`).FindAllStringSubmatch(string(content), -1) {
		explained = append(explained, match[1])
	}
	reasons := constants(t, "conditions.go", "Reason")
	for _, reason := range reasons {
		if !slices.Contains(explained, reason) {
			t.Errorf("%s has no section ### %s", troubleshooting, reason)
		}
	}
	for i, title := range explained {
		if !slices.Contains(reasons, title) || slices.Contains(explained[:i], title) {
			t.Errorf("%s: the section ### %s stands twice or is no reason", troubleshooting, title)
		}
	}
}

// constants returns the values of a file's string constants whose name begins with the prefix.
func constants(t *testing.T, path, prefix string) []string {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	var values []string
	ast.Inspect(file, func(node ast.Node) bool {
		spec, ok := node.(*ast.ValueSpec)
		if !ok || !strings.HasPrefix(spec.Names[0].Name, prefix) || len(spec.Values) == 0 {
			return true
		}
		literal, ok := spec.Values[0].(*ast.BasicLit)
		if !ok {
			return true
		}
		value, err := strconv.Unquote(literal.Value)
		if err != nil {
			t.Fatal(err)
		}
		values = append(values, value)
		return true
	})
	if len(values) == 0 {
		t.Fatalf("%s has no constant %s...", path, prefix)
	}
	return values
}
