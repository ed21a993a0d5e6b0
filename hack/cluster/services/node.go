package main

import (
	"context"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/util/retry"
	"k8s.io/klog/v2"
)

const (
	nodeAddress    = "198.51.100.2" // of the simulated node; in a range for documents
	leaseNamespace = "kube-node-lease"
	leaseSeconds   = 40
	beat           = 10 * time.Second
)

// nodeConditions are those of a healthy node; true only for Ready.
var nodeConditions = []corev1.NodeConditionType{
	corev1.NodeReady, corev1.NodeMemoryPressure, corev1.NodeDiskPressure, corev1.NodePIDPressure,
}

// registerNode makes the node, or takes over the one of an earlier run.
func (s *simulation) registerNode(ctx context.Context) error {
	node := &corev1.Node{ObjectMeta: metav1.ObjectMeta{
		Name: s.node,
		Labels: map[string]string{
			corev1.LabelHostname: s.node, corev1.LabelOSStable: "linux", corev1.LabelArchStable: "amd64",
			"stackwright.dev/simulated": "true",
		},
	}}
	_, err := s.client.CoreV1().Nodes().Create(ctx, node, metav1.CreateOptions{})
	if err != nil && !apierrors.IsAlreadyExists(err) {
		return err
	}
	return s.beatOnce(ctx)
}

// keepNodeReady does what keeps the node from being taken for lost.
func (s *simulation) keepNodeReady(ctx context.Context) {
	ticker := time.NewTicker(beat)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
			if err := s.beatOnce(ctx); err != nil && ctx.Err() == nil {
				klog.ErrorS(err, "cannot keep the simulated node ready")
			}
		}
	}
}

func (s *simulation) beatOnce(ctx context.Context) error {
	if err := s.renewLease(ctx); err != nil {
		return err
	}
	return retry.RetryOnConflict(retry.DefaultRetry, func() error {
		node, err := s.client.CoreV1().Nodes().Get(ctx, s.node, metav1.GetOptions{})
		if err != nil {
			return err
		}
		describe(node)
		_, err = s.client.CoreV1().Nodes().UpdateStatus(ctx, node, metav1.UpdateOptions{})
		return err
	})
}

// describe fills in the status of a large healthy node.
func describe(node *corev1.Node) {
	now := metav1.Now()
	node.Status.Capacity = corev1.ResourceList{
		corev1.ResourceCPU:              resource.MustParse("64"),
		corev1.ResourceMemory:           resource.MustParse("256Gi"),
		corev1.ResourceEphemeralStorage: resource.MustParse("1Ti"),
		corev1.ResourcePods:             resource.MustParse("1000"),
	}
	node.Status.Allocatable = node.Status.Capacity
	node.Status.Addresses = []corev1.NodeAddress{
		{Type: corev1.NodeInternalIP, Address: nodeAddress}, {Type: corev1.NodeHostName, Address: node.Name},
	}
	node.Status.NodeInfo = corev1.NodeSystemInfo{
		KubeletVersion: "simulated", ContainerRuntimeVersion: "simulated://0", OperatingSystem: "linux", Architecture: "amd64",
	}
	conditions := make([]corev1.NodeCondition, 0, len(nodeConditions))
	for _, kind := range nodeConditions {
		conditions = append(conditions, condition(node, kind, now))
	}
	node.Status.Conditions = conditions
}

// condition keeps the time since when the node has been as it is.
func condition(node *corev1.Node, kind corev1.NodeConditionType, now metav1.Time) corev1.NodeCondition {
	made := corev1.NodeCondition{
		Type: kind, Status: corev1.ConditionFalse, Reason: "Simulated", Message: "this node runs no containers",
		LastHeartbeatTime: now, LastTransitionTime: now,
	}
	if kind == corev1.NodeReady {
		made.Status = corev1.ConditionTrue
	}
	for _, have := range node.Status.Conditions {
		if have.Type == kind && have.Status == made.Status {
			made.LastTransitionTime = have.LastTransitionTime
		}
	}
	return made
}

func (s *simulation) renewLease(ctx context.Context) error {
	leases, now, seconds := s.client.CoordinationV1().Leases(leaseNamespace), metav1.NowMicro(), int32(leaseSeconds)
	spec := coordinationv1.LeaseSpec{HolderIdentity: &s.node, RenewTime: &now, LeaseDurationSeconds: &seconds}
	lease, err := leases.Get(ctx, s.node, metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		made := &coordinationv1.Lease{ObjectMeta: metav1.ObjectMeta{Name: s.node, Namespace: leaseNamespace}, Spec: spec}
		_, err = leases.Create(ctx, made, metav1.CreateOptions{})
		return err
	}
	if err != nil {
		return err
	}
	lease.Spec = spec
	_, err = leases.Update(ctx, lease, metav1.UpdateOptions{})
	return err
}
