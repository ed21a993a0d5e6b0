package crash

import (
	"context"
	"slices"
	"strings"

	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/stackwright/stackwright/api/v1alpha1"
	"github.com/stackwright/stackwright/hack/e2e/rig"
)

// Workload is one thing that users do: a state of affairs, and a step from there that is disturbed.
type Workload struct {
	Name string
	// Given are manifests that have converged before the step.
	Given string
	// Prepare goes on from there to where the step begins.
	Prepare func(context.Context, *rig.World) error
	// Step is what a user does.
	Step func(context.Context, *rig.World) error
	// Reasons are those for which a resource may be not Ready in the end.
	Reasons []string
	// Done says whether the end is reached, besides that everything is converged.
	Done func(context.Context, *rig.World) error
	// Leaves are given to the plan's namespaces.
	Leaves []rig.Leave
}

// small is a stack with one component and one database.
const small = `
apiVersion: stackwright.dev/v1alpha1
kind: BackendStack
metadata: {name: shop}
spec:
  databases:
  - {name: main, engine: PostgreSQL}
  components:
  - name: web
    image: ghcr.io/acme/shop:1.4.2
    port: 8080
    replicas: 2
    uses: [main]
`

// plain is a stack without data.
const plain = `
apiVersion: stackwright.dev/v1alpha1
kind: BackendStack
metadata: {name: shop}
spec:
  components:
  - {name: web, image: "ghcr.io/acme/shop:1.4.2", port: 8080, replicas: 2, uses: []}
  - {name: api, image: "ghcr.io/acme/api:2.0.0", port: 9090, uses: []}
`

// full uses every kind of data service, a database of another namespace, a worker, a route and an autoscaler.
const full = `
apiVersion: stackwright.dev/v1alpha1
kind: StackDatabase
metadata: {name: orders, namespace: OTHER}
spec:
  engine: PostgreSQL
  allowedConsumers:
  - {namespaces: {from: All}, databases: [orders]}
---
apiVersion: stackwright.dev/v1alpha1
kind: BackendStack
metadata: {name: shop}
spec:
  hostnames: [shop.example.com]
  secrets:
  - {name: keys, generate: [SECRET_KEY]}
  databases:
  - {name: main, engine: PostgreSQL}
  - {name: orders, ref: {namespace: OTHER, name: orders, database: orders}}
  caches:
  - {name: sessions, engine: Valkey}
  queues:
  - {name: jobs, engine: RabbitMQ}
  components:
  - name: web
    image: ghcr.io/acme/shop:1.4.2
    port: 8080
    uses: [main, orders, sessions, jobs]
    scale: {min: 2, max: 4, metrics: [{type: CPU, targetUtilization: 70}]}
    routes: [{name: public}]
  - name: mailer
    type: Worker
    image: ghcr.io/acme/shop:1.4.2
    uses: [jobs, main]
`

const sharedDatabase = `
apiVersion: stackwright.dev/v1alpha1
kind: StackDatabase
metadata: {name: orders, namespace: OTHER}
spec:
  engine: PostgreSQL
  allowedConsumers:
  - {namespaces: {from: All}, databases: [orders]}
---
`

// cached is a stack with a cache besides.
var cached = strings.Replace(small, "  components:", "  caches:\n  - {name: sessions, engine: Valkey}\n  components:", 1)

// usesCache is cached with a component that uses it.
var usesCache = strings.Replace(cached, "uses: [main]", "uses: [main, sessions]", 1)

// shares is a stack that uses a database of another namespace.
var shares = sharedDatabase + strings.NewReplacer(
	"  - {name: main, engine: PostgreSQL}", "  - {name: main, ref: {namespace: OTHER, name: orders, database: orders}}",
).Replace(strings.TrimPrefix(small, "\n"))

const lone = `
apiVersion: stackwright.dev/v1alpha1
kind: StackDatabase
metadata: {name: main, annotations: {stackwright.dev/confirm-deletion: main}}
spec: {engine: PostgreSQL, deletionPolicy: Delete}
`

// edited is a manifest with one text for another, which it must have.
func edited(manifest, old, with string) string {
	if !strings.Contains(manifest, old) {
		panic("the manifest has no " + old)
	}
	return strings.Replace(manifest, old, with, 1)
}

