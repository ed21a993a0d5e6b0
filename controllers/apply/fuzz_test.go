package apply

import (
	"reflect"
	"slices"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/stackwright/stackwright/controllers/engines/memcached"
	"github.com/stackwright/stackwright/controllers/engines/postgresql"
	"github.com/stackwright/stackwright/controllers/engines/rabbitmq"
	"github.com/stackwright/stackwright/controllers/engines/valkey"
	"github.com/stackwright/stackwright/controllers/part"
	"github.com/stackwright/stackwright/controllers/part/parttest"
)

// built are the objects of a data service of any kind; none where the spec is refused.
func built(s *parttest.Source) []part.Object {
	provider := parttest.Pick(s, valkey.Builtin(), postgresql.Builtin(), rabbitmq.Builtin(), memcached.Builtin())
	version := map[string]string{"Valkey": "9.1", "PostgreSQL": "17", "RabbitMQ": "4.2", "Memcached": "1.6"}[provider.Engine]
	service := s.Service(provider.Kind, provider.Engine, version, nil)
	service.Parameters = nil
	for i := range service.Consumers {
		provider.Login(service, &service.Consumers[i])
	}
	service.Departed = nil
	output, err := provider.Build(service)
	if err != nil {
		return nil
	}
	return output.Objects
}

// FuzzWritten: an object that is read back as it was sent, with what others and the API server add, is not written again; one
// in which anything that was sent is changed, is.
func FuzzWritten(f *testing.F) {
	f.Add([]byte(nil), uint16(0))
	f.Add([]byte("some objects"), uint16(7))
	f.Add(slices.Repeat([]byte{3, 1, 255, 2}, 60), uint16(300))
	f.Fuzz(func(t *testing.T, data []byte, place uint16) {
		for _, object := range built(parttest.NewSource(data)) {
			want, err := contentOf(object)
			if err != nil {
				t.Fatal(err)
			}
			live := runtime.DeepCopyJSON(want)
			addOfOthers(live)
			if !Covered(want, live) {
				t.Errorf("%T %s would be written for what others added", object, object.GetName())
			}
			leaves := 0
			if changed := runtime.DeepCopyJSON(live); change(changed, want, int(place), &leaves) && Covered(want, changed) {
				t.Errorf("%T %s: change %d of %d goes unnoticed", object, object.GetName(), place, leaves)
			}
		}
	})
}

// addOfOthers adds what the API server and controllers of others do.
func addOfOthers(live map[string]any) {
	live["status"] = map[string]any{"observedGeneration": int64(1)}
	if metadata, ok := nested(live, "metadata"); ok {
		metadata["uid"], metadata["generation"] = "u", int64(3)
	}
	if template, ok := nested(live, "spec", "template", "metadata"); ok {
		template["annotations"] = addKey(template["annotations"], "kubectl.kubernetes.io/restartedAt", "now")
	}
	if pod, ok := nested(live, "spec", "template", "spec"); ok {
		pod["schedulerName"], pod["dnsPolicy"] = "default-scheduler", "ClusterFirst"
		containers, _ := pod["containers"].([]any)
		pod["containers"] = append([]any{map[string]any{"name": "injected-sidecar", "image": "proxy"}}, containers...)
	}
}

func addKey(have any, key, value string) map[string]any {
	result, ok := have.(map[string]any)
	if !ok {
		result = map[string]any{}
	}
	result[key] = value
	return result
}

// change changes one scalar of those that were sent, by its place; false where there are fewer.
func change(live, want any, place int, leaves *int) bool {
	switch wanted := want.(type) {
	case map[string]any:
		have, _ := live.(map[string]any)
		keys := make([]string, 0, len(wanted))
		for key := range wanted {
			keys = append(keys, key)
		}
		slices.Sort(keys)
		for _, key := range keys {
			if changed, scalar := changed(wanted[key]); scalar {
				if *leaves++; *leaves > place {
					have[key] = changed
					return true
				}
			} else if change(have[key], wanted[key], place, leaves) {
				return true
			}
		}
	case []any:
		have, _ := live.([]any)
		for i := range wanted {
			if change(have[len(have)-len(wanted)+i], wanted[i], place, leaves) {
				return true
			}
		}
	}
	return false
}

func changed(value any) (any, bool) {
	switch v := value.(type) {
	case string:
		return v + "-other", true
	case int64:
		return v + 1, true
	case bool:
		return !v, true
	}
	return nil, false
}

// FuzzTemplate: a template is recorded as it is, and one that others wrote into the annotation never counts for ours.
func FuzzTemplate(f *testing.F) {
	f.Add([]byte(nil), "")
	f.Add([]byte("some objects"), "H4sIAAAAAAAA/6quBQQAAP//Q7+mowIAAAA")
	f.Add(slices.Repeat([]byte{1, 255, 2}, 60), "////")
	f.Fuzz(func(t *testing.T, data []byte, annotation string) {
		decodeTemplate(annotation)
		for _, object := range built(parttest.NewSource(data)) {
			if _, stateful := object.(*appsv1.StatefulSet); !stateful {
				continue
			}
			want, err := contentOf(object)
			if err != nil {
				t.Fatal(err)
			}
			template, _ := nested(want, "spec", "template")
			read, ok := decodeTemplate(encodeTemplate(template))
			if !ok || !reflect.DeepEqual(read, template) {
				t.Errorf("%s: recorded %v, read %v", object.GetName(), template, read)
			}
			live := runtime.DeepCopyJSON(want)
			if annotations := annotations(live); annotations != nil {
				annotations[annotationTemplate] = annotation
			}
			if holdBack(runtime.DeepCopyJSON(want), live, func(string) bool { return true }) {
				checkHeld(t, live, annotation)
			}
		}
	})
}

// checkHeld: what is held back is what the live object runs.
func checkHeld(t *testing.T, live map[string]any, annotation string) {
	t.Helper()
	recorded, _ := decodeTemplate(annotation)
	current, _ := nested(live, "spec", "template")
	if !Covered(recorded, current) {
		t.Errorf("%v is held back, and %v runs", recorded, current)
	}
}

// FuzzHoldBack: whatever stands in the cluster, comparing and holding back come to an end, and equal contents have one hash.
func FuzzHoldBack(f *testing.F) {
	f.Add(`{"metadata":{"annotations":{}}}`, `{"metadata":null}`)
	f.Add(`{"spec":{"template":{"spec":{"volumes":[{"configMap":{}}]}}}}`, `{"spec":{"template":[]}}`)
	f.Fuzz(func(t *testing.T, one, other string) {
		want, wanted := decodeJSON([]byte(one))
		live, lives := decodeJSON([]byte(other))
		if !wanted || !lives {
			return
		}
		Covered(want, live)
		Covered(live, want)
		configMaps(want)
		if Equal(want, live) && hashOf(want) != hashOf(live) {
			t.Errorf("%s and %s have two hashes", one, other)
		}
		if _, sound := nested(want, "metadata"); sound { // ours always has
			holdBack(want, live, func(string) bool { return true })
		}
	})
}
