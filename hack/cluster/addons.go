package main

import (
	"bytes"
	"context"
	"encoding/base64"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

func (c *Cluster) dns() Component {
	return Component{
		Name: "coredns", Path: filepath.Join(c.Programs.CoreDNS, "coredns"),
		Args:   []string{"-conf", c.config("corefile")},
		Files:  []string{c.config("corefile")},
		Health: fmt.Sprintf("http://%s:%d/health", c.nodeAddress(), dnsHealthPort),
		Grace:  5 * time.Second, Limit: time.Minute,
	}
}

func (c *Cluster) metricsServer() Component {
	kubeconfig := c.componentKubeconfig("addons")
	return Component{
		Name: "metrics-server", Path: c.Programs.kube("metrics-server"),
		Args: []string{
			"--kubeconfig", kubeconfig, "--authentication-kubeconfig", kubeconfig, "--authorization-kubeconfig", kubeconfig,
			"--bind-address", c.nodeAddress().String(), "--secure-port", strconv.Itoa(metricsServerPort),
			"--tls-cert-file", c.pki("metrics-server.crt"), "--tls-private-key-file", c.pki("metrics-server.key"),
			"--kubelet-certificate-authority", c.pki("ca.crt"), "--kubelet-preferred-address-types", "InternalIP",
			"--metric-resolution", "15s",
		},
		Health: fmt.Sprintf("https://%s:%d/livez", c.nodeAddress(), metricsServerPort),
		Grace:  5 * time.Second, Limit: time.Minute,
	}
}

// services is the process that provisions volumes and gives load balancers
// their addresses, and on a simulated node also plays the kubelet.
func (c *Cluster) services() Component {
	args := []string{
		"--kubeconfig", c.componentKubeconfig("addons"), "--node", c.nodeName(),
		"--volumes", filepath.Join(c.Dir, "volumes"),
		"--load-balancers", c.addresses().LoadBalancers.String(),
		"--listen", c.at(servicesPort),
	}
	if c.Settings.Node == nodeSimulated {
		args = append(args, "--simulate-pods", c.addresses().Pods.String())
	}
	return Component{
		Name: "services", Path: filepath.Join(c.Programs.Services, "services"), Args: args,
		Health: "http://" + c.at(servicesPort) + "/healthz",
		Grace:  5 * time.Second, Limit: time.Minute,
	}
}

func (c *Cluster) authorityBase64() string {
	data, _ := os.ReadFile(c.pki("ca.crt"))
	return base64.StdEncoding.EncodeToString(data)
}

// applyManifests creates or updates the objects in the embedded files.
func (c *Cluster) applyManifests(ctx context.Context, names ...string) error {
	for _, name := range names {
		text, err := c.render(name)
		if err != nil {
			return fmt.Errorf("cannot fill in %s: %w", name, err)
		}
		cmd := c.kubectl(ctx, "apply", "--server-side", "--force-conflicts", "-f", "-")
		cmd.Stdin = bytes.NewReader(text)
		if out, err := cmd.CombinedOutput(); err != nil {
			return fmt.Errorf("cannot apply %s: %w: %s", name, err, strings.TrimSpace(string(out)))
		}
	}
	return nil
}

// kubectl is a call of kubectl as the cluster's administrator.
func (c *Cluster) kubectl(ctx context.Context, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, c.Programs.kube("kubectl"), append([]string{"--kubeconfig", c.kubeconfigPath()}, args...)...)
	cmd.Env = c.environment()
	return cmd
}

// nodeReady asks once whether the node is ready.
func (c *Cluster) nodeReady(ctx context.Context) bool {
	const condition = `jsonpath={.status.conditions[?(@.type=="Ready")].status}`
	out, err := c.kubectl(ctx, "get", "node", c.nodeName(), "-o", condition, "--request-timeout=5s").Output()
	return err == nil && string(out) == "True"
}

// awaitNode returns when the node is ready, which takes a few seconds.
func (c *Cluster) awaitNode(ctx context.Context) error {
	stop := showProgress(func(elapsed time.Duration) string {
		return fmt.Sprintf("waiting for the node to be ready (%s)", rounded(elapsed))
	})
	defer stop()
	for end := time.Now().Add(2 * time.Minute); ; time.Sleep(300 * time.Millisecond) {
		switch {
		case c.nodeReady(ctx):
			return nil
		case ctx.Err() != nil:
			return fmt.Errorf("stopped while waiting for the node: %w", ctx.Err())
		case time.Now().After(end):
			return fmt.Errorf("the node is not ready after two minutes: read %s", c.logPath("kubelet"))
		}
	}
}
