package v1alpha1_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"k8s.io/apiextensions-apiserver/pkg/apis/apiextensions"
	"k8s.io/apimachinery/pkg/util/json"
	"k8s.io/apimachinery/pkg/util/validation/field"
	"sigs.k8s.io/yaml"
)

const (
	validFolder   = "testdata/valid"
	invalidFolder = "testdata/invalid"
)

// unreachable are rules that no object can break alone, with the reason.
var unreachable = map[string]string{
	"StackDatabase: engine is immutable": "there is one engine so far",
	"StackQueue: engine is immutable":    "there is one engine so far",
	"StackQueue: parameters have names of letters, digits, '_', '.' and '-', at most 63, and begin with a lower-case letter": "the list of RabbitMQ's parameters is narrower",
}

// testFile is a file of testdata: one object that is created, or an old and a new one that is an update of it.
type testFile struct {
	name string
	// wantField and wantMessage stand in the first line of an invalid file, as "# field: message".
	wantField, wantMessage string
	old, object            map[string]any
}

// TestValidObjects proves that what the files show is accepted.
func TestValidObjects(t *testing.T) {
	kinds := loadKinds(t)
	for _, file := range readFiles(t, validFolder) {
		t.Run(file.name, func(t *testing.T) {
			for _, err := range file.judge(t, kinds) {
				t.Error(err)
			}
		})
	}
}

// TestInvalidObjects proves that each file is refused for exactly the reason in its first line, that a valid file of the
// same name shows how to do it right, and that no rule of any kind is without such a pair.
func TestInvalidObjects(t *testing.T) {
	kinds := loadKinds(t)
	seen := map[string]bool{}
	for _, file := range readFiles(t, invalidFolder) {
		t.Run(file.name, func(t *testing.T) {
			if _, err := os.Stat(filepath.Join(validFolder, file.name)); err != nil {
				t.Errorf("no valid file of this name: %v", err)
			}
			errs := file.judge(t, kinds)
			if len(errs) != 1 {
				t.Fatalf("%d errors instead of one: %v", len(errs), errs.ToAggregate())
			}
			if errs[0].Field != file.wantField || file.wantMessage == "" || !strings.Contains(errs[0].Error(), file.wantMessage) {
				t.Errorf("got %v\nwant %s: %s", errs[0], file.wantField, file.wantMessage)
			}
			seen[file.object["kind"].(string)+": "+errs[0].Detail] = true
		})
	}
	for name, kind := range kinds {
		for _, message := range ruleMessages(kind.crd.Spec.Validation.OpenAPIV3Schema) {
			rule := name + ": " + message
			if !seen[rule] && unreachable[rule] == "" {
				t.Errorf("no file in %s breaks the rule %q", invalidFolder, rule)
			}
		}
	}
}

// judge validates the file's object as the API server would.
func (f testFile) judge(t testing.TB, kinds map[string]kind) field.ErrorList {
	t.Helper()
	name, _ := f.object["kind"].(string)
	kind, known := kinds[name]
	if !known {
		t.Fatalf("unknown kind %q", name)
	}
	if f.old != nil {
		if errs := kind.validate(t.Context(), f.old, nil); len(errs) > 0 {
			t.Fatalf("the old object is invalid: %v", errs.ToAggregate())
		}
	}
	return kind.validate(t.Context(), f.object, f.old)
}

func readFiles(t *testing.T, folder string) []testFile {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(folder, "*.yaml"))
	if err != nil || len(paths) == 0 {
		t.Fatalf("no files in %s (%v)", folder, err)
	}
	files := make([]testFile, 0, len(paths))
	for _, path := range paths {
		files = append(files, readFile(t, path))
	}
	return files
}

func readFile(t testing.TB, path string) testFile {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	file := testFile{name: filepath.Base(path)}
	first, _, _ := strings.Cut(string(content), "\n")
	if comment, ok := strings.CutPrefix(first, "# "); ok {
		file.wantField, file.wantMessage, _ = strings.Cut(comment, ": ")
	}
	for _, document := range strings.Split(string(content), "\n---\n") {
		file.old, file.object = file.object, nil
		asJSON, err := yaml.YAMLToJSONStrict([]byte(document))
		if err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		if err := json.Unmarshal(asJSON, &file.object); err != nil {
			t.Fatalf("%s: %v", path, err)
		}
	}
	return file
}

// ruleMessages lists the messages of all rules of a schema.
func ruleMessages(props *apiextensions.JSONSchemaProps) []string {
	var messages []string
	visit(props, "", func(_ string, node *apiextensions.JSONSchemaProps) {
		for _, rule := range node.XValidations {
			messages = append(messages, rule.Message)
		}
	})
	return messages
}

// visit calls see for a schema and everything below it, with the path of each.
func visit(props *apiextensions.JSONSchemaProps, path string, see func(string, *apiextensions.JSONSchemaProps)) {
	see(path, props)
	for name := range props.Properties {
		child := props.Properties[name]
		visit(&child, path+"."+name, see)
	}
	if props.Items != nil && props.Items.Schema != nil {
		visit(props.Items.Schema, path+"[]", see)
	}
	if props.AdditionalProperties != nil && props.AdditionalProperties.Schema != nil {
		visit(props.AdditionalProperties.Schema, path+"{}", see)
	}
}
