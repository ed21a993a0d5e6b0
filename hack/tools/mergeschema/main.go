// Command mergeschema writes the OpenAPI schema that tells kustomize by which keys lists merge: those of our custom
// resources and, as a schema file replaces what kustomize has built in, those of the kinds of Kubernetes.
// Usage: mergeschema <folder of CRDs> <file>
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"sigs.k8s.io/kustomize/kyaml/openapi"
	"sigs.k8s.io/yaml"
)

func main() {
	if len(os.Args) != 3 {
		fmt.Fprintln(os.Stderr, "usage: mergeschema <folder of CRDs> <file>")
		os.Exit(2)
	}
	if err := write(os.Args[1], os.Args[2]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func write(folder, file string) error {
	all, err := builtin()
	if err != nil {
		return err
	}
	paths, err := filepath.Glob(filepath.Join(folder, "*.yaml"))
	if err != nil {
		return err
	}
	for _, path := range paths {
		if err := addCRD(path, all); err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
	}
	content, err := json.MarshalIndent(map[string]any{"definitions": all.mergeable()}, "", " ")
	if err != nil {
		return err
	}
	return os.WriteFile(file, append(content, '\n'), 0o644)
}

// builtin returns the schemas of the kinds of Kubernetes.
func builtin() (definitions, error) {
	encoded, err := json.Marshal(openapi.Schema())
	if err != nil {
		return nil, err
	}
	var schema struct {
		Definitions definitions `json:"definitions"`
	}
	err = json.Unmarshal(encoded, &schema)
	return schema.Definitions, err
}

// addCRD adds the schema of each version of the CRD in a file, under its reversed group, version and kind.
func addCRD(path string, all definitions) error {
	content, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	var crd struct {
		Spec struct {
			Group    string
			Names    struct{ Kind string }
			Versions []struct {
				Name   string
				Schema struct{ OpenAPIV3Schema node }
			}
		}
	}
	if err := yaml.Unmarshal(content, &crd); err != nil {
		return err
	}
	labels := strings.Split(crd.Spec.Group, ".")
	slices.Reverse(labels)
	for _, version := range crd.Spec.Versions {
		definition := version.Schema.OpenAPIV3Schema
		definition.GVK = []gvk{{crd.Spec.Group, version.Name, crd.Spec.Names.Kind}}
		all[strings.Join(append(labels, version.Name, crd.Spec.Names.Kind), ".")] = definition
	}
	return nil
}
