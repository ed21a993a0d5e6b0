package resolve

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/stackwright/stackwright/api/v1alpha1"
	"github.com/stackwright/stackwright/controllers/anchor"
	"github.com/stackwright/stackwright/controllers/part"
)

// ServicePlan is what is known of a data service before anything is written.
type ServicePlan struct {
	View     *View
	Class    *Class
	Provider part.Provider
	// Service has everything but the credentials, which Complete fills in from the anchor.
	Service *part.Service
	// Object holds the anchor; nil while there is none.
	Object *corev1.ConfigMap
	// Recorded is what the anchor says; nil while there is none. Anchor is what it should say before credentials are made.
	Recorded, Anchor *anchor.Anchor
	// Consumers are admitted, Refused are not.
	Consumers []part.Consumer
	Refused   []v1alpha1.ConsumerStatus
	// Claimant is the stack entry that made the service, while it is there.
	Claimant *v1alpha1.Claimant
	// Sets are the ConfigMaps of credential sets of the service, complete or not.
	Sets []corev1.ConfigMap
	// Backups are the StackBackups of a database.
	Backups []v1alpha1.StackBackup
	// Recovery is the backup that a new service begins with; nil when there is none.
	Recovery *anchor.Recovery
	// Upgrade is what the service is on its way to; nil when it is there.
	Upgrade *anchor.Upgrade
	// Failed is why the credentials of some consumer could not be made, which hinders nobody else.
	Failed error
}

// Service resolves a data service.
func (r *Resolver) Service(ctx context.Context, object client.Object) (*ServicePlan, error) {
	plan := &ServicePlan{View: ViewOf(object)}
	if err := r.readAnchor(ctx, plan); err != nil {
		return plan, err
	}
	class, err := r.Class(ctx, object.GetNamespace(), plan.View.Common.StackClassName)
	if err != nil {
		return plan, err
	}
	plan.Class = class
	if plan.Provider, err = r.provider(plan); err != nil {
		return plan, err
	}
	if plan.Consumers, plan.Refused, err = r.consumers(ctx, plan.View); err != nil {
		return plan, err
	}
	plan.limitConsumers()
	plan.Claimant = claimant(plan)
	if plan.Service, err = r.service(ctx, plan); err != nil {
		return plan, err
	}
	if err := r.backups(ctx, plan); err != nil {
		return plan, err
	}
	plan.upgrade()
	plan.Anchor = plan.nextAnchor()
	return plan, nil
}

func (r *Resolver) readAnchor(ctx context.Context, plan *ServicePlan) error {
	view := plan.View
	object := &corev1.ConfigMap{}
	exists, err := r.found(ctx, view.Object.GetNamespace(), anchor.Name(view.Kind, view.Object.GetName()), object)
	if err != nil {
		return err
	}
	if exists {
		plan.Object = object
		if plan.Recorded, err = anchor.Parse(object, view.Kind, view.Object.GetName()); err != nil {
			return err
		}
		if plan.Recorded.Engine != view.Engine {
			return part.Waiting(v1alpha1.ReasonNameConflict, 0,
				"%s %s kept the data of an earlier %s of this name, which ran %s; give this one another name",
				"ConfigMap", object.Name, view.Kind, plan.Recorded.Engine)
		}
		view.recorded = plan.Recorded.Claimant
	}
	sets := &corev1.ConfigMapList{}
	key := anchor.SetKey(view.Kind, view.Object.GetNamespace(), view.Object.GetName())
	if err := r.Cache.List(ctx, sets, client.MatchingFields{IndexSets: key}); err != nil {
		return err
	}
	plan.Sets = slices.DeleteFunc(sets.Items, func(set corev1.ConfigMap) bool {
		return !anchor.Ours(&set, view.Kind, view.Object.GetNamespace(), view.Object.GetName())
	})
	return nil
}

// provider returns the recorded provider, which sticks, or the first that can serve.
func (r *Resolver) provider(plan *ServicePlan) (part.Provider, error) {
	view := plan.View
	if err := plan.Class.checkEngine(view.Engine); err != nil {
		return part.Provider{}, err
	}
	wanted, err := wantedProvider(plan)
	if err != nil {
		return part.Provider{}, err
	}
	for _, p := range r.Providers {
		if p.Kind == view.Kind && p.Engine == view.Engine && (wanted == "" || p.Name == wanted) && r.serves(p) {
			return p, nil
		}
	}
	return part.Provider{}, part.Waiting(v1alpha1.ReasonProviderMissing, 0,
		"%s is kept by the provider %s, which this cluster does not serve; install it again. Nothing is changed until then",
		view.Engine, cmp.Or(wanted, "Auto"))
}

