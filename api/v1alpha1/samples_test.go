package v1alpha1_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/util/json"
	"sigs.k8s.io/yaml"
)

const group = "stackwright.dev/"

// fenced finds the YAML examples of a Markdown page.
var fenced = regexp.MustCompile("(?ms)^```yaml\n(.*?)^```$")

// TestSamples proves that the API server would accept what we show: samples, the demo, and the examples of the documentation.
func TestSamples(t *testing.T) {
	kinds := loadKinds(t)
	for _, sample := range sampleFiles(t) {
		t.Run(filepath.Base(sample), func(t *testing.T) {
			objects := objectsOf(t, sample)
			for _, object := range objects {
				file := testFile{name: sample, object: object}
				for _, err := range file.judge(t, kinds) {
					t.Errorf("%v %v: %v", object["kind"], object["metadata"], err)
				}
			}
			if strings.HasSuffix(sample, ".yaml") && len(objects) == 0 {
				t.Error("it holds no object of ours")
			}
		})
	}
}

func sampleFiles(t *testing.T) []string {
	t.Helper()
	var files []string
	for _, pattern := range []string{
		"../../config/samples/*.yaml", "../../hack/demo/*.yaml", "../../hack/images/catalog.yaml", "../../docs/*.md", "../../README.md",
	} {
		found, err := filepath.Glob(pattern)
		if err != nil || len(found) == 0 {
			t.Fatalf("no files match %s (%v)", pattern, err)
		}
		files = append(files, found...)
	}
	return files
}

// objectsOf returns the objects of our kinds in a manifest or in the examples of a page.
func objectsOf(t *testing.T, path string) []map[string]any {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	texts := []string{string(content)}
	if strings.HasSuffix(path, ".md") {
		texts = nil
		for _, match := range fenced.FindAllStringSubmatch(string(content), -1) {
			texts = append(texts, match[1])
		}
	}
	var objects []map[string]any
	for _, text := range texts {
		for _, document := range strings.Split(text, "\n---\n") {
			if object := parse(t, document); strings.HasPrefix(apiVersion(object), group) && object["spec"] != nil {
				objects = append(objects, object)
			}
		}
	}
	return objects
}

func apiVersion(object map[string]any) string {
	version, _ := object["apiVersion"].(string)
	return version
}

// parse reads one document; nil when it is not an object, as excerpts are not.
func parse(t *testing.T, document string) map[string]any {
	t.Helper()
	asJSON, err := yaml.YAMLToJSONStrict([]byte(document))
	if err != nil {
		t.Fatalf("%v in\n%s", err, document)
	}
	var object map[string]any
	if err := json.Unmarshal(asJSON, &object); err != nil {
		return nil
	}
	return object
}
