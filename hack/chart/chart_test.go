// Package chart proves that the Helm chart installs what the kustomize configuration installs, and on a real API server that
// the policies of both refuse and admit what they should.
package chart

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"helm.sh/helm/v4/pkg/chart/common"
	"helm.sh/helm/v4/pkg/chart/common/util"
	"helm.sh/helm/v4/pkg/chart/v2/loader"
	"helm.sh/helm/v4/pkg/engine"
	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/kyaml/filesys"
	"sigs.k8s.io/yaml"
)

const (
	root  = "../.."
	chart = root + "/charts/stackwright"
)

type values = map[string]any

// TestEqualsKustomize compares every object of config/default with the chart's, but for the namespace, which Helm's user makes.
func TestEqualsKustomize(t *testing.T) {
	want := kustomized(t)
	delete(want, "Namespace/stackwright-system")
	got := objects(t, render(t, "stackwright-system", nil))
	for _, key := range slices.Sorted(maps.Keys(want)) {
		if got[key] == nil {
			t.Errorf("the chart lacks %s", key)
			continue
		}
		a, b := plain(want[key]), plain(got[key])
		if !reflect.DeepEqual(a, b) {
			t.Errorf("%s differs:\n--- kustomize\n%s\n--- chart\n%s", key, text(t, a), text(t, b))
		}
	}
	for key := range got {
		if want[key] == nil {
			t.Errorf("kustomize lacks %s", key)
		}
	}
}

// TestFilesAreCurrent compares the chart's copies with what they are copies of.
func TestFilesAreCurrent(t *testing.T) {
	for copied, original := range map[string]string{
		"files/crds": "config/crd/bases", "files/rbac": "config/rbac",
		"files/policy/deletion": "config/policy/deletion", "files/policy/operator": "config/policy/operator",
	} {
		files, err := filepath.Glob(filepath.Join(chart, copied, "*.yaml"))
		if err != nil || len(files) == 0 {
			t.Fatalf("no files in %s (%v)", copied, err)
		}
		for _, file := range files {
			if read(t, file) != read(t, filepath.Join(root, original, filepath.Base(file))) {
				t.Errorf("%s is out of date: run make generate", file)
			}
		}
	}
}

// TestKeepsCRDs proves that no uninstall deletes stacks unless that is asked for.
func TestKeepsCRDs(t *testing.T) {
	policy := func(chosen values) any {
		crd := objects(t, render(t, "x", values{"crds": chosen}))["CustomResourceDefinition/backendstacks.stackwright.dev"]
		if crd == nil {
			return "no CRD"
		}
		return crd["metadata"].(values)["annotations"].(values)["helm.sh/resource-policy"] //nolint:forcetypeassert // a CRD has both
	}
	if got := policy(values{}); got != "keep" {
		t.Errorf("by default the policy is %v", got)
	}
	if got := policy(values{"keep": false}); got != nil {
		t.Errorf("with keep: false the policy is %v", got)
	}
	if got := policy(values{"enabled": false}); got != "no CRD" {
		t.Errorf("with enabled: false the policy is %v", got)
	}
}

// TestValues proves that each value reaches the Deployment.
func TestValues(t *testing.T) {
	manifests := render(t, "platform", values{
		"replicas": 2, "concurrency": 4, "clusterDomain": "corp.example", "priorityClassName": "high",
		"image": values{"repository": "registry.example.com/stackwright", "digest": "sha256:" + strings.Repeat("a", 64)},
	})
	deployment := text(t, objects(t, manifests)["Deployment/stackwright"])
	for _, want := range []string{
		"replicas: 2", "--concurrency=4", "--cluster-domain=corp.example", "--leader-elect", "priorityClassName: high",
		"image: registry.example.com/stackwright@sha256:a", "namespace: platform",
	} {
		if !strings.Contains(deployment, want) {
			t.Errorf("the Deployment lacks %q:\n%s", want, deployment)
		}
	}
	for key, object := range objects(t, manifests) {
		if strings.Contains(text(t, object), "stackwright-system") {
			t.Errorf("%s names another namespace than the release's", key)
		}
	}
}

