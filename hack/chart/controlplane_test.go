package chart

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	admissionv1 "k8s.io/api/admissionregistration/v1"
	authenticationv1 "k8s.io/api/authentication/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/envtest"
)

const (
	// assetsVariable names the folder with etcd, kube-apiserver and kube-controller-manager: go run -C hack/cluster . assets.
	assetsVariable = "KUBEBUILDER_ASSETS"
	// home is the namespace that the chart is installed in: not the one that config/ names.
	home    = "platform"
	account = "stackwright"
	limit   = 20 * time.Second
	step    = 50 * time.Millisecond
)

// controlPlane is a real API server with the chart installed, and without nodes.
type controlPlane struct {
	environment envtest.Environment
	config      *rest.Config
	admin       client.Client
	operator    client.Client // as the operator's ServiceAccount, with the roles of the chart
	token       string
	folder      string
	manager     *exec.Cmd
}

var (
	shared     controlPlane
	startOnce  sync.Once
	startError error
)

func TestMain(m *testing.M) {
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
		t.Fatalf("start the control plane: %v", startError)
	}
	return &shared
}

func (c *controlPlane) start() error {
	etcd := &envtest.Etcd{}
	etcd.Configure().Set("unsafe-no-fsync", "true")
	c.environment.ControlPlane.Etcd = etcd
	var err error
	if c.config, err = c.environment.Start(); err != nil {
		return err
	}
	c.config.QPS = -1
	if c.admin, err = client.New(c.config, client.Options{}); err != nil {
		return err
	}
	if c.folder, err = os.MkdirTemp("", "stackwright-test-"); err != nil {
		return err
	}
	if err := c.startManager(); err != nil {
		return err
	}
	if err := c.install(); err != nil {
		return err
	}
	return c.becomeOperator()
}

// startManager starts the controllers that check the types of policies, empty namespaces, and collect garbage.
func (c *controlPlane) startManager() error {
	user, err := c.environment.AddUser(envtest.User{Name: "controller-manager", Groups: []string{"system:masters"}}, nil)
	if err != nil {
		return err
	}
	kubeconfig, err := user.KubeConfig()
	if err != nil {
		return err
	}
	path := filepath.Join(c.folder, "kubeconfig")
	if err := os.WriteFile(path, kubeconfig, 0o600); err != nil {
		return err
	}
	c.manager = exec.Command(filepath.Join(os.Getenv(assetsVariable), "kube-controller-manager"),
		"--kubeconfig="+path, "--secure-port=0", "--leader-elect=false",
		"--controllers=garbage-collector-controller,namespace-controller,validatingadmissionpolicy-status-controller")
	endWithParent(c.manager)
	return c.manager.Start()
}

// install creates what the chart renders, and what it needs.
func (c *controlPlane) install() error {
	manifests, err := tryRender(home, nil)
	if err != nil {
		return err
	}
	rendered, err := parse(manifests)
	if err != nil {
		return err
	}
	namespace := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: home}}
	class := &unstructured.Unstructured{Object: values{
		"apiVersion": "storage.k8s.io/v1", "kind": "StorageClass", "provisioner": "example.com/none", "metadata": values{
			"name": "standard", "annotations": values{"storageclass.kubernetes.io/is-default-class": "true"},
		},
	}}
	all := []client.Object{namespace, class}
	for _, object := range rendered {
		all = append(all, &unstructured.Unstructured{Object: object})
	}
	for _, object := range all {
		if err := c.admin.Create(context.Background(), object); err != nil {
			return fmt.Errorf("%T %s: %w", object, object.GetName(), err)
		}
	}
	return nil
}

// becomeOperator gets a token of the operator's ServiceAccount, like its pod has one.
func (c *controlPlane) becomeOperator() error {
	request := &authenticationv1.TokenRequest{}
	object := &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Namespace: home, Name: account}}
	if err := c.admin.SubResource("token").Create(context.Background(), object, request); err != nil {
		return err
	}
	c.token = request.Status.Token
	config := rest.AnonymousClientConfig(c.config)
	config.BearerToken, config.QPS = c.token, -1
	var err error
	c.operator, err = client.New(config, client.Options{})
	return err
}

func (c *controlPlane) stop() {
	var err error
	if c.manager != nil && c.manager.Process != nil {
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

// active waits until every policy of the chart refuses what it is known to refuse: the API server takes them up by and by.
func (c *controlPlane) active(t *testing.T) {
	t.Helper()
	c.namespace(t, "shop", nil)
	for _, probe := range []struct {
		policy string
		object client.Object
	}{
		{"objects", &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "probe"}}},
		{"workloads", bad(deployment(t), func(w *workload) { w.pod.HostNetwork = true })},
		{"secrets", &corev1.Secret{ObjectMeta: own("probe")}},
		{"services", &corev1.Service{ObjectMeta: own("probe"), Spec: corev1.ServiceSpec{Type: "ExternalName", ExternalName: "x.example"}}},
		{"claims", claim("volume")},
	} {
		wait(t, "the policy "+probe.policy, func() (bool, string) {
			err := c.operator.Create(t.Context(), copyOf(probe.object), client.DryRunAll)
			return err != nil && strings.Contains(err.Error(), "stackwright-operator-"+probe.policy), fmt.Sprint(err)
		})
	}
	namespace := c.namespace(t, "guarded", map[string]string{"stackwright.dev/protected": "true"})
	crd := &unstructured.Unstructured{Object: values{"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition"}}
	crd.SetName("stackqueues.stackwright.dev")
	for _, object := range []client.Object{namespace, crd} {
		wait(t, "the guard of "+object.GetName(), func() (bool, string) {
			err := c.admin.Delete(t.Context(), object, client.DryRunAll)
			return apierrors.IsForbidden(err), fmt.Sprint(err)
		})
	}
}

// namespace makes a namespace unless it is there.
func (c *controlPlane) namespace(t *testing.T, name string, labels map[string]string) *corev1.Namespace {
	t.Helper()
	object := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name, Labels: labels}}
	if err := c.admin.Create(t.Context(), object); err != nil && !apierrors.IsAlreadyExists(err) {
		t.Fatal(err)
	}
	return object
}

// policies returns those that are installed, by name.
func (c *controlPlane) policies(t *testing.T) []admissionv1.ValidatingAdmissionPolicy {
	t.Helper()
	list := &admissionv1.ValidatingAdmissionPolicyList{}
	if err := c.admin.List(t.Context(), list); err != nil {
		t.Fatal(err)
	}
	return slices.DeleteFunc(list.Items, func(p admissionv1.ValidatingAdmissionPolicy) bool {
		return !strings.HasPrefix(p.Name, "stackwright-")
	})
}

// wait asks until the answer is yes, and shows the last one when it never is.
func wait(t *testing.T, what string, ask func() (bool, string)) {
	t.Helper()
	deadline := time.Now().Add(limit)
	for {
		done, seen := ask()
		if done {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("%s: after %s still: %s", what, limit, seen)
		}
		<-time.After(step)
	}
}

func copyOf[T client.Object](object T) T {
	return object.DeepCopyObject().(T) //nolint:forcetypeassert // a copy of an object is of its type
}
