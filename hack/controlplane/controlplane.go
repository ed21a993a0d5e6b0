// Package controlplane starts an etcd and a kube-apiserver, and when asked a kube-controller-manager, as processes on loopback
// with a data folder of their own. Benchmarks and campaigns run against it.
package controlplane

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

const (
	// AssetsVariable names the folder of the control plane's programs.
	AssetsVariable = "KUBEBUILDER_ASSETS"
	// Administrator is a user who may do everything, and whom the API server's fairness does not hold back.
	Administrator = "administrator"

	managerUser = "system:kube-controller-manager"
	readyLimit  = 2 * time.Minute
)

// Options say what a control plane is made of.
type Options struct {
	// Users get a certificate each, and no right but those that their name is granted.
	Users []string
	// AuditPolicy is the text of a policy; the log is Plane.AuditLog. Empty: nothing is logged.
	AuditPolicy string
	// Controllers are the arguments of a kube-controller-manager, besides how it connects; nil: there is none.
	Controllers []string
	// APIServer are further arguments of the API server.
	APIServer []string
	// Env are further variables of all three.
	Env []string
}

// Plane is a control plane that runs.
type Plane struct {
	// Folder holds everything that the control plane writes.
	Folder string
	// URL of the API server.
	URL string
	// AuditLog is the file of the audit log.
	AuditLog string
	// Etcd, API and Controllers are its processes; Controllers is nil when there are none.
	Etcd, API, Controllers *Process

	options   Options
	assets    string
	authority *authority
	ports     []int
}

// Assets is the folder of the control plane's programs: $KUBEBUILDER_ASSETS, or else that of cluster, the folder of the module
// hack/cluster, which builds them once.
func Assets(ctx context.Context, cluster string) (string, error) {
	if dir := os.Getenv(AssetsVariable); dir != "" {
		return dir, nil
	}
	output, err := exec.CommandContext(ctx, filepath.Join(cluster, "cluster.sh"), "assets").Output()
	if err != nil {
		return "", fmt.Errorf("build the control plane's programs: %w", err)
	}
	return strings.TrimSpace(string(output)), nil
}

// Start starts a control plane and waits until it answers.
func Start(ctx context.Context, assets string, options Options) (_ *Plane, err error) {
	p := &Plane{options: options, assets: assets}
	if p.Folder, err = os.MkdirTemp("", "stackwright-plane-"); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			p.Stop()
		}
	}()
	p.AuditLog = filepath.Join(p.Folder, "audit.log")
	if err := p.certify(); err != nil {
		return nil, err
	}
	if p.ports, err = FreePorts(4); err != nil {
		return nil, err
	}
	p.URL = fmt.Sprintf("https://127.0.0.1:%d", p.ports[2])
	for _, step := range []func() error{p.StartEtcd, p.StartAPI} {
		if err := step(); err != nil {
			return nil, err
		}
	}
	if err := p.Answers(ctx); err != nil {
		return nil, err
	}
	return p, p.StartControllers()
}

func (p *Plane) certify() (err error) {
	if p.authority, err = newAuthority(p.Folder); err != nil {
		return err
	}
	if err := p.authority.server(); err != nil {
		return err
	}
	for _, user := range []string{Administrator, managerUser} { // one identity for all controllers may do what each of them may
		if err := p.authority.user(user, "system:masters"); err != nil {
			return err
		}
	}
	for _, user := range p.options.Users {
		if err := p.authority.user(user, ""); err != nil {
			return err
		}
	}
	return os.WriteFile(p.Path("audit.yaml"), []byte(p.options.AuditPolicy), 0o600)
}

// Path is that of a file in the folder: ca.crt, and the NAME.crt and NAME.key of a user.
func (p *Plane) Path(file string) string { return p.authority.path(file) }

// EtcdData is the folder of etcd's data.
func (p *Plane) EtcdData() string { return filepath.Join(p.Folder, "etcd") }

// StartEtcd starts etcd on the data that is there.
func (p *Plane) StartEtcd() (err error) {
	client, peer := fmt.Sprintf("http://127.0.0.1:%d", p.ports[0]), fmt.Sprintf("http://127.0.0.1:%d", p.ports[1])
	p.Etcd, err = StartProcess("etcd", p.Folder, p.options.Env, filepath.Join(p.assets, "etcd"),
		"--data-dir", p.EtcdData(), "--unsafe-no-fsync", "--quota-backend-bytes", strconv.Itoa(8<<30),
		"--listen-client-urls", client, "--advertise-client-urls", client, "--log-level", "warn",
		"--listen-peer-urls", peer, "--initial-advertise-peer-urls", peer, "--initial-cluster", "default="+peer)
	return err
}

