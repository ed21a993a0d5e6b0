package apply

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"encoding/json"
	"io"
	"slices"
	"sync"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/stackwright/stackwright/controllers/kit"
)

// annotationTemplate stands on each Deployment and StatefulSet: the pod template as it was last sent, compressed. While the
// inputs are the same, that template stays in force, also when a newer build of the operator would render another one.
const annotationTemplate = "stackwright.dev/applied-template"

// templateLimit is the size in bytes above which a recorded template is not believed.
const templateLimit = 1 << 20

// holdBack replaces the rendered pod template by the one in force, when the two differ only because the operator changed. It
// says whether it did. A template that was edited in the cluster has to be rewritten anyway, so the new one goes out; so does
// one that refers to a ConfigMap that is gone.
func holdBack(content, live map[string]any, exists func(configMap string) bool) bool {
	template, ok := nested(content, "spec", "template")
	if !ok {
		return false
	}
	if inForce, ok := recordedTemplate(content, live); ok && mustHold(template, inForce, live, exists) {
		content["spec"].(map[string]any)["template"] = inForce //nolint:forcetypeassert // nested found it there
		recordTemplate(content, inForce)
		return true
	}
	recordTemplate(content, template)
	return false
}

func mustHold(rendered, inForce, live map[string]any, exists func(string) bool) bool {
	current, _ := nested(live, "spec", "template")
	if Equal(rendered, inForce) || !Covered(inForce, current) {
		return false
	}
	stillMounted := configMaps(rendered) // those of the user among them, which the cache does not hold
	for _, name := range configMaps(inForce) {
		if !slices.Contains(stillMounted, name) && !exists(name) {
			return false
		}
	}
	return true
}

// recordedTemplate returns the template in force, if the live object was built from the same inputs.
func recordedTemplate(content, live map[string]any) (map[string]any, bool) {
	want, have := annotations(content), annotations(live)
	if want[kit.AnnotationInputs] == nil || want[kit.AnnotationInputs] != have[kit.AnnotationInputs] {
		return nil, false
	}
	text, _ := have[annotationTemplate].(string)
	return decodeTemplate(text)
}

func recordTemplate(content, template map[string]any) {
	metadata, _ := nested(content, "metadata")
	recorded, ok := metadata["annotations"].(map[string]any)
	if !ok {
		recorded = map[string]any{}
		metadata["annotations"] = recorded
	}
	recorded[annotationTemplate] = encodeTemplate(template)
}

// compressors are used again: one is a megabyte.
var compressors = sync.Pool{New: func() any {
	writer, _ := gzip.NewWriterLevel(io.Discard, gzip.BestSpeed) // the level is legal
	return writer
}}

func encodeTemplate(template map[string]any) string {
	encoded, err := json.Marshal(template)
	if err != nil { // unreachable: the template came from a typed object
		return ""
	}
	var buffer bytes.Buffer
	writer := compressors.Get().(*gzip.Writer) //nolint:forcetypeassert // nothing else is in the pool
	defer compressors.Put(writer)
	writer.Reset(&buffer)
	_, _ = writer.Write(encoded)
	_ = writer.Close()
	return base64.RawStdEncoding.EncodeToString(buffer.Bytes())
}

func decodeTemplate(text string) (map[string]any, bool) {
	compressed, err := base64.RawStdEncoding.DecodeString(text)
	if err != nil || text == "" {
		return nil, false
	}
	reader, err := gzip.NewReader(bytes.NewReader(compressed))
	if err != nil {
		return nil, false
	}
	encoded, err := io.ReadAll(io.LimitReader(reader, templateLimit))
	if err != nil {
		return nil, false
	}
	return decodeJSON(encoded)
}

// configMaps lists the ConfigMaps that a recorded template mounts.
func configMaps(template map[string]any) []string {
	var pod corev1.PodTemplateSpec
	if err := runtime.DefaultUnstructuredConverter.FromUnstructured(template, &pod); err != nil {
		return nil
	}
	return mountedConfigMaps(&pod.Spec)
}
