package tenant

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/stackwright/stackwright/controllers/desired"
	"github.com/stackwright/stackwright/controllers/kit"
	"github.com/stackwright/stackwright/hack/e2e/rig"
)

// ownPrefixes begin the keys of labels and annotations that the operator or Kubernetes itself writes to what they make.
var ownPrefixes = []string{
	"app.kubernetes.io/", "stackwright.dev/", "uses.stackwright.dev/", "bindings.stackwright.dev/", "volumes.stackwright.dev/", "batch.kubernetes.io/",
	"apps.kubernetes.io/", "statefulset.kubernetes.io/", "deployment.kubernetes.io/", "controller-revision-hash", "pod-template-hash",
	"controller-uid", "job-name", "endpoints.kubernetes.io/", "pv.kubernetes.io/", "servicebinding.io/",
}

// harmless holds whatever attack to what no attack may do: everything that the operator made in the namespace has no key of others
// and no owner elsewhere, and its pods keep to the restricted profile and have no token.
func (s *scene) harmless(ctx context.Context) error {
	// The garbage collector takes a moment with what belonged to a resource that was just deleted.
	err := rig.Eventually(ctx, "every owner is in the namespace", rig.ConvergeLimit, s.ownersHere)
	return errors.Join(err, s.eachMade(ctx, func(name, kind string, object client.Object) error {
		for _, keys := range []map[string]string{object.GetLabels(), object.GetAnnotations()} {
			if key := foreignKey(keys); key != "" && !strings.HasPrefix(kind, "Stack") {
				return fmt.Errorf("%s has the key %s, which is not the operator's", name, key)
			}
		}
		if template := desired.Template(object); template != nil {
			return restricted(name, &template.Spec)
		}
		return nil
	}))
}

// ownersHere says whether what the operator made has owners of its own namespace only.
func (s *scene) ownersHere(ctx context.Context) error {
	uids, err := s.uids(ctx)
	if err != nil {
		return err
	}
	return s.eachMade(ctx, func(name, _ string, object client.Object) error {
		for _, owner := range object.GetOwnerReferences() {
			if !uids[string(owner.UID)] {
				return fmt.Errorf("%s is owned by %s %s, which is not in its namespace", name, owner.Kind, owner.Name)
			}
		}
		return nil
	})
}

// eachMade visits what the operator made in the namespace.
func (s *scene) eachMade(ctx context.Context, visit func(name, kind string, object client.Object) error) error {
	return each(ctx, s.Client, s.Own, func(kind string, object client.Object) error {
		if object.GetLabels()[kit.LabelManagedBy] != kit.ManagedBy || s.given[kind+"/"+object.GetName()] != "" {
			return nil
		}
		return visit(kind+" "+object.GetName(), kind, object)
	})
}

func (s *scene) uids(ctx context.Context) (map[string]bool, error) {
	uids := map[string]bool{}
	err := each(ctx, s.Client, s.Own, func(_ string, object client.Object) error {
		uids[string(object.GetUID())] = true
		return nil
	})
	// A ReplicaSet is between a Deployment and its pods; only pods are owned by one.
	sets := &appsv1.ReplicaSetList{}
	if err := s.Client.List(ctx, sets, client.InNamespace(s.Own)); err != nil {
		return nil, err
	}
	for i := range sets.Items {
		uids[string(sets.Items[i].UID)] = true
	}
	return uids, err
}

func foreignKey(keys map[string]string) string {
	for key := range keys {
		known := false
		for _, prefix := range ownPrefixes {
			known = known || strings.HasPrefix(key, prefix)
		}
		if !known {
			return key
		}
	}
	return ""
}

func yes(b *bool) bool { return b != nil && *b }

// first returns the first text whose fact holds, or nothing.
func first(facts []fact) string {
	for _, f := range facts {
		if f.holds {
			return f.text
		}
	}
	return ""
}

type fact struct {
	holds bool
	text  string
}

// restricted says where a pod has more than the operator ever gives.
func restricted(name string, pod *corev1.PodSpec) error {
	if problem := first(beyond(pod)); problem != "" {
		return fmt.Errorf("the pod of %s %s", name, problem)
	}
	for i := range pod.Volumes {
		if err := allowedVolume(name, &pod.Volumes[i]); err != nil {
			return err
		}
	}
	for _, container := range slices.Concat(pod.Containers, pod.InitContainers) {
		if err := confined(name, &container); err != nil {
			return err
		}
	}
	return nil
}

// beyond are the powers that no pod of ours has.
func beyond(pod *corev1.PodSpec) []fact {
	token := pod.AutomountServiceAccountToken
	return []fact{
		{pod.HostNetwork || pod.HostPID || pod.HostIPC || yes(pod.ShareProcessNamespace), "shares a namespace"},
		{pod.NodeName != "" || len(pod.NodeSelector) > 0 || len(pod.Tolerations) > 0, "chooses its node"},
		{pod.PriorityClassName != "" || pod.RuntimeClassName != nil, "has a priority or a runtime"},
		{token == nil || *token, "has a token"},
		{len(pod.HostAliases) > 0, "sets names of hosts"},
		{pod.SecurityContext != nil && len(pod.SecurityContext.Sysctls) > 0, "sets sysctls"},
	}
}

func allowedVolume(name string, volume *corev1.Volume) error {
	v := volume.VolumeSource
	if v.ConfigMap == nil && v.Secret == nil && v.EmptyDir == nil && v.PersistentVolumeClaim == nil && v.Projected == nil {
		return fmt.Errorf("the pod of %s has the volume %s of a kind that is not made", name, volume.Name)
	}
	if v.Projected == nil {
		return nil
	}
	for _, source := range v.Projected.Sources {
		if source.ServiceAccountToken != nil || source.ClusterTrustBundle != nil || source.PodCertificate != nil {
			return fmt.Errorf("the pod of %s has a token in the volume %s", name, volume.Name)
		}
	}
	return nil
}

func confined(name string, container *corev1.Container) error {
	security := container.SecurityContext
	if security == nil || security.Capabilities == nil || security.AllowPrivilegeEscalation == nil {
		return fmt.Errorf("the container %s of %s is not confined", container.Name, name)
	}
	problem := first([]fact{
		{*security.AllowPrivilegeEscalation || yes(security.Privileged), "may gain privileges"},
		{len(security.Capabilities.Add) > 0 || len(security.Capabilities.Drop) == 0, "keeps capabilities"},
		{security.ProcMount != nil || len(container.VolumeDevices) > 0, "has devices or the machine's /proc"},
		{container.Stdin || container.TTY, "has a terminal"},
		{slices.ContainsFunc(container.Ports, func(p corev1.ContainerPort) bool { return p.HostPort != 0 }), "takes a port of its node"},
	})
	if problem != "" {
		return fmt.Errorf("the container %s of %s %s", container.Name, name, problem)
	}
	return nil
}
