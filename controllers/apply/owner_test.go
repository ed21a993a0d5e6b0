package apply

import (
	"context"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes/scheme"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"

	"github.com/stackwright/stackwright/api/v1alpha1"
	"github.com/stackwright/stackwright/controllers/desired"
	"github.com/stackwright/stackwright/controllers/part"
)

var owner = desired.Owner{
	GVK:    v1alpha1.GroupVersion.WithKind("BackendStack"),
	Object: &v1alpha1.BackendStack{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "shop", UID: "stack"}},
}

func controlledBy(uid types.UID) []metav1.OwnerReference {
	yes := true
	return []metav1.OwnerReference{{APIVersion: "v1", Kind: "BackendStack", Name: "shop", UID: uid, Controller: &yes}}
}

func ours(entry string) map[string]string {
	labels := map[string]string{
		"app.kubernetes.io/managed-by": "stackwright", desired.LabelOwnerKind: "BackendStack", desired.LabelOwnerName: "shop",
	}
	if entry != "" {
		labels[v1alpha1.LabelEntry] = entry
	}
	return labels
}

// TestOnlyOursIsChanged is rule D4.
func TestOnlyOursIsChanged(t *testing.T) {
	gone := metav1.Now()
	for _, c := range []struct {
		what   string
		live   metav1.ObjectMeta
		entry  string
		reason string
	}{
		{"ours", metav1.ObjectMeta{OwnerReferences: controlledBy("stack")}, "", ""},
		{"ours without labels", metav1.ObjectMeta{OwnerReferences: controlledBy("stack"), Labels: map[string]string{"a": "b"}}, "", ""},
		{"an orphan of ours", metav1.ObjectMeta{Labels: ours("")}, "", ""},
		{"an object that outlives us", metav1.ObjectMeta{Labels: ours("main")}, "main", ""},
		{"of another entry", metav1.ObjectMeta{Labels: ours("other")}, "main", v1alpha1.ReasonNameConflict},
		{"of nobody", metav1.ObjectMeta{}, "", v1alpha1.ReasonNameConflict},
		{"of another stack", metav1.ObjectMeta{Labels: map[string]string{
			"app.kubernetes.io/managed-by": "stackwright", desired.LabelOwnerKind: "BackendStack", desired.LabelOwnerName: "other",
		}}, "", v1alpha1.ReasonNameConflict},
		{"of another operator", metav1.ObjectMeta{OwnerReferences: controlledBy("other")}, "", v1alpha1.ReasonNameConflict},
		{"of an earlier stack of this name", metav1.ObjectMeta{Labels: ours(""), OwnerReferences: controlledBy("earlier")}, "", v1alpha1.ReasonProgressing},
		{"on its way out", metav1.ObjectMeta{DeletionTimestamp: &gone, OwnerReferences: controlledBy("stack")}, "", v1alpha1.ReasonProgressing},
	} {
		wanted := &appsv1.Deployment{ObjectMeta: metav1.ObjectMeta{Name: "shop-web", Labels: ours(c.entry)}}
		err := checkOwner(owner, &item{object: wanted}, &appsv1.Deployment{ObjectMeta: c.live})
		waiting := part.AsWaiting(err)
		switch {
		case c.reason == "" && err != nil:
			t.Errorf("%s: %v", c.what, err)
		case c.reason != "" && (waiting == nil || waiting.Reason != c.reason || waiting.After <= 0):
			t.Errorf("%s: %v", c.what, err)
		}
	}
}

func deployment(replicas *int32) *appsv1.Deployment {
	return &appsv1.Deployment{ObjectMeta: metav1.ObjectMeta{Name: "shop-web"}, Spec: appsv1.DeploymentSpec{Replicas: replicas}}
}

func autoscaler(least *int32) client.Object {
	scaler := &autoscalingv2.HorizontalPodAutoscaler{}
	scaler.Spec.ScaleTargetRef.Name, scaler.Spec.MinReplicas = "shop-web", least
	return scaler
}

