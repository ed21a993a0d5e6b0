// Package archive writes container images in the docker-archive format, the
// tar of layers, configurations and manifest.json that every container runtime
// imports from a file.
package archive

import (
	"archive/tar"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"os"
)

// Config is the part of an image configuration that a recipe decides.
type Config struct {
	User       string            `json:"User,omitempty"`
	Env        []string          `json:"Env,omitempty"`
	Entrypoint []string          `json:"Entrypoint,omitempty"`
	Cmd        []string          `json:"Cmd,omitempty"`
	WorkingDir string            `json:"WorkingDir,omitempty"`
	Labels     map[string]string `json:"Labels,omitempty"`
}

// Layer is a layer already stored in an archive: its entry name and the digest
// of its uncompressed content.
type Layer struct {
	Entry  string
	DiffID string
}

// Writer adds layers and images to one archive. Layers may be shared by images.
type Writer struct {
	tar       *tar.Writer
	manifests []manifest
}

type manifest struct {
	Config   string
	RepoTags []string
	Layers   []string
}

type imageConfig struct {
	Architecture string    `json:"architecture"`
	OS           string    `json:"os"`
	Config       Config    `json:"config"`
	RootFS       rootFS    `json:"rootfs"`
	History      []history `json:"history"`
}

type rootFS struct {
	Type    string   `json:"type"`
	DiffIDs []string `json:"diff_ids"`
}

type history struct {
	CreatedBy string `json:"created_by"`
}

// NewWriter starts an archive on w. Close finishes it.
func NewWriter(w io.Writer) *Writer {
	return &Writer{tar: tar.NewWriter(w)}
}

// AddLayer copies size bytes of an uncompressed layer tar into the archive. The
// name keeps entries apart and readable; it has no other meaning.
func (w *Writer) AddLayer(name string, content io.Reader, size int64) (Layer, error) {
	entry := name + "/layer.tar"
	if err := w.tar.WriteHeader(fileHeader(entry, size)); err != nil {
		return Layer{}, fmt.Errorf("start layer %s: %w", name, err)
	}
	digest := sha256.New()
	if _, err := io.Copy(io.MultiWriter(w.tar, digest), content); err != nil {
		return Layer{}, fmt.Errorf("copy layer %s: %w", name, err)
	}
	return Layer{Entry: entry, DiffID: "sha256:" + hex.EncodeToString(digest.Sum(nil))}, nil
}

// AddLayerFile adds the layer tar stored at path.
func (w *Writer) AddLayerFile(name, path string) (Layer, error) {
	file, err := os.Open(path)
	if err != nil {
		return Layer{}, fmt.Errorf("open layer %s: %w", name, err)
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return Layer{}, fmt.Errorf("measure layer %s: %w", name, err)
	}
	return w.AddLayer(name, file, info.Size())
}

// AddImage records an image made of layers, lowest first, under all its tags.
func (w *Writer) AddImage(tags []string, config Config, architecture string, layers ...Layer) error {
	if len(tags) == 0 || len(layers) == 0 {
		return fmt.Errorf("an image needs at least one tag and one layer, got tags %v and %d layers", tags, len(layers))
	}
	document := imageConfig{Architecture: architecture, OS: "linux", Config: config, RootFS: rootFS{Type: "layers"}}
	entry := manifest{RepoTags: tags}
	for _, layer := range layers {
		document.RootFS.DiffIDs = append(document.RootFS.DiffIDs, layer.DiffID)
		document.History = append(document.History, history{CreatedBy: "hack/images " + layer.Entry})
		entry.Layers = append(entry.Layers, layer.Entry)
	}
	content, err := json.Marshal(document)
	if err != nil {
		return fmt.Errorf("encode configuration of %s: %w", tags[0], err)
	}
	digest := sha256.Sum256(content)
	entry.Config = hex.EncodeToString(digest[:]) + ".json"
	w.manifests = append(w.manifests, entry)
	return w.addFile(entry.Config, content)
}

// Close writes manifest.json and ends the archive.
func (w *Writer) Close() error {
	content, err := json.Marshal(w.manifests)
	if err != nil {
		return fmt.Errorf("encode manifest.json: %w", err)
	}
	if err := w.addFile("manifest.json", content); err != nil {
		return err
	}
	return w.tar.Close()
}

func (w *Writer) addFile(name string, content []byte) error {
	if err := w.tar.WriteHeader(fileHeader(name, int64(len(content)))); err != nil {
		return fmt.Errorf("start %s: %w", name, err)
	}
	if _, err := w.tar.Write(content); err != nil {
		return fmt.Errorf("write %s: %w", name, err)
	}
	return nil
}

func fileHeader(name string, size int64) *tar.Header {
	return &tar.Header{Typeflag: tar.TypeReg, Name: name, Mode: 0o644, Size: size}
}
