package chart

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	admissionv1 "k8s.io/api/admissionregistration/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/version"
	"k8s.io/apiserver/pkg/admission/plugin/cel"
	"k8s.io/apiserver/pkg/admission/plugin/policy/validating"
	"k8s.io/apiserver/pkg/cel/environment"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"
)

// oldest is the Kubernetes that the policies are written for: the first that keeps such policies without a feature gate.
var oldest = version.MajorMinor(1, 30)

const keepPolicy = "helm.sh/resource-policy"

// TestKeepsPolicies: what guards CRDs and namespaces stays with them; what narrows the operator goes with it.
func TestKeepsPolicies(t *testing.T) {
	for name, test := range map[string]struct {
		chosen values
		kept   int
		free   int
	}{
		"default":             {nil, 4, 10},
		"not kept":            {values{"policies": values{"deletion": values{"keep": false}}}, 0, 14},
		"no deletion":         {values{"policies": values{"deletion": values{"enabled": false}}}, 0, 10},
		"operator not narrow": {values{"policies": values{"operator": values{"enabled": false}}}, 4, 0},
	} {
		t.Run(name, func(t *testing.T) {
			kept, free := 0, 0
			for key, object := range objects(t, render(t, "x", test.chosen)) {
				if !strings.HasPrefix(key, "ValidatingAdmissionPolicy") {
					continue
				}
				annotations := asObject(object).GetAnnotations()
				if annotations[keepPolicy] != "keep" {
					free++
					continue
				}
				kept++
				if strings.Contains(key, "operator") {
					t.Errorf("%s is kept", key)
				}
			}
			if kept != test.kept || free != test.free {
				t.Errorf("%d kept and %d not, want %d and %d", kept, free, test.kept, test.free)
			}
		})
	}
}

// TestUninstallWithoutKeep: Helm may delete CRDs that it is told not to keep, whatever the policy says.
func TestUninstallWithoutKeep(t *testing.T) {
	for keep, want := range map[bool]string{true: "", false: "true"} {
		for key, object := range objects(t, render(t, "x", values{"crds": values{"keep": keep}})) {
			got := asObject(object).GetAnnotations()["stackwright.dev/allow-deletion"]
			if strings.HasPrefix(key, "CustomResourceDefinition/") && got != want {
				t.Errorf("crds.keep %v: %s has the annotation %q", keep, key, got)
			}
		}
	}
}

// TestAllPoliciesAreShipped: no file is forgotten in a kustomization or by make generate.
func TestAllPoliciesAreShipped(t *testing.T) {
	for _, set := range []string{"deletion", "operator"} {
		originals, err := filepath.Glob(filepath.Join(root, "config/policy", set, "*.yaml"))
		if err != nil {
			t.Fatal(err)
		}
		copies, err := filepath.Glob(filepath.Join(chart, "files/policy", set, "*.yaml"))
		if err != nil {
			t.Fatal(err)
		}
		if len(copies) != len(originals)-1 { // but for the kustomization
			t.Errorf("the chart has %d files of %s, not %d: run make generate", len(copies), set, len(originals)-1)
		}
	}
	if got := len(shipped(t)); got != 7 {
		t.Errorf("config/default has %d policies", got)
	}
}

// TestEveryPolicyIsBound: a policy without a binding that denies does nothing.
func TestEveryPolicyIsBound(t *testing.T) {
	rendered := kustomized(t)
	for _, policy := range shipped(t) {
		binding := &admissionv1.ValidatingAdmissionPolicyBinding{}
		into(t, rendered["ValidatingAdmissionPolicyBinding/"+policy.Name], binding)
		if binding.Spec.PolicyName != policy.Name || !slices.Equal(binding.Spec.ValidationActions, []admissionv1.ValidationAction{admissionv1.Deny}) {
			t.Errorf("%s is bound by %+v", policy.Name, binding.Spec)
		}
		if *policy.Spec.FailurePolicy != admissionv1.Fail {
			t.Errorf("%s lets through what it cannot judge", policy.Name)
		}
	}
}

