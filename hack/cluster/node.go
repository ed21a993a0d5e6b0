package main

import (
	"bytes"
	"context"
	"embed"
	"fmt"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"text/template"
	"time"
)

//go:embed files
var files embed.FS

// nodeFacts fill in the configuration files of the node and the manifests.
type nodeFacts struct {
	Name, Dir, NodeName         string
	Socket, Plugins, PauseImage string
	Cgroup                      string
	Authority                   string // of the cluster, in base64
	MetricsPort                 int
	Addresses                   Addresses
	NodePods                    netip.Prefix
}

func (c *Cluster) facts() nodeFacts {
	pods := c.addresses().Pods
	return nodeFacts{
		Name: c.Name, Dir: c.Dir, NodeName: c.nodeName(),
		Socket: c.containerdSocket(), Plugins: cniFolder(), PauseImage: pauseImage,
		Cgroup: c.cgroup(), Authority: c.authorityBase64(), MetricsPort: metricsServerPort,
		Addresses: c.addresses(), NodePods: netip.PrefixFrom(pods.Addr(), 24),
	}
}

func (c *Cluster) containerdSocket() string {
	return filepath.Join(c.Dir, "containerd", "containerd.sock")
}

// render fills in one of the embedded files.
func (c *Cluster) render(name string) ([]byte, error) {
	parsed, err := template.New(name).Option("missingkey=error").ParseFS(files, "files/"+name)
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	err = parsed.ExecuteTemplate(&out, name, c.facts())
	return out.Bytes(), err
}

// writeNodeConfig writes the configuration of everything on a real node.
func (c *Cluster) writeNodeConfig() error {
	for name, path := range map[string]string{
		"containerd.toml": c.config("containerd.toml"),
		"cni.json":        c.config("cni/10-pods.conflist"),
		"kubelet.yaml":    c.config("kubelet.yaml"),
		"corefile":        c.config("corefile"),
	} {
		text, err := c.render(name)
		if err != nil {
			return fmt.Errorf("cannot fill in %s: %w", name, err)
		}
		if err := writeFile(path, text, 0o644); err != nil {
			return err
		}
	}
	return os.MkdirAll(filepath.Join(c.Dir, "volumes"), 0o755)
}

func (c *Cluster) containerd() Component {
	return Component{
		Name: "containerd", Path: filepath.Join(c.Programs.Containerd, "containerd"),
		Args:   []string{"--config", c.config("containerd.toml")},
		Files:  []string{c.config("containerd.toml"), c.config("cni/10-pods.conflist")},
		Socket: c.containerdSocket(),
		Grace:  10 * time.Second, Limit: time.Minute,
	}
}

func (c *Cluster) kubelet() Component {
	return Component{
		Name: "kubelet", Path: c.Programs.kube("kubelet"),
		Args: []string{
			"--kubeconfig", c.componentKubeconfig("node"), "--config", c.config("kubelet.yaml"),
			"--root-dir", filepath.Join(c.Dir, "kubelet"), "--cert-dir", filepath.Join(c.Dir, "kubelet", "pki"),
			"--hostname-override", c.nodeName(), "--node-ip", c.nodeAddress().String(),
		},
		Files:  []string{c.config("kubelet.yaml")},
		Health: fmt.Sprintf("http://%s:%d/healthz", c.nodeAddress(), kubeletHealthPort),
		Grace:  10 * time.Second, Limit: time.Minute,
	}
}

// proxy leaves the limits of connection tracking alone: they are the machine's.
func (c *Cluster) proxy() Component {
	return Component{
		Name: "kube-proxy", Path: c.Programs.kube("kube-proxy"),
		Args: []string{
			"--kubeconfig", c.componentKubeconfig("proxy"), "--hostname-override", c.nodeName(),
			"--proxy-mode", "nftables", "--cluster-cidr", c.addresses().Pods.String(),
			"--conntrack-max-per-core", "0", "--conntrack-tcp-timeout-established", "0s",
			"--conntrack-tcp-timeout-close-wait", "0s",
			"--healthz-bind-address", c.at(proxyHealthPort),
		},
		Health: "http://" + c.at(proxyHealthPort) + "/livez",
		Grace:  5 * time.Second, Limit: time.Minute,
	}
}

// ensurePauseImage makes the image of pause and loads it, unless the node has it.
func (c *Cluster) ensurePauseImage(ctx context.Context) error {
	out, err := c.ctr(ctx, "images", "ls", "-q", "name=="+pauseImage).Output()
	if err == nil && strings.TrimSpace(string(out)) == pauseImage {
		return nil
	}
	archive, err := imageOf(pauseImage, filepath.Join(c.Programs.Pause, "pause"))
	if err != nil {
		return fmt.Errorf("cannot make the pause image: %w", err)
	}
	path := filepath.Join(c.Dir, "containerd", "pause.tar")
	if err := writeFile(path, archive, 0o644); err != nil {
		return err
	}
	return c.importImage(ctx, path)
}

// importImage loads one image archive into the node. It tries again for a few
// seconds, since containerd's socket is there before it serves.
func (c *Cluster) importImage(ctx context.Context, path string) error {
	for end := time.Now().Add(20 * time.Second); ; time.Sleep(200 * time.Millisecond) {
		out, err := c.ctr(ctx, "images", "import", path).CombinedOutput()
		if err == nil {
			return nil
		}
		if ctx.Err() != nil || !exists(path) || time.Now().After(end) || !strings.Contains(string(out), "connect") {
			return fmt.Errorf("cannot load %s: %w: %s", path, err, strings.TrimSpace(string(out)))
		}
	}
}

// ctr is a call of containerd's own client for the images and containers of pods.
func (c *Cluster) ctr(ctx context.Context, args ...string) *exec.Cmd {
	program := filepath.Join(c.Programs.Containerd, "ctr")
	return exec.CommandContext(ctx, program, append([]string{"--address", c.containerdSocket(), "--namespace", "k8s.io"}, args...)...)
}
