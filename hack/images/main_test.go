package main

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestMistakesAreExplained(t *testing.T) {
	cases := []struct {
		args []string
		want string
	}{
		{nil, "no command"},
		{[]string{"destroy"}, `unknown command "destroy"`},
		{[]string{"path"}, "path needs the name"},
		{[]string{"path", "nothing"}, "choose from"},
		{[]string{"build", "nothing"}, "choose from"},
		{[]string{"operator", "--tag", "a:1"}, "--binary, --tag and --out"},
	}
	for _, c := range cases {
		if err := run(context.Background(), c.args); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%v: got %v, want %q", c.args, err, c.want)
		}
	}
}

func TestPathOfWhatIsNotBuiltNamesTheNextStep(t *testing.T) {
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	err := run(context.Background(), []string{"path", "engines"})
	if err == nil || !strings.Contains(err.Error(), "build engines") {
		t.Errorf("got %v", err)
	}
}

func TestSourceIsFoundFromAnywhereInTheCheckout(t *testing.T) {
	root := t.TempDir()
	deep := filepath.Join(root, "hack", "images", "internal")
	if err := os.MkdirAll(deep, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(root, "hack", "images", "go.mod"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	t.Chdir(deep)
	found, err := findSource()
	if err != nil || filepath.Base(found) != "hack" {
		t.Errorf("found %q (%v)", found, err)
	}
	t.Chdir(t.TempDir())
	if found, err := findSource(); err == nil {
		t.Errorf("found %q outside a checkout", found)
	}
}
