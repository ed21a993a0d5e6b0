// Package harness starts what the end-to-end tests need: a cluster with a real node, the operator as a process of its own
// under its own identity, and namespaces that enforce the restricted profile.
package harness

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"time"

	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	k8sruntime "k8s.io/apimachinery/pkg/runtime"
	utilruntime "k8s.io/apimachinery/pkg/util/runtime"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/stackwright/stackwright/api/v1alpha1"
)

// Cluster is a cluster of hack/cluster with the test images, the CRDs and the StackClass local.
type Cluster struct {
	// Name of the cluster.
	Name string
	// Root is the top folder of the project.
	Root string
	// State is the folder of the cluster's files.
	State string
	// Kubeconfig of the administrator.
	Kubeconfig string
	// Config and Client are the administrator's.
	Config *rest.Config
	Client client.Client

	kubectl string
	lock    *os.File
}

// Refusal says why no test can run here; empty when they can.
func Refusal() string {
	if runtime.GOOS != "linux" || os.Geteuid() != 0 {
		return "the end-to-end tests run containers on this machine, which needs root on Linux"
	}
	return ""
}

// Say prints one line of progress.
func Say(format string, args ...any) {
	fmt.Printf("%s  %s\n", time.Now().Format("15:04:05"), fmt.Sprintf(format, args...))
}

// StartCluster makes sure that the cluster runs and has what the tests need. One suite at a time uses a cluster.
func StartCluster(ctx context.Context) (*Cluster, error) {
	root, err := projectRoot()
	if err != nil {
		return nil, err
	}
	c := &Cluster{Name: os.Getenv("E2E_CLUSTER"), Root: root}
	if c.Name == "" {
		c.Name = "e2e"
	}
	if err := c.up(ctx); err != nil {
		return nil, err
	}
	for _, step := range []func(context.Context) error{c.exclusive, c.connect, c.loadImages, c.InstallCRDs, c.InstallClass, c.sweep} {
		if err := step(ctx); err != nil {
			return nil, err
		}
	}
	return c, nil
}

func projectRoot() (string, error) {
	_, file, _, ok := runtime.Caller(0)
	if !ok {
		return "", errors.New("the source folder is not known")
	}
	return filepath.Abs(filepath.Join(filepath.Dir(file), "..", "..", ".."))
}

func (c *Cluster) up(ctx context.Context) error {
	Say("starting cluster %s; the first start of a machine builds Kubernetes, which takes a while", c.Name)
	if err := c.stream(ctx, "go", "run", "-C", "hack/cluster", ".", "up", "--name", c.Name, "--node", "real",
		"--audit-level", "RequestResponse"); err != nil {
		return fmt.Errorf("start cluster %s: %w", c.Name, err)
	}
	environment, err := c.output(ctx, "go", "run", "-C", "hack/cluster", ".", "env", "--name", c.Name)
	if err != nil {
		return err
	}
	c.Kubeconfig = exported(environment, "KUBECONFIG")
	c.State = filepath.Dir(c.Kubeconfig)
	c.kubectl = filepath.Join(exported(environment, "KUBEBUILDER_ASSETS"), "kubectl")
	return nil
}

// exported reads the value of a variable from lines for a shell.
func exported(lines, name string) string {
	for line := range strings.Lines(lines) {
		if value, found := strings.CutPrefix(line, "export "+name+"="); found {
			return strings.Trim(strings.TrimSpace(value), `'"`)
		}
	}
	return ""
}

func (c *Cluster) exclusive(context.Context) error {
	file, err := os.OpenFile(filepath.Join(c.State, "e2e.lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return err
	}
	if err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		return fmt.Errorf("other end-to-end tests use cluster %s: wait for them, or set E2E_CLUSTER to another name", c.Name)
	}
	c.lock = file
	return nil
}