// wantedProvider is the recorded provider, else the one that the spec names; empty leaves the choice open.
func wantedProvider(plan *ServicePlan) (string, error) {
	named := plan.View.Provider
	if named == v1alpha1.ProviderAuto {
		named = ""
	}
	if plan.Recorded == nil {
		return string(named), nil
	}
	if named != "" && string(named) != plan.Recorded.Provider {
		return "", part.Invalid(v1alpha1.ReasonInvalid,
			"spec.provider: the data is kept by %s; a change of provider is a new %s", plan.Recorded.Provider, plan.View.Kind)
	}
	return plan.Recorded.Provider, nil
}

func (r *Resolver) serves(p part.Provider) bool {
	for _, gvk := range p.Needs {
		if !r.Served(gvk) {
			return false
		}
	}
	return true
}

func (c *Class) checkEngine(engine string) error {
	if l := c.Spec.Limits; l != nil && len(l.Engines) > 0 && !slices.Contains(l.Engines, engine) {
		return part.Invalid(v1alpha1.ReasonLimitExceeded,
			"spec.engine: the class does not allow %s; it allows %s", engine, strings.Join(l.Engines, ", "))
	}
	return nil
}

func claimant(plan *ServicePlan) *v1alpha1.Claimant {
	claim := plan.View.Claim()
	if claim == nil {
		return nil
	}
	for _, c := range plan.Consumers {
		if c.Namespace == plan.View.Object.GetNamespace() && c.Stack == claim.Stack && c.Entry == claim.Entry {
			return claim
		}
	}
	return nil
}

func (r *Resolver) service(ctx context.Context, plan *ServicePlan) (*part.Service, error) {
	view, common := plan.View, plan.View.Common
	service := &part.Service{
		Kind: view.Kind, Namespace: view.Object.GetNamespace(), Name: view.Object.GetName(),
		Engine: view.Engine, Provider: plan.Provider.Name,
		Production: plan.Class.Production(), Parameters: common.Parameters,
		TLS: tlsMode(plan), Suspended: valueOr(common.Suspend, false), RestartedAt: timestamp(common.RestartedAt),
		ClusterDomain: r.ClusterDomain,
		Replicas:      view.replicas, Shards: max(view.shards, 1), Nodes: max(view.nodes, 1), Durable: view.durable, Eviction: view.eviction,
		Topology: view.topology, VHosts: view.vhosts, Extensions: view.extensions,
	}
	if claim := view.Claim(); claim != nil {
		service.Stack = claim.Stack
	}
	var errs [7]error
	service.Image, errs[0] = serviceImage(plan)
	service.Resources, errs[1] = plan.Class.Resources("spec.size", common.Size, common.Resources)
	service.Placement, errs[2] = plan.Class.Placement("spec.placement", common.Placement)
	if plan.Provider.Stateful(service) {
		service.Storage, errs[3] = r.storage(ctx, plan.Class, "spec.storage", common.Storage, plan.Provider.DefaultStorage, plan.Recorded != nil)
	}
	service.Pooler, errs[4] = pooler(plan)
	service.Proxy, errs[5] = proxy(plan)
	service.Metrics, errs[6] = metrics(plan)
	return service, part.Join(errs[:])
}

// proxy is the image of what leads to the primary of a cache with copies, also while the last of them go.
func proxy(plan *ServicePlan) (image part.Image, err error) {
	if plan.View.Kind == KindCache && (plan.View.replicas > 0 || plan.Recorded != nil && plan.Recorded.Copies > 0) {
		return plan.Class.EngineImage(string(v1alpha1.EngineNginx), "")
	}
	return image, nil
}

// pooler has what is asked for, with the defaults.
func pooler(plan *ServicePlan) (*part.Pooler, error) {
	asked := plan.View.Pooler
	if asked == nil {
		return nil, nil //nolint:nilnil // none is asked for
	}
	image, err := plan.Class.EngineImage(string(v1alpha1.EnginePgBouncer), "")
	return &part.Pooler{
		Image: image, Mode: cmp.Or(asked.Mode, v1alpha1.PoolerTransaction),
		ServerConnections: valueOr(asked.ServerConnections, 20), MaxClients: valueOr(asked.MaxClients, 1000),
	}, err
}

// metrics has the exporter's image, and whom the class lets read.
func metrics(plan *ServicePlan) (*part.Metrics, error) {
	if plan.View.Common.Metrics == nil {
		return nil, nil //nolint:nilnil // none are asked for
	}
	result := &part.Metrics{}
	if monitoring := plan.Class.Spec.Monitoring; monitoring != nil {
		result.Readers = &monitoring.Namespaces
	}
	var err error
	if exporter := plan.Provider.Exporter; exporter != "" {
		result.Image, err = plan.Class.EngineImage(string(exporter), "")
	}
	return result, err
}

