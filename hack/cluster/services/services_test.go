package main

import (
	"context"
	"net/netip"
	"os"
	"path/filepath"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes/fake"
	"sigs.k8s.io/sig-storage-lib-external-provisioner/v13/controller"
)

func balancer(name string, addresses ...string) *corev1.Service {
	service := &corev1.Service{
		ObjectMeta: metav1.ObjectMeta{Namespace: "t", Name: name},
		Spec:       corev1.ServiceSpec{Type: corev1.ServiceTypeLoadBalancer},
	}
	for _, address := range addresses {
		service.Status.LoadBalancer.Ingress = append(service.Status.LoadBalancer.Ingress, corev1.LoadBalancerIngress{IP: address})
	}
	return service
}

func newBalancers(t *testing.T, services ...*corev1.Service) (*balancers, *fake.Clientset) {
	t.Helper()
	client := fake.NewClientset()
	factory := informers.NewSharedInformerFactory(client, 0)
	lister := factory.Core().V1().Services()
	for _, service := range services {
		if err := client.Tracker().Add(service); err != nil {
			t.Fatal(err)
		}
		if err := lister.Informer().GetStore().Add(service); err != nil {
			t.Fatal(err)
		}
	}
	return &balancers{
		client: client, services: lister.Lister(),
		addrs: netip.MustParsePrefix("10.201.0.0/30"), given: map[netip.Addr]string{},
	}, client
}

func TestBalancerGetsTheLowestFreeAddress(t *testing.T) {
	wants := balancer("new")
	b, client := newBalancers(t, balancer("old", "10.201.0.1"), wants)
	if err := b.handle(context.Background(), wants); err != nil {
		t.Fatal(err)
	}
	got, err := client.CoreV1().Services("t").Get(context.Background(), "new", metav1.GetOptions{})
	if err != nil || len(got.Status.LoadBalancer.Ingress) != 1 || got.Status.LoadBalancer.Ingress[0].IP != "10.201.0.2" {
		t.Errorf("status %+v, %v", got.Status.LoadBalancer, err)
	}
}

func TestBalancersRunOut(t *testing.T) {
	last := balancer("last")
	b, _ := newBalancers(t, balancer("a", "10.201.0.1"), balancer("b", "10.201.0.2"), balancer("c", "10.201.0.3"), last)
	if addr, err := b.take(last); err == nil {
		t.Errorf("got %s", addr)
	}
}

func TestServiceThatIsNoBalancerAnyMoreLosesItsAddress(t *testing.T) {
	service := balancer("was", "10.201.0.1")
	service.Spec.Type = corev1.ServiceTypeClusterIP
	b, client := newBalancers(t, service)
	if err := b.handle(context.Background(), service); err != nil {
		t.Fatal(err)
	}
	got, _ := client.CoreV1().Services("t").Get(context.Background(), "was", metav1.GetOptions{})
	if len(got.Status.LoadBalancer.Ingress) != 0 {
		t.Errorf("it still has %v", got.Status.LoadBalancer.Ingress)
	}
	if addr, err := b.take(balancer("next")); err != nil || addr.String() != "10.201.0.1" {
		t.Errorf("the next gets %s, %v", addr, err)
	}
}

func TestDirectoryIsMadeAndDeleted(t *testing.T) {
	d, keep := directories{root: t.TempDir(), node: "node"}, corev1.PersistentVolumeReclaimDelete
	claim := &corev1.PersistentVolumeClaim{}
	claim.Spec.Resources.Requests = corev1.ResourceList{corev1.ResourceStorage: resource.MustParse("1Gi")}
	volume, _, err := d.Provision(context.Background(), controller.ProvisionOptions{
		PVName: "pvc-1", PVC: claim, StorageClass: &storagev1.StorageClass{ReclaimPolicy: &keep},
	})
	if err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(filepath.Join(d.root, "pvc-1"))
	if err != nil || info.Mode().Perm() != 0o777 || volume.Spec.Local.Path != filepath.Join(d.root, "pvc-1") {
		t.Errorf("volume %+v, %v", volume.Spec.Local, err)
	}
	if err := d.Delete(context.Background(), volume); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(volume.Spec.Local.Path); !os.IsNotExist(err) {
		t.Errorf("the directory is left: %v", err)
	}
}

