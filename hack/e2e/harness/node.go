package harness

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"runtime"

	"golang.org/x/sys/unix"
)

// ListenOnNode listens on a loopback port of the node, where containerd speaks plain HTTP to registries.
func (c *Cluster) ListenOnNode(ctx context.Context) (net.Listener, error) {
	record, err := os.ReadFile(filepath.Join(c.State, "run", "containerd.json"))
	if err != nil {
		return nil, err
	}
	var process struct{ PID int }
	if err := json.Unmarshal(record, &process); err != nil {
		return nil, err
	}
	type result struct {
		listener net.Listener
		err      error
	}
	results := make(chan result)
	go func() { // a thread that entered another network ends with its goroutine
		runtime.LockOSThread()
		listener, err := listenIn(ctx, fmt.Sprintf("/proc/%d/ns/net", process.PID))
		results <- result{listener, err}
	}()
	r := <-results
	return r.listener, r.err
}

func listenIn(ctx context.Context, network string) (net.Listener, error) {
	file, err := os.Open(network)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	if err := unix.Setns(int(file.Fd()), unix.CLONE_NEWNET); err != nil {
		return nil, fmt.Errorf("enter the network of the node: %w", err)
	}
	return (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
}
