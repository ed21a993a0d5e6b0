package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"time"

	corev1 "k8s.io/api/core/v1"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"github.com/stackwright/stackwright/hack/controlplane"
)

// peers are the other operators whose binaries are named; the report says which are not.
func peers(report *report, t *template) []*subject {
	var found []*subject
	for _, peer := range []struct {
		name, variable string
		make           func(binary string, t *template) *subject
	}{
		{"kro", "PEER_KRO", kro}, {"runtime-component-operator", "PEER_RCO", runtimeComponent}, {"clowder", "PEER_CLOWDER", clowder},
	} {
		binary, crds := os.Getenv(peer.variable+"_BIN"), os.Getenv(peer.variable+"_CRDS")
		if binary == "" || crds == "" {
			report.note("%s is left out: %s_BIN and %s_CRDS do not name its binary and the folder of its CRDs", peer.name, peer.variable, peer.variable)
			continue
		}
		s := peer.make(binary, t)
		s.name, s.user, s.crds = peer.name, "bench-peer", crds
		found = append(found, s)
	}
	return found
}

// peer starts a binary with arguments and environment; --sync-period is ours and left out.
func peer(binary string, env []string, args ...string) func(*controlplane.Plane, string, ...string) (*controlplane.Process, *metrics, error) {
	return func(c *controlplane.Plane, kubeconfig string, _ ...string) (*controlplane.Process, *metrics, error) {
		p, err := controlplane.StartProcess(filepath.Base(binary), c.Folder, append(env, "KUBECONFIG="+kubeconfig), binary, args...)
		return p, nil, err
	}
}

// instance makes the resource of a stack from YAML with its name, and changes the image at a path.
func instance(s *subject, text string, image ...string) {
	s.stack = func(number int) (client.Object, error) {
		object := &unstructured.Unstructured{}
		err := yaml.Unmarshal(fmt.Appendf(nil, text, stackName(number), namespace), object)
		return object, err
	}
	s.withImage = func(object client.Object, name string) (client.Object, error) {
		next := object.(*unstructured.Unstructured).DeepCopy()
		return next, unstructured.SetNestedField(next.Object, name, image...)
	}
}

// kro makes exactly the objects that we make: its one definition holds them as templates.
func kro(binary string, t *template) *subject {
	s := &subject{launch: peer(binary, nil,
		"--metrics-bind-address=127.0.0.1:0", "--health-probe-bind-address=127.0.0.1:0", "--dynamic-controller-concurrent-reconciles=16",
		"--dynamic-controller-rate-limiter-rate-limit=10000", "--dynamic-controller-rate-limiter-burst-limit=100000")}
	s.settle = func(ctx context.Context, admin client.Client) error { return defineGraph(ctx, admin, t) }
	instance(s, `{apiVersion: kro.run/v1alpha1, kind: BenchStack, metadata: {name: %s, namespace: %s}, spec: {image: "registry.example/web:1"}}`,
		"spec", "image")
	return s
}

// defineGraph makes the definition and waits until its kind is served.
func defineGraph(ctx context.Context, admin client.Client, t *template) error {
	graph := &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "kro.run/v1alpha1", "kind": "ResourceGraphDefinition", "metadata": map[string]any{"name": "bench"},
	}}
	resources := make([]any, 0, len(t.objects))
	for i, r := range t.objects {
		object, err := graphTemplate(r, t.stack.Name)
		if err != nil {
			return err
		}
		resources = append(resources, map[string]any{"id": fmt.Sprintf("object%d", i), "template": object})
	}
	graph.Object["spec"] = map[string]any{
		"schema":    map[string]any{"apiVersion": "v1alpha1", "kind": "BenchStack", "spec": map[string]any{"image": "string"}},
		"resources": resources,
	}
	if err := admin.Create(ctx, graph); err != nil {
		return err
	}
	return controlplane.Poll(ctx, 200*time.Millisecond, time.Minute, "kro does not serve the bench's kind", func(ctx context.Context) (bool, error) {
		list := &unstructured.UnstructuredList{Object: map[string]any{"apiVersion": "kro.run/v1alpha1", "kind": "BenchStackList"}}
		return admin.List(ctx, list) == nil, nil
	})
}

// graphTemplate is one of our objects with the instance's name and image in it.
func graphTemplate(r recorded, name string) (map[string]any, error) {
	text := bytes.ReplaceAll(r.json, []byte(name), []byte("${schema.metadata.name}"))
	text = bytes.ReplaceAll(text, []byte("registry.example/web:1"), []byte("${schema.spec.image}"))
	object := map[string]any{}
	if err := json.Unmarshal(text, &object); err != nil {
		return nil, err
	}
	object["apiVersion"], object["kind"] = r.gvk.GroupVersion().String(), r.gvk.Kind
	delete(object["metadata"].(map[string]any), "ownerReferences")
	return object, nil
}