func apply(manifests string) func(context.Context, *rig.World) error {
	return func(ctx context.Context, w *rig.World) error { return w.Apply(ctx, manifests) }
}

// remove deletes a resource of the own namespace, and waits until it is gone.
func remove(kind, name string) (step, done func(context.Context, *rig.World) error) {
	gvk := v1alpha1.GroupVersion.WithKind(kind)
	step = func(ctx context.Context, w *rig.World) error {
		object, err := rig.Scheme.New(gvk)
		if err != nil {
			return err
		}
		o := object.(client.Object) //nolint:forcetypeassert // every kind of ours is an object
		o.SetNamespace(w.Own)
		o.SetName(name)
		return w.Client.Delete(ctx, o)
	}
	done = func(ctx context.Context, w *rig.World) error { return w.Gone(ctx, gvk, w.Own, name) }
	return step, done
}

// Workloads are all of them.
func Workloads() []Workload {
	suspended := edited(usesCache, "spec:\n", "spec:\n  suspend: true\n")
	worker := "  - {name: mailer, type: Worker, image: \"ghcr.io/acme/shop:1.4.2\", uses: [main]}\n"
	grown := edited(small, "engine: PostgreSQL}", "engine: PostgreSQL, storage: {size: 20Gi}}")
	members := edited(small, "engine: PostgreSQL}", "engine: MongoDB, replicas: 2}")
	deleteStack, stackGone := remove("BackendStack", "shop")
	deleteDatabase, databaseGone := remove("StackDatabase", "main")
	converged := func(manifests string, reasons ...string) func(context.Context, *rig.World) error {
		return func(ctx context.Context, w *rig.World) error {
			if err := w.Apply(ctx, manifests); err != nil {
				return err
			}
			return w.Converged(ctx, reasons...)
		}
	}
	return append([]Workload{
		{Name: "create-minimal", Step: apply(small)},
		{Name: "create-full", Step: apply(full)},
		{Name: "create-mongodb", Step: apply(members)},
		{Name: "members-leave", Given: members, Step: apply(edited(members, "replicas: 2}", "replicas: 0}"))},
		{Name: "scale-up", Given: plain, Step: apply(edited(plain, "replicas: 2", "replicas: 5"))},
		{Name: "scale-down", Given: plain, Step: apply(edited(plain, "replicas: 2", "replicas: 1"))},
		{Name: "autoscale", Given: plain, Step: apply(edited(plain, "replicas: 2", "scale: {min: 2, max: 6, metrics: [{type: CPU, targetUtilization: 70}]}"))},
		{Name: "suspend", Given: usesCache, Step: apply(suspended), Reasons: []string{v1alpha1.ReasonSuspended}},
		{Name: "resume", Given: usesCache, Prepare: converged(suspended, v1alpha1.ReasonSuspended), Step: apply(edited(suspended, "suspend: true", "suspend: false"))},
		{Name: "storage-grow", Given: small, Step: apply(grown)},
		{Name: "image-change", Given: small, Step: apply(edited(small, "1.4.2", "1.5.0"))},
		{Name: "uses-added", Given: cached, Step: apply(usesCache)},
		{Name: "uses-removed", Given: usesCache, Step: apply(cached)},
		{Name: "component-added", Given: small, Step: apply(small + worker)},
		{Name: "component-removed", Given: small + worker, Step: apply(small)},
		{Name: "entry-removed", Given: usesCache, Step: apply(small)},
		{Name: "entry-readded", Given: usesCache, Prepare: converged(small), Step: apply(usesCache)},
		{Name: "share", Given: sharedDatabase[:len(sharedDatabase)-len("---\n")], Step: apply(shares)},
		{Name: "unshare", Given: shares, Step: apply(plain)},
		{Name: "delete-retain", Given: usesCache, Step: deleteStack, Done: stackGone},
		{Name: "delete-confirmed", Given: lone, Step: deleteDatabase, Done: databaseGone, Leaves: []rig.Leave{rig.DeleteData}},
	}, slices.Concat(scaling(), rotating(), copying(), backing(), pooling(), telling(), declaring(), upgrading())...)
}
