package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"
)

// Users of a control plane. Only the first, which sets everything up, is exempt from the API server's fairness.
const (
	userAdmin = "bench-admin"
	userLoad  = "bench-load"
	userFloor = "bench-floor"
)

// controlPlane is an etcd and a kube-apiserver with a data directory of their own.
type controlPlane struct {
	dir       string
	url       string
	authority *authority
	etcd, api *process
	audit     *audit
}

// assetsVariable names the folder of the control plane's binaries; without it they are built once.
const assetsVariable = "KUBEBUILDER_ASSETS"

// assets is the folder of the control plane's binaries.
func assets(ctx context.Context) (string, error) {
	if dir := os.Getenv(assetsVariable); dir != "" {
		return dir, nil
	}
	output, err := exec.CommandContext(ctx, "../cluster/cluster.sh", "assets").Output()
	if err != nil {
		return "", fmt.Errorf("build the control plane's binaries: %w", err)
	}
	return strings.TrimSpace(string(output)), nil
}

// startControlPlane starts a control plane on loopback and waits until it answers. The subject is the user whose requests are
// counted besides the floor's.
func startControlPlane(ctx context.Context, assets, subject string) (_ *controlPlane, err error) {
	c := &controlPlane{}
	if c.dir, err = os.MkdirTemp("", "stackwright-bench-"); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			c.stop()
		}
	}()
	if err := c.certify(subject); err != nil {
		return nil, err
	}
	ports, err := freePorts(3)
	if err != nil {
		return nil, err
	}
	client, peer := fmt.Sprintf("http://127.0.0.1:%d", ports[0]), fmt.Sprintf("http://127.0.0.1:%d", ports[1])
	c.etcd, err = start("etcd", c.dir, nil, filepath.Join(assets, "etcd"),
		"--data-dir", filepath.Join(c.dir, "etcd"), "--unsafe-no-fsync", "--quota-backend-bytes", strconv.Itoa(8<<30),
		"--listen-client-urls", client, "--advertise-client-urls", client, "--log-level", "warn",
		"--listen-peer-urls", peer, "--initial-advertise-peer-urls", peer, "--initial-cluster", "default="+peer)
	if err != nil {
		return nil, err
	}
	c.url = fmt.Sprintf("https://127.0.0.1:%d", ports[2])
	c.api, err = start("kube-apiserver", c.dir, nil, filepath.Join(assets, "kube-apiserver"), c.arguments(client, ports[2])...)
	if err != nil {
		return nil, err
	}
	return c, c.answers(ctx)
}

func (c *controlPlane) certify(subject string) (err error) {
	if c.authority, err = newAuthority(c.dir); err != nil {
		return err
	}
	if err := c.authority.server(); err != nil {
		return err
	}
	if err := c.authority.user(userAdmin, "system:masters"); err != nil {
		return err
	}
	for _, user := range []string{userLoad, userFloor, subject} {
		if err := c.authority.user(user, ""); err != nil {
			return err
		}
	}
	c.audit = &audit{path: filepath.Join(c.dir, "audit.log")}
	policy := fmt.Sprintf(auditPolicy, userFloor+", "+subject)
	return os.WriteFile(c.authority.path("audit.yaml"), []byte(policy), 0o600)
}

func (c *controlPlane) arguments(etcd string, port int) []string {
	path := c.authority.path
	return []string{
		"--etcd-servers", etcd, "--bind-address", "127.0.0.1", "--secure-port", strconv.Itoa(port),
		"--advertise-address", "198.51.100.1", "--endpoint-reconciler-type", "none", // an address for documents: loopback is refused
		"--service-cluster-ip-range", "10.64.0.0/12", "--authorization-mode", "RBAC",
		"--client-ca-file", path("ca.crt"), "--tls-cert-file", path("api.crt"), "--tls-private-key-file", path("api.key"),
		"--service-account-key-file", path("accounts.key"), "--service-account-signing-key-file", path("accounts.key"),
		"--service-account-issuer", "https://kubernetes.default.svc",
		"--audit-policy-file", path("audit.yaml"), "--audit-log-path", c.audit.path, "--audit-log-maxsize", "100000",
	}
}

func (c *controlPlane) answers(ctx context.Context) error {
	authorities := x509.NewCertPool()
	authorities.AddCert(c.authority.cert)
	certificate, err := tls.LoadX509KeyPair(c.authority.path(userAdmin+".crt"), c.authority.path(userAdmin+".key"))
	if err != nil {
		return err
	}
	settings := &tls.Config{RootCAs: authorities, Certificates: []tls.Certificate{certificate}, MinVersion: tls.VersionTLS12}
	client := &http.Client{Timeout: 5 * time.Second, Transport: &http.Transport{TLSClientConfig: settings}}
	return poll(ctx, 100*time.Millisecond, 2*time.Minute, "the API server does not get ready", func(ctx context.Context) (bool, error) {
		for _, p := range []*process{c.etcd, c.api} {
			if err := p.alive(); err != nil {
				return false, err
			}
		}
		ask, err := http.NewRequestWithContext(ctx, http.MethodGet, c.url+"/readyz", nil)
		if err != nil {
			return false, err
		}
		response, err := client.Do(ask)
		if err != nil {
			return false, nil //nolint:nilerr // not listening yet
		}
		return response.StatusCode == http.StatusOK, response.Body.Close()
	})
}

// config is how a user connects: without a limit of its own.
func (c *controlPlane) config(user string) *rest.Config {
	return &rest.Config{
		Host: c.url, QPS: -1, UserAgent: user,
		TLSClientConfig: rest.TLSClientConfig{
			CAFile: c.authority.path("ca.crt"), CertFile: c.authority.path(user + ".crt"), KeyFile: c.authority.path(user + ".key"),
		},
	}
}

// kubeconfig writes a user's kubeconfig and returns its path.
func (c *controlPlane) kubeconfig(user string) (string, error) {
	path := c.authority.path(user + ".kubeconfig")
	return path, clientcmd.WriteToFile(clientcmdapi.Config{
		Clusters: map[string]*clientcmdapi.Cluster{"bench": {Server: c.url, CertificateAuthority: c.authority.path("ca.crt")}},
		AuthInfos: map[string]*clientcmdapi.AuthInfo{user: {
			ClientCertificate: c.authority.path(user + ".crt"), ClientKey: c.authority.path(user + ".key"),
		}},
		Contexts:       map[string]*clientcmdapi.Context{"bench": {Cluster: "bench", AuthInfo: user}},
		CurrentContext: "bench",
	}, path)
}

// stop ends the control plane and deletes its data.
func (c *controlPlane) stop() {
	c.api.stop()
	c.etcd.stop()
	_ = os.RemoveAll(c.dir)
}
