package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
)

// maxStateLength is the longest state folder, in bytes, under which the
// kubelet's and containerd's sockets stay within the 108 bytes that a Unix
// socket's path may have.
const maxStateLength = 72

// Folders are the places on this machine that the launcher works in.
type Folders struct {
	State  string // one folder per cluster, and the slot file
	Cache  string // built programs, keyed by content
	Source string // this module: hack/cluster of a checkout
}

// findFolders reads the places from the environment. STACKWRIGHT_STATE and
// XDG_STATE_HOME choose the state folder, XDG_CACHE_HOME the cache and
// STACKWRIGHT_CLUSTER_SOURCE the module; the defaults are below the home folder
// and the folder this program was compiled from.
func findFolders() (Folders, error) {
	state, err := stateFolder()
	if err != nil {
		return Folders{}, err
	}
	cache, err := cacheFolder()
	if err != nil {
		return Folders{}, err
	}
	source, err := sourceFolder()
	return Folders{State: state, Cache: cache, Source: source}, err
}

func stateFolder() (string, error) {
	if dir := os.Getenv("STACKWRIGHT_STATE"); dir != "" {
		return filepath.Abs(filepath.Join(dir, "clusters"))
	}
	return underHome("XDG_STATE_HOME", ".local/state", "stackwright/clusters")
}

func cacheFolder() (string, error) {
	return underHome("XDG_CACHE_HOME", ".cache", "stackwright")
}

// underHome joins rest to the folder that variable names, or to fallback in the
// home folder when the variable is empty.
func underHome(variable, fallback, rest string) (string, error) {
	if dir := os.Getenv(variable); dir != "" {
		return filepath.Abs(filepath.Join(dir, rest))
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return "", fmt.Errorf("cannot tell the home folder, set %s: %w", variable, err)
	}
	return filepath.Join(home, fallback, rest), nil
}

// sourceFolder is where go.mod of this module is. It fails when the checkout
// that this program was compiled from is gone or moved.
func sourceFolder() (string, error) {
	dir := os.Getenv("STACKWRIGHT_CLUSTER_SOURCE")
	if dir == "" {
		_, file, _, _ := runtime.Caller(0)
		dir = filepath.Dir(file)
	}
	if _, err := os.Stat(filepath.Join(dir, "kube", "main.go")); err != nil {
		return "", errors.New("cannot find the sources of hack/cluster: run hack/cluster/cluster.sh, or set STACKWRIGHT_CLUSTER_SOURCE")
	}
	return filepath.Abs(dir)
}

// checkStateLength refuses a cluster folder whose sockets would be too long.
func checkStateLength(dir string) error {
	if len(dir) > maxStateLength {
		return fmt.Errorf("the state folder %s has %d characters and sockets below it allow %d: set STACKWRIGHT_STATE to a shorter path or choose a shorter name",
			dir, len(dir), maxStateLength)
	}
	return nil
}

// exists reports whether path can be found.
func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// writeFile replaces the file at path in one step, so a crash leaves the old or
// the new content, and creates the folder it is in.
func writeFile(path string, data []byte, mode os.FileMode) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	temporary, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+"-*")
	if err != nil {
		return err
	}
	defer os.Remove(temporary.Name())
	if err := errors.Join(temporary.Chmod(mode), writeAll(temporary, data)); err != nil {
		return err
	}
	return os.Rename(temporary.Name(), path)
}

func writeAll(file *os.File, data []byte) error {
	_, err := file.Write(data)
	return errors.Join(err, file.Close())
}
