package chart

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"
)

// golden is one object of one golden file.
type golden struct {
	file   string
	object *unstructured.Unstructured
}

// goldens reads the objects of all golden files of the operator, with the owner that the operator writes.
func goldens(t *testing.T) []golden {
	t.Helper()
	var result []golden
	err := filepath.WalkDir(root+"/controllers", func(file string, _ os.DirEntry, err error) error {
		if matched, _ := filepath.Match("*.golden.yaml", filepath.Base(file)); err != nil || !matched {
			return err
		}
		content, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		for document := range bytes.SplitSeq(content, []byte("--- # ")) {
			comment, body, _ := bytes.Cut(document, []byte("\n"))
			kind := string(comment)
			if kind != "owned" && kind != "retained" {
				continue
			}
			object := &unstructured.Unstructured{}
			if err := yaml.Unmarshal(body, &object.Object); err != nil {
				return err
			}
			object.SetAPIVersion(apiOf(object.Object))
			object.SetKind(kindOf(object.Object))
			if kind == "owned" {
				object.SetOwnerReferences(owners())
			}
			result = append(result, golden{file, object})
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(result) < 300 {
		t.Fatalf("only %d golden objects", len(result))
	}
	return result
}

// kindOf tells the kind of a golden object by its fields: the files leave it out.
func kindOf(object values) string {
	spec, _ := object["spec"].(values)
	for _, shape := range []struct{ field, kind string }{
		{"serviceName", "StatefulSet"}, {"jobTemplate", "CronJob"}, {"backoffLimit", "Job"}, {"template", "Deployment"}, {"podSelector", "NetworkPolicy"},
		{"scaleTargetRef", "HorizontalPodAutoscaler"}, {"maxUnavailable", "PodDisruptionBudget"},
		{"minAvailable", "PodDisruptionBudget"}, {"ports", "Service"}, {"accessModes", "PersistentVolumeClaim"},
	} {
		if _, found := spec[shape.field]; found {
			return shape.kind
		}
	}
	if _, found := object["data"]; found {
		return "ConfigMap"
	}
	return "ServiceAccount"
}

func apiOf(object values) string {
	return map[string]string{
		"StatefulSet": "apps/v1", "Deployment": "apps/v1", "Job": "batch/v1", "CronJob": "batch/v1", "NetworkPolicy": "networking.k8s.io/v1",
		"HorizontalPodAutoscaler": "autoscaling/v2", "PodDisruptionBudget": "policy/v1", "Service": "v1",
		"PersistentVolumeClaim": "v1", "ConfigMap": "v1", "ServiceAccount": "v1",
	}[kindOf(object)]
}

func owners() []metav1.OwnerReference {
	return []metav1.OwnerReference{{
		APIVersion: "stackwright.dev/v1alpha1", Kind: "BackendStack", Name: "shop", UID: types.UID("6f9c"),
		Controller: ptr.To(true), BlockOwnerDeletion: ptr.To(true),
	}}
}

// own is the metadata of an object of the operator.
func own(name string) metav1.ObjectMeta {
	return metav1.ObjectMeta{
		Namespace: "shop", Name: name, Labels: map[string]string{"app.kubernetes.io/managed-by": "stackwright"},
	}
}

// workload is what a bad shape is made of.
type workload struct {
	object    client.Object
	template  *corev1.PodTemplateSpec
	pod       *corev1.PodSpec
	container *corev1.Container
	security  *corev1.SecurityContext
}

func open(object client.Object) *workload {
	w := &workload{object: object}
	switch o := object.(type) {
	case *appsv1.Deployment:
		w.template = &o.Spec.Template
	case *appsv1.StatefulSet:
		w.template = &o.Spec.Template
	case *batchv1.Job:
		w.template = &o.Spec.Template
	}
	w.pod = &w.template.Spec
	w.container = &w.pod.Containers[0]
	w.security = w.container.SecurityContext
	return w
}

// bad spoils a copy of an object.
func bad[T client.Object](object T, spoil func(*workload)) client.Object {
	spoilt := copyOf(object)
	spoil(open(spoilt))
	return spoilt
}

func deployment(t *testing.T) *appsv1.Deployment {
	t.Helper()
	return find(t, "controllers/components/testdata/volumes.golden.yaml", "Deployment", &appsv1.Deployment{})
}

func statefulSet(t *testing.T) *appsv1.StatefulSet {
	t.Helper()
	return find(t, "controllers/engines/postgresql/testdata/minimal.golden.yaml", "StatefulSet", &appsv1.StatefulSet{})
}

func job(t *testing.T) *batchv1.Job {
	t.Helper()
	return find(t, "controllers/engines/postgresql/testdata/minimal.golden.yaml", "Job", &batchv1.Job{})
}

// find returns the first object of a kind in a golden file.
func find[T client.Object](t *testing.T, file, kind string, into T) T {
	t.Helper()
	for _, g := range goldens(t) {
		if g.file == filepath.Join(root, file) && g.object.GetKind() == kind {
			content, err := yaml.Marshal(g.object.Object)
			if err == nil {
				err = yaml.UnmarshalStrict(content, into)
			}
			if err != nil {
				t.Fatal(err)
			}
			return into
		}
	}
	t.Fatalf("%s has no %s", file, kind)
	return into
}

// claim is one for a volume; an empty name asks for a new one.
func claim(volume string) *corev1.PersistentVolumeClaim {
	return &corev1.PersistentVolumeClaim{ObjectMeta: own("shop-uploads"), Spec: corev1.PersistentVolumeClaimSpec{
		AccessModes: []corev1.PersistentVolumeAccessMode{corev1.ReadWriteOnce}, VolumeName: volume,
		Resources: corev1.VolumeResourceRequirements{Requests: corev1.ResourceList{corev1.ResourceStorage: quantity}},
	}}
}
