package main

import (
	"archive/tar"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
)

// pauseImage holds a pod's namespaces open. The node never pulls it.
const pauseImage = "localhost/pause:1"

// imageOf makes an image archive with one program in it, as "load" takes it: a
// tar of manifest.json, a configuration and one layer. The program has to be
// static, since nothing else is in the image. Equal programs give equal archives.
func imageOf(reference, path string) ([]byte, error) {
	program, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	name := filepath.Base(path)
	layer, err := tarOf([]entry{{name: name, mode: 0o755, data: program}})
	if err != nil {
		return nil, err
	}
	config, err := imageConfig("/"+name, digest(layer))
	if err != nil {
		return nil, err
	}
	configName, layerName := digest(config)+".json", digest(layer)+"/layer.tar"
	manifest, err := json.Marshal([]map[string]any{{
		"Config": configName, "RepoTags": []string{reference}, "Layers": []string{layerName},
	}})
	if err != nil {
		return nil, err
	}
	return tarOf([]entry{
		{name: "manifest.json", mode: 0o644, data: manifest},
		{name: configName, mode: 0o644, data: config},
		{name: layerName, mode: 0o644, data: layer},
	})
}

// imageConfig says what runs in the image: entrypoint, as an unprivileged user.
func imageConfig(entrypoint, layer string) ([]byte, error) {
	return json.Marshal(map[string]any{
		"architecture": runtime.GOARCH,
		"os":           "linux",
		"config":       map[string]any{"Entrypoint": []string{entrypoint}, "User": "65535:65535"},
		"rootfs":       map[string]any{"type": "layers", "diff_ids": []string{"sha256:" + layer}},
	})
}

type entry struct {
	name string
	mode int64
	data []byte
}

func tarOf(entries []entry) ([]byte, error) {
	var out bytes.Buffer
	writer := tar.NewWriter(&out)
	for _, e := range entries {
		if err := writer.WriteHeader(&tar.Header{Name: e.name, Mode: e.mode, Size: int64(len(e.data))}); err != nil {
			return nil, fmt.Errorf("%s: %w", e.name, err)
		}
		if _, err := io.Copy(writer, bytes.NewReader(e.data)); err != nil {
			return nil, fmt.Errorf("%s: %w", e.name, err)
		}
	}
	if err := writer.Close(); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}

func digest(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}
