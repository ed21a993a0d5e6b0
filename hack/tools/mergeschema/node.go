package main

import (
	"maps"
	"strings"
)

// node is the part of an OpenAPI schema that kustomize reads to merge lists.
type node struct {
	GVK           []gvk           `json:"x-kubernetes-group-version-kind,omitempty"`
	Type          any             `json:"type,omitempty"`
	Ref           string          `json:"$ref,omitempty"`
	Properties    map[string]node `json:"properties,omitempty"`
	Items         *node           `json:"items,omitempty"`
	PatchStrategy string          `json:"x-kubernetes-patch-strategy,omitempty"`
	PatchMergeKey string          `json:"x-kubernetes-patch-merge-key,omitempty"`
	MapKeys       []string        `json:"x-kubernetes-list-map-keys,omitempty"`
}

type gvk struct {
	Group   string `json:"group"`
	Version string `json:"version"`
	Kind    string `json:"kind"`
}

// definitions are schemas by name.
type definitions map[string]node

// mergeable returns what of the definitions leads to a list that merges by key. Definitions refer to each other, so it
// starts from all of them and drops until nothing more can be dropped.
func (d definitions) mergeable() definitions {
	kept := maps.Clone(d)
	for before := -1; before != len(kept); {
		before = len(kept)
		for name := range d {
			if _, ok := d[name].mergeable(kept); !ok {
				delete(kept, name)
			}
		}
	}
	for name := range kept {
		kept[name], _ = d[name].mergeable(kept)
	}
	return kept
}

// mergeable returns what of a schema leads to a list that merges by key, and whether there is anything.
func (n node) mergeable(kept definitions) (node, bool) {
	if n.Ref != "" {
		if _, found := kept[strings.TrimPrefix(n.Ref, "#/definitions/")]; !found {
			return node{}, false
		}
		return n, true
	}
	result, found := node{GVK: n.GVK, Type: n.Type}, false
	for name, child := range n.Properties {
		if below, ok := child.mergeable(kept); ok {
			if result.Properties == nil {
				result.Properties = map[string]node{}
			}
			result.Properties[name], found = below, true
		}
	}
	if n.Items != nil {
		items, ok := n.Items.mergeable(kept)
		result.Items, found = &items, ok
	}
	if len(n.MapKeys) > 0 || n.PatchMergeKey != "" {
		result.setKeys(n)
		found = true
	}
	return result, found
}

// setKeys says how a list merges. Kustomize reads several keys from one extension and a single one from another.
func (n *node) setKeys(from node) {
	n.PatchStrategy, n.PatchMergeKey, n.MapKeys = "merge", from.PatchMergeKey, from.MapKeys
	if n.PatchMergeKey == "" && len(n.MapKeys) == 1 {
		n.PatchMergeKey, n.MapKeys = n.MapKeys[0], nil
	}
	if from.PatchStrategy != "" {
		n.PatchStrategy = from.PatchStrategy
	}
}
