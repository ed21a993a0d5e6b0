package upgrade

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/yaml"

	"github.com/stackwright/stackwright/controllers"
	"github.com/stackwright/stackwright/controllers/desired"
	"github.com/stackwright/stackwright/controllers/kit"
	"github.com/stackwright/stackwright/controllers/part"
)

// What each released version rendered is recorded in testdata/VERSION when it is released (record/main.go), and compared with
// what the code renders now from the same facts. What differs has to be listed in testdata/VERSION/differences.txt, a line each:
//
//	held ROOM/CASE KIND/NAME: why       the template differs, and is held back until somebody lets it out
//	restarts ROOM/CASE KIND/NAME: why   the facts that a template is built from count differently: the upgrade restarts its pods
//
// v0.1.0 will be the first entry. The working tree has none: the golden files of the rooms hold it, and a copy of them here would
// only be rewritten with every change.

// recordedCase is what a version made of one golden case of a room.
type recordedCase struct {
	// Facts are the input of the room.
	Facts map[string]any `json:"facts"`
	// Workloads by kind and name.
	Workloads map[string]recordedWorkload `json:"workloads"`
}

type recordedWorkload struct {
	// Inputs is the hash of the facts that the template depends on.
	Inputs   string                 `json:"inputs"`
	Template corev1.PodTemplateSpec `json:"template"`
}

// rooms are the folders with golden cases below controllers, and how each reads facts and builds.
func rooms() map[string]func([]byte) (part.Output, error) {
	all := map[string]func([]byte) (part.Output, error){}
	for i, name := range []string{"components", "loadbalancer"} {
		all[name] = from(controllers.Rooms()[i])
	}
	for _, provider := range controllers.Providers() {
		all["engines/"+strings.ToLower(provider.Engine)] = from(provider.Build)
	}
	return all
}

func from[In any](build func(*In) (part.Output, error)) func([]byte) (part.Output, error) {
	return func(content []byte) (part.Output, error) {
		in := new(In)
		if err := yaml.UnmarshalStrict(content, in); err != nil {
			return part.Output{}, fmt.Errorf("these facts are not known any more: %w", err)
		}
		return build(in)
	}
}

// Record writes what the code renders of all golden cases into a folder, which must not be there. Refusals have no workloads.
func Record(root, folder string) error {
	if _, err := os.Stat(folder); err == nil {
		return fmt.Errorf("%s is there: what was released does not change", folder)
	}
	for room, build := range rooms() {
		files, err := filepath.Glob(filepath.Join(root, "controllers", filepath.FromSlash(room), "testdata", "*.in.yaml"))
		if err != nil || len(files) == 0 {
			return fmt.Errorf("room %s has no golden cases (%w)", room, err)
		}
		for _, file := range files {
			name := strings.TrimSuffix(filepath.Base(file), ".in.yaml") + ".yaml"
			if err := recordCase(file, filepath.Join(folder, filepath.FromSlash(room), name), build); err != nil {
				return err
			}
		}
	}
	return nil
}

func recordCase(file, into string, build func([]byte) (part.Output, error)) error {
	content, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	recorded := recordedCase{}
	if err := yaml.Unmarshal(content, &recorded.Facts); err != nil {
		return err
	}
	output, err := build(content)
	if part.AsInvalid(err) != nil || part.AsWaiting(err) != nil {
		return nil
	}
	if err != nil {
		return err
	}
	recorded.Workloads = workloads(output)
	text, err := yaml.Marshal(recorded)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(into), 0o755); err != nil { //nolint:gosec // test data are for everybody
		return err
	}
	return os.WriteFile(into, text, 0o644) //nolint:gosec // test data are for everybody
}

// workloads are those whose pods run on: the pods of a Job are not started again.
func workloads(output part.Output) map[string]recordedWorkload {
	found := map[string]recordedWorkload{}
	for _, object := range output.Objects {
		_, kind, _ := strings.Cut(fmt.Sprintf("%T", object), ".")
		if template := desired.Template(object); template != nil && kind != "Job" {
			found[kind+"/"+object.GetName()] = recordedWorkload{object.GetAnnotations()[kit.AnnotationInputs], *template}
		}
	}
	return found
}

// Compare says where the code renders something else than a recorded version did that is not listed, and what is listed in vain.
func Compare(folder string) error {
	listed, err := readList(filepath.Join(folder, "differences.txt"))
	if err != nil {
		return err
	}
	found := map[string]bool{}
	for room, build := range rooms() {
		files, err := filepath.Glob(filepath.Join(folder, filepath.FromSlash(room), "*.yaml"))
		if err != nil {
			return err
		}
		for _, file := range files {
			differences, err := compareCase(file, build)
			if err != nil {
				return fmt.Errorf("%s: %w", file, err)
			}
			for what, kind := range differences {
				found[kind+" "+room+"/"+strings.TrimSuffix(filepath.Base(file), ".yaml")+" "+what] = true
			}
		}
	}
	var problems []error
	for _, difference := range slices.Sorted(maps.Keys(found)) {
		if !listed[difference] {
			problems = append(problems, fmt.Errorf("not listed: %s", difference))
		}
	}
	for _, difference := range slices.Sorted(maps.Keys(listed)) {
		if !found[difference] {
			problems = append(problems, fmt.Errorf("listed in vain: %s", difference))
		}
	}
	return errors.Join(problems...)
}

// compareCase returns the workloads that differ, and whether that is held back or restarts pods.
func compareCase(file string, build func([]byte) (part.Output, error)) (map[string]string, error) {
	content, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	recorded := recordedCase{}
	if err := yaml.UnmarshalStrict(content, &recorded); err != nil {
		return nil, err
	}
	facts, err := yaml.Marshal(recorded.Facts)
	if err != nil {
		return nil, err
	}
	output, err := build(facts)
	if err != nil {
		return nil, err
	}
	now, differences := workloads(output), map[string]string{}
	for name, was := range recorded.Workloads {
		is, there := now[name]
		switch {
		case !there || is.Inputs != was.Inputs:
			differences[name] = "restarts"
		case !sameTemplate(is.Template, was.Template):
			differences[name] = "held"
		}
	}
	return differences, nil
}

// sameTemplate compares as the API server gets them: it cannot tell an empty list from none.
func sameTemplate(a, b corev1.PodTemplateSpec) bool {
	first, firstErr := yaml.Marshal(a)
	second, secondErr := yaml.Marshal(b)
	return firstErr == nil && secondErr == nil && bytes.Equal(first, second)
}

// readList reads the listed differences without their reasons. No file is no differences.
func readList(path string) (map[string]bool, error) {
	content, err := os.ReadFile(path)
	if err != nil && !os.IsNotExist(err) {
		return nil, err
	}
	listed := map[string]bool{}
	for lines := bufio.NewScanner(bytes.NewReader(content)); lines.Scan(); {
		difference, why, _ := strings.Cut(lines.Text(), ": ")
		if strings.TrimSpace(difference) == "" {
			continue
		}
		if strings.TrimSpace(why) == "" {
			return nil, fmt.Errorf("%s: %s: without a reason", path, difference)
		}
		listed[difference] = true
	}
	return listed, nil
}
