package v1alpha1_test

import (
	"testing"
	"time"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/cel"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/defaulting"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

func TestTmp(t *testing.T) {
	kind := loadKinds(t)["BackendStack"]
	object := map[string]any{"apiVersion": "stackwright.dev/v1alpha1", "kind": "BackendStack", "metadata": map[string]any{"name": "large", "namespace": "default"}, "spec": largestSpec()}
	defaulting.Default(object, kind.structural)
	s := *kind.structural
	_ = field.NewPath
	spec := s.Properties["spec"]
	for i, r := range spec.XValidations {
		sp := schema.Structural{Generic: spec.Generic, Properties: spec.Properties, Extensions: spec.Extensions, ValueValidation: spec.ValueValidation, ValidationExtensions: spec.ValidationExtensions}
		sp.XValidations = spec.XValidations[i : i+1]
		// strip nested rules
		v := cel.NewValidator(strip(&sp), false, 1000000)
		if v == nil { t.Log(i, "nil"); continue }
		start := time.Now()
		_, rem := v.Validate(t.Context(), nil, nil, object["spec"], nil, 10000000)
		t.Log(i, 10000000-rem, time.Since(start), r.Message[:40])
	}
	start := time.Now()
	_, rem := kind.rules.Validate(t.Context(), nil, nil, object, nil, 10000000)
	t.Log("all", 10000000-rem, time.Since(start))
}

func strip(s *schema.Structural) *schema.Structural {
	out := *s
	out.Properties = map[string]schema.Structural{}
	for k, v := range s.Properties { out.Properties[k] = *stripAll(&v) }
	return &out
}
func stripAll(s *schema.Structural) *schema.Structural {
	out := *s
	out.XValidations = nil
	out.Properties = map[string]schema.Structural{}
	for k, v := range s.Properties { out.Properties[k] = *stripAll(&v) }
	if s.Items != nil { out.Items = stripAll(s.Items) }
	return &out
}
