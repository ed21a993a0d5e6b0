package resolve

import (
	"cmp"
	"context"
	"slices"

	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/stackwright/stackwright/api/v1alpha1"
	"github.com/stackwright/stackwright/controllers/anchor"
	"github.com/stackwright/stackwright/controllers/part"
)

// consumers returns the stacks that use a data service: those that are admitted, in a stable order, and those that are not.
func (r *Resolver) consumers(ctx context.Context, view *View) ([]part.Consumer, []v1alpha1.ConsumerStatus, error) {
	stacks := &v1alpha1.BackendStackList{}
	key := ServiceKey(view.Kind, view.Object.GetNamespace(), view.Object.GetName())
	if err := r.Cache.List(ctx, stacks, client.MatchingFields{IndexServices: key}); err != nil {
		return nil, nil, err
	}
	var admitted []part.Consumer
	var refused []v1alpha1.ConsumerStatus
	for i := range stacks.Items {
		stack := &stacks.Items[i]
		for _, entry := range Entries(stack) {
			if !stack.DeletionTimestamp.IsZero() || entry.Object == "" ||
				ServiceKey(entry.Kind, entry.Namespace, entry.Object) != key {
				continue
			}
			granted, err := r.granted(ctx, view, stack, entry)
			if err != nil {
				return nil, nil, err
			}
			if granted {
				admitted = append(admitted, r.consumer(ctx, stack, entry))
			} else {
				refused = append(refused, refusal(stack, entry))
			}
		}
	}
	slices.SortFunc(admitted, func(a, b part.Consumer) int {
		return cmp.Or(cmp.Compare(a.Namespace, b.Namespace), cmp.Compare(a.Stack, b.Stack), cmp.Compare(a.Entry, b.Entry))
	})
	slices.SortFunc(refused, func(a, b v1alpha1.ConsumerStatus) int {
		return cmp.Or(cmp.Compare(a.Namespace, b.Namespace), cmp.Compare(a.Stack, b.Stack), cmp.Compare(a.Entry, b.Entry))
	})
	return admitted, refused, nil
}

func (r *Resolver) consumer(ctx context.Context, stack *v1alpha1.BackendStack, entry Entry) part.Consumer {
	return part.Consumer{
		Namespace: stack.Namespace, Stack: stack.Name, Entry: entry.Name,
		Access: entry.Access, Private: entry.Database == "", Database: entry.Database,
		Connections: r.connections(ctx, stack, entry),
	}
}

func refusal(stack *v1alpha1.BackendStack, entry Entry) v1alpha1.ConsumerStatus {
	return v1alpha1.ConsumerStatus{
		Namespace: stack.Namespace, Stack: stack.Name, Entry: entry.Name, Access: entry.Access, Database: entry.Database,
		Ready: "False", Reason: v1alpha1.ReasonNotGranted,
	}
}

const (
	// mostConsumers and mostRefused keep status.consumers below what the API allows, whoever asks for a service.
	mostConsumers = 448
	mostRefused   = 32
)

// limitConsumers turns away stacks beyond the limits: those that have a login keep it. A stack that is not granted sees that
// for itself, so that the status need not name each.
func (p *ServicePlan) limitConsumers() {
	if len(p.Consumers) > mostConsumers {
		slices.SortStableFunc(p.Consumers, func(a, b part.Consumer) int { return cmp.Compare(p.seniority(a), p.seniority(b)) })
		for _, c := range p.Consumers[mostConsumers:] {
			p.Refuse(c, v1alpha1.ReasonLimitExceeded)
		}
		p.Consumers = p.Consumers[:mostConsumers]
	}
	p.Refused = p.Refused[:min(len(p.Refused), mostRefused)]
}

// seniority is 0 for a stack that has a login, 1 for one that wants it.
func (p *ServicePlan) seniority(c part.Consumer) int {
	if p.recordOf(c) != nil {
		return 0
	}
	return 1
}

// recordOf is what the anchor says of a consumer that has not left, or nil.
func (p *ServicePlan) recordOf(c part.Consumer) *anchor.Consumer {
	if p.Recorded == nil {
		return nil
	}
	if record := p.Recorded.Find(c.Namespace, c.Stack, c.Entry); record != nil && !record.Departed {
		return record
	}
	return nil
}

// Refuse notes for the status why a stack has no login. One that has its earlier login is named with that instead.
func (p *ServicePlan) Refuse(c part.Consumer, reason string) {
	if p.recordOf(c) != nil || len(p.Refused) >= mostRefused {
		return
	}
	p.Refused = append(p.Refused, v1alpha1.ConsumerStatus{
		Namespace: c.Namespace, Stack: c.Stack, Entry: c.Entry, Access: c.Access, Database: c.Database,
		Ready: "False", Reason: reason,
	})
}

// granted says whether the owner of a data service lets a stack's entry use it. The stack that made it needs no grant, but an
// inline entry is let in only where the service was made for that very entry.
func (r *Resolver) granted(ctx context.Context, view *View, stack *v1alpha1.BackendStack, entry Entry) (bool, error) {
	claim := view.Claim()
	own := claim != nil && stack.Namespace == view.Object.GetNamespace() && claim.Stack == stack.Name
	if entry.Inline {
		return own && claim.Entry == entry.Name, nil
	}
	if own {
		return true, nil
	}
	for _, g := range view.grants {
		matches, err := r.grantMatches(ctx, view.Object.GetNamespace(), stack.Namespace, g.namespaces)
		if err != nil {
			return false, err
		}
		if matches && g.covers(entry) {
			return true, nil
		}
	}
	return false, nil
}

func (r *Resolver) grantMatches(ctx context.Context, owner, namespace string, grant v1alpha1.NamespaceGrant) (bool, error) {
	switch grant.From {
	case v1alpha1.NamespacesSame:
		return owner == namespace, nil
	case v1alpha1.NamespacesAll:
		return true, nil
	}
	if grant.Selector == nil {
		return false, nil
	}
	return r.namespaceMatches(ctx, namespace, grant.Selector.LabelSelector())
}

// covers says whether the grant reaches as far as an entry asks. A private database needs no further grant.
func (g grant) covers(entry Entry) bool {
	if entry.Database == "" {
		return true
	}
	rank := map[v1alpha1.AccessMode]int{v1alpha1.AccessReadOnly: 1, v1alpha1.AccessReadWrite: 2, v1alpha1.AccessOwner: 3}
	named := slices.Contains(g.databases, "*") || slices.Contains(g.databases, entry.Database)
	return named && rank[entry.Access] <= rank[g.maxAccess]
}
