package components

import (
	"slices"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/stackwright/stackwright/api/v1alpha1"
	"github.com/stackwright/stackwright/controllers/kit"
	"github.com/stackwright/stackwright/controllers/part"
)

// persistentVolumeClaim is the claim of a volume that components share. It outlives the stack.
func persistentVolumeClaim(s *part.Stack, claim part.Claim) *corev1.PersistentVolumeClaim {
	identity := kit.Identity{Name: claim.Entry, Instance: s.Name, Component: "volume", Stack: s.Name}
	meta := identity.Meta(s.Namespace, claim.Name)
	meta.Labels[v1alpha1.LabelEntry] = claim.Entry
	return &corev1.PersistentVolumeClaim{ObjectMeta: meta, Spec: kit.ClaimSpec(claim.Storage, claim.AccessModes...)}
}

// labelVolumePrefix with the name of an entry marks the pods that mount a claim which one node at a time can attach.
const labelVolumePrefix = "volumes.stackwright.dev/"

// singleNodeClaims are the mounted entries of claims that one node at a time can attach, sorted.
func (w *workload) singleNodeClaims() []string {
	return slices.DeleteFunc(w.mountedClaims(), func(entry string) bool {
		return !slices.ContainsFunc(w.stack.Claims, func(claim part.Claim) bool {
			return claim.Entry == entry &&
				!slices.Contains(claim.AccessModes, corev1.ReadWriteMany) && !slices.Contains(claim.AccessModes, corev1.ReadOnlyMany)
		})
	})
}

// besideClaims asks the scheduler for the node where other pods have such a claim attached, whatever their component: a pod
// elsewhere waits for the claim until they are gone. It is a wish: after the loss of that node a pod may start on another.
func (w *workload) besideClaims() *corev1.PodAffinity {
	var terms []corev1.WeightedPodAffinityTerm
	for _, entry := range w.singleNodeClaims() {
		terms = append(terms, corev1.WeightedPodAffinityTerm{Weight: 100, PodAffinityTerm: corev1.PodAffinityTerm{
			TopologyKey: corev1.LabelHostname,
			LabelSelector: &metav1.LabelSelector{MatchLabels: map[string]string{
				v1alpha1.LabelStack: w.stack.Name, labelVolumePrefix + entry: "true",
			}},
		}})
	}
	return &corev1.PodAffinity{PreferredDuringSchedulingIgnoredDuringExecution: terms}
}