// runtimeComponent makes the closest thing to our app tier: ServiceAccount, Service, NetworkPolicy, Deployment, autoscaler, Ingress.
func runtimeComponent(binary string, _ *template) *subject {
	s := &subject{launch: peer(binary,
		[]string{"WATCH_NAMESPACE=" + namespace, "OPERATOR_NAMESPACE=" + namespace, "MAX_CONCURRENT_RECONCILES=16"}, "--metrics-bind-address=0")}
	instance(s, `
apiVersion: rc.app.stacks/v1
kind: RuntimeComponent
metadata: {name: %s, namespace: %s}
spec:
  applicationImage: registry.example/web:1
  expose: true
  manageTLS: false
  service: {port: 8080}
  autoscaling: {minReplicas: 2, maxReplicas: 6, targetCPUUtilizationPercentage: 75}
  resources: {requests: {cpu: 250m}}
`, "spec", "applicationImage")
	return s
}

// clowder makes an app with database and cache. Its autoscaler is left out: at the measured commit it retries for ever.
func clowder(binary string, _ *template) *subject {
	s := &subject{prepare: clowderStubs, settle: clowderEnvironment}
	s.launch = func(c *controlplane.Plane, kubeconfig string, _ ...string) (*controlplane.Process, *metrics, error) {
		path := c.Path("clowder.json")
		if err := os.WriteFile(path, []byte(`{"features": {"disableWebhooks": true}}`), 0o600); err != nil {
			return nil, nil, err
		}
		return peer(binary, []string{"CLOWDER_CONFIG_PATH=" + path})(c, kubeconfig)
	}
	instance(s, `
apiVersion: cloud.redhat.com/v1alpha1
kind: ClowdApp
metadata: {name: %[1]s, namespace: %[2]s}
spec:
  envName: bench
  database: {name: main}
  inMemoryDb: true
  deployments: [{name: web, podSpec: {image: "registry.example/web:1"}, webServices: {public: {enabled: true}}}]
`)
	s.withImage = func(object client.Object, name string) (client.Object, error) {
		next := object.(*unstructured.Unstructured).DeepCopy()
		deployments, _, err := unstructured.NestedSlice(next.Object, "spec", "deployments")
		if err != nil {
			return nil, err
		}
		deployments[0].(map[string]any)["podSpec"].(map[string]any)["image"] = name
		return next, unstructured.SetNestedSlice(next.Object, deployments, "spec", "deployments")
	}
	return s
}

// clowderStubs are the kinds of others that it watches without asking whether they are there.
func clowderStubs(ctx context.Context, admin client.Client) error {
	for _, stub := range [][4]string{
		{"monitoring.coreos.com", "v1", "ServiceMonitor", "servicemonitors"}, {"monitoring.coreos.com", "v1", "Prometheus", "prometheuses"},
		{"operators.coreos.com", "v1alpha1", "Subscription", "subscriptions"}, {"keda.sh", "v1alpha1", "ScaledObject", "scaledobjects"},
		{"kafka.strimzi.io", "v1beta2", "KafkaTopic", "kafkatopics"}, {"cyndi.cloud.redhat.com", "v1alpha1", "CyndiPipeline", "cyndipipelines"},
	} {
		if err := admin.Create(ctx, stubCRD(stub[0], stub[1], stub[2], stub[3])); err != nil {
			return err
		}
	}
	return nil
}

func stubCRD(group, version, kind, plural string) *apiextensionsv1.CustomResourceDefinition {
	open := true
	return &apiextensionsv1.CustomResourceDefinition{
		ObjectMeta: metav1.ObjectMeta{Name: plural + "." + group},
		Spec: apiextensionsv1.CustomResourceDefinitionSpec{
			Group: group, Scope: apiextensionsv1.NamespaceScoped,
			Names: apiextensionsv1.CustomResourceDefinitionNames{Kind: kind, ListKind: kind + "List", Plural: plural},
			Versions: []apiextensionsv1.CustomResourceDefinitionVersion{{
				Name: version, Served: true, Storage: true,
				Schema: &apiextensionsv1.CustomResourceValidation{
					OpenAPIV3Schema: &apiextensionsv1.JSONSchemaProps{Type: "object", XPreserveUnknownFields: &open},
				},
			}},
		},
	}
}

func clowderEnvironment(ctx context.Context, admin client.Client) error {
	target := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: "bench-environment"}}
	if err := admin.Create(ctx, target); err != nil {
		return err
	}
	environment := &unstructured.Unstructured{}
	err := yaml.Unmarshal([]byte(`
apiVersion: cloud.redhat.com/v1alpha1
kind: ClowdEnvironment
metadata: {name: bench}
spec:
  targetNamespace: bench-environment
  providers:
    db: {mode: local}
    inMemoryDb: {mode: redis}
    kafka: {mode: none}
    objectStore: {mode: none}
    logging: {mode: none}
    metrics: {mode: none, port: 9000, path: /metrics}
    web: {mode: none, port: 8000, privatePort: 10000}
    featureFlags: {mode: none}
  resourceDefaults: {limits: {cpu: 500m, memory: 1Gi}, requests: {cpu: 100m, memory: 256Mi}}
`), environment)
	if err != nil {
		return err
	}
	return admin.Create(ctx, environment)
}