// serviceImage is the image of the version that is asked for, else recorded, else the catalog's first.
func serviceImage(plan *ServicePlan) (part.Image, error) {
	version := plan.View.Common.Version
	if plan.Recorded == nil {
		return plan.Class.EngineImage(plan.View.Engine, version)
	}
	version = cmp.Or(version, plan.Recorded.Version)
	for _, from := range plan.running() {
		if version == from {
			continue
		}
		if err := plan.Provider.Upgrade(from, version); err != nil {
			return part.Image{}, part.Invalid(v1alpha1.ReasonUpgradeRefused, "spec.version: %v", err)
		}
	}
	return plan.Class.EngineImage(plan.View.Engine, version)
}

func tlsMode(plan *ServicePlan) v1alpha1.TLSMode {
	switch {
	case plan.View.Common.TLS != nil:
		return plan.View.Common.TLS.Mode
	case plan.Recorded != nil:
		return plan.Recorded.TLS
	}
	return plan.Provider.DefaultTLS
}

func timestamp(t *metav1.Time) string {
	if t == nil {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}

// nextAnchor is the anchor before new credentials: recorded choices stay, consumers that left are marked.
func (p *ServicePlan) nextAnchor() *anchor.Anchor {
	next := &anchor.Anchor{Kind: p.View.Kind, Name: p.Service.Name, Engine: p.View.Engine, TLS: p.Provider.DefaultTLS}
	if p.Recorded != nil {
		next = p.Recorded.Clone()
	} else if p.View.Kind == KindCache && p.View.replicas > 0 { // there is nothing yet that the first server could lose
		next.Settled(p.View.replicas)
	}
	if claim := p.View.Claim(); claim != nil {
		next.Claimant = claim
	}
	next.Provider, next.Version, next.Image, next.Class = p.Provider.Name, p.Service.Image.Version, p.Service.Image.Name, p.Class.Name
	next.Goes(p.Upgrade)
	if p.Recovery != nil {
		next.Recovery = p.Recovery
	}
	if p.Provider.Members != nil { // one that is wanted may be taken in from now on
		next.Members = max(next.Members, p.Provider.Members(p.Service))
	}
	for i := range next.Consumers {
		recorded := &next.Consumers[i]
		if !slices.ContainsFunc(p.Consumers, func(c part.Consumer) bool {
			return c.Namespace == recorded.Namespace && c.Stack == recorded.Stack && c.Entry == recorded.Entry
		}) {
			recorded.Departed, recorded.Previous, recorded.Rotation = true, nil, ""
		}
	}
	next.Forget(func(c anchor.Consumer) bool { return c.Login == "" }) // there is nothing to take back
	return next
}

// Schedule is when the logins of the service are replaced.
func (p *ServicePlan) Schedule() anchor.Schedule { return anchor.ScheduleOf(p.View.Common.Credentials) }

// Complete fills in the credentials that the anchor names.
func (p *ServicePlan) Complete(a *anchor.Anchor) {
	p.Anchor = a
	service := p.Service
	if a.Admin != nil {
		credential := a.Admin.Credential()
		service.Admin = &credential
	}
	if a.Certificate != nil && service.TLS != v1alpha1.TLSDisabled {
		credential := a.Certificate.Credential()
		service.Certificate = &credential
	}
	service.Copies, service.Replicated = a.Copies, a.Replicated
	service.Members = a.Members
	p.completeBackups(a)
	p.completeConsumers(a)
}

func (p *ServicePlan) completeConsumers(a *anchor.Anchor) {
	type entry struct{ namespace, stack, name string }
	connections := map[entry]int64{}
	for _, c := range p.Consumers {
		connections[entry{c.Namespace, c.Stack, c.Entry}] = c.Connections
	}
	p.Service.Consumers, p.Service.Departed = nil, nil
	for i := range a.Consumers {
		facts := a.Consumers[i].Facts()
		if a.Consumers[i].Departed {
			p.Service.Departed = append(p.Service.Departed, facts)
			continue
		}
		facts.Connections = connections[entry{facts.Namespace, facts.Stack, facts.Entry}]
		p.Service.Consumers = append(p.Service.Consumers, facts)
	}
}

// String names what a plan is about, for messages.
func (p *ServicePlan) String() string {
	return fmt.Sprintf("%s %s/%s", p.View.Kind, p.View.Object.GetNamespace(), p.View.Object.GetName())
}
