package policytest

import (
	"bytes"
	"os"
	"path"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stackwright/stackwright/controllers/part/parttest"
)

// TestSamples: everything that is made of a sample, and of the demo, is as it was looked at; UPDATE_GOLDEN=1 rewrites the files.
// What the stack makes stands first, then each data service.
func TestSamples(t *testing.T) {
	for name, files := range manifests(t) {
		if strings.HasPrefix(name, "testdata/") { // made for the network alone
			continue
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := everything(t, files)
			if !bytes.Equal(got, everything(t, files)) {
				t.Error("two builds differ")
			}
			file := filepath.Join("testdata", "golden", strings.TrimSuffix(path.Base(name), ".yaml")+".golden.yaml")
			if os.Getenv("UPDATE_GOLDEN") != "" {
				if err := os.WriteFile(file, got, 0o644); err != nil { //nolint:gosec // a file of the repository
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(got, want) {
				t.Errorf("%s differs (UPDATE_GOLDEN=1 rewrites it) at %s", file, difference(string(want), string(got)))
			}
		})
	}
}

func everything(t *testing.T, files []string) []byte {
	t.Helper()
	s := render(t, files...)
	var result bytes.Buffer
	for _, stack := range s.stacks {
		result.WriteString("# BackendStack " + stack.Namespace + "/" + stack.Name + "\n" + parttest.Render(t, s.made[stack]))
	}
	for _, service := range s.services {
		engine, _ := engineOf(service)
		result.WriteString("# " + engine + " " + service.GetNamespace() + "/" + service.GetName() + "\n" + parttest.Render(t, s.made[service]))
	}
	return result.Bytes()
}

func difference(want, got string) string {
	wanted, made := strings.Split(want, "\n"), strings.Split(got, "\n")
	for i := range min(len(wanted), len(made)) {
		if wanted[i] != made[i] {
			return strings.Join(wanted[max(0, i-5):i], "\n  ") + "\n- " + wanted[i] + "\n+ " + made[i]
		}
	}
	return "the end"
}
