package apply

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"reflect"

	networkingv1 "k8s.io/api/networking/v1"
	"k8s.io/apimachinery/pkg/runtime"
	kjson "k8s.io/apimachinery/pkg/util/json"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// annotationHash stands on each object: the hash of what was last sent. A field that is no longer wanted shows only there.
const annotationHash = "stackwright.dev/desired-hash"

// contentOf returns an object as a map, without what the API server alone decides.
func contentOf(object client.Object) (map[string]any, error) {
	content, err := runtime.DefaultUnstructuredConverter.ToUnstructured(object)
	if err != nil {
		return nil, fmt.Errorf("%T %s: %w", object, object.GetName(), err)
	}
	delete(content, "status")
	if _, policy := object.(*networkingv1.NetworkPolicy); policy {
		closeDirections(content)
	}
	if metadata, ok := nested(content, "metadata"); ok {
		delete(metadata, "creationTimestamp")
	}
	return content, nil
}

// closeDirections says of a network policy without rules that it has none: a field that is left out could be somebody else's,
// and open what has to be closed.
func closeDirections(content map[string]any) {
	spec, _ := nested(content, "spec")
	for _, direction := range []string{"ingress", "egress"} {
		if spec != nil && spec[direction] == nil {
			spec[direction] = []any{}
		}
	}
}

// hashOf is the hash of a desired object's content.
func hashOf(content map[string]any) string {
	encoded, err := json.Marshal(content)
	if err != nil { // unreachable: the content came from a typed object
		return ""
	}
	sum := sha256.Sum256(encoded)
	return hex.EncodeToString(sum[:8])
}

func nested(content map[string]any, path ...string) (map[string]any, bool) {
	for _, key := range path {
		next, ok := content[key].(map[string]any)
		if !ok {
			return nil, false
		}
		content = next
	}
	return content, true
}

func annotations(content map[string]any) map[string]any {
	result, _ := nested(content, "metadata", "annotations")
	return result
}

// decodeJSON decodes an object with whole numbers as int64, as the converter of typed objects makes them.
func decodeJSON(encoded []byte) (map[string]any, bool) {
	var content map[string]any
	if err := kjson.Unmarshal(bytes.TrimSpace(encoded), &content); err != nil || content == nil {
		return nil, false
	}
	return content, true
}

// Equal says whether two contents are the same.
func Equal(a, b map[string]any) bool { return reflect.DeepEqual(a, b) }
