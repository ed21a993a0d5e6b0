// Package components builds the workloads of a stack's components, and the claims of the volumes that they share.
package components

import (
	"github.com/stackwright/stackwright/api/v1alpha1"
	"github.com/stackwright/stackwright/controllers/kit"
	"github.com/stackwright/stackwright/controllers/part"
)

// New returns the room that builds all components of a stack, with the runtimes that this build serves.
func New(runtimes []part.Runtime) func(*part.Stack) (part.Output, error) {
	served := make(map[v1alpha1.Runtime]part.Runtime, len(runtimes))
	for _, runtime := range runtimes {
		served[runtime.Name] = runtime
	}
	return func(s *part.Stack) (part.Output, error) {
		var output part.Output
		for i := range s.Components {
			w, err := newWorkload(s, &s.Components[i], served)
			if err != nil {
				return part.Output{}, err
			}
			w.build(&output)
		}
		for _, claim := range s.Claims {
			output.Retain(persistentVolumeClaim(s, claim))
		}
		return output, nil
	}
}

// workload is one component on its way to objects.
type workload struct {
	*part.Component
	stack    *part.Stack
	runtime  part.Runtime
	identity kit.Identity
	// name of all its objects.
	name string
	// singleton says that it has at most one pod.
	singleton bool
}

func newWorkload(s *part.Stack, component *part.Component, served map[v1alpha1.Runtime]part.Runtime) (*workload, error) {
	spec := &component.Spec
	runtime, known := served[spec.Runtime]
	if !known && spec.Runtime != "" && spec.Runtime != v1alpha1.RuntimeCustom {
		return nil, part.Invalid(v1alpha1.ReasonProviderMissing,
			"component %s: the runtime %s is not part of this build of the operator", spec.Name, spec.Runtime)
	}
	if err := checkContainers(spec); err != nil {
		return nil, err
	}
	for _, used := range component.Uses {
		if used.Secret == "" {
			return nil, part.Waiting(v1alpha1.ReasonCredentialsPending, 0,
				"component %s: the credentials of %s are being made", spec.Name, used.Name)
		}
	}
	return &workload{
		Component: component,
		stack:     s,
		runtime:   runtime,
		identity:  kit.ComponentIdentity(s.Name, string(spec.Name)),
		name:      kit.Child(s.Name, string(spec.Name)),
		singleton: runtime.Singleton != nil && runtime.Singleton(spec),
	}, nil
}

// build adds every object of the component, and what became of what it declares.
func (w *workload) build(output *part.Output) {
	conventional, unset := w.conventionalVariables()
	output.Add(w.serviceAccount(), w.deployment(conventional))
	if w.Called && w.hasPorts() {
		output.Add(w.service())
	}
	if w.scales() && !w.stack.Suspended {
		output.Add(w.horizontalPodAutoscaler())
	}
	if w.hasBudget() {
		output.Add(w.podDisruptionBudget())
	}
	output.Add(w.networkPolicy())
	output.Verdicts = append(output.Verdicts, w.verdicts(unset)...)
}

func (w *workload) hasPorts() bool { return w.Spec.Port != nil || len(w.Spec.Ports) > 0 }

// scales says whether an autoscaler decides the number of pods while the stack runs.
func (w *workload) scales() bool { return w.Autoscaled && !w.singleton }

// hasBudget leaves out pods that share a claim of one node: the first to be evicted starts nowhere else before the others are
// gone, and a budget would hold those back, and the drain of the node with them.
func (w *workload) hasBudget() bool {
	return w.maxPods() > 1 && !w.stack.Suspended && len(w.singleNodeClaims()) == 0
}

// maxPods is the greatest number of pods while the stack runs.
func (w *workload) maxPods() int32 {
	switch {
	case w.scales():
		return w.MaxReplicas
	case w.singleton:
		return min(w.Replicas, 1)
	}
	return w.Replicas
}

// verdicts says how the declared capabilities of the component are served.
func (w *workload) verdicts(unset string) []v1alpha1.CapabilityVerdict {
	var verdicts []v1alpha1.CapabilityVerdict
	add := func(name string, verdict v1alpha1.Verdict, provider, message string) {
		verdicts = append(verdicts, v1alpha1.CapabilityVerdict{
			Name: name, Subject: string(w.Spec.Name), Verdict: verdict, Provider: provider, Message: message,
		})
	}
	if w.scales() {
		add("Autoscaling", v1alpha1.VerdictEnforced, "HorizontalPodAutoscaler", w.pauseOfScaling())
	}
	if unset != "" {
		add("ConventionalVariables", v1alpha1.VerdictUnsupported, "", unset)
	}
	if hosts := w.egressHosts(); len(hosts) > 0 {
		add("Egress", v1alpha1.VerdictFallback, "NetworkPolicy", hostsMessage(hosts))
	}
	return verdicts
}

func (w *workload) pauseOfScaling() string {
	if w.stack.Suspended {
		return "paused while the stack is suspended"
	}
	return ""
}
