package kit_test

import (
	"maps"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"

	"github.com/stackwright/stackwright/controllers/kit"
	"github.com/stackwright/stackwright/controllers/part"
)

var identity = kit.Identity{Name: "postgresql", Instance: "shop-main", Component: "primary", Stack: "shop"}

// TestContentIsInTheName: a workload rolls when the content of a ConfigMap changes, and only then.
func TestContentIsInTheName(t *testing.T) {
	one := kit.Config(identity, "shop", "config", map[string]string{"a": "1"})
	same := kit.Config(identity, "shop", "config", map[string]string{"a": "1"})
	other := kit.Config(identity, "shop", "config", map[string]string{"a": "2"})
	if one.Name != same.Name || one.Name == other.Name {
		t.Errorf("names %s, %s and %s", one.Name, same.Name, other.Name)
	}
	if one.Immutable == nil || !*one.Immutable {
		t.Error("the content can be changed under a running pod")
	}
}

func TestOtherInputsMakeAnotherJob(t *testing.T) {
	pod := kit.PodSpec(part.Placement{}, kit.RestrictedUser(999, 999, 999), corev1.Container{Name: "job"})
	one, other := kit.Job(identity, "shop", "provision", pod, "a"), kit.Job(identity, "shop", "provision", pod, "b")
	if one.Name == other.Name || one.Name != kit.Job(identity, "shop", "provision", pod, "a").Name {
		t.Errorf("names %s and %s", one.Name, other.Name)
	}
	if one.Spec.Template.Spec.RestartPolicy == corev1.RestartPolicyAlways || pod.RestartPolicy != "" {
		t.Error("a job cannot restart its pod always, and must not change the pod it was given")
	}
}

func TestRestrictedPods(t *testing.T) {
	placement := part.Placement{PriorityClassName: "high", RuntimeClassName: "kata", NodeSelector: map[string]string{"disk": "ssd"}}
	pod := kit.PodSpec(placement, kit.RestrictedUser(1000, 0, 0), corev1.Container{SecurityContext: kit.Restricted()})
	switch {
	case *pod.AutomountServiceAccountToken, *pod.EnableServiceLinks:
		t.Error("the pod gets a token or the variables of Services")
	case !*pod.SecurityContext.RunAsNonRoot, *pod.SecurityContext.RunAsUser != 1000, pod.SecurityContext.RunAsGroup != nil:
		t.Errorf("security context %+v", pod.SecurityContext)
	case *pod.Containers[0].SecurityContext.AllowPrivilegeEscalation, !*pod.Containers[0].SecurityContext.ReadOnlyRootFilesystem:
		t.Errorf("container security context %+v", pod.Containers[0].SecurityContext)
	case pod.PriorityClassName != "high", *pod.RuntimeClassName != "kata", pod.NodeSelector["disk"] != "ssd":
		t.Errorf("placement is lost: %+v", pod)
	}
	if pod := kit.PodSpec(part.Placement{}, nil); pod.RuntimeClassName != nil || pod.Affinity != nil {
		t.Error("an empty placement says something")
	}
}

// TestNoPortMeansEveryPort: a peer without ports is open on every port, a port 0 on every port of its protocol.
func TestNoPortMeansEveryPort(t *testing.T) {
	if rule := kit.From(part.Peer{}); rule.Ports != nil {
		t.Errorf("ports %v", rule.Ports)
	}
	rule := kit.To(part.Peer{Namespace: "data", Ports: kit.TCP(0, 5432)})
	if rule.Ports[0].Port != nil || *rule.Ports[0].Protocol != corev1.ProtocolTCP || rule.Ports[1].Port.IntVal != 5432 {
		t.Errorf("ports %v", rule.Ports)
	}
	if got := rule.To[0].NamespaceSelector.MatchLabels["kubernetes.io/metadata.name"]; got != "data" {
		t.Errorf("the namespace is matched by %q", got)
	}
	if own := kit.To(part.Peer{Labels: map[string]string{"a": "b"}}); own.To[0].NamespaceSelector != nil {
		t.Error("a peer of the own namespace is looked for in others")
	}
}

// TestServicePolicyKnowsItsPods: a component called postgresql, in a stack that is called like the service, is not among them.
func TestServicePolicyKnowsItsPods(t *testing.T) {
	service := &part.Service{Engine: "PostgreSQL", Namespace: "shop", Name: "shop-main", Stack: "shop"}
	policy := kit.ServicePolicy(service, kit.ServiceIdentity(service, "primary"), []int32{5432})
	for what, selector := range map[string]*metav1.LabelSelector{
		"closes": &policy.Spec.PodSelector, "lets in": policy.Spec.Ingress[0].From[0].PodSelector, "lets out to": policy.Spec.Egress[1].To[0].PodSelector,
	} {
		pods, err := metav1.LabelSelectorAsSelector(selector)
		if err != nil {
			t.Fatal(err)
		}
		for _, role := range []string{"primary", "replica", "provision"} {
			if !pods.Matches(labels.Set(kit.ServiceIdentity(service, role).Labels())) {
				t.Errorf("what it %s has not the %s", what, role)
			}
		}
		if pods.Matches(labels.Set(kit.ComponentIdentity("shop-main", "postgresql").Labels())) {
			t.Errorf("what it %s has a component", what)
		}
	}
}

// TestClaimsOutliveTheStack: a claim template cannot change, so that it says nothing of the stack that may let the service go.
func TestClaimsOutliveTheStack(t *testing.T) {
	lone := identity
	lone.Stack = ""
	one, other := kit.ClaimTemplate(identity, part.Storage{}), kit.ClaimTemplate(lone, part.Storage{})
	if !maps.Equal(one.Labels, other.Labels) || len(one.OwnerReferences) > 0 || one.Spec.StorageClassName != nil {
		t.Errorf("%v of a stack, %v without", one.ObjectMeta, other.ObjectMeta)
	}
	if policy := kit.RetainClaims(); policy.WhenDeleted != appsv1.RetainPersistentVolumeClaimRetentionPolicyType ||
		policy.WhenScaled != policy.WhenDeleted {
		t.Errorf("%+v deletes data", policy)
	}
}
