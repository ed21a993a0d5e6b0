// Package parttest runs the golden cases of a room: testdata/<case>.in.yaml holds the facts, testdata/<case>.golden.yaml the
// objects that are sent, and testdata/<case>.error.txt, in its place, the reason and message of an expected refusal.
//
// UPDATE_GOLDEN=1 rewrites them. Read what changed before you commit it.
package parttest

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"sigs.k8s.io/yaml"

	"github.com/stackwright/stackwright/controllers/part"
)

// Run runs every case in the folder testdata: it reads the facts into a new In, builds twice, and compares.
func Run[In any](t *testing.T, build func(*In) (part.Output, error)) {
	t.Helper()
	cases, err := filepath.Glob(filepath.Join("testdata", "*.in.yaml"))
	if err != nil || len(cases) == 0 {
		t.Fatalf("no cases in testdata (%v)", err)
	}
	for _, path := range cases {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".in.yaml"), func(t *testing.T) {
			base := strings.TrimSuffix(path, ".in.yaml")
			output, err := buildTwice(t, path, build)
			if err != nil {
				compare(t, base+".error.txt", refusal(t, err))
				return
			}
			check(t, output)
			compare(t, base+".golden.yaml", Render(t, output))
		})
	}
}

func buildTwice[In any](t *testing.T, path string, build func(*In) (part.Output, error)) (part.Output, error) {
	t.Helper()
	in := read[In](t, path)
	before := marshal(t, in)
	output, err := build(in)
	if marshal(t, in) != before {
		t.Error("the input was changed by the room")
	}
	again, againErr := build(read[In](t, path))
	if (err == nil) != (againErr == nil) || err == nil && Render(t, output) != Render(t, again) {
		t.Error("two builds of the same input differ")
	}
	return output, err
}

func read[In any](t *testing.T, path string) *In {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	in := new(In)
	if err := yaml.UnmarshalStrict(content, in); err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	return in
}

// Render returns the documents of an output as they are compared: owned objects, then retained ones.
func Render(t *testing.T, output part.Output) string {
	t.Helper()
	var text strings.Builder
	write := func(kind string, value any) {
		text.WriteString("--- # " + kind + "\n" + marshal(t, value))
	}
	for _, object := range output.Objects {
		write("owned", object)
	}
	for _, object := range output.Retained {
		write("retained", object)
	}
	if output.Provisioning != "" {
		write("provisioning", output.Provisioning)
	}
	if output.Topology != "" {
		write("topology", output.Topology)
	}
	if output.Members != "" {
		write("members", output.Members)
	}
	if len(output.Exporters) > 0 {
		write("exporters", output.Exporters)
	}
	if len(output.Verdicts) > 0 {
		write("verdicts", output.Verdicts)
	}
	return text.String()
}

func marshal(t *testing.T, value any) string {
	t.Helper()
	content, err := yaml.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

func refusal(t *testing.T, err error) string {
	t.Helper()
	if invalid := part.AsInvalid(err); invalid != nil {
		return "Invalid " + invalid.Reason + "\n" + invalid.Message + "\n"
	}
	if waiting := part.AsWaiting(err); waiting != nil {
		return "Waiting " + waiting.Reason + "\n" + waiting.Message + "\n"
	}
	t.Fatalf("the room failed: %v", err)
	return ""
}

func compare(t *testing.T, path, got string) {
	t.Helper()
	if os.Getenv("UPDATE_GOLDEN") != "" {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatalf("%v (UPDATE_GOLDEN=1 writes it)", err)
	}
	if string(want) != got {
		t.Errorf("%s differs (UPDATE_GOLDEN=1 rewrites it):\n%s", path, firstDifference(string(want), got))
	}
}

func firstDifference(want, got string) string {
	wantLines, gotLines := strings.Split(want, "\n"), strings.Split(got, "\n")
	for i := range min(len(wantLines), len(gotLines)) {
		if wantLines[i] != gotLines[i] {
			from := max(0, i-5)
			return "  " + strings.Join(wantLines[from:i], "\n  ") + "\n- " + wantLines[i] + "\n+ " + gotLines[i]
		}
	}
	return "one is the beginning of the other"
}
