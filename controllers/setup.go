// Package controllers turns BackendStacks and data services into running backends. README.md says where to find what.
package controllers

import (
	"context"
	"fmt"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/runtime/schema"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/builder"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/stackwright/stackwright/api/v1alpha1"
	"github.com/stackwright/stackwright/controllers/apply"
	"github.com/stackwright/stackwright/controllers/desired"
	"github.com/stackwright/stackwright/controllers/observe"
	"github.com/stackwright/stackwright/controllers/part"
	"github.com/stackwright/stackwright/controllers/resolve"
)

// Options adjust the controllers.
type Options struct {
	// Concurrency is the number of passes at once per kind. Default 16.
	Concurrency int
	// Writes is the number of writes in flight of the whole process. Default 16.
	Writes int
	// ClusterDomain is the DNS domain of the cluster. Default cluster.local.
	ClusterDomain string
	// Providers and Rooms default to those of the registry.
	Providers []part.Provider
	Rooms     desired.Rooms
}

func (o *Options) complete() {
	if o.Concurrency == 0 {
		o.Concurrency = 16
	}
	if o.Writes == 0 {
		o.Writes = 16
	}
	if o.ClusterDomain == "" {
		o.ClusterDomain = "cluster.local"
	}
	if o.Providers == nil {
		o.Providers = Providers()
	}
	if o.Rooms == nil {
		o.Rooms = Rooms()
	}
}

// Setup adds the controllers of every kind to the manager.
func Setup(ctx context.Context, manager ctrl.Manager, options Options) error {
	options.complete()
	if err := index(ctx, manager.GetFieldIndexer()); err != nil {
		return err
	}
	applier := &apply.Applier{
		Client: manager.GetClient(), Live: manager.GetAPIReader(), Scheme: manager.GetScheme(),
		Slots: make(chan struct{}, options.Writes), Guard: apply.NewGuard(),
	}
	observer := &observe.Observer{Applier: applier, Cache: manager.GetClient(), Live: manager.GetAPIReader()}
	resolver := &resolve.Resolver{
		Cache: manager.GetClient(), Providers: options.Providers, ClusterDomain: options.ClusterDomain,
		Served: servedBy(manager.GetRESTMapper()),
	}
	for _, kind := range []string{resolve.KindDatabase, resolve.KindCache, resolve.KindQueue} {
		reconciler := &DataServiceReconciler{
			Kind: kind, Client: manager.GetClient(), Live: manager.GetAPIReader(), Resolver: resolver, Applier: applier,
			Observer: observer, Recorder: manager.GetEventRecorder("stackwright"),
		}
		if err := reconciler.setup(manager, options); err != nil {
			return fmt.Errorf("controller of %s: %w", kind, err)
		}
	}
	stacks := &BackendStackReconciler{
		Client: manager.GetClient(), Resolver: resolver, Applier: applier, Observer: observer,
		Recorder: manager.GetEventRecorder("stackwright"), Rooms: options.Rooms,
	}
	if err := stacks.setup(manager, options); err != nil {
		return fmt.Errorf("controller of BackendStack: %w", err)
	}
	backups := &StackBackupReconciler{
		Client: manager.GetClient(), Resolver: resolver, Applier: applier, Observer: observer,
		Recorder: manager.GetEventRecorder("stackwright"),
	}
	if err := backups.setup(manager, options); err != nil {
		return fmt.Errorf("controller of %s: %w", kindBackup, err)
	}
	return (&StackClassReconciler{Client: manager.GetClient()}).setup(manager)
}

// servedBy asks the discovery of the API server, which the mapper keeps.
func servedBy(mapper meta.RESTMapper) func(schema.GroupVersionKind) bool {
	return func(gvk schema.GroupVersionKind) bool {
		_, err := mapper.RESTMapping(gvk.GroupKind(), gvk.Version)
		return err == nil
	}
}

func index(ctx context.Context, indexer client.FieldIndexer) error {
	kinds := apply.Kinds()
	objects := make([]client.Object, 0, len(kinds)+1)
	for _, kind := range kinds {
		objects = append(objects, kind.New())
	}
	for _, object := range append(objects, &corev1.Pod{}) {
		if err := indexer.IndexField(ctx, object, apply.IndexOwner, apply.OwnerKeys); err != nil {
			return fmt.Errorf("index of %T: %w", object, err)
		}
	}
	stack := func(keys func(*v1alpha1.BackendStack) []string) client.IndexerFunc {
		return func(object client.Object) []string {
			return keys(object.(*v1alpha1.BackendStack)) //nolint:forcetypeassert // the index is of this type
		}
	}
	if err := indexer.IndexField(ctx, &v1alpha1.BackendStack{}, resolve.IndexServices, stack(resolve.ServiceKeys)); err != nil {
		return fmt.Errorf("index of services: %w", err)
	}
	if err := indexer.IndexField(ctx, &v1alpha1.BackendStack{}, resolve.IndexCallees, stack(resolve.CalleeKeys)); err != nil {
		return fmt.Errorf("index of callees: %w", err)
	}
	for _, object := range []client.Object{&corev1.Pod{}, &appsv1.Deployment{}} {
		if err := indexer.IndexField(ctx, object, indexBindings, bindingsOf); err != nil {
			return fmt.Errorf("index of bindings: %w", err)
		}
	}
	if err := indexer.IndexField(ctx, &v1alpha1.StackBackup{}, resolve.IndexBackups, resolve.BackupKeys); err != nil {
		return fmt.Errorf("index of backups: %w", err)
	}
	if err := indexer.IndexField(ctx, &v1alpha1.StackDatabase{}, resolve.IndexRecoveries, resolve.RecoveryKeys); err != nil {
		return fmt.Errorf("index of recoveries: %w", err)
	}
	if err := indexer.IndexField(ctx, &corev1.ConfigMap{}, resolve.IndexSets, resolve.SetKeys); err != nil {
		return fmt.Errorf("index of credential sets: %w", err)
	}
	return nil
}

