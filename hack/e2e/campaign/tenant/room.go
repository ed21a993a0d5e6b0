package tenant

import (
	"context"
	"fmt"
	"strings"
	"sync"

	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/stackwright/stackwright/hack/e2e/rig"
)

// room is what the attacks of one lane share: classes of the platform team, a neighbour, and a world for what is refused whole.
type room struct {
	lane      *rig.Lane
	sender    *sender
	neighbour *rig.World
	anteroom  *rig.World
}

// rooms are those of the lanes, each made when the first attack needs it: a lane may be made anew.
type rooms struct {
	mutex sync.Mutex
	all   map[*rig.Lane]*room
}

func (r *rooms) of(ctx context.Context, lane *rig.Lane) (*room, error) {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	if r.all == nil {
		r.all = map[*rig.Lane]*room{}
	}
	if known := r.all[lane]; known != nil {
		return known, nil
	}
	made, err := furnish(ctx, lane)
	if err != nil {
		return nil, fmt.Errorf("the neighbour: %w", err)
	}
	r.all[lane] = made
	return made, nil
}

// classes: everybody gets the first one. The second is for others.
const classes = `
apiVersion: stackwright.dev/v1alpha1
kind: StackClass
metadata: {name: standard, annotations: {stackwright.dev/is-default-class: "true"}}
spec:
  profile: Production
  storage: {allowed: [standard]}
  limits: {maxReplicas: 20, maxStorage: 100Gi, registries: [ghcr.io/acme/]}
---
apiVersion: stackwright.dev/v1alpha1
kind: StackClass
metadata: {name: gold}
spec:
  profile: Production
  namespaces: {matchLabels: {team: platform}}
  placements: [{name: control-plane, tolerations: [{operator: Exists}]}]
`

// neighbour is what another tenant runs: a stack of every part, a database that it shares with nobody, one that it shares with
// everybody, and Secrets.
const neighbourhood = `
apiVersion: v1
kind: Secret
metadata: {name: bank}
stringData: {password: of-the-neighbour}
---
apiVersion: stackwright.dev/v1alpha1
kind: StackDatabase
metadata: {name: ledger}
spec: {engine: PostgreSQL}
---
apiVersion: stackwright.dev/v1alpha1
kind: StackDatabase
metadata: {name: granted}
spec:
  engine: PostgreSQL
  allowedConsumers:
  - {namespaces: {from: Selector, selector: {matchLabels: {kubernetes.io/metadata.name: somewhere-else}}}, databases: [orders]}
---
apiVersion: stackwright.dev/v1alpha1
kind: BackendStack
metadata: {name: shop}
spec:
  hostnames: [shop.example.com]
  secrets: [{name: keys, generate: [SECRET_KEY]}]
  databases: [{name: main, engine: PostgreSQL}]
  caches: [{name: sessions, engine: Valkey}]
  queues: [{name: jobs, engine: RabbitMQ}]
  volumes: [{name: uploads, size: 1Gi}]
  components:
  - name: web
    image: ghcr.io/acme/shop:1.4.2
    port: 8080
    uses: [main, sessions, jobs]
    volumeMounts: [{name: uploads, mountPath: /srv/uploads}]
    routes: [{name: public}]
  - {name: mailer, type: Worker, image: "ghcr.io/acme/shop:1.4.2", uses: [jobs]}
`

func furnish(ctx context.Context, lane *rig.Lane) (*room, error) {
	r := &room{lane: lane}
	var err error
	if r.sender, err = newSender(lane); err != nil {
		return nil, err
	}
	if r.neighbour, err = lane.NewWorld(ctx); err != nil {
		return nil, err
	}
	for document := range strings.SplitSeq(classes, "\n---\n") {
		step := Step{By: Administrator, Method: "POST", Type: typeYAML, Body: document}
		if err := r.sender.send(ctx, &step, ""); err != nil {
			return nil, err
		}
	}
	if err := r.neighbour.Apply(ctx, neighbourhood); err != nil {
		return nil, err
	}
	if err := r.neighbour.Converged(ctx); err != nil {
		return nil, err
	}
	r.anteroom, err = r.world(ctx)
	return r, err
}

// world makes namespaces in which tenant and editor have their rights.
func (r *room) world(ctx context.Context) (*rig.World, error) {
	world, err := r.lane.NewWorld(ctx)
	if err != nil {
		return nil, err
	}
	if _, err := world.Tenant(ctx); err != nil {
		return nil, err
	}
	editors := []client.Object{
		&rbacv1.Role{
			ObjectMeta: metav1.ObjectMeta{Namespace: world.Own, Name: string(Editor)},
			Rules:      []rbacv1.PolicyRule{{APIGroups: []string{""}, Resources: []string{"configmaps"}, Verbs: []string{"*"}}},
		},
		&rbacv1.RoleBinding{
			ObjectMeta: metav1.ObjectMeta{Namespace: world.Own, Name: string(Editor)},
			RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "Role", Name: string(Editor)},
			Subjects:   []rbacv1.Subject{{APIGroup: rbacv1.GroupName, Kind: rbacv1.UserKind, Name: string(Editor)}},
		},
		&rbacv1.RoleBinding{
			ObjectMeta: metav1.ObjectMeta{Namespace: world.Own, Name: "editor-of-stacks"},
			RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: "stackwright-edit"},
			Subjects:   []rbacv1.Subject{{APIGroup: rbacv1.GroupName, Kind: rbacv1.UserKind, Name: string(Editor)}},
		},
	}
	for _, object := range editors {
		if err := r.lane.Client.Create(ctx, object); err != nil {
			return nil, err
		}
	}
	return world, nil
}
