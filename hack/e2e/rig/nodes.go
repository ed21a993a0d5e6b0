package rig

import (
	"context"
	"fmt"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/watch"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// Nodes plays the scheduler, the kubelets and the storage of a cluster: it binds and grows claims, places pods, and moves them
// through their stages after a delay. Nothing runs.
type Nodes struct {
	client client.WithWatch

	mutex sync.Mutex
	delay time.Duration
	fates []func(*corev1.Pod) Fate
	// begun are the pods whose next step is under way, by identity and phase.
	begun map[string]bool
}

// Fate is how a pod ends up.
type Fate string

const (
	// Serves is what pods do that nothing was said of: they turn Ready; those of Jobs succeed.
	Serves Fate = ""
	// NoNode leaves the pod without a node.
	NoNode Fate = "no node"
	// NoImage cannot pull the image.
	NoImage Fate = "no image"
	// Crashes ends over and over; the pod of a Job fails.
	Crashes Fate = "crashes"
	// Starts runs and never gets Ready; the pod of a Job runs on.
	Starts Fate = "starts"
)

const (
	node      = "simulated"
	nodeDelay = 20 * time.Millisecond
)

func newNodes(c client.WithWatch) *Nodes {
	return &Nodes{client: c, delay: nodeDelay, begun: map[string]bool{}}
}

// SetDelay changes how long each stage of a pod takes.
func (n *Nodes) SetDelay(delay time.Duration) {
	n.mutex.Lock()
	defer n.mutex.Unlock()
	n.delay = delay
}

// Decide adds a rule for the fate of pods: the first one that gives another fate than Serves decides. It goes for stages that are
// still to come.
func (n *Nodes) Decide(fate func(*corev1.Pod) Fate) {
	n.mutex.Lock()
	defer n.mutex.Unlock()
	n.fates = append(n.fates, fate)
}

// Relent takes every rule back, and lets pods that failed begin anew.
func (n *Nodes) Relent(ctx context.Context) error {
	n.mutex.Lock()
	n.fates, n.delay, n.begun = nil, nodeDelay, map[string]bool{}
	n.mutex.Unlock()
	pods := &corev1.PodList{}
	if err := n.client.List(ctx, pods); err != nil {
		return err
	}
	for i := range pods.Items {
		n.step(ctx, &pods.Items[i])
	}
	return nil
}

func (n *Nodes) fate(pod *corev1.Pod) (Fate, time.Duration) {
	n.mutex.Lock()
	defer n.mutex.Unlock()
	for _, decide := range n.fates {
		if fate := decide(pod); fate != Serves {
			return fate, n.delay
		}
	}
	return Serves, n.delay
}

// run follows pods, claims and Services until the context ends.
func (n *Nodes) run(ctx context.Context) {
	go follow(ctx, n.client, func() client.ObjectList { return &corev1.PodList{} }, func(o client.Object) {
		n.step(ctx, o.(*corev1.Pod)) //nolint:forcetypeassert // the list is of this type
	})
	go follow(ctx, n.client, func() client.ObjectList { return &corev1.PersistentVolumeClaimList{} }, func(o client.Object) {
		n.bind(ctx, o.(*corev1.PersistentVolumeClaim)) //nolint:forcetypeassert // the list is of this type
	})
	go follow(ctx, n.client, func() client.ObjectList { return &corev1.ServiceList{} }, func(o client.Object) {
		n.address(ctx, o.(*corev1.Service)) //nolint:forcetypeassert // the list is of this type
	})
}

// follow calls handle with every object as it changes; it lists again whenever a watch ends.
func follow(ctx context.Context, c client.WithWatch, list func() client.ObjectList, handle func(client.Object)) {
	for ctx.Err() == nil {
		all := list()
		if c.List(ctx, all) != nil {
			_ = pause(ctx, 100*time.Millisecond)
			continue
		}
		_ = meta.EachListItem(all, func(o runtimeObject) error {
			handle(o.(client.Object)) //nolint:forcetypeassert // items of a list of objects are objects
			return nil
		})
		version := all.GetResourceVersion()
		watcher, err := c.Watch(ctx, list(), &client.ListOptions{Raw: &metav1.ListOptions{ResourceVersion: version}})
		if err != nil {
			continue
		}
		for event := range watcher.ResultChan() {
			if object, ok := event.Object.(client.Object); ok && event.Type != watch.Deleted && event.Type != watch.Bookmark {
				handle(object)
			}
		}
		watcher.Stop()
	}
}

// step does the next step of a pod, after the delay. The event of that step brings the next one.
func (n *Nodes) step(ctx context.Context, pod *corev1.Pod) {
	fate, delay := n.fate(pod)
	work := n.next(pod, fate)
	if work == nil {
		return
	}
	key := fmt.Sprint(pod.UID, pod.Spec.NodeName, pod.Status.Phase, fate, pod.DeletionTimestamp != nil)
	n.mutex.Lock()
	begun := n.begun[key]
	n.begun[key] = true
	n.mutex.Unlock()
	if begun {
		return
	}
	time.AfterFunc(delay, func() {
		if err := work(ctx, pod); err != nil && ctx.Err() == nil {
			n.mutex.Lock()
			delete(n.begun, key) // somebody else changed the pod: its event brings it here again
			n.mutex.Unlock()
			n.again(ctx, pod) // or a claim is yet to be made; a pod that is gone is not looked at again
		}
	})
}

func (n *Nodes) again(ctx context.Context, pod *corev1.Pod) {
	current := &corev1.Pod{}
	if pause(ctx, n.delay) == nil && n.client.Get(ctx, client.ObjectKeyFromObject(pod), current) == nil {
		n.step(ctx, current)
	}
}

func (n *Nodes) next(pod *corev1.Pod, fate Fate) func(context.Context, *corev1.Pod) error {
	ended := pod.Status.Phase == corev1.PodSucceeded || pod.Status.Phase == corev1.PodFailed
	switch {
	case pod.DeletionTimestamp != nil:
		return n.remove
	case ended:
		return nil
	case pod.Spec.NodeName == "":
		if fate == NoNode {
			return nil
		}
		return n.place
	case !shows(pod, fate):
		return func(ctx context.Context, pod *corev1.Pod) error { return n.show(ctx, pod, fate) }
	}
	return nil
}

func (n *Nodes) remove(ctx context.Context, pod *corev1.Pod) error {
	return n.client.Delete(ctx, pod, client.GracePeriodSeconds(0), client.Preconditions{UID: &pod.UID})
}

// place binds a pod to the node once its claims are bound.
func (n *Nodes) place(ctx context.Context, pod *corev1.Pod) error {
	for _, volume := range pod.Spec.Volumes {
		if volume.PersistentVolumeClaim == nil {
			continue
		}
		claim := &corev1.PersistentVolumeClaim{}
		if err := n.client.Get(ctx, types.NamespacedName{Namespace: pod.Namespace, Name: volume.PersistentVolumeClaim.ClaimName}, claim); err != nil {
			return err
		}
		if claim.Status.Phase != corev1.ClaimBound {
			return fmt.Errorf("claim %s is not bound", claim.Name)
		}
	}
	return n.client.SubResource("binding").Create(ctx, pod, &corev1.Binding{
		ObjectMeta: metav1.ObjectMeta{Namespace: pod.Namespace, Name: pod.Name}, Target: corev1.ObjectReference{Kind: "Node", Name: node},
	})
}

// bind makes a claim bound with what it asks for; one that grew gets it at once.
func (n *Nodes) bind(ctx context.Context, claim *corev1.PersistentVolumeClaim) {
	wanted := claim.Spec.Resources.Requests[corev1.ResourceStorage]
	has := claim.Status.Capacity[corev1.ResourceStorage]
	if claim.Spec.StorageClassName == nil || *claim.Spec.StorageClassName != StorageClass || claim.DeletionTimestamp != nil {
		return
	}
	if claim.Spec.VolumeName == "" {
		before := claim.DeepCopy()
		claim.Spec.VolumeName = "volume-" + string(claim.UID)
		if n.client.Patch(ctx, claim, client.MergeFrom(before)) != nil {
			return
		}
	}
	if claim.Status.Phase == corev1.ClaimBound && has.Cmp(wanted) == 0 {
		return
	}
	before := claim.DeepCopy()
	claim.Status.Phase, claim.Status.AccessModes = corev1.ClaimBound, claim.Spec.AccessModes
	claim.Status.Capacity = corev1.ResourceList{corev1.ResourceStorage: resource.MustParse(wanted.String())}
	_ = n.client.Status().Patch(ctx, claim, client.MergeFrom(before)) // a conflict is another event
}

func (n *Nodes) address(ctx context.Context, service *corev1.Service) {
	if service.Spec.Type != corev1.ServiceTypeLoadBalancer || len(service.Status.LoadBalancer.Ingress) > 0 {
		return
	}
	before := service.DeepCopy()
	service.Status.LoadBalancer.Ingress = []corev1.LoadBalancerIngress{{IP: "192.0.2.1"}}
	_ = n.client.Status().Patch(ctx, service, client.MergeFrom(before)) // a conflict is another event
}
