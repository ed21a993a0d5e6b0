package main

import (
	"context"
	"fmt"
	"net/netip"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/klog/v2"
)

// FailAnnotation on a pod says how its simulation ends: "fail" makes containers
// crash over and over, or the pod of a Job fail.
const FailAnnotation = "stackwright.dev/simulate"

// How long the stages of a simulated pod take.
const (
	startDelay = 500 * time.Millisecond
	workDelay  = 2 * time.Second // of pods that end by themselves
)

// simulation plays the kubelet of one node.
type simulation struct {
	client kubernetes.Interface
	node   string
	addrs  netip.Prefix

	mu   sync.Mutex
	next netip.Addr // of the next pod
}

// simulate registers the node, keeps it ready, and moves the pods that are
// scheduled to it through their stages.
func simulate(ctx context.Context, client kubernetes.Interface, factory informers.SharedInformerFactory, s settings) error {
	sim := &simulation{client: client, node: s.node, addrs: s.pods, next: s.pods.Addr()}
	if err := sim.registerNode(ctx); err != nil {
		return fmt.Errorf("cannot register the simulated node: %w", err)
	}
	go sim.keepNodeReady(ctx)
	return onChange(ctx, factory.Core().V1().Pods().Informer(), sim.handle)
}

// handle does the next step of a pod of this node.
func (s *simulation) handle(ctx context.Context, pod *corev1.Pod) error {
	switch {
	case pod.Spec.NodeName != s.node:
		return nil
	case pod.DeletionTimestamp != nil:
		return s.removePod(ctx, pod)
	case pod.Status.Phase == corev1.PodPending:
		s.later(ctx, startDelay, pod, s.begin)
	case pod.Status.Phase == corev1.PodRunning && pod.Spec.RestartPolicy != corev1.RestartPolicyAlways:
		s.later(ctx, workDelay, pod, s.end)
	}
	return nil
}

func (s *simulation) removePod(ctx context.Context, pod *corev1.Pod) error {
	now := int64(0)
	err := s.client.CoreV1().Pods(pod.Namespace).Delete(ctx, pod.Name, metav1.DeleteOptions{
		GracePeriodSeconds: &now, Preconditions: &metav1.Preconditions{UID: &pod.UID},
	})
	if apierrors.IsNotFound(err) || apierrors.IsConflict(err) {
		return nil
	}
	return err
}

// later changes the pod's status after a delay. A pod that has changed by then
// is left to the event of that change.
func (s *simulation) later(ctx context.Context, delay time.Duration, pod *corev1.Pod, change func(*corev1.Pod)) {
	time.AfterFunc(delay, func() {
		if ctx.Err() != nil {
			return
		}
		changed := pod.DeepCopy()
		change(changed)
		_, err := s.client.CoreV1().Pods(pod.Namespace).UpdateStatus(ctx, changed, metav1.UpdateOptions{})
		if err != nil && !apierrors.IsConflict(err) && !apierrors.IsNotFound(err) {
			klog.ErrorS(err, "cannot set the status of a pod", "pod", klog.KObj(pod))
		}
	})
}

// begin turns a pending pod into one that runs, and serves unless it is to fail.
func (s *simulation) begin(pod *corev1.Pod) {
	now, address := metav1.Now(), s.address()
	fails := pod.Annotations[FailAnnotation] == "fail"
	serves := !fails
	pod.Status.Phase = corev1.PodRunning
	pod.Status.StartTime = &now
	pod.Status.HostIP, pod.Status.HostIPs = nodeAddress, []corev1.HostIP{{IP: nodeAddress}}
	pod.Status.PodIP, pod.Status.PodIPs = address, []corev1.PodIP{{IP: address}}
	pod.Status.InitContainerStatuses = statuses(pod.Spec.InitContainers, func(c corev1.Container) corev1.ContainerState {
		if c.RestartPolicy != nil {
			return running(now)
		}
		return terminated(now, 0)
	})
	pod.Status.ContainerStatuses = statuses(pod.Spec.Containers, func(corev1.Container) corev1.ContainerState {
		if fails && pod.Spec.RestartPolicy == corev1.RestartPolicyAlways {
			return crashing()
		}
		return running(now)
	})
	setConditions(pod, serves, now)
}

// end finishes a pod that does not run for ever.
func (s *simulation) end(pod *corev1.Pod) {
	now, code := metav1.Now(), int32(0)
	pod.Status.Phase = corev1.PodSucceeded
	if pod.Annotations[FailAnnotation] == "fail" {
		pod.Status.Phase, code = corev1.PodFailed, 1
	}
	pod.Status.ContainerStatuses = statuses(pod.Spec.Containers, func(corev1.Container) corev1.ContainerState {
		return terminated(now, code)
	})
	setConditions(pod, false, now)
}

// address is one that no other pod got since this process began, until the
// range is used up and it begins anew.
func (s *simulation) address() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.next = s.next.Next()
	if !s.addrs.Contains(s.next) {
		s.next = s.addrs.Addr().Next()
	}
	return s.next.String()
}
