package v1alpha1_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"

	"k8s.io/apiextensions-apiserver/pkg/apis/apiextensions"

	"github.com/stackwright/stackwright/api/v1alpha1"
)

// unbounded are parts of schemas that have no bounds of ours, by a piece of their path, with the reason.
var unbounded = map[string]string{
	".apiVersion":          "checked by the API server",
	".kind":                "checked by the API server",
	".selector":            "a label selector of meta/v1",
	".spec.namespaces":     "a label selector of meta/v1",
	".nodeSelector{}":      "values of node labels, which have at most 63 characters",
	".tolerations[]":       "tolerations of core/v1, written by the platform team",
	".nodeAffinity":        "node affinity of core/v1, written by the platform team",
	".scale.behavior":      "behavior of autoscaling/v2",
	".conditions[].status": "an enum of meta/v1",
	".lastTransitionTime":  "a time of meta/v1",
	".restartedAt":         "a time of meta/v1",
	".rotatedAt":           "a time of meta/v1",
	".renewedAt":           "a time of meta/v1",
	".madeAt":              "a time of meta/v1",
	".expiresAt":           "a time of meta/v1",
	".completedAt":         "a time of meta/v1",
}

// TestEverythingIsBounded keeps requests small and the cost of rules estimable.
func TestEverythingIsBounded(t *testing.T) {
	for name, crd := range loadCRDs(t) {
		visit(crd.Spec.Validation.OpenAPIV3Schema, "", func(path string, node *apiextensions.JSONSchemaProps) {
			if missing := missingBound(node); missing != "" && !isUnbounded(path) {
				t.Errorf("%s%s has no %s", name, path, missing)
			}
		})
	}
}

func missingBound(node *apiextensions.JSONSchemaProps) string {
	switch {
	case (node.Type == "string" || node.XIntOrString) && node.MaxLength == nil && len(node.Enum) == 0:
		return "maxLength"
	case node.Type == "array" && node.MaxItems == nil:
		return "maxItems"
	case node.AdditionalProperties != nil && node.MaxProperties == nil:
		return "maxProperties"
	}
	return ""
}

func isUnbounded(path string) bool {
	for piece := range unbounded {
		if strings.Contains(path, piece) {
			return true
		}
	}
	return false
}

// TestEnumsHaveConstants compares the values that the schema allows for each of our types with the constants of the type.
func TestEnumsHaveConstants(t *testing.T) {
	constants := enumConstants(t)
	allowed := map[string][]string{}
	kinds := map[string]any{
		"BackendStack":  v1alpha1.BackendStack{},
		"StackDatabase": v1alpha1.StackDatabase{},
		"StackCache":    v1alpha1.StackCache{},
		"StackQueue":    v1alpha1.StackQueue{},
		"StackBackup":   v1alpha1.StackBackup{},
		"StackClass":    v1alpha1.StackClass{},
	}
	for name, crd := range loadCRDs(t) {
		collectEnums(reflect.TypeOf(kinds[name]), crd.Spec.Validation.OpenAPIV3Schema, allowed)
	}
	if len(allowed) == 0 {
		t.Fatal("no enum found")
	}
	for name, values := range allowed {
		if !slices.Equal(values, constants[name]) {
			t.Errorf("%s: the schema allows %q, the constants are %q", name, values, constants[name])
		}
	}
}

// collectEnums walks a Go type together with its schema and notes the allowed values of our string types.
func collectEnums(goType reflect.Type, node *apiextensions.JSONSchemaProps, allowed map[string][]string) {
	for goType.Kind() == reflect.Pointer {
		goType = goType.Elem()
	}
	switch {
	case goType.Kind() == reflect.String && strings.HasSuffix(goType.PkgPath(), "/v1alpha1") && len(node.Enum) > 0:
		var values []string
		for _, value := range node.Enum {
			values = append(values, value.(string))
		}
		slices.Sort(values)
		allowed[goType.Name()] = values
	case goType.Kind() == reflect.Slice && node.Items != nil:
		collectEnums(goType.Elem(), node.Items.Schema, allowed)
	case goType.Kind() == reflect.Struct:
		collectFieldEnums(goType, node, allowed)
	}
}

func collectFieldEnums(goType reflect.Type, node *apiextensions.JSONSchemaProps, allowed map[string][]string) {
	for i := range goType.NumField() {
		field := goType.Field(i)
		name, options, _ := strings.Cut(field.Tag.Get("json"), ",")
		if options == "inline" {
			collectEnums(field.Type, node, allowed)
		} else if child, ok := node.Properties[name]; ok {
			collectEnums(field.Type, &child, allowed)
		}
	}
}

// enumConstants lists the values of the string constants of the package by type, sorted.
func enumConstants(t testing.TB) map[string][]string {
	t.Helper()
	entries, err := os.ReadDir(".")
	if err != nil {
		t.Fatal(err)
	}
	constants := map[string][]string{}
	for _, entry := range entries {
		if !strings.HasSuffix(entry.Name(), ".go") || strings.HasSuffix(entry.Name(), "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), entry.Name(), nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(file, func(node ast.Node) bool {
			if spec, ok := node.(*ast.ValueSpec); ok {
				noteConstant(spec, constants)
			}
			return true
		})
	}
	for _, values := range constants {
		slices.Sort(values)
	}
	return constants
}

func noteConstant(spec *ast.ValueSpec, constants map[string][]string) {
	name, ok := spec.Type.(*ast.Ident)
	if !ok || len(spec.Values) != 1 {
		return
	}
	if literal, ok := spec.Values[0].(*ast.BasicLit); ok && literal.Kind == token.STRING {
		if value, err := strconv.Unquote(literal.Value); err == nil {
			constants[name.Name] = append(constants[name.Name], value)
		}
	}
}
