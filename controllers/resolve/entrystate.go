package resolve

import (
	"context"
	"maps"
	"slices"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/stackwright/stackwright/api/v1alpha1"
	"github.com/stackwright/stackwright/controllers/anchor"
	"github.com/stackwright/stackwright/controllers/kit"
	"github.com/stackwright/stackwright/controllers/part"
)

// entry finds out what is known of the service behind an entry.
func (r *Resolver) entry(ctx context.Context, stack *v1alpha1.BackendStack, entry Entry) (EntryState, error) {
	state := EntryState{Entry: entry, Dependency: part.Dependency{
		Name: entry.Name, Kind: entry.Kind, Engine: entry.Engine, Type: entry.Type, Default: entry.Default, PoolSize: entry.PoolSize,
	}}
	if entry.External != nil {
		external(&state)
		return state, nil
	}
	object := NewDataService(entry.Kind)
	exists, err := r.found(ctx, entry.Namespace, entry.Object, object)
	if err != nil {
		return state, err
	}
	if !exists {
		state.Problem = missing(entry)
		return state, nil
	}
	state.Service = ViewOf(object)
	recorded, err := r.recorded(ctx, state.Service)
	if err != nil {
		return state, err
	}
	if state.Shared, err = r.shared(ctx, stack, entry); err != nil {
		return state, err
	}
	if entry.Inline {
		if err := checkClaim(stack, entry, state.Service); err != nil {
			return state, err
		}
	}
	granted, err := r.granted(ctx, state.Service, stack, entry)
	if err != nil {
		return state, err
	}
	if !granted { // what the service is and how it fares is not for this stack to know
		state.Service, state.Problem = nil, notGranted(entry)
		return state, nil
	}
	r.bind(stack, &state, recorded)
	return state, nil
}

func external(state *EntryState) {
	state.Dependency.Secret = state.External.SecretRef.Name
	state.Dependency.Renamed = state.External.Keys
	state.Dependency.Egress = state.External.Egress
	if keys := state.External.Keys; keys != nil {
		state.Dependency.Keys = factsOf(keys)
		state.Dependency.HasCA = keys.Certificates != ""
	}
}

// factsOf lists the facts that are declared, under the names of servicebinding.io.
func factsOf(keys *v1alpha1.BindingKeys) []string {
	declared := map[string]string{
		"host": keys.Host, "port": keys.Port, "username": keys.Username, "password": keys.Password,
		"database": keys.Database, "uri": keys.URI, corev1.ServiceAccountRootCAKey: keys.Certificates,
	}
	maps.DeleteFunc(declared, func(_, key string) bool { return key == "" })
	return slices.Sorted(maps.Keys(declared))
}

func missing(entry Entry) error {
	if entry.Inline {
		return part.Waiting(v1alpha1.ReasonCredentialsPending, 0, "%s %s is being made", entry.Kind, entry.Object)
	}
	return part.Waiting(v1alpha1.ReasonDependencyNotFound, 0,
		"%s %s/%s does not exist; create it or correct ref", entry.Kind, entry.Namespace, entry.Object)
}

func (r *Resolver) shared(ctx context.Context, stack *v1alpha1.BackendStack, entry Entry) (bool, error) {
	stacks := &v1alpha1.BackendStackList{}
	key := ServiceKey(entry.Kind, entry.Namespace, entry.Object)
	if err := r.Cache.List(ctx, stacks, client.MatchingFields{IndexServices: key}); err != nil {
		return false, err
	}
	return slices.ContainsFunc(stacks.Items, func(other v1alpha1.BackendStack) bool {
		return other.UID != stack.UID && other.DeletionTimestamp.IsZero()
	}), nil
}

// checkClaim refuses to take over a service that was made for somebody else, or by hand.
func checkClaim(stack *v1alpha1.BackendStack, entry Entry, service *View) error {
	claim := service.Claim()
	if claim != nil && claim.Stack == stack.Name && claim.Entry == entry.Name {
		return nil
	}
	maker := "by hand"
	if claim != nil {
		maker = "for entry " + claim.Entry + " of stack " + claim.Stack
	}
	return part.Waiting(v1alpha1.ReasonNameConflict, 0,
		"entry %s needs the name %s, but that %s was made %s; rename the entry, or share it with ref",
		entry.Name, entry.Object, entry.Kind, maker)
}

// bind fills in what the stack's components need to connect, or says why they have to wait.
func (r *Resolver) bind(stack *v1alpha1.BackendStack, state *EntryState, recorded *anchor.Anchor) {
	view := state.Service
	state.Dependency.Engine, state.Engine = view.Engine, view.Engine
	stub, provider := r.stub(view, recorded)
	if provider == nil {
		state.Problem = part.Waiting(v1alpha1.ReasonCredentialsPending, 0, "%s %s is being made", state.Kind, state.Object)
		return
	}
	state.Peer = &part.Peer{Labels: kit.ServiceSelector(view.Engine, stub.Name), Ports: kit.TCP(provider.Ports(stub)...)}
	if stub.Namespace != stack.Namespace {
		state.Peer.Namespace = stub.Namespace
	}
	state.Consumer = consumerStatus(view, stack, state.Name)
	state.Problem = bindingProblem(stack, state)
	if state.Problem == nil {
		state.Dependency.Secret = state.Consumer.Binding.Name
	}
	used := recordedSet(recorded, stack, state)
	if state.Dependency.Keys = used.Keys; state.Dependency.Keys == nil {
		state.Dependency.Keys = bindingKeys(provider, stub)
	}
	if stub.Certificate != nil {
		state.Dependency.HasCA, state.Dependency.CA = true, recorded.Authority(used.Authorities)
	}
}

