package controllers_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"

	storagev1 "k8s.io/api/storage/v1"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	utilruntime "k8s.io/apimachinery/pkg/util/runtime"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/envtest"
	"sigs.k8s.io/controller-runtime/pkg/log/zap"

	"github.com/stackwright/stackwright/api/v1alpha1"
)

// assetsVariable names the folder with etcd, kube-apiserver and kube-controller-manager: go run -C hack/cluster . assets.
const assetsVariable = "KUBEBUILDER_ASSETS"

// controlPlane is a real API server without nodes. Of the controllers only the garbage collector and the one that empties
// namespaces run: what a kubelet and the workload controllers would do, a world does.
type controlPlane struct {
	environment envtest.Environment
	config      *rest.Config
	scheme      *runtime.Scheme
	folder      string
	manager     *exec.Cmd
	output      bytes.Buffer
}

var (
	shared     controlPlane
	startOnce  sync.Once
	startError error
)

func TestMain(m *testing.M) {
	ctrl.SetLogger(zap.New(zap.WriteTo(io.Discard)))
	code := m.Run()
	shared.stop()
	os.Exit(code)
}

// apiServer returns the control plane that the tests of this package share.
func apiServer(t *testing.T) *controlPlane {
	t.Helper()
	if os.Getenv(assetsVariable) == "" {
		const message = assetsVariable + ` is not set: this test needs a real API server. ` +
			`Run it with ` + assetsVariable + `=$(go run -C hack/cluster . assets)`
		if os.Getenv("CI") == "true" {
			t.Fatal(message)
		}
		t.Skip(message)
	}
	startOnce.Do(func() { startError = shared.start() })
	if startError != nil {
		t.Fatalf("start the control plane: %v\n%s", startError, shared.output.String())
	}
	return &shared
}

func (c *controlPlane) start() error {
	c.scheme = runtime.NewScheme()
	utilruntime.Must(clientgoscheme.AddToScheme(c.scheme))
	utilruntime.Must(apiextensionsv1.AddToScheme(c.scheme))
	utilruntime.Must(v1alpha1.AddToScheme(c.scheme))
	c.environment.Scheme = c.scheme
	c.environment.CRDDirectoryPaths = []string{filepath.Join("..", "config", "crd", "bases")}
	c.environment.ErrorIfCRDPathMissing = true
	c.environment.ControlPlane.GetAPIServer().Configure().Append("max-requests-inflight", "1000")
	etcd := &envtest.Etcd{}
	etcd.Configure().Set("unsafe-no-fsync", "true")
	c.environment.ControlPlane.Etcd = etcd
	var err error
	if c.config, err = c.environment.Start(); err != nil {
		return err
	}
	c.config.QPS = -1
	if err := c.startManager(); err != nil {
		return err
	}
	admin, err := client.New(c.config, client.Options{Scheme: c.scheme})
	if err != nil {
		return err
	}
	return admin.Create(context.Background(), &storagev1.StorageClass{
		ObjectMeta: metav1.ObjectMeta{
			Name: "standard", Annotations: map[string]string{"storageclass.kubernetes.io/is-default-class": "true"},
		},
		Provisioner: "example.com/none",
	})
}

// startManager starts the garbage collector and the controller that empties namespaces.
func (c *controlPlane) startManager() error {
	user, err := c.environment.AddUser(envtest.User{Name: "controller-manager", Groups: []string{"system:masters"}}, nil)
	if err != nil {
		return err
	}
	kubeconfig, err := user.KubeConfig()
	if err != nil {
		return err
	}
	if c.folder, err = os.MkdirTemp("", "stackwright-test-"); err != nil {
		return err
	}
	path := filepath.Join(c.folder, "kubeconfig")
	if err := os.WriteFile(path, kubeconfig, 0o600); err != nil {
		return err
	}
	binary := filepath.Join(os.Getenv(assetsVariable), "kube-controller-manager")
	c.manager = exec.Command(binary, "--kubeconfig="+path, "--secure-port=0", "--leader-elect=false",
		"--controllers=garbage-collector-controller,namespace-controller", "--kube-api-qps=200", "--kube-api-burst=400")
	c.manager.Stdout, c.manager.Stderr = &c.output, &c.output
	endWithParent(c.manager)
	if err := c.manager.Start(); err != nil {
		return fmt.Errorf("start %s: %w", binary, err)
	}
	return nil
}

func (c *controlPlane) stop() {
	var err error
	if c.manager != nil {
		err = c.manager.Process.Kill()
		_ = c.manager.Wait() // it was killed
	}
	if c.config != nil {
		err = errors.Join(err, c.environment.Stop())
	}
	if c.folder != "" {
		err = errors.Join(err, os.RemoveAll(c.folder))
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "stop the control plane:", err)
	}
}
