package anchor

import (
	"crypto/sha256"
	"encoding/hex"
	"regexp"
	"strconv"

	corev1 "k8s.io/api/core/v1"

	"github.com/stackwright/stackwright/controllers/kit"
)

const (
	// LabelSet marks the ConfigMap of a credential set with the key of its service.
	LabelSet = "stackwright.dev/credential-set"
	// AnnotationService tells of which service a credential set is: kind, namespace and name, joined by slashes.
	AnnotationService = "stackwright.dev/service"
	// AnnotationVersion is the version of a credential set.
	AnnotationVersion = "stackwright.dev/credential-version"
)

// bindingLike is any name that begins with a BindingPrefix and ends as one does.
var bindingLike = regexp.MustCompile(`-binding-v[1-9][0-9]*-[a-z0-9]{5}$`)

// BindingLike says whether a Secret is called like the binding of some stack's entry.
func BindingLike(name string) bool { return bindingLike.MatchString(name) }

// SetKey is the value of LabelSet for a service: a hash, because the three names together are longer than a label. It only
// finds sets; whose they are, Ours decides.
func SetKey(kind, namespace, name string) string {
	sum := sha256.Sum256([]byte(serviceOf(kind, namespace, name)))
	return hex.EncodeToString(sum[:20])
}

// serviceOf is the value of AnnotationService. No name holds a slash, so that it is of one service only.
func serviceOf(kind, namespace, name string) string { return kind + "/" + namespace + "/" + name }

// Mark makes a ConfigMap the record of a version of a service's credentials.
func Mark(object *corev1.ConfigMap, kind, namespace, name string, version int) {
	object.Labels[LabelSet] = SetKey(kind, namespace, name)
	object.Annotations = kit.With(object.Annotations, map[string]string{
		AnnotationService: serviceOf(kind, namespace, name), AnnotationVersion: strconv.Itoa(version),
	})
}

// Ours says whether a ConfigMap is a credential set of the service. It names the service in full, which no other namespace's
// tenant can write into an object of this one, and elsewhere it has to be called like a consumer's binding: that of a consumer
// who left counts too, so that it can be swept.
func Ours(set *corev1.ConfigMap, kind, namespace, name string) bool {
	return set.Annotations[AnnotationService] == serviceOf(kind, namespace, name) &&
		(set.Namespace == namespace || bindingLike.MatchString(set.Name))
}
