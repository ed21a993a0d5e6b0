package archive

import (
	"archive/tar"
	"errors"
	"fmt"
	"io"
	"os"
)

// CopyLayer adds to w the layer called name of the archive at path, so that one
// image can build on another without a second copy of the root file system.
func CopyLayer(w *Writer, name, path string) (Layer, error) {
	file, err := os.Open(path)
	if err != nil {
		return Layer{}, fmt.Errorf("open base archive: %w", err)
	}
	defer file.Close()
	reader := tar.NewReader(file)
	header, err := seek(reader, name+"/layer.tar")
	if err != nil {
		return Layer{}, fmt.Errorf("base archive %s: %w", path, err)
	}
	return w.AddLayer(name, reader, header.Size)
}

// ReadLayerFile returns one file out of a layer tar.
func ReadLayerFile(layerPath, name string) ([]byte, error) {
	file, err := os.Open(layerPath)
	if err != nil {
		return nil, fmt.Errorf("open layer: %w", err)
	}
	defer file.Close()
	reader := tar.NewReader(file)
	if _, err := seek(reader, "./"+name); err != nil {
		return nil, fmt.Errorf("layer %s: %w", layerPath, err)
	}
	return io.ReadAll(reader)
}

func seek(reader *tar.Reader, entry string) (*tar.Header, error) {
	for {
		header, err := reader.Next()
		if errors.Is(err, io.EOF) {
			return nil, fmt.Errorf("no entry %s in the tar", entry)
		}
		if err != nil {
			return nil, fmt.Errorf("read tar: %w", err)
		}
		if header.Name == entry {
			return header, nil
		}
	}
}
