package archive

import (
	"archive/tar"
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"
	"time"
)

func tree(t *testing.T) string {
	t.Helper()
	root := t.TempDir()
	if err := os.Mkdir(filepath.Join(root, "lib"), 0o700); err != nil {
		t.Fatal(err)
	}
	for name, mode := range map[string]os.FileMode{"lib/a.js": 0o600, "run.sh": 0o700} {
		if err := os.WriteFile(filepath.Join(root, name), []byte(name), mode); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink("run.sh", filepath.Join(root, "link")); err != nil {
		t.Fatal(err)
	}
	return root
}

func build(t *testing.T, root string) []byte {
	t.Helper()
	builder := NewLayerBuilder()
	if err := builder.Tree("app", root); err != nil {
		t.Fatal(err)
	}
	content, _, err := builder.Finish()
	if err != nil {
		t.Fatal(err)
	}
	all, err := io.ReadAll(content)
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func TestTreeIsReadableByAnyUserAndOwnedByRoot(t *testing.T) {
	want := map[string]int64{"app/": 0o755, "app/lib/": 0o755, "app/lib/a.js": 0o644, "app/run.sh": 0o755, "app/link": 0o777}
	reader := tar.NewReader(bytes.NewReader(build(t, tree(t))))
	for {
		header, err := reader.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if mode, ok := want[header.Name]; !ok || header.Mode != mode || header.Uid != 0 || header.Gid != 0 {
			t.Errorf("unexpected entry %s: mode %o, owner %d:%d", header.Name, header.Mode, header.Uid, header.Gid)
		}
		delete(want, header.Name)
	}
	if len(want) != 0 {
		t.Errorf("missing from the layer: %v", want)
	}
}

func TestTreeIsTheSameAtAnyTime(t *testing.T) {
	root := tree(t)
	first := build(t, root)
	later := time.Now().Add(time.Hour)
	if err := os.Chtimes(filepath.Join(root, "run.sh"), later, later); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(first, build(t, root)) {
		t.Error("a time stamp changed the layer")
	}
}