// watchOwned adds the watches that every kind needs: itself, what it makes, and what policy it obeys.
func watchOwned(manager ctrl.Manager, kind string, object client.Object, options Options) *builder.Builder {
	all := everyOf(manager.GetClient(), kind)
	b := ctrl.NewControllerManagedBy(manager).Named(kind).
		WithOptions(controller.Options{MaxConcurrentReconciles: options.Concurrency}).
		Watches(object, enqueue(prioritySpec, itself), builder.WithPredicates(specChanged)).
		Watches(&v1alpha1.StackClass{}, enqueue(priorityChild, all), builder.WithPredicates(specChanged)).
		Watches(&corev1.Namespace{}, enqueue(priorityChild, all), builder.WithPredicates(labelsChanged)).
		Watches(&storagev1.StorageClass{}, enqueue(priorityChild, all), builder.WithPredicates(specChanged)).
		Watches(&corev1.Pod{}, enqueue(priorityChild, ownerOf(kind)))
	for _, owned := range apply.Kinds() {
		b = b.Watches(owned.New(), enqueue(priorityChild, ownerOf(kind)))
	}
	return b
}

func (r *DataServiceReconciler) setup(manager ctrl.Manager, options Options) error {
	b := watchOwned(manager, r.Kind, resolve.NewDataService(r.Kind), options)
	anchors := func(_ context.Context, object client.Object) []client.ObjectKey { return r.anchorOf(object) }
	claims := func(_ context.Context, object client.Object) []client.ObjectKey { return r.claimOf(object) }
	if r.Kind == resolve.KindDatabase {
		b = b.Watches(&v1alpha1.StackBackup{}, enqueue(priorityChild, databasesOf(r.Client)))
	}
	return b.
		Watches(&corev1.ConfigMap{}, enqueue(priorityChild, anchors)).
		Watches(&appsv1.Deployment{}, enqueue(priorityChild, r.leavingOf), builder.WithPredicates(released)).
		Watches(&corev1.Pod{}, enqueue(priorityChild, r.leavingOf), builder.WithPredicates(released)).
		Watches(&corev1.PersistentVolumeClaim{}, enqueue(priorityChild, claims)).
		Watches(&v1alpha1.BackendStack{}, enqueue(prioritySpec, servicesOf(r.Kind)), builder.WithPredicates(specChanged)).
		Watches(&corev1.Namespace{}, enqueue(priorityChild, servicesIn(r.Client, r.Kind)), builder.WithPredicates(labelsChanged)).
		Complete(r)
}

// claimOf returns the service that a claim belongs to, from the labels of its identity.
func (r *DataServiceReconciler) claimOf(object client.Object) []client.ObjectKey {
	return []client.ObjectKey{{Namespace: object.GetNamespace(), Name: object.GetLabels()["app.kubernetes.io/instance"]}}
}

func (r *BackendStackReconciler) setup(manager ctrl.Manager, options Options) error {
	b := watchOwned(manager, "BackendStack", &v1alpha1.BackendStack{}, options)
	for _, kind := range []string{resolve.KindDatabase, resolve.KindCache, resolve.KindQueue} {
		b = b.Watches(resolve.NewDataService(kind), enqueue(priorityChild, consumersOf(manager.GetClient())))
	}
	return b.
		Watches(&corev1.PersistentVolumeClaim{}, enqueue(priorityChild, ownerOf("BackendStack"))).
		Watches(&v1alpha1.BackendStack{}, enqueue(priorityChild, callersOf), builder.WithPredicates(specChanged)).
		Complete(r)
}

func (r *StackClassReconciler) setup(manager ctrl.Manager) error {
	all := everyOf(manager.GetClient(), "StackClass")
	return ctrl.NewControllerManagedBy(manager).Named("StackClass").
		Watches(&v1alpha1.StackClass{}, enqueue(priorityChild, all), builder.WithPredicates(specChanged)).
		Complete(reconcile.Func(r.Reconcile))
}
