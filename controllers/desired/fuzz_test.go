package desired_test

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

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
	"github.com/stackwright/stackwright/controllers"
	"github.com/stackwright/stackwright/controllers/credentials"
	"github.com/stackwright/stackwright/controllers/desired"
	"github.com/stackwright/stackwright/controllers/kit"
	"github.com/stackwright/stackwright/controllers/part"
	"github.com/stackwright/stackwright/controllers/part/parttest"
	"github.com/stackwright/stackwright/controllers/resolve"
)

var scheme = func() *runtime.Scheme {
	result := runtime.NewScheme()
	utilruntime.Must(clientgoscheme.AddToScheme(result))
	utilruntime.Must(v1alpha1.AddToScheme(result))
	return result
}()

// resolver reads a cluster with a default storage class, the namespace shop, and the objects.
func resolver(objects ...client.Object) *resolve.Resolver {
	index := func(keys func(*v1alpha1.BackendStack) []string) client.IndexerFunc {
		return func(object client.Object) []string {
			return keys(object.(*v1alpha1.BackendStack)) //nolint:forcetypeassert // the index is of this type
		}
	}
	objects = append(objects, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: "shop"}}, &storagev1.StorageClass{ObjectMeta: metav1.ObjectMeta{
		Name: "standard", Annotations: map[string]string{"storageclass.kubernetes.io/is-default-class": "true"},
	}})
	cache := fake.NewClientBuilder().WithScheme(scheme).WithObjects(objects...).
		WithIndex(&corev1.ConfigMap{}, resolve.IndexSets, resolve.SetKeys).
		WithIndex(&v1alpha1.StackBackup{}, resolve.IndexBackups, resolve.BackupKeys).
		WithIndex(&v1alpha1.StackDatabase{}, resolve.IndexRecoveries, resolve.RecoveryKeys).
		WithIndex(&v1alpha1.BackendStack{}, resolve.IndexServices, index(resolve.ServiceKeys)).
		WithIndex(&v1alpha1.BackendStack{}, resolve.IndexCallees, index(resolve.CalleeKeys)).Build()
	return &resolve.Resolver{
		Cache: cache, Providers: controllers.Providers(), ClusterDomain: "cluster.local", Served: func(schema.GroupVersionKind) bool { return false },
	}
}

// buildStack goes from a stack to its objects: twice the same, legal, and in its namespace; or a refusal.
func buildStack(t *testing.T, stack *v1alpha1.BackendStack) {
	t.Helper()
	plan, err := resolver(stack.DeepCopy()).Stack(context.Background(), stack)
	parttest.Sound(t, stack.Namespace, func() (part.Output, error) {
		if err != nil {
			return part.Output{}, err
		}
		return desired.Stack(plan, desired.Owner{GVK: v1alpha1.GroupVersion.WithKind("BackendStack"), Object: stack}, controllers.Rooms())
	})
}

func spec(s *parttest.Source, known []string) v1alpha1.DataServiceSpec {
	return v1alpha1.DataServiceSpec{
		Size: parttest.Pick(s, "", "Nano", "XLarge", s.Text()), Version: parttest.Pick(s, "", "17", "8.1", s.Text()),
		Parameters: s.Parameters(known), Suspend: kit.Ptr(s.Bool()),
		Storage: &v1alpha1.Storage{Size: parttest.Pick[v1alpha1.Capacity](s, "1Gi", "20Gi", "1", "9Pi")},
		TLS:     &v1alpha1.ServiceTLS{Mode: parttest.Pick(s, v1alpha1.TLSPreferred, v1alpha1.TLSRequired, v1alpha1.TLSDisabled)},
	}
}

func external(s *parttest.Source) *v1alpha1.ExternalService {
	return &v1alpha1.ExternalService{
		SecretRef: v1alpha1.LocalReference{Name: s.Label(60)}, Keys: parttest.Pick(s, nil, &v1alpha1.BindingKeys{URI: "url", Certificates: "ca.pem"}),
		Egress: []v1alpha1.EgressRule{egress(s)},
	}
}

func egress(s *parttest.Source) v1alpha1.EgressRule {
	if s.Bool() {
		return v1alpha1.EgressRule{Hosts: []v1alpha1.Hostname{v1alpha1.Hostname(s.Label(40) + ".example.com")}}
	}
	return v1alpha1.EgressRule{CIDRs: []v1alpha1.CIDR{"203.0.113.0/24"}, Ports: []int32{int32(1 + s.Int(200))}} //nolint:gosec // small
}

