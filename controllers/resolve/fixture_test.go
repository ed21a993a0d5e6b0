package resolve_test

import (
	"context"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	utilruntime "k8s.io/apimachinery/pkg/util/runtime"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"
	"sigs.k8s.io/yaml"

	"github.com/stackwright/stackwright/api/v1alpha1"
	"github.com/stackwright/stackwright/controllers/engines/postgresql"
	"github.com/stackwright/stackwright/controllers/engines/valkey"
	"github.com/stackwright/stackwright/controllers/part"
	"github.com/stackwright/stackwright/controllers/resolve"
)

func scheme() *runtime.Scheme {
	result := runtime.NewScheme()
	utilruntime.Must(clientgoscheme.AddToScheme(result))
	utilruntime.Must(v1alpha1.AddToScheme(result))
	return result
}

// cluster is a resolver over the given objects, a default storage class and the namespaces shop and office.
func cluster(objects ...client.Object) *resolve.Resolver {
	objects = append(objects,
		&storagev1.StorageClass{ObjectMeta: metav1.ObjectMeta{
			Name: "standard", Annotations: map[string]string{"storageclass.kubernetes.io/is-default-class": "true"},
		}},
		&corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: "shop", Labels: map[string]string{"team": "shop"}}},
		&corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: "office"}},
	)
	return bare(objects...)
}

func bare(objects ...client.Object) *resolve.Resolver {
	index := func(keys func(*v1alpha1.BackendStack) []string) client.IndexerFunc {
		return func(object client.Object) []string {
			return keys(object.(*v1alpha1.BackendStack)) //nolint:forcetypeassert // the index is of this type
		}
	}
	cache := fake.NewClientBuilder().WithScheme(scheme()).WithObjects(objects...).
		WithIndex(&corev1.ConfigMap{}, resolve.IndexSets, resolve.SetKeys).
		WithIndex(&v1alpha1.StackBackup{}, resolve.IndexBackups, resolve.BackupKeys).
		WithIndex(&v1alpha1.StackDatabase{}, resolve.IndexRecoveries, resolve.RecoveryKeys).
		WithIndex(&v1alpha1.BackendStack{}, resolve.IndexServices, index(resolve.ServiceKeys)).
		WithIndex(&v1alpha1.BackendStack{}, resolve.IndexCallees, index(resolve.CalleeKeys)).Build()
	return &resolve.Resolver{
		Cache: cache, Providers: []part.Provider{postgresql.Builtin(), valkey.Builtin()}, ClusterDomain: "cluster.local",
		Served: func(schema.GroupVersionKind) bool { return false },
	}
}

func stack(t *testing.T, spec string) *v1alpha1.BackendStack {
	t.Helper()
	result := &v1alpha1.BackendStack{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "shop", UID: "shop"}}
	read(t, spec, &result.Spec)
	return result
}

func class(t *testing.T, name, spec string) *v1alpha1.StackClass {
	t.Helper()
	result := &v1alpha1.StackClass{ObjectMeta: metav1.ObjectMeta{Name: name}}
	if standard, found := strings.CutPrefix(name, "default "); found {
		result.Name, result.Annotations = standard, map[string]string{v1alpha1.AnnotationDefaultClass: "true"}
	}
	read(t, spec, &result.Spec)
	return result
}

func database(t *testing.T, namespace, name, spec string) *v1alpha1.StackDatabase {
	t.Helper()
	result := &v1alpha1.StackDatabase{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name}}
	read(t, spec, &result.Spec)
	result.Spec.Engine = v1alpha1.EnginePostgreSQL
	return result
}

func read(t *testing.T, text string, into any) {
	t.Helper()
	if err := yaml.UnmarshalStrict([]byte(text), into); err != nil {
		t.Fatal(err)
	}
}

// plan resolves a stack that has to be sound.
func plan(t *testing.T, r *resolve.Resolver, s *v1alpha1.BackendStack) *resolve.StackPlan {
	t.Helper()
	result, err := r.Stack(context.Background(), s)
	if err != nil {
		t.Fatal(err)
	}
	return result
}

// component returns one component of a plan.
func component(t *testing.T, p *resolve.StackPlan, name string) part.Component {
	t.Helper()
	for _, c := range p.Stack.Components {
		if string(c.Spec.Name) == name {
			return c
		}
	}
	t.Fatalf("component %s is held back: %v", name, p.Held[name])
	return part.Component{}
}

// fails checks the reason of an error and that its message has the words.
func fails(t *testing.T, err error, reason string, words ...string) {
	t.Helper()
	got := ""
	if invalid := part.AsInvalid(err); invalid != nil {
		got = invalid.Reason
	} else if waiting := part.AsWaiting(err); waiting != nil {
		got = waiting.Reason
	}
	if got != reason {
		t.Fatalf("%v, not %s", err, reason)
	}
	for _, word := range words {
		if !strings.Contains(err.Error(), word) {
			t.Errorf("%q does not say %q", err, word)
		}
	}
}
