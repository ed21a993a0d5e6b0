package archive

import (
	"archive/tar"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"
)

// entries reads a tar into memory.
func entries(t *testing.T, content io.Reader) map[string][]byte {
	t.Helper()
	found := map[string][]byte{}
	for reader := tar.NewReader(content); ; {
		header, err := reader.Next()
		if errors.Is(err, io.EOF) {
			return found
		}
		if err != nil {
			t.Fatal(err)
		}
		if found[header.Name], err = io.ReadAll(reader); err != nil {
			t.Fatal(err)
		}
	}
}

func layer(t *testing.T, files map[string]string) (io.Reader, int64) {
	t.Helper()
	builder := NewLayerBuilder()
	for name, content := range files {
		if err := builder.File(name, 0o644, []byte(content)); err != nil {
			t.Fatal(err)
		}
	}
	content, size, err := builder.Finish()
	if err != nil {
		t.Fatal(err)
	}
	return content, size
}

func writeArchive(t *testing.T, config Config) []byte {
	t.Helper()
	var out bytes.Buffer
	writer := NewWriter(&out)
	content, size := layer(t, map[string]string{"etc/name": "base"})
	base, err := writer.AddLayer("base", content, size)
	if err != nil {
		t.Fatal(err)
	}
	content, size = layer(t, map[string]string{"app/run": "top"})
	top, err := writer.AddLayer("top", content, size)
	if err != nil {
		t.Fatal(err)
	}
	if err := writer.AddImage([]string{"a:1", "b:1"}, config, "amd64", base); err != nil {
		t.Fatal(err)
	}
	if err := writer.AddImage([]string{"c:1"}, config, "amd64", base, top); err != nil {
		t.Fatal(err)
	}
	if err := writer.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func TestArchiveIsConsistent(t *testing.T) {
	config := Config{User: "1:1", Env: []string{"PATH=/bin"}, Cmd: []string{"run"}, WorkingDir: "/app"}
	found := entries(t, bytes.NewReader(writeArchive(t, config)))
	var manifests []manifest
	if err := json.Unmarshal(found["manifest.json"], &manifests); err != nil {
		t.Fatal(err)
	}
	if len(manifests) != 2 || len(manifests[0].RepoTags) != 2 || len(manifests[1].Layers) != 2 {
		t.Fatalf("manifests are %+v", manifests)
	}
	for _, manifest := range manifests {
		checkImage(t, found, manifest, config)
	}
}

func checkImage(t *testing.T, found map[string][]byte, manifest manifest, want Config) {
	t.Helper()
	content := found[manifest.Config]
	digest := sha256.Sum256(content)
	if manifest.Config != hex.EncodeToString(digest[:])+".json" {
		t.Errorf("configuration %s is not named by its digest", manifest.Config)
	}
	var document imageConfig
	if err := json.Unmarshal(content, &document); err != nil {
		t.Fatal(err)
	}
	if document.OS != "linux" || document.Architecture != "amd64" || document.Config.User != want.User || document.Config.WorkingDir != want.WorkingDir {
		t.Errorf("configuration is %+v", document)
	}
	if len(document.History) != len(manifest.Layers) {
		t.Errorf("%d layers have %d history entries", len(manifest.Layers), len(document.History))
	}
	for i, name := range manifest.Layers {
		digest := sha256.Sum256(found[name])
		if want := "sha256:" + hex.EncodeToString(digest[:]); document.RootFS.DiffIDs[i] != want {
			t.Errorf("layer %s has the digest %s, want %s", name, document.RootFS.DiffIDs[i], want)
		}
	}
}

func TestImageNeedsTagAndLayer(t *testing.T) {
	writer := NewWriter(io.Discard)
	if err := writer.AddImage(nil, Config{}, "amd64", Layer{}); err == nil {
		t.Error("an image without a tag was accepted")
	}
	if err := writer.AddImage([]string{"a:1"}, Config{}, "amd64"); err == nil {
		t.Error("an image without a layer was accepted")
	}
}

func TestCopyLayerKeepsTheDigest(t *testing.T) {
	path := filepath.Join(t.TempDir(), "base.tar")
	if err := os.WriteFile(path, writeArchive(t, Config{}), 0o644); err != nil {
		t.Fatal(err)
	}
	content, size := layer(t, map[string]string{"etc/name": "base"})
	want, err := NewWriter(io.Discard).AddLayer("base", content, size)
	if err != nil {
		t.Fatal(err)
	}
	got, err := CopyLayer(NewWriter(io.Discard), "base", path)
	if err != nil || got != want {
		t.Errorf("copied layer is %+v (%v), want %+v", got, err, want)
	}
	if _, err := CopyLayer(NewWriter(io.Discard), "absent", path); err == nil {
		t.Error("a layer that is not there was copied")
	}
}
