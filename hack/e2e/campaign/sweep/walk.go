package sweep

import (
	"maps"
	"os"
	"path/filepath"
	"slices"

	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"sigs.k8s.io/yaml"
)

// node is one place of the schema of a kind's spec.
type node struct {
	kind   string
	path   path
	schema *apiextensionsv1.JSONSchemaProps
	// required says that what is around it cannot be without it.
	required bool
}

// leaf says whether the node holds a value of its own.
func (n *node) leaf() bool {
	s := n.schema
	return s.Type != "array" && len(s.Properties) == 0 && s.AdditionalProperties == nil
}

func (n *node) String() string { return n.kind + "/" + n.path.String() }

// walk lists the nodes of every kind's spec, from the CRDs of a project.
func walk(root string) ([]node, error) {
	files, err := filepath.Glob(filepath.Join(root, "config", "crd", "bases", "*.yaml"))
	if err != nil {
		return nil, err
	}
	var nodes []node
	for _, file := range files {
		content, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		crd := &apiextensionsv1.CustomResourceDefinition{}
		if err := yaml.UnmarshalStrict(content, crd); err != nil {
			return nil, err
		}
		spec := crd.Spec.Versions[0].Schema.OpenAPIV3Schema.Properties["spec"]
		nodes = append(nodes, below(node{kind: crd.Spec.Names.Kind, path: path{"spec"}, schema: &spec, required: true})...)
	}
	return nodes, nil
}

// below lists a node and all that it holds.
func below(n node) []node {
	nodes := []node{n}
	s := n.schema
	child := func(segment string, schema *apiextensionsv1.JSONSchemaProps, required bool) {
		nodes = append(nodes, below(node{kind: n.kind, path: n.path.with(segment), schema: schema, required: required})...)
	}
	for _, name := range slices.Sorted(maps.Keys(s.Properties)) {
		property := s.Properties[name]
		child(name, &property, slices.Contains(s.Required, name))
	}
	if s.Items != nil {
		child("[]", s.Items.Schema, false)
	}
	if s.AdditionalProperties != nil && s.AdditionalProperties.Schema != nil {
		child("{}", s.AdditionalProperties.Schema, false)
	}
	return nodes
}

func leaves(nodes []node) []node {
	return slices.DeleteFunc(slices.Clone(nodes), func(n node) bool { return !n.leaf() })
}
