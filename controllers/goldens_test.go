package controllers_test

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	policyv1 "k8s.io/api/policy/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"github.com/stackwright/stackwright/controllers/desired"
)

// golden is one object of one golden file. Rooms leave out what the scheme knows, the kind; the fields tell it.
type golden struct {
	file   string
	object client.Object
}

// goldens reads the objects of all golden files of all rooms.
func goldens(t *testing.T) []golden {
	t.Helper()
	var files []string
	for _, pattern := range []string{"*/testdata/*.golden.yaml", "engines/*/testdata/*.golden.yaml", "integrations/*/testdata/*.golden.yaml"} {
		found, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, found...)
	}
	var result []golden
	for _, file := range files {
		content, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for document := range bytes.SplitSeq(content, []byte("--- # ")) {
			comment, body, _ := bytes.Cut(document, []byte("\n"))
			if kind := string(comment); kind == "owned" || kind == "retained" {
				result = append(result, golden{file, objectOf(t, file, body)})
			}
		}
	}
	if len(files) < 40 || len(result) < 200 {
		t.Fatalf("only %d objects in %d files", len(result), len(files))
	}
	return result
}

// objectOf finds the kind whose strict reading fits a document, and its most telling fields.
func objectOf(t *testing.T, file string, body []byte) client.Object {
	t.Helper()
	var fields struct {
		Spec map[string]any `json:"spec"`
		Data map[string]any `json:"data"`
	}
	if err := yaml.Unmarshal(body, &fields); err != nil {
		t.Fatalf("%s: %v", file, err)
	}
	has := func(key string) bool { _, ok := fields.Spec[key]; return ok }
	var object client.Object
	switch {
	case has("volumeClaimTemplates") || has("serviceName"):
		object = &appsv1.StatefulSet{}
	case has("jobTemplate"):
		object = &batchv1.CronJob{}
	case has("template") && has("backoffLimit"):
		object = &batchv1.Job{}
	case has("template"):
		object = &appsv1.Deployment{}
	case has("podSelector"):
		object = &networkingv1.NetworkPolicy{}
	case has("scaleTargetRef"):
		object = &autoscalingv2.HorizontalPodAutoscaler{}
	case has("maxUnavailable") || has("minAvailable"):
		object = &policyv1.PodDisruptionBudget{}
	case has("ports"):
		object = &corev1.Service{}
	case has("accessModes"):
		object = &corev1.PersistentVolumeClaim{}
	case fields.Data != nil:
		object = &corev1.ConfigMap{}
	default:
		object = &corev1.ServiceAccount{}
	}
	if err := yaml.UnmarshalStrict(body, object); err != nil {
		t.Fatalf("%s as %T: %v", file, object, err)
	}
	return object
}

// TestGoldenObjects holds the rules that everything we make keeps.
func TestGoldenObjects(t *testing.T) {
	namespaces := map[string]string{}
	for _, g := range goldens(t) {
		t.Run(g.file+" "+g.object.GetName(), func(t *testing.T) {
			checkMeta(t, g.object)
			if first, known := namespaces[g.file]; known && first != g.object.GetNamespace() {
				t.Errorf("namespace %s beside %s", g.object.GetNamespace(), first)
			}
			namespaces[g.file] = g.object.GetNamespace()
			if template := desired.Template(g.object); template != nil {
				checkTemplate(t, g.object, template)
			}
			checkSelector(t, g.object)
			checkValues(t, g.object)
		})
	}
}

func checkMeta(t *testing.T, object client.Object) {
	t.Helper()
	for _, key := range []string{
		"app.kubernetes.io/name", "app.kubernetes.io/instance", "app.kubernetes.io/component", "app.kubernetes.io/managed-by",
	} {
		if object.GetLabels()[key] == "" {
			t.Errorf("the label %s is missing", key)
		}
	}
	limit := 253
	switch object.(type) {
	case *appsv1.StatefulSet:
		limit = 52 // with a revision it stands in a label of 63 characters
	case *batchv1.CronJob:
		limit = 52 // its Jobs have 11 characters more
	case *corev1.Service, *appsv1.Deployment, *batchv1.Job:
		limit = 63
	}
	if len(object.GetName()) > limit {
		t.Errorf("the name has %d characters", len(object.GetName()))
	}
	if object.GetNamespace() == "" {
		t.Error("no namespace")
	}
	if stateful, ok := object.(*appsv1.StatefulSet); ok {
		retention := stateful.Spec.PersistentVolumeClaimRetentionPolicy
		if retention != nil && (retention.WhenDeleted != "Retain" || retention.WhenScaled != "Retain") {
			t.Errorf("claims go: %+v", retention)
		}
	}
}

