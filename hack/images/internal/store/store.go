// Package store keeps finished image archives in the user's cache directory,
// named by what they were made from.
package store

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

// Store is a directory of image archives.
type Store struct {
	Dir string
}

// Default returns the store in ${XDG_CACHE_HOME:-$HOME/.cache}/stackwright/images.
func Default() (Store, error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return Store{}, fmt.Errorf("find the cache directory: %w (set HOME or XDG_CACHE_HOME)", err)
	}
	return Store{Dir: filepath.Join(cache, "stackwright", "images")}, nil
}

// Key digests the inputs of an image. Equal inputs give an equal key.
func Key(inputs any) (string, error) {
	content, err := json.Marshal(inputs)
	if err != nil {
		return "", fmt.Errorf("encode the inputs of an image: %w", err)
	}
	digest := sha256.Sum256(content)
	return hex.EncodeToString(digest[:])[:16], nil
}

// Path is where the archive of name with key is, or will be.
func (s Store) Path(name, key string) string {
	return filepath.Join(s.Dir, name+"-"+key+".tar")
}

// Has tells whether a finished archive is stored.
func (s Store) Has(name, key string) bool {
	info, err := os.Stat(s.Path(name, key))
	return err == nil && info.Mode().IsRegular()
}

// Fill makes the archive of name with key unless it is stored already. The
// make function writes it below a private work directory and returns its path;
// only a finished file gets its final name, and older archives of name go.
func (s Store) Fill(name, key string, force bool, make func(work string) (string, error)) error {
	unlock, err := s.lock(name)
	if err != nil {
		return err
	}
	defer unlock()
	if s.Has(name, key) && !force {
		return nil
	}
	work, err := s.workDir(name)
	if err != nil {
		return err
	}
	defer removeUnmounted(work)
	made, err := make(work)
	if err != nil {
		return err
	}
	if err := os.Rename(made, s.Path(name, key)); err != nil {
		return fmt.Errorf("store the archive of %s: %w", name, err)
	}
	return s.prune(name, key)
}

// lock serialises builds of one image between processes. The kernel drops the
// lock when its holder ends, however it ends.
func (s Store) lock(name string) (func(), error) {
	if err := os.MkdirAll(s.Dir, 0o755); err != nil {
		return nil, fmt.Errorf("make the image cache: %w", err)
	}
	file, err := os.OpenFile(filepath.Join(s.Dir, name+".lock"), os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return nil, fmt.Errorf("open the lock of image %s: %w", name, err)
	}
	if err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX); err != nil {
		file.Close()
		return nil, fmt.Errorf("lock image %s: %w", name, err)
	}
	return func() { file.Close() }, nil
}

// workDir makes an empty work directory, clearing what a killed build left.
func (s Store) workDir(name string) (string, error) {
	work := filepath.Join(s.Dir, name+".work")
	if err := removeUnmounted(work); err != nil {
		return "", err
	}
	if err := os.Mkdir(work, 0o755); err != nil {
		return "", fmt.Errorf("make the work directory of image %s: %w", name, err)
	}
	return work, nil
}

func (s Store) prune(name, keep string) error {
	paths, err := filepath.Glob(filepath.Join(s.Dir, name+"-????????????????.tar"))
	if err != nil {
		return fmt.Errorf("list archives of %s: %w", name, err)
	}
	for _, path := range paths {
		if path == s.Path(name, keep) {
			continue
		}
		if err := os.Remove(path); err != nil {
			return fmt.Errorf("remove the old archive of %s: %w", name, err)
		}
	}
	return nil
}

// removeUnmounted deletes a directory tree, but never reaches through a file
// system that is still mounted inside it.
func removeUnmounted(dir string) error {
	mounts, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		return fmt.Errorf("read the mount table before removing %s: %w", dir, err)
	}
	for line := range strings.Lines(string(mounts)) {
		fields := strings.Fields(line)
		if len(fields) > 4 && strings.HasPrefix(fields[4], dir+"/") {
			return fmt.Errorf("%s is still mounted: unmount it, then build again", fields[4])
		}
	}
	if err := os.RemoveAll(dir); err != nil {
		return fmt.Errorf("remove work directory %s: %w", dir, err)
	}
	return nil
}