// recordedSet is what the anchor says of the binding Secret that is used: one of an earlier build lacks keys that this one would
// add, and one that was made before a renewal an authority. It is empty where nothing is said.
func recordedSet(recorded *anchor.Anchor, stack *v1alpha1.BackendStack, state *EntryState) anchor.Set {
	if recorded == nil {
		return anchor.Set{}
	}
	c := recorded.Find(stack.Namespace, stack.Name, state.Name)
	switch secret := state.Dependency.Secret; {
	case c == nil || secret == "":
		return anchor.Set{}
	case c.Set.Binding == secret:
		return c.Set
	case c.Previous != nil && c.Previous.Binding == secret:
		return *c.Previous
	}
	return anchor.Set{}
}

// stub is a service with just enough facts to name endpoint, ports and keys.
func (r *Resolver) stub(view *View, recorded *anchor.Anchor) (*part.Service, *part.Provider) {
	name := view.Status.Provider
	for i := range r.Providers {
		p := &r.Providers[i]
		if p.Kind != view.Kind || p.Engine != view.Engine || p.Name != name {
			continue
		}
		stub := &part.Service{
			Kind: view.Kind, Namespace: view.Object.GetNamespace(), Name: view.Object.GetName(), Engine: view.Engine,
			Provider: p.Name, ClusterDomain: r.ClusterDomain, TLS: p.DefaultTLS,
			Replicas: view.replicas, Shards: max(view.shards, 1), Nodes: max(view.nodes, 1), Durable: view.durable,
		}
		if view.Pooler != nil {
			stub.Pooler = &part.Pooler{} // its port and the keys of bindings depend on no more
		}
		if view.Common.Metrics != nil {
			stub.Metrics = &part.Metrics{} // bindings have further keys
		}
		stubTLS(view, stub, recorded)
		return stub, p
	}
	return nil, nil
}

// recorded reads the anchor of a service; nil while there is none that can be believed. Its claimant counts for the view.
func (r *Resolver) recorded(ctx context.Context, view *View) (*anchor.Anchor, error) {
	object := &corev1.ConfigMap{}
	name := view.Object.GetName()
	exists, err := r.found(ctx, view.Object.GetNamespace(), anchor.Name(view.Kind, name), object)
	if err != nil || !exists {
		return nil, err
	}
	recorded, err := anchor.Parse(object, view.Kind, name)
	if err != nil {
		return nil, nil //nolint:nilerr,nilnil // the service's own condition tells of an anchor that cannot be believed
	}
	view.recorded = recorded.Claimant
	return recorded, nil
}

func stubTLS(view *View, stub *part.Service, recorded *anchor.Anchor) {
	if view.Common.TLS != nil {
		stub.TLS = view.Common.TLS.Mode
	}
	if recorded == nil {
		return
	}
	if view.Common.TLS == nil {
		stub.TLS = recorded.TLS
	}
	if recorded.Certificate != nil && stub.TLS != v1alpha1.TLSDisabled {
		credential := recorded.Certificate.Credential()
		stub.Certificate = &credential
	}
}

func bindingKeys(provider *part.Provider, stub *part.Service) []string {
	keys := provider.Binding(stub, part.Consumer{Login: "x", Database: "x", Entry: "x"}, "x")
	if stub.TLS != v1alpha1.TLSDisabled {
		keys[corev1.ServiceAccountRootCAKey] = ""
	}
	return slices.Sorted(maps.Keys(keys))
}

func consumerStatus(view *View, stack *v1alpha1.BackendStack, entry string) *v1alpha1.ConsumerStatus {
	for i := range view.Status.Consumers {
		c := &view.Status.Consumers[i]
		if c.Namespace == stack.Namespace && c.Stack == stack.Name && c.Entry == entry {
			return c
		}
	}
	return nil
}

func notGranted(entry Entry) error {
	wanted := "access"
	if entry.Access != "" {
		wanted = string(entry.Access) + " access"
	}
	if entry.Database != "" {
		wanted += " to database " + entry.Database
	}
	return part.Waiting(v1alpha1.ReasonNotGranted, 0,
		"%s %s/%s does not grant this stack %s; its owner adds the namespace, with what is shared and maxAccess, to spec.allowedConsumers",
		entry.Kind, entry.Namespace, entry.Object, wanted)
}

func bindingProblem(stack *v1alpha1.BackendStack, state *EntryState) error {
	consumer := state.Consumer
	switch {
	case consumer != nil && consumer.Binding == nil &&
		(consumer.Reason == v1alpha1.ReasonQuotaExceeded || consumer.Reason == v1alpha1.ReasonRefused):
		return part.Waiting(consumer.Reason, 0,
			"%s: this namespace refuses the Secret or ConfigMap of the credentials; look at its quotas and policies", state.Name)
	case consumer != nil && consumer.Binding == nil && consumer.Reason == v1alpha1.ReasonLimitExceeded:
		return part.Waiting(v1alpha1.ReasonLimitExceeded, 0,
			"%s: %s %s/%s serves as many stacks as it can; use another", state.Name, state.Kind, state.Namespace, state.Object)
	case consumer == nil || consumer.Binding == nil:
		return part.Waiting(v1alpha1.ReasonCredentialsPending, 0,
			"%s: credentials of %s %s are being made", state.Name, state.Kind, state.Object)
	case !anchor.BindingName(stack.Name, state.Name, consumer.Binding.Name):
		return part.Waiting(v1alpha1.ReasonAnchorInvalid, 0,
			"%s: %s %s/%s names Secret %s, which is none of this entry; nothing is changed",
			state.Name, state.Kind, state.Namespace, state.Object, consumer.Binding.Name)
	}
	return nil
}
