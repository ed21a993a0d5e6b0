package tenant

import (
	"context"
	"slices"
	"strings"

	"github.com/stackwright/stackwright/hack/e2e/rig"
)

// Class is one of the ten classes of attacks that tenants of an operator try.
type Class string

// Classes of attacks.
const (
	ConfusedDeputy Class = "deputy"     // make the operator reach what the tenant may not
	Labels         Class = "labels"     // pass metadata through, hijack selectors
	PodEscape      Class = "escape"     // leave the pod
	Injection      Class = "injection"  // write text that something else reads as code
	Dial           Class = "dial"       // make the operator connect somewhere (SSRF)
	RouteHijack    Class = "routes"     // take the traffic of somebody else
	Monitoring     Class = "monitoring" // scrape or be scraped with rights
	Abuse          Class = "abuse"      // use up what others need
	Names          Class = "names"      // take names of somebody else
	Deletion       Class = "deletion"   // delete, forge, block
)

// Classes of vulnerabilities that operators had. Every one is tried by at least one attack.
const (
	cveDeputy     = "cross-namespace reference / confused deputy"
	cvePower      = "operator creates power for tenants"
	cveIdentity   = "over-broad own identity"
	cveExfiltrate = "token exfiltration, SSRF, file read"
	cveInjection  = "template / config / command injection"
	cveTraversal  = "path traversal / DoS"
	cveLabels     = "label-based tenancy"
	cveSidecar    = "privileged sidecar/exporter in the data plane"
)

// vulnerability is the class of vulnerabilities that a class of attacks tries, where an attack names no other.
var vulnerability = map[Class]string{
	ConfusedDeputy: cveDeputy, Labels: cveLabels, PodEscape: cvePower, Injection: cveInjection, Dial: cveExfiltrate,
	RouteHijack: cveDeputy, Monitoring: cveSidecar, Abuse: cveTraversal, Names: cveDeputy, Deletion: cveIdentity,
}

// Attack is one thing that a tenant tries, and what has to come of it.
type Attack struct {
	Class Class
	Name  string
	// CVE is the class of vulnerabilities that is tried; empty is that of the class of attacks.
	CVE string
	// Expect says in words what has to come of it. It was written before the attack was tried.
	Expect string
	// Given are manifests of the administrator that stand there before. NEIGHBOUR, OWN and OTHER are namespaces.
	Given string
	// Ready says that the resources of Stackwright among them have converged before the attack.
	Ready bool
	// Steps are what is sent, before Act does what no list of steps can say.
	Steps []Step
	Act   func(context.Context, *scene) error
	// Leaves are given to the attack's own namespaces.
	Leaves []rig.Leave
	// Shows are conditions that resources of the own namespace have in the end; every other one is Ready.
	Shows []Shown
	// Keeps are given objects, as KIND/NAME, that stay byte-equal.
	Keeps []string
	// Touches are objects of the neighbour, as KIND/NAME, that the project's documents let a tenant change in one way, which Check
	// holds them to.
	Touches []string
	// Check looks at what is there in the end.
	Check func(context.Context, *scene) error
	// Alone says that the attack needs namespaces of its own even though all of it is refused.
	Alone bool
	// Skipped says why an attack of the list cannot be tried with the present API.
	Skipped string
}

// Shown is the condition Ready of a resource.
type Shown struct {
	Kind, Name string
	// Reason of Ready.
	Reason string
	// Says are texts that stand in the message.
	Says []string
}

// ID names the attack.
func (a *Attack) ID() string { return "tenant/" + string(a.Class) + "/" + a.Name }

// Vulnerability is the class of vulnerabilities that is tried.
func (a *Attack) Vulnerability() string {
	if a.CVE != "" {
		return a.CVE
	}
	return vulnerability[a.Class]
}

// reasons are those for which a resource may be not Ready in the end.
func (a *Attack) reasons() []string {
	var reasons []string
	for _, shown := range a.Shows {
		reasons = append(reasons, shown.Reason)
	}
	return reasons
}

// refusedWhole says that nothing of the attack gets in: such attacks share their namespaces.
func (a *Attack) refusedWhole() bool {
	accepted := func(s Step) bool { return len(s.Refused) == 0 }
	return !a.Alone && a.Given == "" && a.Check == nil && a.Act == nil && !slices.ContainsFunc(a.Steps, accepted)
}

// Attacks are all of them.
func Attacks() []Attack {
	return slices.Concat(
		deputies(), anchors(), metadata(), escapes(), injections(), engineInjections(), dials(), routes(), monitors(),
		oversized(), floods(), names(), squatters(), deletions(), unconfirmed(), forgeries(),
	)
}

// edited is a manifest with one text for another, which it must have.
func edited(manifest, old, with string) string {
	if !strings.Contains(manifest, old) {
		panic("the manifest has no " + old)
	}
	return strings.Replace(manifest, old, with, 1)
}

// stack is a stack with a spec.
func stack(spec string) string {
	return "apiVersion: stackwright.dev/v1alpha1\nkind: BackendStack\nmetadata: {name: shop}\nspec:\n" + indented("  ", spec)
}

// web is a stack whose one component serves a port, and has further fields.
func web(fields string) string {
	return stack("components:\n- name: web\n  image: ghcr.io/acme/shop:1.4.2\n  port: 8080\n" + indented("  ", fields))
}

// service is a data service with a spec on one line.
func service(kind, spec string) string {
	return "apiVersion: stackwright.dev/v1alpha1\nkind: " + kind + "\nmetadata: {name: store}\nspec: " + spec + "\n"
}

func indented(space, text string) string {
	var result strings.Builder
	for line := range strings.Lines(text) {
		result.WriteString(space + line)
	}
	if text != "" && !strings.HasSuffix(text, "\n") {
		result.WriteString("\n")
	}
	return result.String()
}