// TestNarrowsTheWholeRole: what the role lets the operator write, a policy looks at.
func TestNarrowsTheWholeRole(t *testing.T) {
	role := &rbacv1.ClusterRole{}
	into(t, kustomized(t)["ClusterRole/stackwright"], role)
	narrowed := map[string]map[string]bool{}
	for _, policy := range shipped(t) {
		narrowed[policy.Name] = map[string]bool{}
		for _, rule := range policy.Spec.MatchConstraints.ResourceRules {
			for _, name := range rule.Resources {
				narrowed[policy.Name][rule.APIGroups[0]+"/"+name] = true
			}
		}
	}
	podMakers := []string{"pods", "podtemplates", "replicationcontrollers", "replicasets", "daemonsets", "deployments", "statefulsets", "jobs", "cronjobs"}
	seen := 0
	for _, rule := range role.Rules {
		writes := slices.ContainsFunc(rule.Verbs, func(verb string) bool {
			return !slices.Contains([]string{"get", "list", "watch"}, verb)
		})
		if !writes || rule.APIGroups[0] == "stackwright.dev" || rule.APIGroups[0] == "events.k8s.io" {
			continue
		}
		for _, name := range rule.Resources {
			seen++
			key := rule.APIGroups[0] + "/" + name
			if !narrowed["stackwright-operator-objects"][key] {
				t.Errorf("config/policy/operator/objects.yaml does not look at %s", key)
			}
			if slices.Contains(podMakers, name) && !narrowed["stackwright-operator-workloads"][key] {
				t.Errorf("config/policy/operator/workloads.yaml does not look at %s", key)
			}
		}
	}
	if seen < 11 {
		t.Errorf("only %d resources of the role were looked at", seen)
	}
}

// TestPoliciesCompileForTheOldest compiles every expression with the language of the oldest Kubernetes that is supported.
func TestPoliciesCompileForTheOldest(t *testing.T) {
	compiled := 0
	for _, policy := range shipped(t) {
		compiler, err := cel.NewCompositedCompiler(environment.MustBaseEnvSet(oldest))
		if err != nil {
			t.Fatal(err)
		}
		check := func(where string, result cel.CompilationResult) {
			if compiled++; result.Error != nil {
				t.Errorf("%s: %s: %v", policy.Name, where, result.Error)
			}
		}
		options := cel.OptionalVariableDeclarations{HasAuthorizer: true}
		for i := range policy.Spec.Variables {
			v := &validating.Variable{Name: policy.Spec.Variables[i].Name, Expression: policy.Spec.Variables[i].Expression}
			check("variable "+v.Name, compiler.CompileAndStoreVariable(v, options, environment.NewExpressions))
		}
		for _, condition := range policy.Spec.MatchConditions {
			a := &validating.ValidationCondition{Expression: condition.Expression}
			check(condition.Name, compiler.CompileCELExpression(a, options, environment.NewExpressions))
		}
		for i, v := range policy.Spec.Validations {
			a := &validating.ValidationCondition{Expression: v.Expression}
			check(fmt.Sprint("validation ", i), compiler.CompileCELExpression(a, options, environment.NewExpressions))
			if v.MessageExpression != "" {
				m := &validating.MessageExpressionCondition{MessageExpression: v.MessageExpression}
				check(fmt.Sprint("message ", i), compiler.CompileCELExpression(m, cel.OptionalVariableDeclarations{}, environment.NewExpressions))
			}
			if len(v.Message) > 140 { // the status of a stack shows 300 characters, more than half of which the API server's words take
				t.Errorf("%s: the message is too long for a status: %s", policy.Name, v.Message)
			}
		}
	}
	t.Logf("%d expressions", compiled)
}

// shipped returns the policies of config/default.
func shipped(t *testing.T) []*admissionv1.ValidatingAdmissionPolicy {
	t.Helper()
	var result []*admissionv1.ValidatingAdmissionPolicy
	for key, object := range kustomized(t) {
		if strings.HasPrefix(key, "ValidatingAdmissionPolicy/") {
			policy := &admissionv1.ValidatingAdmissionPolicy{}
			into(t, object, policy)
			result = append(result, policy)
		}
	}
	return result
}

func into(t *testing.T, object values, typed client.Object) {
	t.Helper()
	if err := yaml.UnmarshalStrict([]byte(text(t, object)), typed); err != nil {
		t.Fatal(err)
	}
}

func asObject(object values) *unstructured.Unstructured {
	return &unstructured.Unstructured{Object: object}
}

// list returns the objects of a kind.
func (c *controlPlane) list(t *testing.T, api, kind string) []*unstructured.Unstructured {
	t.Helper()
	list := &unstructured.UnstructuredList{}
	list.SetAPIVersion(api)
	list.SetKind(kind + "List")
	if err := c.admin.List(t.Context(), list); err != nil {
		t.Fatal(err)
	}
	var result []*unstructured.Unstructured
	for i := range list.Items {
		result = append(result, &list.Items[i])
	}
	if len(result) == 0 {
		t.Fatalf("no %s", kind)
	}
	return result
}

// foreignCRD is a CRD of another group.
func foreignCRD() *unstructured.Unstructured {
	return asObject(values{
		"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
		"metadata": values{"name": "things.example.com"},
		"spec": values{
			"group": "example.com", "scope": "Namespaced",
			"names": values{"kind": "Thing", "listKind": "ThingList", "plural": "things", "singular": "thing"},
			"versions": []any{values{
				"name": "v1", "served": true, "storage": true, "schema": values{"openAPIV3Schema": values{"type": "object"}},
			}},
		},
	})
}
