package main

import (
	"archive/tar"
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"path/filepath"
	"testing"
)

func TestImageOf(t *testing.T) {
	path := filepath.Join(t.TempDir(), "program")
	if err := writeFile(path, []byte("machine code"), 0o755); err != nil {
		t.Fatal(err)
	}
	archive, err := imageOf("localhost/program:1", path)
	if err != nil {
		t.Fatal(err)
	}
	files := untar(t, archive)
	var manifest []struct {
		Config           string
		RepoTags, Layers []string
	}
	decode(t, files["manifest.json"], &manifest)
	if len(manifest) != 1 || len(manifest[0].Layers) != 1 || manifest[0].RepoTags[0] != "localhost/program:1" {
		t.Fatalf("manifest %+v", manifest)
	}
	var config struct {
		Config struct{ Entrypoint []string }
		Rootfs struct {
			DiffIDs []string `json:"diff_ids"`
		}
	}
	decode(t, files[manifest[0].Config], &config)
	layer := files[manifest[0].Layers[0]]
	if len(config.Rootfs.DiffIDs) != 1 || config.Rootfs.DiffIDs[0] != "sha256:"+digest(layer) {
		t.Errorf("the configuration does not name the layer: %+v", config)
	}
	if got := string(untar(t, layer)["program"]); got != "machine code" || config.Config.Entrypoint[0] != "/program" {
		t.Errorf("the layer's program is %q, the entry point %v", got, config.Config.Entrypoint)
	}
	again, err := imageOf("localhost/program:1", path)
	if err != nil || !bytes.Equal(archive, again) {
		t.Errorf("a second archive of the same program differs (%v)", err)
	}
}

func untar(t *testing.T, data []byte) map[string][]byte {
	t.Helper()
	files := map[string][]byte{}
	for reader := tar.NewReader(bytes.NewReader(data)); ; {
		header, err := reader.Next()
		if errors.Is(err, io.EOF) {
			return files
		}
		if err != nil {
			t.Fatal(err)
		}
		if files[header.Name], err = io.ReadAll(reader); err != nil {
			t.Fatal(err)
		}
	}
}

func decode(t *testing.T, data []byte, into any) {
	t.Helper()
	if err := json.Unmarshal(data, into); err != nil {
		t.Fatalf("%v in %q", err, data)
	}
}