func checkTemplate(t *testing.T, object client.Object, template *corev1.PodTemplateSpec) {
	t.Helper()
	pod := template.Spec
	if pod.AutomountServiceAccountToken == nil || *pod.AutomountServiceAccountToken {
		t.Error("the pod gets a token")
	}
	if pod.SecurityContext == nil || pod.SecurityContext.RunAsNonRoot == nil || !*pod.SecurityContext.RunAsNonRoot ||
		pod.SecurityContext.SeccompProfile == nil {
		t.Error("the pod is not restricted")
	}
	for _, container := range append(append([]corev1.Container{}, pod.InitContainers...), pod.Containers...) {
		if container.Resources.Requests.Cpu().IsZero() || container.Resources.Limits.Memory().IsZero() {
			t.Errorf("container %s has no CPU request or memory limit", container.Name)
		}
		security := container.SecurityContext
		if security == nil || security.AllowPrivilegeEscalation == nil || *security.AllowPrivilegeEscalation ||
			security.Capabilities == nil || len(security.Capabilities.Drop) != 1 || len(security.Capabilities.Add) != 0 {
			t.Errorf("container %s is not restricted", container.Name)
		}
	}
	if _, job := object.(*batchv1.Job); job {
		return
	}
	if template.Labels["app.kubernetes.io/component"] == "component" && !hasMainPort(pod) {
		return // a component without main port serves nobody; its ports, if any, tell metrics
	}
	for _, container := range pod.Containers {
		if len(container.Ports) > 0 && container.ReadinessProbe == nil {
			t.Errorf("container %s listens and has no readiness probe", container.Name)
		}
	}
}

func hasMainPort(pod corev1.PodSpec) bool {
	return slices.ContainsFunc(pod.Containers, func(c corev1.Container) bool {
		return slices.ContainsFunc(c.Ports, func(p corev1.ContainerPort) bool { return p.Name == "http" })
	})
}

// checkSelector: what selects pods selects by frozen keys only.
func checkSelector(t *testing.T, object client.Object) {
	t.Helper()
	selector := map[string]string{}
	var template *corev1.PodTemplateSpec
	switch o := object.(type) {
	case *appsv1.Deployment:
		selector, template = o.Spec.Selector.MatchLabels, &o.Spec.Template
	case *appsv1.StatefulSet:
		selector, template = o.Spec.Selector.MatchLabels, &o.Spec.Template
	case *corev1.Service:
		selector = o.Spec.Selector
		for _, port := range o.Spec.Ports {
			if port.TargetPort.String() == "0" || port.Name == "" {
				t.Errorf("port %d has no name or target", port.Port)
			}
		}
	}
	for key, value := range selector {
		if !strings.HasPrefix(key, "app.kubernetes.io/") {
			t.Errorf("it selects by %s", key)
		}
		if template != nil && template.Labels[key] != value {
			t.Errorf("it does not select its own pods by %s", key)
		}
	}
}

var secretWords = regexp.MustCompile(`(?i)(password|passwd|secret|token)\s*[=:]\s*['"]?[A-Za-z0-9]{12,}`)

// checkValues: nothing that looks like a value of a Secret stands in an object.
func checkValues(t *testing.T, object client.Object) {
	t.Helper()
	content, err := yaml.Marshal(object)
	if err != nil {
		t.Fatal(err)
	}
	if found := secretWords.FindString(string(content)); found != "" && !strings.Contains(found, "secretName") {
		t.Errorf("it says %q", found)
	}
	if strings.Contains(string(content), "PRIVATE KEY-----\n") {
		t.Error("it holds a private key")
	}
}
