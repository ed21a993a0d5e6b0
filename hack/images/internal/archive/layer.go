package archive

import (
	"archive/tar"
	"bytes"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
)

// LayerBuilder makes a small layer in memory. Everything in it belongs to root
// and carries no time stamp, so equal content gives an equal digest.
type LayerBuilder struct {
	buffer bytes.Buffer
	tar    *tar.Writer
	made   map[string]bool
}

// NewLayerBuilder starts an empty layer.
func NewLayerBuilder() *LayerBuilder {
	builder := &LayerBuilder{made: map[string]bool{".": true}}
	builder.tar = tar.NewWriter(&builder.buffer)
	return builder
}

// Dir adds a directory and its missing parents.
func (b *LayerBuilder) Dir(name string, mode fs.FileMode) error {
	name = path.Clean(name)
	if b.made[name] {
		return nil
	}
	if err := b.Dir(path.Dir(name), 0o755); err != nil {
		return err
	}
	b.made[name] = true
	bits := int64(mode.Perm())
	if mode&fs.ModeSticky != 0 {
		bits |= 0o1000
	}
	return b.tar.WriteHeader(&tar.Header{Typeflag: tar.TypeDir, Name: name + "/", Mode: bits})
}

// File adds a file with the given content.
func (b *LayerBuilder) File(name string, mode fs.FileMode, content []byte) error {
	if err := b.Dir(path.Dir(name), 0o755); err != nil {
		return err
	}
	header := fileHeader(path.Clean(name), int64(len(content)))
	header.Mode = int64(mode.Perm())
	if err := b.tar.WriteHeader(header); err != nil {
		return fmt.Errorf("add %s to layer: %w", name, err)
	}
	_, err := b.tar.Write(content)
	return err
}

// Tree adds everything below root under the directory prefix. Files are made
// readable, and scripts executable, for every user of the container.
func (b *LayerBuilder) Tree(prefix, root string) error {
	return filepath.WalkDir(root, func(file string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		relative, err := filepath.Rel(root, file)
		if err != nil {
			return err
		}
		return b.entry(path.Join(prefix, filepath.ToSlash(relative)), file, entry)
	})
}

func (b *LayerBuilder) entry(name, file string, entry fs.DirEntry) error {
	switch entry.Type() {
	case fs.ModeDir:
		return b.Dir(name, 0o755)
	case fs.ModeSymlink:
		target, err := os.Readlink(file)
		if err != nil {
			return err
		}
		return b.tar.WriteHeader(&tar.Header{Typeflag: tar.TypeSymlink, Name: name, Linkname: target, Mode: 0o777})
	case 0:
		return b.copyFile(name, file, entry)
	default:
		return fmt.Errorf("add %s to layer: %s is neither file, directory nor symbolic link", name, file)
	}
}

func (b *LayerBuilder) copyFile(name, file string, entry fs.DirEntry) error {
	info, err := entry.Info()
	if err != nil {
		return err
	}
	content, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	mode := fs.FileMode(0o644)
	if info.Mode()&0o100 != 0 {
		mode = 0o755
	}
	return b.File(name, mode, content)
}

// Finish ends the layer and returns its tar and size.
func (b *LayerBuilder) Finish() (io.Reader, int64, error) {
	if err := b.tar.Close(); err != nil {
		return nil, 0, fmt.Errorf("finish layer: %w", err)
	}
	return bytes.NewReader(b.buffer.Bytes()), int64(b.buffer.Len()), nil
}
