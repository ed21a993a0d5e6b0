package controllers_test

import (
	"fmt"
	"regexp"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"github.com/stackwright/stackwright/api/v1alpha1"
	"github.com/stackwright/stackwright/controllers/apply"
)

func stackOf(w *world) *v1alpha1.BackendStack {
	stack := &v1alpha1.BackendStack{}
	stack.Namespace = w.own
	return stack
}

// masks hide what is random, or follows from it: suffixes and versions of credentials, their digests and certificates, times,
// identities, and the hashes and revisions of content that has any of these.
var masks = []struct {
	pattern *regexp.Regexp
	by      string
}{
	{regexp.MustCompile(`-----BEGIN CERTIFICATE-----(.|\n)*?-----END CERTIFICATE-----(\\n|\n)?`), "CERTIFICATE"},
	{regexp.MustCompile(`-v[0-9]+-[a-z0-9]{5}\b`), "-vN-random"},
	{regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}`), "UID"},
	{regexp.MustCompile(`"version": [0-9]+,`), `"version": N,`},
	{regexp.MustCompile(`[0-9a-f]{64}`), "DIGEST"},
	{regexp.MustCompile(`-[0-9a-f]{8,10}\b`), "-HASH"},
	{regexp.MustCompile(`_[0-9a-f]{8}(_[ab])?\b`), "_HASH"},
	{regexp.MustCompile(`(credential-set|desired-hash|inputs-hash|applied-template|"facts"|credential-version|checksum[^:]*|config-hash): \S+`), "$1: MASKED"},
	{regexp.MustCompile(`(name: PLAN\n\s*value:) \S+`), "$1 HASH"},
	{regexp.MustCompile(`[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]+Z`), "TIME"},
	{regexp.MustCompile(`(?m)^(\s*)(uid|resourceVersion|generation|observedGeneration|clusterIP|creationTimestamp): .*\n`), ""},
	{regexp.MustCompile(`(?m)^(\s*)clusterIPs:\n\s*- .*\n`), ""},
}

// snapshot returns every object of the world as text, by kind and masked name.
func (w *world) snapshot() map[string]string {
	w.t.Helper()
	result := map[string]string{}
	for _, namespace := range []string{w.own, w.foreign} {
		for _, list := range everyList() {
			w.must(w.client.List(w.t.Context(), list, client.InNamespace(namespace)))
			for _, object := range items(list) {
				if object.GetName() == "kube-root-ca.crt" || object.GetName() == "default" {
					continue
				}
				w.describe(result, object)
			}
		}
	}
	return result
}

func everyList() []client.ObjectList {
	lists := []client.ObjectList{
		&v1alpha1.BackendStackList{}, &v1alpha1.StackDatabaseList{}, &v1alpha1.StackCacheList{}, &v1alpha1.StackQueueList{},
		&corev1.PersistentVolumeClaimList{},
	}
	for _, kind := range apply.Kinds() {
		lists = append(lists, kind.NewList())
	}
	return lists
}

func (w *world) describe(into map[string]string, object client.Object) {
	w.t.Helper()
	content, err := runtime.DefaultUnstructuredConverter.ToUnstructured(object)
	w.must(err)
	metadata := content["metadata"].(map[string]any) //nolint:forcetypeassert // every object has metadata
	delete(metadata, "managedFields")
	delete(content, "status")
	text, err := yaml.Marshal(content)
	w.must(err)
	name := w.masked(fmt.Sprintf("%T %s/%s", object, object.GetNamespace(), object.GetName()))
	into[name] += w.masked(string(text))
}

func (w *world) masked(text string) string {
	text = strings.NewReplacer(
		w.own, "OWN", strings.ReplaceAll(w.own, "-", "_"), "OWN",
		w.foreign, "FOREIGN", strings.ReplaceAll(w.foreign, "-", "_"), "FOREIGN",
	).Replace(text)
	for _, mask := range masks {
		text = mask.pattern.ReplaceAllString(text, mask.by)
	}
	return text
}
