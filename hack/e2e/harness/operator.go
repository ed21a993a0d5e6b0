package harness

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"sync"
	"syscall"
	"time"

	authenticationv1 "k8s.io/api/authentication/v1"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"
	"sigs.k8s.io/yaml"

	"github.com/stackwright/stackwright/hack/controlplane"
	"github.com/stackwright/stackwright/hack/e2e/audit"
)

const (
	// OperatorNamespace is where the operator's identity lives.
	OperatorNamespace = "stackwright-system"
	// OperatorAccount is its ServiceAccount there.
	OperatorAccount = "stackwright"

	tokenLifetime = 4 * time.Hour
	startLimit    = time.Minute
	stopLimit     = 40 * time.Second
)

// OperatorUser is the operator's user in the audit log.
var OperatorUser = "system:serviceaccount:" + OperatorNamespace + ":" + OperatorAccount

// Operator is the operator as a process on this machine, with the token of its ServiceAccount and nothing else.
type Operator struct {
	cluster    *Cluster
	kubeconfig string
	folder     string

	mutex   sync.Mutex
	process *exec.Cmd
	done    <-chan error
}

// NewOperator gives the operator its identity. Start starts it.
func NewOperator(ctx context.Context, c *Cluster) (*Operator, error) {
	folder, err := filepath.Abs(filepath.Join(c.State, "e2e"))
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return nil, err
	}
	o := &Operator{cluster: c, folder: folder, kubeconfig: filepath.Join(folder, "operator.kubeconfig")}
	if err := o.identity(ctx); err != nil {
		return nil, fmt.Errorf("identity of the operator: %w", err)
	}
	return o, nil
}

// Role reads the ClusterRole that the project ships.
func Role(root string) (*rbacv1.ClusterRole, error) {
	content, err := os.ReadFile(filepath.Join(root, "config/rbac/role.yaml"))
	if err != nil {
		return nil, err
	}
	role := &rbacv1.ClusterRole{}
	return role, yaml.UnmarshalStrict(content, role)
}

// identity applies the ServiceAccount with the roles and policies that the project ships, and writes a kubeconfig with a token
// of it.
func (o *Operator) identity(ctx context.Context) error {
	for _, args := range [][]string{
		{"-f", "config/manager/namespace.yaml"}, {"-k", "config/rbac"}, {"-k", "config/policy/operator"}, {"-k", "config/policy/deletion"},
	} {
		if _, err := o.cluster.Kubectl(ctx, "", append([]string{"apply"}, args...)...); err != nil {
			return err
		}
	}
	account := &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Namespace: OperatorNamespace, Name: OperatorAccount}}
	seconds := int64(tokenLifetime.Seconds())
	request := &authenticationv1.TokenRequest{Spec: authenticationv1.TokenRequestSpec{ExpirationSeconds: &seconds}}
	if err := o.cluster.Client.SubResource("token").Create(ctx, account, request); err != nil {
		return err
	}
	return o.writeKubeconfig(request.Status.Token)
}

func (o *Operator) writeKubeconfig(token string) error {
	const name = "operator"
	config := clientcmdapi.NewConfig()
	config.Clusters[name] = &clientcmdapi.Cluster{
		Server: o.cluster.Config.Host, CertificateAuthority: o.cluster.Config.CAFile, CertificateAuthorityData: o.cluster.Config.CAData,
	}
	config.AuthInfos[name] = &clientcmdapi.AuthInfo{Token: token}
	config.Contexts[name] = &clientcmdapi.Context{Cluster: name, AuthInfo: name}
	config.CurrentContext = name
	return clientcmd.WriteToFile(*config, o.kubeconfig)
}

// Build builds the operator from a source tree and returns the program's path.
func (o *Operator) Build(ctx context.Context, source, name string) (string, error) {
	binary := filepath.Join(o.folder, name)
	cmd := exec.CommandContext(ctx, "go", "build", "-trimpath", "-o", binary, ".")
	cmd.Dir = source
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOWORK=off", "GOFLAGS=-buildvcs=false")
	_, err := outputOf(cmd)
	return binary, err
}