func (c *Cluster) connect(context.Context) error {
	config, err := clientcmd.BuildConfigFromFlags("", c.Kubeconfig)
	if err != nil {
		return err
	}
	config.QPS = -1
	scheme := k8sruntime.NewScheme()
	utilruntime.Must(clientgoscheme.AddToScheme(scheme))
	utilruntime.Must(v1alpha1.AddToScheme(scheme))
	utilruntime.Must(apiextensionsv1.AddToScheme(scheme))
	c.Config = config
	c.Client, err = client.New(config, client.Options{Scheme: scheme})
	return err
}

// archives hold the engines with the sample shop, MySQL, rclone, PgBouncer, the exporters, an object store, and later releases of the
// engines.
var archives = []string{"demo", "mysql", "rclone", "pgbouncer", "exporters", "versitygw", "next"}

// loadImages loads the archives, unless the node has these very ones.
func (c *Cluster) loadImages(ctx context.Context) error {
	if err := c.stream(ctx, "go", append([]string{"run", "-C", "hack/images", ".", "build"}, archives...)...); err != nil {
		return fmt.Errorf("build the images: %w", err)
	}
	var paths []string
	for _, archive := range archives {
		path, err := c.output(ctx, "go", "run", "-C", "hack/images", ".", "path", archive)
		if err != nil {
			return err
		}
		paths = append(paths, strings.TrimSpace(path))
	}
	mark := filepath.Join(c.State, "e2e-images")
	wanted := strings.Join(paths, "\n")
	if loaded, err := os.ReadFile(mark); err == nil && string(loaded) == wanted {
		return nil
	}
	if err := c.stream(ctx, "go", append([]string{"run", "-C", "hack/cluster", ".", "load", "--name", c.Name}, paths...)...); err != nil {
		return fmt.Errorf("load the images: %w", err)
	}
	return os.WriteFile(mark, []byte(wanted), 0o600)
}

// InstallCRDs applies the CRDs and waits until they are served.
func (c *Cluster) InstallCRDs(ctx context.Context) error {
	if _, err := c.Kubectl(ctx, "", "apply", "--server-side", "--force-conflicts", "-f", filepath.Join(c.Root, "config/crd/bases")); err != nil {
		return err
	}
	_, err := c.Kubectl(ctx, "", append([]string{"wait", "--for=condition=Established", "--timeout=60s"}, CRDs()...)...)
	return err
}

// CRDs names the CRDs of the project as kubectl arguments.
func CRDs() []string {
	var names []string
	for _, plural := range []string{"backendstacks", "stackdatabases", "stackcaches", "stackqueues", "stackbackups", "stackclasses"} {
		names = append(names, "crd/"+plural+".stackwright.dev")
	}
	return names
}

// InstallClass applies the StackClass local.
func (c *Cluster) InstallClass(ctx context.Context) error {
	_, err := c.Kubectl(ctx, "", "apply", "-f", filepath.Join(c.Root, "hack/images/catalog.yaml"))
	return err
}

// stream runs a program in the project's folder and prints what it says.
func (c *Cluster) stream(ctx context.Context, name string, args ...string) error {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir = c.Root
	pipe, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	cmd.Stderr = cmd.Stdout
	if err := cmd.Start(); err != nil {
		return err
	}
	for lines := bufio.NewScanner(pipe); lines.Scan(); {
		fmt.Println("          " + lines.Text())
	}
	return cmd.Wait()
}

func (c *Cluster) output(ctx context.Context, name string, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir = c.Root
	return outputOf(cmd)
}

// outputOf runs a program; its error carries what it said.
func outputOf(cmd *exec.Cmd) (string, error) {
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		return stdout.String(), fmt.Errorf("%s: %w\n%s%s", strings.Join(cmd.Args, " "), err, stderr.String(), stdout.String())
	}
	return stdout.String(), nil
}

// Kubectl runs kubectl as the administrator.
func (c *Cluster) Kubectl(ctx context.Context, stdin string, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, c.kubectl, args...)
	cmd.Env = append(os.Environ(), "KUBECONFIG="+c.Kubeconfig)
	cmd.Dir = c.Root
	if stdin != "" {
		cmd.Stdin = strings.NewReader(stdin)
	}
	return outputOf(cmd)
}
