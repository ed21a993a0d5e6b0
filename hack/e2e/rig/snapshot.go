package rig

import (
	"context"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"github.com/stackwright/stackwright/api/v1alpha1"
	"github.com/stackwright/stackwright/controllers/apply"
)

type unstructuredObject = unstructured.Unstructured

// State is every object of a world as text without what differs between two runs, by kind and name.
type State map[string]string

// masks hide what is random or follows from it, what tells the time, and what Kubernetes' own controllers count: suffixes and
// versions of credentials, their digests and certificates, identities, hashes of content that has any of these, revisions.
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
	{regexp.MustCompile(`(?m)^(\s*)(uid|resourceVersion|generation|observedGeneration|clusterIP|creationTimestamp|volumeName|nodePort|healthCheckNodePort|` +
		`batch\.kubernetes\.io/[a-z-]+|controller-uid|job-name|deployment\.kubernetes\.io/revision): .*\n`), ""},
	{regexp.MustCompile(`(?m)^(\s*)clusterIPs:\n\s*- .*\n`), ""},
}

// Masked hides what differs between two runs in a text of this world.
func (w *World) Masked(text string) string {
	pairs := []string{}
	for name, by := range map[string]string{w.Own: "OWN", w.Other: "OTHER"} {
		pairs = append(pairs, name, by, strings.ReplaceAll(name, "-", "_"), by)
	}
	text = strings.NewReplacer(pairs...).Replace(text)
	for _, mask := range masks {
		text = mask.pattern.ReplaceAllString(text, mask.by)
	}
	return text
}

// State reads every object of the world that the operator makes, and the resources that it makes them from.
func (w *World) State(ctx context.Context) (State, error) {
	state := State{}
	for _, namespace := range w.Namespaces() {
		for _, list := range stateLists() {
			if err := w.Client.List(ctx, list, client.InNamespace(namespace)); err != nil {
				return nil, err
			}
			err := meta.EachListItem(list, func(o runtimeObject) error {
				return w.describe(state, o.(client.Object)) //nolint:forcetypeassert // items of a list of objects are objects
			})
			if err != nil {
				return nil, err
			}
		}
	}
	return state, nil
}

// Becomes waits until the world is in a state (O3), and returns the one that it is in. The garbage collector may be behind.
func (w *World) Becomes(ctx context.Context, want State) (State, error) {
	var state State
	err := Eventually(ctx, "the end state", ConvergeLimit, func(ctx context.Context) (err error) {
		if state, err = w.State(ctx); err != nil || want == nil {
			return err
		}
		return state.Differs(want)
	})
	return state, err
}

func stateLists() []client.ObjectList {
	lists := []client.ObjectList{
		&v1alpha1.BackendStackList{}, &v1alpha1.StackDatabaseList{}, &v1alpha1.StackCacheList{}, &v1alpha1.StackQueueList{},
		&v1alpha1.StackBackupList{}, &corev1.PersistentVolumeClaimList{},
	}
	for _, kind := range apply.Kinds() {
		lists = append(lists, kind.NewList())
	}
	return lists
}

func (w *World) describe(into State, object client.Object) error {
	if object.GetName() == "kube-root-ca.crt" || object.GetName() == "default" {
		return nil
	}
	content, err := runtime.DefaultUnstructuredConverter.ToUnstructured(object)
	if err != nil {
		return err
	}
	unstructured.RemoveNestedField(content, "metadata", "managedFields")
	delete(content, "status")
	text, err := yaml.Marshal(content)
	if err != nil {
		return err
	}
	name := w.Masked(fmt.Sprintf("%T %s/%s", object, object.GetNamespace(), object.GetName()))
	into[name] += w.Masked(string(text))
	return nil
}

// Differs is O3: it says where a state is not the one that was wanted, or nothing.
func (s State) Differs(want State) error {
	var differences []string
	for _, name := range slices.Sorted(maps.Keys(want)) {
		switch {
		case s[name] == "":
			differences = append(differences, name+" is missing")
		case s[name] != want[name]:
			differences = append(differences, name+" differs:\n"+firstDifference(want[name], s[name]))
		}
	}
	for _, name := range slices.Sorted(maps.Keys(s)) {
		if want[name] == "" {
			differences = append(differences, name+" should not be there")
		}
	}
	if len(differences) == 0 {
		return nil
	}
	return fmt.Errorf("the end state is not that of the undisturbed run (O3): %s", strings.Join(differences, "\n"))
}

func firstDifference(want, got string) string {
	wantLines, gotLines := strings.Split(want, "\n"), strings.Split(got, "\n")
	for i := range min(len(wantLines), len(gotLines)) {
		if wantLines[i] != gotLines[i] {
			return strings.Join(wantLines[max(0, i-5):i], "\n") + "\n- " + wantLines[i] + "\n+ " + gotLines[i]
		}
	}
	return "one is the beginning of the other"
}
