package chart

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"
)

// manifest has one service of every engine, generated Secrets, a volume and a route. Nothing in it runs: there are no nodes.
const manifest = `
apiVersion: stackwright.dev/v1alpha1
kind: BackendStack
metadata: {name: shop, namespace: real}
spec:
  secrets: [{name: keys, generate: [SECRET_KEY]}]
  volumes: [{name: uploads, size: 1Gi}]
  databases: [{name: main, engine: PostgreSQL}]
  caches: [{name: sessions, engine: Valkey}, {name: pages, engine: Memcached}]
  queues: [{name: jobs, engine: RabbitMQ}]
  components:
  - name: web
    image: ghcr.io/acme/shop:1.4.2
    port: 8080
    replicas: 2
    envFrom: [{secretRef: {name: shop-keys}}]
    volumeMounts: [{name: uploads, mountPath: /srv/uploads}]
    routes: [{name: public}]
`

// TestOperatorWorksUnderItsPolicies runs the operator itself, with the identity, roles and policies of the chart: whatever it
// makes, changes and mends for a stack is admitted.
func TestOperatorWorksUnderItsPolicies(t *testing.T) {
	c := apiServer(t)
	c.active(t)
	log := c.runOperator(t)
	t.Cleanup(func() {
		if content, err := os.ReadFile(log); t.Failed() && err == nil {
			t.Logf("the operator says:\n%s", content)
		}
	})
	c.namespace(t, "real", nil)
	stack := asObject(nil)
	if err := yaml.Unmarshal([]byte(manifest), &stack.Object); err != nil {
		t.Fatal(err)
	}
	if err := c.admin.Create(t.Context(), stack); err != nil {
		t.Fatal(err)
	}
	for _, kind := range []struct {
		gvk   schema.GroupVersionKind
		least int
	}{
		{appsv1.SchemeGroupVersion.WithKind("StatefulSet"), 4}, {appsv1.SchemeGroupVersion.WithKind("Deployment"), 2},
		{schema.GroupVersionKind{Group: "batch", Version: "v1", Kind: "Job"}, 3},
		{corev1.SchemeGroupVersion.WithKind("Secret"), 10}, {corev1.SchemeGroupVersion.WithKind("PersistentVolumeClaim"), 1},
		{corev1.SchemeGroupVersion.WithKind("Service"), 6},
	} {
		wait(t, "objects of kind "+kind.gvk.Kind, func() (bool, string) {
			list := &metav1.PartialObjectMetadataList{}
			list.SetGroupVersionKind(kind.gvk)
			err := c.admin.List(t.Context(), list, client.InNamespace("real"))
			return len(list.Items) >= kind.least, fmt.Sprint(len(list.Items), " ", err, c.status(t))
		})
	}
	c.mends(t)
	if status := c.status(t); strings.Contains(status, "Refused") || strings.Contains(status, "denied request") {
		t.Errorf("something was refused: %s", status)
	}
}

// mends takes labels away and waits until they are back.
func (c *controlPlane) mends(t *testing.T) {
	t.Helper()
	key := client.ObjectKey{Namespace: "real"}
	for name, object := range map[string]client.Object{
		"shop-web": &appsv1.Deployment{}, "shop-main": &appsv1.StatefulSet{}, "shop-main-database-anchor": &corev1.ConfigMap{},
	} {
		key.Name = name
		if err := c.admin.Get(t.Context(), key, object); err != nil {
			t.Fatal(err)
		}
		patch := client.RawPatch("application/merge-patch+json", []byte(`{"metadata":{"labels":{"app.kubernetes.io/managed-by":null}}}`))
		if err := c.admin.Patch(t.Context(), object, patch); err != nil {
			t.Fatal(err)
		}
		wait(t, "the label of "+name, func() (bool, string) {
			err := c.admin.Get(t.Context(), key, object)
			return object.GetLabels()["app.kubernetes.io/managed-by"] == "stackwright", fmt.Sprint(err, object.GetLabels(), c.status(t))
		})
	}
}

// status is what the stack and its services say.
func (c *controlPlane) status(t *testing.T) string {
	t.Helper()
	var all []string
	for _, kind := range []string{"BackendStack", "StackDatabase", "StackCache", "StackQueue"} {
		list := &unstructured.UnstructuredList{}
		list.SetAPIVersion("stackwright.dev/v1alpha1")
		list.SetKind(kind + "List")
		if err := c.admin.List(t.Context(), list); err != nil {
			t.Fatal(err)
		}
		for _, object := range list.Items {
			all = append(all, fmt.Sprintf("%s %s: %v", kind, object.GetName(), object.Object["status"]))
		}
	}
	return strings.Join(all, "\n")
}

// runOperator builds and starts the operator, and returns the file that it writes to.
func (c *controlPlane) runOperator(t *testing.T) string {
	t.Helper()
	folder := t.TempDir()
	binary := filepath.Join(folder, "stackwright")
	build := exec.CommandContext(t.Context(), "go", "build", "-o", binary, ".")
	build.Dir = root
	if output, err := build.CombinedOutput(); err != nil {
		t.Fatalf("build the operator: %v\n%s", err, output)
	}
	config := clientcmdapi.NewConfig()
	config.Clusters["x"] = &clientcmdapi.Cluster{Server: c.config.Host, CertificateAuthorityData: c.config.CAData}
	config.AuthInfos["x"] = &clientcmdapi.AuthInfo{Token: c.token}
	config.Contexts["x"] = &clientcmdapi.Context{Cluster: "x", AuthInfo: "x"}
	config.CurrentContext = "x"
	kubeconfig := filepath.Join(folder, "kubeconfig")
	if err := clientcmd.WriteToFile(*config, kubeconfig); err != nil {
		t.Fatal(err)
	}
	log, err := os.Create(filepath.Join(folder, "log"))
	if err != nil {
		t.Fatal(err)
	}
	operator := exec.Command(binary, "--metrics-bind-address=0", "--health-probe-bind-address=0")
	operator.Env = append(os.Environ(), "KUBECONFIG="+kubeconfig)
	operator.Stdout, operator.Stderr = log, log
	endWithParent(operator)
	if err := operator.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = operator.Process.Signal(os.Interrupt)
		timer := time.AfterFunc(limit, func() { _ = operator.Process.Kill() })
		_ = operator.Wait() // it was told to end
		timer.Stop()
		log.Close()
	})
	return log.Name()
}