func TestDeleteLeavesOtherDirectoriesAlone(t *testing.T) {
	outside := t.TempDir()
	d := directories{root: t.TempDir()}
	volume := &corev1.PersistentVolume{}
	volume.Spec.Local = &corev1.LocalVolumeSource{Path: outside}
	if err := d.Delete(context.Background(), volume); err == nil {
		t.Error("a directory outside the root was deleted")
	}
	if _, err := os.Stat(outside); err != nil {
		t.Error(err)
	}
}

func TestBlockDevicesAreRefused(t *testing.T) {
	block := corev1.PersistentVolumeBlock
	claim := &corev1.PersistentVolumeClaim{Spec: corev1.PersistentVolumeClaimSpec{VolumeMode: &block}}
	if _, _, err := (directories{}).Provision(context.Background(), controller.ProvisionOptions{PVC: claim}); err == nil {
		t.Error("a block device was promised")
	}
}

func TestWantsMore(t *testing.T) {
	claim := &corev1.PersistentVolumeClaim{}
	claim.Status.Phase = corev1.ClaimBound
	claim.Status.Capacity = corev1.ResourceList{corev1.ResourceStorage: resource.MustParse("1Gi")}
	for size, want := range map[string]bool{"1Gi": false, "2Gi": true} {
		claim.Spec.Resources.Requests = corev1.ResourceList{corev1.ResourceStorage: resource.MustParse(size)}
		if wantsMore(claim) != want {
			t.Errorf("of 1Gi, %s wants more: %v", size, !want)
		}
	}
}

func simulatedPod(annotation string, restart corev1.RestartPolicy) *corev1.Pod {
	return &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Annotations: map[string]string{FailAnnotation: annotation}},
		Spec: corev1.PodSpec{
			RestartPolicy: restart, InitContainers: []corev1.Container{{Name: "init"}}, Containers: []corev1.Container{{Name: "main"}},
		},
	}
}

func ready(pod *corev1.Pod) bool {
	for _, c := range pod.Status.Conditions {
		if c.Type == corev1.PodReady {
			return c.Status == corev1.ConditionTrue
		}
	}
	return false
}

func TestSimulatedPodRuns(t *testing.T) {
	s := &simulation{addrs: netip.MustParsePrefix("10.128.0.0/16"), next: netip.MustParseAddr("10.128.0.0")}
	pod := simulatedPod("", corev1.RestartPolicyAlways)
	s.begin(pod)
	if pod.Status.Phase != corev1.PodRunning || !ready(pod) || pod.Status.PodIP != "10.128.0.1" {
		t.Errorf("status %+v", pod.Status)
	}
	if ended := pod.Status.InitContainerStatuses[0].State.Terminated; ended == nil || ended.ExitCode != 0 {
		t.Error("the init container has not completed")
	}
}

func TestSimulatedPodWaitsForItsGate(t *testing.T) {
	s := &simulation{addrs: netip.MustParsePrefix("10.128.0.0/16"), next: netip.MustParseAddr("10.128.0.0")}
	pod := simulatedPod("", corev1.RestartPolicyAlways)
	pod.Spec.ReadinessGates = []corev1.PodReadinessGate{{ConditionType: "example.com/open"}}
	s.begin(pod)
	if ready(pod) {
		t.Error("the pod is ready with its gate shut")
	}
}

func TestSimulatedFailures(t *testing.T) {
	s := &simulation{addrs: netip.MustParsePrefix("10.128.0.0/16"), next: netip.MustParseAddr("10.128.0.0")}
	pod := simulatedPod("fail", corev1.RestartPolicyAlways)
	s.begin(pod)
	if pod.Status.ContainerStatuses[0].State.Waiting == nil || ready(pod) {
		t.Errorf("a pod that is to fail has %+v", pod.Status.ContainerStatuses)
	}
	job := simulatedPod("fail", corev1.RestartPolicyNever)
	s.begin(job)
	s.end(job)
	if job.Status.Phase != corev1.PodFailed || job.Status.ContainerStatuses[0].State.Terminated.ExitCode != 1 {
		t.Errorf("a Job's pod that is to fail has %+v", job.Status)
	}
}

func TestConditionKeepsItsTransition(t *testing.T) {
	node := &corev1.Node{}
	describe(node)
	since := metav1.NewTime(node.Status.Conditions[0].LastTransitionTime.Add(-time.Hour))
	node.Status.Conditions[0].LastTransitionTime = since
	describe(node)
	if got := node.Status.Conditions[0].LastTransitionTime; !got.Equal(&since) {
		t.Errorf("the node is ready since %s, want %s", got, since)
	}
}
