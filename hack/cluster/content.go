package main

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
)

// keyLength is how many hexadecimal digits of a content key name a folder.
const keyLength = 16

// contentKey names what a build makes: equal settings and equal files give equal
// keys. Settings are anything that changes the result and is in no file, such as
// the compiler's version. Files are read below root and counted with their path.
func contentKey(root string, settings, files []string) (string, error) {
	sum := sha256.New()
	fmt.Fprintf(sum, "%q\n", settings)
	files = slices.Clone(files)
	slices.Sort(files)
	for _, name := range files {
		if err := addFile(sum, root, name); err != nil {
			return "", err
		}
	}
	return hex.EncodeToString(sum.Sum(nil))[:keyLength], nil
}

func addFile(sum io.Writer, root, name string) error {
	file, err := os.Open(filepath.Join(root, name))
	if err != nil {
		return err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return err
	}
	fmt.Fprintf(sum, "%q %d\n", filepath.ToSlash(name), info.Size())
	_, err = io.Copy(sum, file)
	return err
}

// sourcesIn lists the Go files of dir below root, without tests, and the
// module's go.mod and go.sum.
func sourcesIn(root, module, dir string) ([]string, error) {
	found, err := filepath.Glob(filepath.Join(root, dir, "*.go"))
	if err != nil {
		return nil, err
	}
	files := []string{filepath.Join(module, "go.mod"), filepath.Join(module, "go.sum")}
	for _, path := range found {
		name, err := filepath.Rel(root, path)
		if err != nil {
			return nil, err
		}
		if matched, _ := filepath.Match("*_test.go", filepath.Base(name)); !matched {
			files = append(files, name)
		}
	}
	return files, nil
}