func component(s *parttest.Source, name string, entries []string) v1alpha1.Component {
	c := v1alpha1.Component{
		Name: v1alpha1.EntryName(name), Type: parttest.Pick(s, "", v1alpha1.ComponentWorker), Image: "ghcr.io/acme/shop:1", Size: parttest.Pick(s, "", "Micro"),
		Runtime: parttest.Pick(s, v1alpha1.RuntimeCustom, v1alpha1.RuntimeNodeJS, ""), Command: []string{s.Text()}, Args: []string{s.Text(), s.Text()},
		HealthPath: parttest.Pick(s, "", "/healthz", s.Text()), Uses: []string{},
	}
	for _, entry := range entries {
		if entry != name && s.Bool() {
			c.Uses = append(c.Uses, entry)
		}
	}
	if s.Bool() {
		c.Port = kit.Ptr(int32(1 + s.Int(256))) //nolint:gosec // small
		c.Routes = []v1alpha1.Route{{Name: "public", Hostnames: []v1alpha1.Hostname{v1alpha1.Hostname(s.Label(40) + ".example.com")},
			Rules: []v1alpha1.RouteRule{{Name: "all", Path: "/" + s.Text()}}}}
	}
	for range s.Int(4) {
		c.Env = append(c.Env, v1alpha1.EnvVar{Name: parttest.Pick(s, "PORT", "A", "DATABASE_URL", "NODE_OPTIONS"), Value: kit.Ptr(s.Text())})
	}
	if s.Bool() {
		c.AllowFrom = []v1alpha1.Caller{{Component: v1alpha1.EntryName(s.Label(30)), Stack: s.Label(20), Namespace: s.Label(60)}}
		c.Egress = []v1alpha1.EgressRule{egress(s)}
	}
	if s.Bool() {
		c.Scale = &v1alpha1.Scale{Min: kit.Ptr(int32(1)), Max: int32(1 + s.Int(9))} //nolint:gosec // small
	}
	return c
}

// FuzzStack: every stack that the schema lets in is refused with a reason, or makes sound objects.
func FuzzStack(f *testing.F) {
	f.Add([]byte(nil))
	f.Add([]byte("a stack of some components, with services inline and outside, and routes to them \x01\x03\x05\x07"))
	f.Add(slices.Repeat([]byte{3, 1, 255, 2, 1}, 90))
	f.Fuzz(func(t *testing.T, data []byte) {
		s := parttest.NewSource(data)
		stack := &v1alpha1.BackendStack{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: s.Label(13), UID: "u"}}
		stack.Spec.Suspend = kit.Ptr(s.Bool())
		var names []string
		unused := func() v1alpha1.EntryName {
			name := s.Label(28) + string(rune('a'+len(names)))
			names = append(names, name)
			return v1alpha1.EntryName(name)
		}
		for range s.Int(3) {
			entry := v1alpha1.DatabaseEntry{Name: unused(), Engine: "PostgreSQL"}
			if s.Bool() {
				entry.External = external(s)
			} else {
				entry.DataServiceSpec = spec(s, []string{"work_mem", "log_line_prefix"})
			}
			stack.Spec.Databases = append(stack.Spec.Databases, entry)
		}
		for range s.Int(3) {
			stack.Spec.Bindings = append(stack.Spec.Bindings, v1alpha1.ServiceBinding{Name: unused(), Type: s.Label(20), ExternalService: *external(s)})
		}
		var components []string
		for range s.Int(4) {
			components = append(components, string(unused()))
		}
		for _, name := range components {
			stack.Spec.Components = append(stack.Spec.Components, component(s, name, names))
		}
		buildStack(t, stack)
	})
}