// Folder holds the operator's programs and its log.
func (o *Operator) Folder() string { return o.folder }

// Log is the file that the operator's output goes to.
func (o *Operator) Log() string { return filepath.Join(o.folder, "operator.log") }

// Start runs a program of the operator until it says that it is ready.
func (o *Operator) Start(ctx context.Context, binary string, args ...string) error {
	o.mutex.Lock()
	defer o.mutex.Unlock()
	if o.process != nil {
		return errors.New("the operator runs already")
	}
	log, err := os.OpenFile(o.Log(), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer log.Close()
	ports, err := controlplane.FreePorts(1)
	if err != nil {
		return err
	}
	probes := net.JoinHostPort("127.0.0.1", strconv.Itoa(ports[0]))
	cmd := exec.Command(binary, append([]string{"--metrics-bind-address=0", "--health-probe-bind-address=" + probes}, args...)...)
	cmd.Env = append(os.Environ(), "KUBECONFIG="+o.kubeconfig)
	cmd.Stdout, cmd.Stderr = log, log
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	done, err := begin(cmd)
	if err != nil {
		return err
	}
	o.process, o.done = cmd, done
	return o.awaitReady(ctx, "http://"+probes+"/readyz")
}

// begin starts a program that ends with this process. The kernel means the thread that started it, which is kept for that.
func begin(cmd *exec.Cmd) (<-chan error, error) {
	started, done := make(chan error, 1), make(chan error, 1)
	go func() {
		runtime.LockOSThread()
		err := cmd.Start()
		started <- err
		if err == nil {
			done <- cmd.Wait()
		}
	}()
	return done, <-started
}

func (o *Operator) awaitReady(ctx context.Context, url string) error {
	ctx, cancel := context.WithTimeout(ctx, startLimit)
	defer cancel()
	for {
		select {
		case err := <-o.done:
			o.process = nil
			return fmt.Errorf("the operator ended: %w; its output is in %s", err, o.Log())
		case <-ctx.Done():
			return fmt.Errorf("the operator is not ready after %s; its output is in %s", startLimit, o.Log())
		case <-time.After(100 * time.Millisecond):
		}
		response, err := http.Get(url) //nolint:noctx // a probe of a process on this machine
		if err == nil {
			response.Body.Close()
			if response.StatusCode == http.StatusOK {
				return nil
			}
		}
	}
}

// Stop ends the operator like a kubelet does: SIGTERM, then SIGKILL.
func (o *Operator) Stop() error {
	o.mutex.Lock()
	defer o.mutex.Unlock()
	if o.process == nil {
		return nil
	}
	process := o.process
	o.process = nil
	if err := process.Process.Signal(syscall.SIGTERM); err != nil {
		return err
	}
	select {
	case <-o.done:
		return nil
	case <-time.After(stopLimit):
		_ = process.Process.Kill()
		<-o.done
		return fmt.Errorf("the operator did not end within %s of SIGTERM", stopLimit)
	}
}

// Running says whether the operator runs.
func (o *Operator) Running() bool {
	o.mutex.Lock()
	defer o.mutex.Unlock()
	return o.process != nil && o.process.Process.Signal(syscall.Signal(0)) == nil
}

// Kill ends the operator without warning.
func (o *Operator) Kill() {
	o.mutex.Lock()
	defer o.mutex.Unlock()
	if o.process != nil {
		_ = o.process.Process.Kill()
		<-o.done
		o.process = nil
	}
}

// Follow reads the audit log of the cluster for the operator's requests.
func (o *Operator) Follow() (*audit.Log, error) {
	return audit.Follow(filepath.Join(o.cluster.State, "audit.log"), OperatorUser)
}