func TestRefusesTwoWithoutElection(t *testing.T) {
	if _, err := tryRender("x", values{"replicas": 2, "leaderElection": values{"enabled": false}}); err == nil {
		t.Error("two replicas without election are accepted")
	}
}

func TestRefusesUnknownValues(t *testing.T) {
	if _, err := tryRender("x", values{"replicaCount": 2}); err == nil {
		t.Error("a misspelt value is accepted")
	}
}

func TestNotes(t *testing.T) {
	for name, content := range render(t, "platform", nil) {
		if strings.HasSuffix(name, "NOTES.txt") && !strings.Contains(content, "--namespace platform rollout status") {
			t.Errorf("the notes do not name the namespace:\n%s", content)
		}
	}
}

func render(t *testing.T, namespace string, chosen values) map[string]string {
	t.Helper()
	manifests, err := tryRender(namespace, chosen)
	if err != nil {
		t.Fatal(err)
	}
	return manifests
}

func tryRender(namespace string, chosen values) (map[string]string, error) {
	loaded, err := loader.Load(chart)
	if err != nil {
		return nil, err
	}
	if chosen == nil {
		chosen = values{}
	}
	release := common.ReleaseOptions{Name: "stackwright", Namespace: namespace, Revision: 1, IsInstall: true}
	complete, err := util.ToRenderValues(loaded, chosen, release, common.DefaultCapabilities)
	if err != nil {
		return nil, err
	}
	return engine.Render(loaded, complete)
}

func kustomized(t *testing.T) map[string]values {
	t.Helper()
	built, err := krusty.MakeKustomizer(krusty.MakeDefaultOptions()).Run(filesys.MakeFsOnDisk(), root+"/config/default")
	if err != nil {
		t.Fatal(err)
	}
	content, err := built.AsYaml()
	if err != nil {
		t.Fatal(err)
	}
	return objects(t, map[string]string{"config/default.yaml": string(content)})
}

// objects returns the objects of manifests by kind and name.
func objects(t *testing.T, manifests map[string]string) map[string]values {
	t.Helper()
	parsed, err := parse(manifests)
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]values{}
	for _, object := range parsed {
		key := fmt.Sprintf("%v/%v", object["kind"], object["metadata"].(values)["name"]) //nolint:forcetypeassert // an object has one
		if found[key] != nil {
			t.Errorf("%s stands twice", key)
		}
		found[key] = object
	}
	return found
}

// parse returns the objects of manifests, file by file.
func parse(manifests map[string]string) ([]values, error) {
	var found []values
	for _, file := range slices.Sorted(maps.Keys(manifests)) {
		content := manifests[file]
		if !strings.HasSuffix(file, ".yaml") {
			continue
		}
		for _, document := range strings.Split("\n"+content, "\n---") {
			var object values
			if err := yaml.Unmarshal([]byte(document), &object); err != nil {
				return nil, fmt.Errorf("%s: %w in\n%s", file, err, document)
			}
			if object != nil {
				found = append(found, object)
			}
		}
	}
	return found, nil
}

// plain leaves out what Helm adds for itself.
func plain(object values) values {
	result := maps.Clone(object)
	metadata := maps.Clone(object["metadata"].(values)) //nolint:forcetypeassert // an object has one
	for field, own := range map[string][]string{
		"annotations": {"helm.sh/resource-policy"},
		"labels": {
			"helm.sh/chart", "app.kubernetes.io/managed-by", "app.kubernetes.io/version", "app.kubernetes.io/instance",
			"app.kubernetes.io/name", "app.kubernetes.io/component",
		},
	} {
		entries, _ := metadata[field].(values)
		entries = maps.Clone(entries)
		for _, key := range own {
			delete(entries, key)
		}
		delete(metadata, field)
		if len(entries) > 0 {
			metadata[field] = entries
		}
	}
	result["metadata"] = metadata
	return result
}

func text(t *testing.T, object values) string {
	t.Helper()
	content, err := yaml.Marshal(object)
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

func read(t *testing.T, path string) string {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}
