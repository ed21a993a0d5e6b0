package sweep

import (
	"context"
	"fmt"
	"maps"
	glob "path"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/stackwright/stackwright/hack/e2e/rig"
)

// groups of the kinds in which effects show; those of Stackwright are not named.
var groups = map[string]schema.GroupVersion{
	"ConfigMap": {Version: "v1"}, "Secret": {Version: "v1"}, "Service": {Version: "v1"}, "PersistentVolumeClaim": {Version: "v1"},
	"CronJob": {Group: "batch", Version: "v1"}, "Job": {Group: "batch", Version: "v1"},
	"Deployment": {Group: "apps", Version: "v1"}, "StatefulSet": {Group: "apps", Version: "v1"},
	"HorizontalPodAutoscaler": {Group: "autoscaling", Version: "v2"}, "NetworkPolicy": {Group: "networking.k8s.io", Version: "v1"},
}

// locator is a field of some objects: [OTHER:]Kind/name path, where the name may have stars and no path is the whole object.
type locator struct {
	other      bool
	kind, name string
	field      string
}

func parseLocator(text string) locator {
	rest, other := strings.CutPrefix(text, "OTHER:")
	object, field, _ := strings.Cut(rest, " ")
	kind, name, _ := strings.Cut(object, "/")
	return locator{other: other, kind: kind, name: name, field: field}
}

func (l locator) gvk() schema.GroupVersionKind {
	if gv, ok := groups[l.kind]; ok {
		return gv.WithKind(l.kind)
	}
	return schema.GroupVersionKind{Group: "stackwright.dev", Version: "v1alpha1", Kind: l.kind}
}

// read returns what stands there in a world, as text.
func (l locator) read(ctx context.Context, w *rig.World) (string, error) {
	namespace := w.Own
	if l.other {
		namespace = w.Other
	}
	list := &unstructured.UnstructuredList{}
	list.SetGroupVersionKind(l.gvk().GroupVersion().WithKind(l.kind + "List"))
	if err := w.Client.List(ctx, list, client.InNamespace(namespace)); err != nil {
		return "", err
	}
	var texts []string
	for i := range list.Items {
		if matches, _ := glob.Match(l.name, list.Items[i].GetName()); !matches {
			continue
		}
		list.Items[i].SetManagedFields(nil) // they name fields that are not there
		value, ok := get(list.Items[i].Object, parsePath(l.field))
		if !ok {
			continue
		}
		texts = append(texts, lines(value)...)
	}
	return strings.NewReplacer(w.Own, "OWN", w.Other, "OTHER").Replace(strings.Join(texts, "\n")), nil
}

// lines lists the values below one, each with its key where it has one, in an order that is always the same.
func lines(value any) []string {
	var result []string
	switch v := value.(type) {
	case map[string]any:
		for _, key := range slices.Sorted(maps.Keys(v)) {
			for _, line := range lines(v[key]) {
				result = append(result, key+": "+line)
			}
		}
	case []any:
		for _, item := range v {
			result = append(result, lines(item)...)
		}
	default:
		result = append(result, fmt.Sprint(v))
	}
	return result
}
