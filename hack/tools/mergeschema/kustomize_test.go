package main

import (
	"os"
	"path/filepath"
	"testing"

	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/kyaml/filesys"
)

const (
	published = "../../../config/kustomize"
	bases     = "../../../config/crd/bases"
)

// TestKustomize builds an overlay with the published files and compares the result: lists merge by name, images are
// replaced in our kinds, and names of other objects follow when these are renamed.
func TestKustomize(t *testing.T) {
	folder := t.TempDir()
	for _, source := range []string{"testdata/shop", published} {
		if err := os.CopyFS(folder, os.DirFS(source)); err != nil {
			t.Fatal(err)
		}
	}
	result, err := krusty.MakeKustomizer(krusty.MakeDefaultOptions()).Run(filesys.MakeFsOnDisk(), folder)
	if err != nil {
		t.Fatal(err)
	}
	got, err := result.AsYaml()
	if err != nil {
		t.Fatal(err)
	}
	const golden = "testdata/shop.golden.yaml"
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != string(want) {
		t.Errorf("the result differs from %s:\n%s", golden, got)
	}
}

// TestSchemaIsCurrent keeps the published schema equal to what the CRDs say.
func TestSchemaIsCurrent(t *testing.T) {
	file := filepath.Join(t.TempDir(), "openapi.json")
	if err := write(bases, file); err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	want, err := os.ReadFile(filepath.Join(published, "openapi.json"))
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != string(want) {
		t.Error("config/kustomize/openapi.json is out of date: run make generate")
	}
}
