package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"time"
)

// downCommand stops a cluster and deletes all of it but the cache. It works from
// whatever a crash has left, down to a folder without any records.
func downCommand(ctx context.Context, folders Folders, args []string) error {
	flags, name := newFlags("down", "")
	if err := flags.Parse(args); err != nil {
		return err
	}
	c, known, err := openCluster(folders, *name)
	if c == nil {
		return err // of the name; settings that cannot be read are no reason to stay
	}
	unlock, err := lockFile(ctx, c.lockPath(), "cluster "+c.Name)
	if err != nil {
		return err
	}
	defer unlock()
	begin := time.Now()
	if !known && !exists(c.Dir) && !exists(netnsFolder+c.netns()) {
		fmt.Printf("There is no cluster %s.\n", c.Name)
		return errors.Join(newSlots(folders).release(ctx, c.Name), os.Remove(c.lockPath()))
	}
	if err := c.remove(ctx, known); err != nil {
		return fmt.Errorf("cluster %s is not wholly removed: %w; run \"%s down --name %s\" again", c.Name, err, calledAs(), c.Name)
	}
	fmt.Printf("Cluster %s is down after %s.\n", c.Name, rounded(time.Since(begin)))
	return nil
}

// remove takes the cluster apart from the outside in. The network of a cluster
// whose settings are lost is found by its namespace alone.
func (c *Cluster) remove(ctx context.Context, known bool) error {
	if err := c.stopRecorded(); err != nil {
		return err
	}
	linked := runtime.GOOS == "linux" && os.Geteuid() == 0
	if linked {
		if err := c.removeCgroup(); err != nil {
			return err
		}
	}
	if err := c.stopMarked(); err != nil {
		return err
	}
	switch {
	case linked && known && c.real():
		c.removeNetwork(ctx)
	case linked && exists(netnsFolder+c.netns()):
		_ = ip(ctx, "netns", "del", c.netns())
	}
	return c.removeFiles(ctx)
}

// stopOrder is the order in which recorded processes end. The API server goes
// before etcd, without which it would not end; containerd last, to see its
// containers end.
var stopOrder = []string{
	"services", "metrics-server", "coredns", "kube-proxy", "kubelet",
	"kube-scheduler", "kube-controller-manager", "kube-apiserver", "etcd",
}

func (c *Cluster) stopRecorded() error {
	for _, name := range stopOrder {
		record, err := readRecord(c.recordPath(name))
		if err != nil {
			continue
		}
		if err := record.stop(c.graceOf(name)); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	return nil
}

// graceOf is how long a process has for an orderly end when the cluster goes
// away for good: nothing is lost but the time.
func (c *Cluster) graceOf(name string) time.Duration {
	if name == "kube-apiserver" || name == "etcd" {
		return 5 * time.Second
	}
	return 2 * time.Second
}

// stopMarked ends what carries the cluster's mark: containerd, the shims it
// started, and processes that a killed launcher had no time to record.
func (c *Cluster) stopMarked() error {
	if record, err := readRecord(c.recordPath("containerd")); err == nil {
		if err := record.stop(5 * time.Second); err != nil {
			return fmt.Errorf("containerd: %w", err)
		}
	}
	for end := time.Now().Add(10 * time.Second); ; time.Sleep(50 * time.Millisecond) {
		pids := processesMarked(c.mark())
		if len(pids) == 0 {
			return nil
		}
		if time.Now().After(end) {
			return fmt.Errorf("processes %v do not end, even killed", pids)
		}
		for _, pid := range pids {
			_ = syscall.Kill(pid, syscall.SIGKILL)
		}
	}
}

// removeFiles deletes the cluster's folder, after what is mounted in it, and the
// few files that node programs keep in fixed places.
func (c *Cluster) removeFiles(ctx context.Context) error {
	c.removeStrays()
	if err := unmountBelow(c.Dir); err != nil {
		return err
	}
	if err := os.RemoveAll(c.Dir); err != nil {
		return err
	}
	return errors.Join(newSlots(c.folders).release(ctx, c.Name), os.Remove(c.lockPath()))
}

// removeStrays deletes what lies outside the cluster's folder: the sockets of
// killed shims, results of network plugins and links to logs of pods.
func (c *Cluster) removeStrays() {
	bundles, _ := filepath.Glob(filepath.Join(c.Dir, "containerd/state/io.containerd.runtime.v2.task/k8s.io/*/*"))
	for _, path := range bundles {
		if slices.Contains([]string{"address", "bootstrap.json"}, filepath.Base(path)) {
			removeSocketIn(path)
		}
	}
	c.removeResults()
	links, _ := filepath.Glob("/var/log/containers/*.log")
	for _, path := range links {
		if target, err := os.Readlink(path); err == nil && strings.HasPrefix(target, c.Dir+"/") {
			_ = os.Remove(path)
		}
	}
}

// removeResults deletes what the network plugins remember of the cluster's pods:
// a result for the pod's own interface, which names this cluster's folder, and
// one for its loopback interface, which names only the pod.
func (c *Cluster) removeResults() {
	prefix := "/var/lib/cni/results/stackwright." + c.Name + ".pods-"
	results, _ := filepath.Glob(prefix + "*")
	for _, path := range results {
		text, err := os.ReadFile(path)
		if err != nil || !strings.Contains(string(text), c.Dir+"/") {
			continue
		}
		pod := strings.TrimSuffix(strings.TrimPrefix(path, prefix), "-eth0")
		_ = os.Remove(path)
		_ = os.Remove("/var/lib/cni/results/cni-loopback-" + pod + "-lo")
	}
}

// removeSocketIn deletes the shim's socket that a file of its bundle names.
func removeSocketIn(path string) {
	if data, err := os.ReadFile(path); err == nil {
		if socket := socketIn(string(data)); socket != "" {
			_ = os.Remove(socket)
		}
	}
}

// shimSocket matches the address of a shim's socket, which has one fixed folder.
var shimSocket = regexp.MustCompile(`unix://(/run/containerd/s/[0-9a-f]+)`)

func socketIn(text string) string {
	if found := shimSocket.FindStringSubmatch(text); found != nil {
		return found[1]
	}
	return ""
}

// errNotUp ends "status" without a message, which it has printed already.
var errNotUp = errors.New("the cluster is not up")