// FuzzManifest: no text that reads as a stack makes anything else than objects or a refusal, also one that the schema refuses.
func FuzzManifest(f *testing.F) {
	files, err := filepath.Glob("../../config/samples/*.yaml")
	if err != nil || len(files) == 0 {
		f.Fatal(files, err)
	}
	for _, file := range files {
		content, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(content))
	}
	f.Add("spec: {components: [{name: web, image: a, port: 1, uses: [x], scale: {}, probes: {}, volumes: [{}], initContainers: [{}]}]}")
	f.Fuzz(func(t *testing.T, text string) {
		stack := &v1alpha1.BackendStack{}
		if err := yaml.UnmarshalStrict([]byte(text), stack); err != nil {
			return
		}
		stack.Namespace, stack.Name, stack.UID = "shop", "shop", "u"
		stack.ResourceVersion, stack.DeletionTimestamp, stack.Finalizers, stack.ManagedFields, stack.GenerateName = "", nil, nil, nil, ""
		plan, err := resolver(stack.DeepCopy()).Stack(context.Background(), stack)
		if err != nil {
			return
		}
		owner := desired.Owner{GVK: v1alpha1.GroupVersion.WithKind("BackendStack"), Object: stack}
		output, err := desired.Stack(plan, owner, controllers.Rooms())
		again, againErr := desired.Stack(plan, owner, controllers.Rooms())
		if (err == nil) != (againErr == nil) || err == nil && parttest.Render(t, output) != parttest.Render(t, again) {
			t.Errorf("two builds differ: %v, %v", err, againErr)
		}
	})
}

// created says that everything was created.
type created struct{}

func (created) Create(context.Context, client.Object, ...client.CreateOption) error { return nil }

// buildService goes from a data service to its objects.
func buildService(t *testing.T, kind string, object client.Object) {
	t.Helper()
	plan, err := resolver(object).Service(context.Background(), object)
	if err == nil {
		plan.Service.Certificate, plan.Service.TLS = nil, v1alpha1.TLSDisabled // a certificate takes its time
		maker := &credentials.Maker{Client: created{}, Provider: plan.Provider, Now: time.Unix(0, 0)}
		a, ensureErr := maker.Ensure(context.Background(), plan.Service, plan.Anchor, plan.Consumers)
		if ensureErr != nil {
			t.Fatal(ensureErr)
		}
		plan.Complete(a)
	}
	parttest.Sound(t, object.GetNamespace(), func() (part.Output, error) {
		if err != nil {
			return part.Output{}, err
		}
		return desired.Service(plan, desired.Owner{GVK: v1alpha1.GroupVersion.WithKind(kind), Object: object})
	})
}

func fuzzService(f *testing.F, kind string, make func(*parttest.Source, metav1.ObjectMeta) client.Object) {
	f.Helper()
	f.Add([]byte(nil))
	f.Add([]byte("a service with some parameters \x01\x03\x05\x07"))
	f.Add(slices.Repeat([]byte{3, 1, 255, 2, 1}, 90))
	f.Fuzz(func(t *testing.T, data []byte) {
		s := parttest.NewSource(data)
		buildService(t, kind, make(s, metav1.ObjectMeta{Namespace: "shop", Name: s.Label(44), UID: "u"}))
	})
}

// FuzzDatabase: every database that the schema lets in is refused with a reason, or makes sound objects.
func FuzzDatabase(f *testing.F) {
	fuzzService(f, "StackDatabase", func(s *parttest.Source, meta metav1.ObjectMeta) client.Object {
		result := &v1alpha1.StackDatabase{ObjectMeta: meta}
		result.Spec.Engine = "PostgreSQL"
		result.Spec.Replicas = kit.Ptr(int32(s.Int(6))) //nolint:gosec // small
		result.Spec.DataServiceSpec = spec(s, []string{"work_mem", "log_line_prefix", "shared_buffers", "max_connections"})
		return result
	})
}

// FuzzCache: the same of a cache.
func FuzzCache(f *testing.F) {
	fuzzService(f, "StackCache", func(s *parttest.Source, meta metav1.ObjectMeta) client.Object {
		result := &v1alpha1.StackCache{ObjectMeta: meta}
		result.Spec.Engine = parttest.Pick(s, v1alpha1.EngineValkey, v1alpha1.EngineRedis, v1alpha1.EngineMemcached)
		result.Spec.DataServiceSpec = spec(s, []string{"maxclients", "timeout", "max-item-size", "threads", "notify-keyspace-events"})
		return result
	})
}

// FuzzQueue: the same of a broker.
func FuzzQueue(f *testing.F) {
	fuzzService(f, "StackQueue", func(s *parttest.Source, meta metav1.ObjectMeta) client.Object {
		result := &v1alpha1.StackQueue{ObjectMeta: meta}
		result.Spec.Engine = "RabbitMQ"
		result.Spec.Nodes = kit.Ptr(parttest.Pick[int32](s, 1, 3, 5))
		result.Spec.DataServiceSpec = spec(s, []string{"heartbeat", "default_queue_type", "disk_free_limit.absolute", "vm_memory_high_watermark.relative"})
		return result
	})
}
