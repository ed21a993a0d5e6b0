package store

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// TreeDigests maps every file below root to the digest of its content and its
// executable bit. skip leaves out paths that do not become part of an image.
func TreeDigests(root string, skip func(relative string) bool) (map[string]string, error) {
	digests := map[string]string{}
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		relative, err := filepath.Rel(root, path)
		if err != nil {
			return err
		}
		if skip(relative) {
			return skipEntry(entry)
		}
		if entry.IsDir() {
			return nil
		}
		digests[relative], err = fileDigest(path, entry)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("digest the files below %s: %w", root, err)
	}
	return digests, nil
}

func skipEntry(entry fs.DirEntry) error {
	if entry.IsDir() {
		return filepath.SkipDir
	}
	return nil
}

func fileDigest(path string, entry fs.DirEntry) (string, error) {
	info, err := entry.Info()
	if err != nil {
		return "", err
	}
	content, err := os.ReadFile(path)
	if err != nil {
		return "", err
	}
	digest := sha256.Sum256(content)
	return fmt.Sprintf("%t %s", info.Mode()&0o100 != 0, hex.EncodeToString(digest[:])), nil
}
