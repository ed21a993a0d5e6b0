package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

const cgroupRoot = "/sys/fs/cgroup"

// cgroup is the control group, in every hierarchy, below which the kubelet makes
// those of the pods. It keeps the kubelets of several clusters from taking each
// other's pods for abandoned, and finds all containers of a cluster.
func (c *Cluster) cgroup() string {
	return "stackwright-" + c.id()
}

// cgroupHierarchies lists the mounted hierarchies: one for version 2, one per
// controller for version 1.
func cgroupHierarchies() []string {
	if exists(filepath.Join(cgroupRoot, "cgroup.controllers")) {
		return []string{cgroupRoot}
	}
	var found []string
	entries, _ := os.ReadDir(cgroupRoot)
	for _, entry := range entries {
		dir := filepath.Join(cgroupRoot, entry.Name())
		if entry.IsDir() && exists(filepath.Join(dir, "cgroup.procs")) {
			found = append(found, dir)
		}
	}
	return found
}

// delegated are the controllers that the kubelet expects below its group.
var delegated = []string{"cpuset", "cpu", "io", "memory", "hugetlb", "pids"}

// ensureCgroup makes the cluster's control group in every hierarchy. In version 2
// a group has the controllers that its parent hands down; one that the kernel
// lacks is left out, and the kubelet says which it misses.
func (c *Cluster) ensureCgroup() error {
	if control := filepath.Join(cgroupRoot, "cgroup.subtree_control"); exists(control) {
		for _, name := range delegated {
			_ = os.WriteFile(control, []byte("+"+name), 0o644)
		}
	}
	for _, hierarchy := range cgroupHierarchies() {
		dir := filepath.Join(hierarchy, c.cgroup())
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return fmt.Errorf("cannot make a control group: %w", err)
		}
		if err := inheritCPUs(hierarchy, dir); err != nil {
			return fmt.Errorf("cannot give a control group its processors: %w", err)
		}
	}
	return nil
}

// inheritCPUs fills in the processors and memory nodes, which a new group of
// version 1 has none of.
func inheritCPUs(hierarchy, dir string) error {
	if filepath.Base(hierarchy) != "cpuset" {
		return nil
	}
	for _, name := range []string{"cpuset.cpus", "cpuset.mems"} {
		value, err := os.ReadFile(filepath.Join(hierarchy, name))
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(dir, name), value, 0o644); err != nil {
			return err
		}
	}
	return nil
}

// removeCgroup ends every process in the cluster's control group and deletes the
// group. It fails when processes are left after ten seconds.
func (c *Cluster) removeCgroup() error {
	for end := time.Now().Add(10 * time.Second); ; time.Sleep(100 * time.Millisecond) {
		err := c.tryRemoveCgroup()
		if err == nil || time.Now().After(end) {
			return err
		}
	}
}

func (c *Cluster) tryRemoveCgroup() error {
	var failed error
	for _, hierarchy := range cgroupHierarchies() {
		dirs := foldersBelow(filepath.Join(hierarchy, c.cgroup()))
		for _, dir := range dirs {
			killGroup(dir)
		}
		slices.Reverse(dirs)
		for _, dir := range dirs {
			if err := syscall.Rmdir(dir); err != nil && !errors.Is(err, fs.ErrNotExist) {
				failed = fmt.Errorf("cannot delete the control group %s: %w", dir, err)
			}
		}
	}
	return failed
}

// foldersBelow lists dir and what is below it, outer folders first.
func foldersBelow(dir string) []string {
	var found []string
	_ = filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err == nil && entry.IsDir() {
			found = append(found, path)
		}
		return nil
	})
	return found
}

func killGroup(dir string) {
	data, _ := os.ReadFile(filepath.Join(dir, "cgroup.procs"))
	for _, field := range strings.Fields(string(data)) {
		if pid, err := strconv.Atoi(field); err == nil && pid > 1 {
			_ = syscall.Kill(pid, syscall.SIGKILL)
		}
	}
}