func TestReplicasAreHandedOver(t *testing.T) {
	for _, c := range []struct {
		what         string
		wanted, live *int32
		minimum      client.Object
		sent         any
	}{
		{"no autoscaler", new(int32(3)), new(int32(7)), nil, int64(3)},
		{"what the autoscaler decided", nil, new(int32(7)), autoscaler(new(int32(2))), int64(7)},
		{"below the minimum, which the autoscaler mends", nil, new(int32(1)), autoscaler(new(int32(2))), int64(1)},
		{"after a suspension", nil, new(int32(0)), autoscaler(new(int32(2))), int64(2)},
		{"after a suspension, minimum 0", nil, new(int32(0)), autoscaler(new(int32(0))), int64(1)},
		{"after a suspension, no minimum", nil, new(int32(0)), autoscaler(nil), int64(1)},
		{"suspended", new(int32(0)), new(int32(7)), nil, int64(0)},
	} {
		minimum := map[string]int32{}
		if c.minimum != nil {
			minimum = minimums([]client.Object{c.minimum})
		}
		content, err := contentOf(deployment(c.wanted))
		if err != nil {
			t.Fatal(err)
		}
		it := &item{content: content}
		keepReplicas(it, deployment(c.live), minimum)
		spec, _ := nested(it.content, "spec")
		if spec["replicas"] != c.sent {
			t.Errorf("%s: %v is sent, not %v", c.what, spec["replicas"], c.sent)
		}
	}
	fresh := deployment(nil)
	startReplicas(fresh, minimums([]client.Object{autoscaler(new(int32(2)))}))
	if fresh.Spec.Replicas == nil || *fresh.Spec.Replicas != 2 {
		t.Error("a new Deployment does not start at the autoscaler's minimum")
	}
}

// TestNetworkPoliciesAreClosed: a policy without rules says so, or somebody else's rule would open it for good.
func TestNetworkPoliciesAreClosed(t *testing.T) {
	for _, name := range []string{"ingress", "egress"} {
		content, err := contentOf(policy())
		if err != nil {
			t.Fatal(err)
		}
		spec, _ := nested(content, "spec")
		if rules, ok := spec[name].([]any); !ok || len(rules) != 0 {
			t.Errorf("%s is %v", name, spec[name])
		}
	}
}

// TestGuardWaitsForItsWrites: a pass on an older view would write again.
func TestGuardWaitsForItsWrites(t *testing.T) {
	object := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "a", ResourceVersion: "5", UID: "a"}}
	empty := func() client.Object { return &corev1.ConfigMap{} }
	cache := func(objects ...client.Object) client.Reader {
		return fake.NewClientBuilder().WithScheme(scheme.Scheme).WithObjects(objects...).Build()
	}
	older, same := object.DeepCopy(), object.DeepCopy()
	older.ResourceVersion = "4"
	for _, c := range []struct {
		what    string
		cache   client.Reader
		gone    bool
		visible bool
	}{
		{"not there yet", cache(), false, false},
		{"an older version", cache(older), false, false},
		{"the version that was written", cache(same), false, true},
		{"a deleted object that is there", cache(same), true, false},
		{"a deleted object that is gone", cache(), true, true},
	} {
		guard := NewGuard()
		if c.gone {
			guard.Removed("o", object, empty)
		} else {
			guard.Wrote("o", object, empty, "5")
		}
		if !guard.Visible(context.Background(), c.cache, "another") {
			t.Errorf("%s: another owner waits", c.what)
		}
		for try := range 2 { // it stays so until it is seen
			if got := guard.Visible(context.Background(), c.cache, "o"); got != c.visible {
				t.Errorf("%s: visible %v at try %d", c.what, got, try)
			}
		}
	}
	guard := NewGuard()
	guard.Wrote("o", object, empty, "5")
	guard.Visible(context.Background(), cache(same), "o")
	if !guard.Visible(context.Background(), cache(), "o") {
		t.Error("what was seen once is waited for again")
	}
}

func TestConfigMapsInUseStay(t *testing.T) {
	config := func(name string) *corev1.ConfigMap {
		return &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: name}}
	}
	web := deployment(nil)
	web.Status.UpdatedReplicas, web.Status.Replicas = 2, 2
	web.Spec.Template.Spec.Volumes = []corev1.Volume{{VolumeSource: corev1.VolumeSource{ConfigMap: &corev1.ConfigMapVolumeSource{
		LocalObjectReference: corev1.LocalObjectReference{Name: "current"},
	}}}}
	spared := configMapsInUse([]client.Object{web, config("current"), config("old")}, &Result{})
	if !spared(config("current")) || spared(config("old")) || spared(&corev1.Service{ObjectMeta: metav1.ObjectMeta{Name: "current"}}) {
		t.Error("exactly the ConfigMap that is mounted is to stay")
	}
	web.Status.UpdatedReplicas = 1
	if spared := configMapsInUse([]client.Object{web}, &Result{}); !spared(config("old")) {
		t.Error("a pod of the old template that starts again needs the old content")
	}
}

func policy() *networkingv1.NetworkPolicy {
	return &networkingv1.NetworkPolicy{ObjectMeta: metav1.ObjectMeta{Name: "shop-web"}}
}
