package sweep

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"github.com/stackwright/stackwright/api/v1alpha1"
	"github.com/stackwright/stackwright/hack/e2e/rig"
)

// scene is a set of manifests. OWN and OTHER stand for the namespaces of a world, as in those of the rig.
type scene []map[string]any

// loadScene reads a base.
func loadScene(base string) (scene, error) {
	content, err := tables.ReadFile("bases/" + base + ".yaml")
	if err != nil {
		return nil, err
	}
	var s scene
	for document := range strings.SplitSeq(string(content), "\n---\n") {
		object := map[string]any{}
		if err := yaml.Unmarshal([]byte(document), &object); err != nil {
			return nil, fmt.Errorf("%s: %w", base, err)
		}
		s = append(s, wholeMap(object))
	}
	return s, nil
}

// kind is the manifest of a kind that is tried: the first one.
func (s scene) kind(kind string) map[string]any {
	for _, object := range s {
		if object["kind"] == kind {
			return object
		}
	}
	panic("the base has no " + kind)
}

// copy is a scene that can be changed.
func (s scene) copy() scene {
	result := scene{}
	for _, object := range s {
		result = append(result, runtime.DeepCopyJSON(object))
	}
	return result
}

// with is the scene with a value at a path of a kind; a nil value takes the place away.
func (s scene) with(kind string, at path, value any) scene {
	result := s.copy()
	put(result.kind(kind), at, runtime.DeepCopyJSONValue(value))
	return result
}

// without is the scene without a place, and without what is empty then: a server-side apply that empties an object makes it null.
func (s scene) without(kind string, at path) scene {
	result := s.with(kind, at, nil)
	for at = at[:len(at)-1]; len(at) > 1; at = at[:len(at)-1] {
		if around, _ := get(result.kind(kind), at); around != nil {
			if object, ok := around.(map[string]any); !ok || len(object) > 0 {
				break
			}
		}
		result = result.with(kind, at, nil)
	}
	return result
}

// scene is the row's base with all that it needs, and one of its values.
func (r *row) scene(value any) (scene, error) {
	s, err := loadScene(r.Base)
	if err != nil {
		return nil, err
	}
	if i := slices.IndexFunc(s, func(o map[string]any) bool { return o["kind"] == r.kind }); i < 0 {
		return nil, fmt.Errorf("%s: the base %s has no %s", r, r.Base, r.kind)
	}
	keys := make([]string, 0, len(r.With))
	for key := range r.With {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	for _, key := range keys {
		s = s.with(r.kind, parsePath(key), whole(r.With[key]))
	}
	return s.with(r.kind, r.path(), whole(value)), nil
}

// objects of the scene in the namespaces of a world.
func (s scene) objects(w *rig.World) []*unstructured.Unstructured {
	objects := make([]*unstructured.Unstructured, 0, len(s))
	for _, manifest := range s {
		object := &unstructured.Unstructured{Object: replaced(manifest, w.Replace).(map[string]any)} //nolint:forcetypeassert // it was one
		if object.GetNamespace() == "" && object.GetKind() != "StackClass" {
			object.SetNamespace(w.Own)
		}
		objects = append(objects, object)
	}
	return objects
}

// replaced is a value with every text in it replaced.
func replaced(value any, replace func(string) string) any {
	switch v := value.(type) {
	case string:
		return replace(v)
	case []any:
		list := make([]any, len(v))
		for i := range v {
			list[i] = replaced(v[i], replace)
		}
		return list
	case map[string]any:
		object := make(map[string]any, len(v))
		for key := range v {
			object[key] = replaced(v[key], replace)
		}
		return object
	}
	return value
}

// apply makes a world what the scene says, as a user does.
func (s scene) apply(ctx context.Context, w *rig.World) error {
	for _, object := range s.objects(w) {
		if err := w.Client.Apply(ctx, client.ApplyConfigurationFromUnstructured(object), client.FieldOwner("user"), client.ForceOwnership); err != nil {
			return fmt.Errorf("%s %s: %w", object.GetKind(), object.GetName(), err)
		}
	}
	return nil
}

// deleteClasses deletes the classes of a scene, which are in no namespace.
func (s scene) deleteClasses(ctx context.Context, w *rig.World) {
	for _, object := range s {
		if object["kind"] == "StackClass" {
			class := &v1alpha1.StackClass{}
			class.Name = w.Replace((&unstructured.Unstructured{Object: object}).GetName())
			_ = w.Client.Delete(ctx, class) // one that was never made is not there
		}
	}
}

// judge asks the API server what it would say to the creation of a kind's object of the scene.
func (s scene) judge(ctx context.Context, c client.Client, kind string) error {
	inDefault := strings.NewReplacer("OWN", "own", "OTHER", "other").Replace
	object := &unstructured.Unstructured{Object: replaced(s.kind(kind), inDefault).(map[string]any)} //nolint:forcetypeassert // it was one
	object.SetNamespace("")
	if kind != "StackClass" {
		object.SetNamespace("default")
	}
	return client.WithFieldValidation(c, "Strict").Create(ctx, object, client.DryRunAll)
}
