package main

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
)

func TestContentKey(t *testing.T) {
	root := t.TempDir()
	put := func(name, text string) {
		t.Helper()
		if err := writeFile(filepath.Join(root, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	key := func(settings ...string) string {
		t.Helper()
		key, err := contentKey(root, settings, []string{"b.go", "a.go"})
		if err != nil {
			t.Fatal(err)
		}
		return key
	}
	put("a.go", "one")
	put("b.go", "two")
	first := key("go1.26")
	if len(first) != keyLength || first != key("go1.26") {
		t.Errorf("key %q is not stable", first)
	}
	if first == key("go1.27") {
		t.Error("another compiler has the same key")
	}
	put("a.go", "onet")
	put("b.go", "wo")
	if first == key("go1.26") {
		t.Error("text that moved between files has the same key")
	}
}

func TestContentKeyNamesTheMissingFile(t *testing.T) {
	if _, err := contentKey(t.TempDir(), nil, []string{"none.go"}); !os.IsNotExist(err) {
		t.Errorf("got error %v", err)
	}
}

func TestSourcesLeaveTestsOut(t *testing.T) {
	files, err := sourcesIn(".", ".", "kube")
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"go.mod", "go.sum", "kube/main.go", "kube/node_linux.go"} {
		if !slices.Contains(files, want) {
			t.Errorf("%v lacks %s", files, want)
		}
	}
	own, err := sourcesIn(".", ".", ".")
	if err != nil || slices.Contains(own, "content_test.go") {
		t.Errorf("%v (%v) holds tests", own, err)
	}
}