// StartAPI starts the API server; Answers waits for it.
func (p *Plane) StartAPI() (err error) {
	args := []string{
		"--etcd-servers", fmt.Sprintf("http://127.0.0.1:%d", p.ports[0]), "--bind-address", "127.0.0.1", "--secure-port", strconv.Itoa(p.ports[2]),
		"--advertise-address", "198.51.100.1", "--endpoint-reconciler-type", "none", // an address for documents: loopback is refused
		"--service-cluster-ip-range", "10.64.0.0/12", "--authorization-mode", "RBAC",
		"--client-ca-file", p.Path("ca.crt"), "--tls-cert-file", p.Path("api.crt"), "--tls-private-key-file", p.Path("api.key"),
		"--service-account-key-file", p.Path("accounts.key"), "--service-account-signing-key-file", p.Path("accounts.key"),
		"--service-account-issuer", "https://kubernetes.default.svc",
	}
	if p.options.AuditPolicy != "" {
		args = append(args, "--audit-policy-file", p.Path("audit.yaml"), "--audit-log-path", p.AuditLog, "--audit-log-maxsize", "100000")
	}
	p.API, err = StartProcess("kube-apiserver", p.Folder, p.options.Env, filepath.Join(p.assets, "kube-apiserver"), append(args, p.options.APIServer...)...)
	return err
}

// StartControllers starts the kube-controller-manager, if there is to be one.
func (p *Plane) StartControllers() error {
	if p.options.Controllers == nil {
		return nil
	}
	kubeconfig, err := p.Kubeconfig(managerUser, "")
	if err != nil {
		return err
	}
	args := append([]string{
		"--kubeconfig", kubeconfig, "--leader-elect=false", "--bind-address", "127.0.0.1", "--secure-port", strconv.Itoa(p.ports[3]),
		"--cert-dir", p.Folder, "--root-ca-file", p.Path("ca.crt"), "--service-account-private-key-file", p.Path("accounts.key"),
		"--kube-api-qps", "1000", "--kube-api-burst", "2000",
	}, p.options.Controllers...)
	p.Controllers, err = StartProcess("kube-controller-manager", p.Folder, p.options.Env, filepath.Join(p.assets, "kube-controller-manager"), args...)
	return err
}

// Answers waits until the API server is ready.
func (p *Plane) Answers(ctx context.Context) error {
	authorities := x509.NewCertPool()
	authorities.AddCert(p.authority.cert)
	certificate, err := tls.LoadX509KeyPair(p.Path(Administrator+".crt"), p.Path(Administrator+".key"))
	if err != nil {
		return err
	}
	settings := &tls.Config{RootCAs: authorities, Certificates: []tls.Certificate{certificate}, MinVersion: tls.VersionTLS12}
	client := &http.Client{Timeout: 5 * time.Second, Transport: &http.Transport{TLSClientConfig: settings}}
	defer client.CloseIdleConnections()
	return Poll(ctx, 100*time.Millisecond, readyLimit, "the API server does not get ready", func(ctx context.Context) (bool, error) {
		for _, process := range []*Process{p.Etcd, p.API} {
			if err := process.Alive(); err != nil {
				return false, err
			}
		}
		ask, err := http.NewRequestWithContext(ctx, http.MethodGet, p.URL+"/readyz", nil)
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

// Config is how a user connects: without a limit of its own.
func (p *Plane) Config(user string) *rest.Config {
	return &rest.Config{
		Host: p.URL, QPS: -1, UserAgent: user,
		TLSClientConfig: rest.TLSClientConfig{
			CAFile: p.Path("ca.crt"), CertFile: p.Path(user + ".crt"), KeyFile: p.Path(user + ".key"),
		},
	}
}

// Kubeconfig writes a user's kubeconfig and returns its path. A server that is given stands in for the API server, and answers
// for the user: the kubeconfig has no credentials then.
func (p *Plane) Kubeconfig(user, server string) (string, error) {
	const name = "plane"
	cluster := &clientcmdapi.Cluster{Server: p.URL, CertificateAuthority: p.Path("ca.crt")}
	identity := &clientcmdapi.AuthInfo{ClientCertificate: p.Path(user + ".crt"), ClientKey: p.Path(user + ".key")}
	if server != "" {
		cluster, identity = &clientcmdapi.Cluster{Server: server}, &clientcmdapi.AuthInfo{}
	}
	path := p.Path(strings.ReplaceAll(user, ":", "_") + ".kubeconfig") // KUBECONFIG is a list with colons
	return path, clientcmd.WriteToFile(clientcmdapi.Config{
		Clusters:       map[string]*clientcmdapi.Cluster{name: cluster},
		AuthInfos:      map[string]*clientcmdapi.AuthInfo{user: identity},
		Contexts:       map[string]*clientcmdapi.Context{name: {Cluster: name, AuthInfo: user}},
		CurrentContext: name,
	}, path)
}

// Stop ends the control plane and deletes its data.
func (p *Plane) Stop() {
	for _, process := range []*Process{p.Controllers, p.API, p.Etcd} {
		process.Kill()
	}
	_ = os.RemoveAll(p.Folder)
}
