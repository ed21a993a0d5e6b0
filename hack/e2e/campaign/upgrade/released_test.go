package upgrade

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"sigs.k8s.io/yaml"
)

const root = "../../../.."

// TestReleased compares what every released version rendered with what is rendered now.
func TestReleased(t *testing.T) {
	versions, err := filepath.Glob(filepath.Join("testdata", "v*"))
	if err != nil {
		t.Fatal(err)
	}
	for _, folder := range versions {
		t.Run(filepath.Base(folder), func(t *testing.T) {
			if err := Compare(folder); err != nil {
				t.Errorf("pods differ after an upgrade; change the code, or list it in %s/differences.txt:\n%v", folder, err)
			}
		})
	}
}

// TestRecord takes down what is rendered now, which differs from nothing, and then changes the record.
func TestRecord(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "v0.0.0")
	if err := Record(root, folder); err != nil {
		t.Fatal(err)
	}
	if err := Compare(folder); err != nil {
		t.Fatalf("nothing changed, and yet:\n%v", err)
	}
	if err := Record(root, folder); err == nil {
		t.Error("a record was overwritten")
	}
	const held, restarts = "held components/ten-lines Deployment/shop-web", "restarts engines/postgresql/minimal StatefulSet/shop-main"
	change(t, filepath.Join(folder, "components", "ten-lines.yaml"), func(w *recordedWorkload) { w.Template.Spec.HostNetwork = true })
	change(t, filepath.Join(folder, "engines", "postgresql", "minimal.yaml"), func(w *recordedWorkload) { w.Inputs = "other" })
	wants(t, folder, "not listed: "+held, "not listed: "+restarts)
	list := filepath.Join(folder, "differences.txt")
	for text, want := range map[string][]string{
		held + ": because\n" + restarts + ": because of that\n": nil,
		held + ": because\n": {"not listed: " + restarts},
		held + "\n":          {"without a reason"},
		held + ": because\n" + restarts + ": because\nheld a/b Deployment/c: why\n": {"listed in vain: held a/b Deployment/c"},
	} {
		if err := os.WriteFile(list, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		wants(t, folder, want...)
	}
}

func wants(t *testing.T, folder string, want ...string) {
	t.Helper()
	err := Compare(folder)
	if len(want) == 0 && err != nil {
		t.Errorf("what is listed is a difference: %v", err)
	}
	for _, text := range want {
		if err == nil || !strings.Contains(err.Error(), text) {
			t.Errorf("%v does not say %q", err, text)
		}
	}
}

// change changes every workload of a recorded case.
func change(t *testing.T, file string, how func(*recordedWorkload)) {
	t.Helper()
	content, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	recorded := recordedCase{}
	if err := yaml.Unmarshal(content, &recorded); err != nil {
		t.Fatal(err)
	}
	for name, workload := range recorded.Workloads {
		how(&workload)
		recorded.Workloads[name] = workload
	}
	if content, err = yaml.Marshal(recorded); err == nil {
		err = os.WriteFile(file, content, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
}
