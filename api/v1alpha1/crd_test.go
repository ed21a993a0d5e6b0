package v1alpha1_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"k8s.io/apiextensions-apiserver/pkg/apis/apiextensions"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	crdvalidation "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/validation"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/cel"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/defaulting"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/listtype"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/objectmeta"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/pruning"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"
	apiservercel "k8s.io/apiserver/pkg/apis/cel"
	"sigs.k8s.io/yaml"
)

const (
	crdFolder = "../../config/crd/bases"

	// maxCRDSize is the most that the annotation of a client-side kubectl apply may hold.
	maxCRDSize = 262144
)

// kind is one of our kinds with the validators that the API server would make of its CRD.
type kind struct {
	crd        *apiextensions.CustomResourceDefinition
	structural *schema.Structural
	openAPI    validation.SchemaValidator
	rules      *cel.Validator
}

// loadCRDs reads the generated CRDs as the API server would: defaulted and converted, by kind.
func loadCRDs(t testing.TB) map[string]*apiextensions.CustomResourceDefinition {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(crdFolder, "*.yaml"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no CRDs in %s (%v): run make generate", crdFolder, err)
	}
	crds := map[string]*apiextensions.CustomResourceDefinition{}
	for _, file := range files {
		crd := loadCRD(t, file)
		crds[crd.Spec.Names.Kind] = crd
	}
	return crds
}

func loadCRD(t testing.TB, file string) *apiextensions.CustomResourceDefinition {
	t.Helper()
	content, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var external apiextensionsv1.CustomResourceDefinition
	if err := yaml.UnmarshalStrict(content, &external); err != nil {
		t.Fatalf("%s: %v", file, err)
	}
	apiextensionsv1.SetDefaults_CustomResourceDefinition(&external)
	apiextensionsv1.SetDefaults_CustomResourceDefinitionSpec(&external.Spec)
	var crd apiextensions.CustomResourceDefinition
	if err := apiextensionsv1.Convert_v1_CustomResourceDefinition_To_apiextensions_CustomResourceDefinition(&external, &crd, nil); err != nil {
		t.Fatalf("%s: %v", file, err)
	}
	crd.Status.StoredVersions = []string{crd.Spec.Versions[0].Name}
	return &crd
}

// loadKinds makes the validators of every kind.
func loadKinds(t testing.TB) map[string]kind {
	t.Helper()
	kinds := map[string]kind{}
	for name, crd := range loadCRDs(t) {
		openAPI, err := apiextensions.GetSchemaForVersion(crd, crd.Spec.Versions[0].Name)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		structural, err := schema.NewStructural(openAPI.OpenAPIV3Schema)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		validator, _, err := validation.NewSchemaValidator(openAPI.OpenAPIV3Schema)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		kinds[name] = kind{
			crd:        crd,
			structural: structural,
			openAPI:    validator,
			rules:      cel.NewValidator(structural, true, apiservercel.PerCallLimit),
		}
	}
	return kinds
}

// validate does to an object what the API server does on a create (old is nil) or an update with strict field validation.
func (k kind) validate(ctx context.Context, object, old map[string]any) field.ErrorList {
	var errs field.ErrorList
	unknown := pruning.PruneWithOptions(object, k.structural, true, schema.UnknownFieldPathOptions{TrackUnknownFieldPaths: true})
	for _, path := range unknown {
		errs = append(errs, field.Invalid(field.NewPath(path), "", "unknown field"))
	}
	defaulting.Default(object, k.structural)
	errs = append(errs, objectmeta.Validate(ctx, nil, object, k.structural, true)...)
	if old == nil {
		errs = append(errs, validation.ValidateCustomResource(nil, object, k.openAPI)...)
	} else {
		defaulting.Default(old, k.structural)
		errs = append(errs, validation.ValidateCustomResourceUpdate(nil, object, old, k.openAPI)...)
	}
	errs = append(errs, listtype.ValidateListSetsAndMaps(nil, k.structural, object)...)
	if len(errs) > 0 {
		return errs // as in the API server, rules judge only what fits the schema
	}
	var oldObject any
	if old != nil {
		oldObject = old
	}
	errs, _ = k.rules.Validate(ctx, nil, k.structural, object, oldObject, apiservercel.RuntimeCELCostBudget)
	return errs
}

// TestCRDsAreAccepted runs the API server's own validation of CRDs, which includes the estimated cost of every rule.
func TestCRDsAreAccepted(t *testing.T) {
	for name, crd := range loadCRDs(t) {
		for _, err := range crdvalidation.ValidateCustomResourceDefinition(t.Context(), crd) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestCRDsFitClientSideApply keeps every CRD below what kubectl apply can keep in an annotation, where it stands as JSON.
func TestCRDsFitClientSideApply(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(crdFolder, "*.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		content, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		asJSON, err := yaml.YAMLToJSON(content)
		if err != nil {
			t.Fatal(err)
		}
		if len(asJSON) >= maxCRDSize {
			t.Errorf("%s has %d bytes; the limit is %d", strings.TrimPrefix(file, crdFolder), len(asJSON), maxCRDSize)
		}
	}
}
