package policytest

import (
	"bytes"
	"cmp"
	"context"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
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
	"github.com/stackwright/stackwright/controllers/anchor"
	"github.com/stackwright/stackwright/controllers/credentials"
	"github.com/stackwright/stackwright/controllers/desired"
	"github.com/stackwright/stackwright/controllers/kit"
	"github.com/stackwright/stackwright/controllers/part"
	"github.com/stackwright/stackwright/controllers/resolve"
)

// sample is a file of stacks and data services, with everything that the operator makes of them.
type sample struct {
	t        *testing.T
	scheme   *runtime.Scheme
	stacks   []*v1alpha1.BackendStack
	services []client.Object
	class    *v1alpha1.StackClass
	// made is what was made, by the stack or service that it was made for.
	made map[client.Object]part.Output
}

// render makes everything that the files declare.
func render(t *testing.T, files ...string) *sample {
	t.Helper()
	s := &sample{t: t, scheme: runtime.NewScheme(), made: map[client.Object]part.Output{}}
	utilruntime.Must(clientgoscheme.AddToScheme(s.scheme))
	utilruntime.Must(v1alpha1.AddToScheme(s.scheme))
	for _, file := range files {
		content, err := os.ReadFile(file)
		s.must(err)
		for document := range bytes.SplitSeq(content, []byte("\n---\n")) {
			s.add(document)
		}
	}
	for _, stack := range s.stacks { // the services that stacks make
		s.services = append(s.services, s.stack(stack, nil).Retained...)
	}
	for _, service := range s.services {
		s.made[service] = s.service(service)
	}
	for _, stack := range s.stacks {
		s.made[stack] = s.stack(stack, controllers.Rooms())
	}
	return s
}

// owners are those that something is made for, in the order of the files.
func (s *sample) owners() []client.Object {
	owners := slices.Clone(s.services)
	for _, stack := range s.stacks {
		owners = append(owners, stack)
	}
	return owners
}

func (s *sample) must(err error) {
	s.t.Helper()
	if err != nil {
		s.t.Fatal(err)
	}
}

func (s *sample) add(document []byte) {
	s.t.Helper()
	kind := metav1.TypeMeta{}
	s.must(yaml.Unmarshal(document, &kind))
	object, err := s.scheme.New(kind.GroupVersionKind())
	s.must(err)
	s.must(yaml.UnmarshalStrict(document, object))
	switch o := object.(type) {
	case *corev1.Secret: // of the user: nobody reads it
	case *v1alpha1.StackClass:
		s.class = o
	case *v1alpha1.BackendStack:
		o.Namespace = cmp.Or(o.Namespace, defaultNamespace)
		s.stacks = append(s.stacks, o)
	case client.Object:
		o.SetNamespace(cmp.Or(o.GetNamespace(), defaultNamespace))
		s.services = append(s.services, o)
	}
}

// defaultNamespace is where samples that name no namespace are applied.
const defaultNamespace = "shop"

// resolver reads what is known by now.
func (s *sample) resolver() *resolve.Resolver {
	index := func(keys func(*v1alpha1.BackendStack) []string) client.IndexerFunc {
		return func(object client.Object) []string {
			return keys(object.(*v1alpha1.BackendStack)) //nolint:forcetypeassert // the index is of this type
		}
	}
	build := fake.NewClientBuilder().WithScheme(s.scheme).
		WithIndex(&corev1.ConfigMap{}, resolve.IndexSets, resolve.SetKeys).
		WithIndex(&v1alpha1.StackBackup{}, resolve.IndexBackups, resolve.BackupKeys).
		WithIndex(&v1alpha1.BackendStack{}, resolve.IndexServices, index(resolve.ServiceKeys)).
		WithIndex(&v1alpha1.BackendStack{}, resolve.IndexCallees, index(resolve.CalleeKeys)).
		WithObjects(&storagev1.StorageClass{ObjectMeta: metav1.ObjectMeta{
			Name: "standard", Annotations: map[string]string{"storageclass.kubernetes.io/is-default-class": "true"},
		}}, &storagev1.StorageClass{ObjectMeta: metav1.ObjectMeta{Name: "fast"}})
	if s.class != nil {
		build.WithObjects(s.class.DeepCopy())
	}
	for _, name := range []string{defaultNamespace, "data", "office", "reports"} {
		labels := map[string]string{corev1.LabelMetadataName: name}
		if name != "data" && name != "office" { // as the head of the sample microservices says
			labels["team"] = "commerce"
		}
		build.WithObjects(&corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name, Labels: labels}})
	}
	for _, stack := range s.stacks {
		build.WithObjects(stack.DeepCopy())
	}
	for _, service := range s.services {
		build.WithObjects(service.DeepCopyObject().(client.Object)) //nolint:forcetypeassert // a copy of an object is an object
	}
	return &resolve.Resolver{
		Cache: build.Build(), Providers: controllers.Providers(), ClusterDomain: "cluster.local",
		Served: func(schema.GroupVersionKind) bool { return false },
	}
}

func (s *sample) stack(stack *v1alpha1.BackendStack, rooms desired.Rooms) part.Output {
	s.t.Helper()
	plan, err := s.resolver().Stack(context.Background(), stack)
	s.must(err)
	if rooms != nil && len(plan.Held) > 0 {
		s.t.Fatalf("components are held back: %v", plan.Held)
	}
	output, err := desired.Stack(plan, desired.Owner{GVK: v1alpha1.GroupVersion.WithKind("BackendStack"), Object: stack}, rooms)
	s.must(err)
	return output
}

// created says that everything was created.
type created struct{}

func (created) Create(context.Context, client.Object, ...client.CreateOption) error { return nil }

// service builds a data service, and notes in its status what stacks need to know.
func (s *sample) service(object client.Object) part.Output {
	s.t.Helper()
	plan, err := s.resolver().Service(context.Background(), object)
	s.must(err)
	if len(plan.Refused) > 0 {
		s.t.Fatalf("refused: %+v", plan.Refused)
	}
	maker := &credentials.Maker{Client: created{}, Provider: plan.Provider, Now: time.Unix(0, 0)}
	a, err := maker.Ensure(context.Background(), plan.Service, plan.Anchor, plan.Consumers)
	s.must(err)
	settle(a)
	plan.Complete(a)
	output, err := desired.Service(plan, desired.Owner{GVK: v1alpha1.GroupVersion.WithKind(plan.View.Kind), Object: object})
	s.must(err)
	note(plan, a)
	return output
}

// settle puts fixed values in the place of random ones, so that the same manifests give the same bytes.
func settle(a *anchor.Anchor) {
	for _, set := range a.Sets() {
		for _, name := range []*string{&set.ConfigMap, &set.Secret, &set.RemoteConfigMap, &set.Binding} {
			if cut := strings.LastIndex(*name, "-"); cut > 0 {
				*name = (*name)[:cut] + "-bcdfg"
			}
		}
		if set.Digest != "" {
			set.Digest = strings.Repeat("0", 64)
		}
		if set.CA != "" {
			set.CA = "the authority's certificate\n"
		}
	}
}

func note(plan *resolve.ServicePlan, a *anchor.Anchor) {
	plan.View.Status.Provider = a.Provider
	for _, c := range a.Consumers {
		plan.View.Status.Consumers = append(plan.View.Status.Consumers, v1alpha1.ConsumerStatus{
			Namespace: c.Namespace, Stack: c.Stack, Entry: c.Entry, Access: c.Access, Ready: metav1.ConditionTrue,
			Binding: &v1alpha1.BindingReference{Name: c.Set.Binding},
		})
	}
}

func (s *sample) policies() []*networkingv1.NetworkPolicy {
	var policies []*networkingv1.NetworkPolicy
	for _, owner := range s.owners() {
		for _, object := range s.made[owner].Objects {
			if policy, ok := object.(*networkingv1.NetworkPolicy); ok {
				policies = append(policies, policy)
			}
		}
	}
	return policies
}

// componentOf is the component whose workload has a name; nil for the load balancer.
func componentOf(stack *v1alpha1.BackendStack, workload string) *v1alpha1.Component {
	i := slices.IndexFunc(stack.Spec.Components, func(c v1alpha1.Component) bool {
		return kit.Child(stack.Name, string(c.Name)) == workload
	})
	if i < 0 {
		return nil
	}
	return &stack.Spec.Components[i]
}
