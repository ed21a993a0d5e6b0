package tenant

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/stackwright/stackwright/api/v1alpha1"
	"github.com/stackwright/stackwright/hack/e2e/rig"
)

// scene is one attack on its way.
type scene struct {
	*rig.World
	room   *room
	attack *Attack
	// mark and logged are where the records of the proxy and of the API server stood when the attack began.
	mark, logged int
	// given and before are the objects of the own namespace and of the neighbour then.
	given, before objects
	sockets       *watchman
}

// scene makes what an attack finds, and takes down how everything stands.
func (r *room) scene(ctx context.Context, attack *Attack) (_ *scene, err error) {
	s := &scene{World: r.anteroom, room: r, attack: attack}
	defer func() {
		if err != nil {
			s.close(ctx)
		}
	}()
	if !attack.refusedWhole() {
		if s.World, err = r.world(ctx); err != nil {
			s.World = r.anteroom
			return s, err
		}
	}
	if attack.Given != "" {
		if err := s.Apply(ctx, s.text(attack.Given)); err != nil {
			return s, fmt.Errorf("given: %w", err)
		}
	}
	if attack.Ready {
		if err := s.Converged(ctx, v1alpha1.ReasonSuspended); err != nil {
			return s, fmt.Errorf("given: %w", err)
		}
	}
	return s, s.begin(ctx)
}

func (s *scene) begin(ctx context.Context) (err error) {
	for _, leave := range s.attack.Leaves {
		for _, namespace := range s.Namespaces() {
			s.Safety.Allow(namespace, leave)
		}
	}
	if s.given, err = snapshot(ctx, s.Client, s.Own); err != nil {
		return err
	}
	if s.before, err = snapshot(ctx, s.Client, s.room.neighbour.Own); err != nil {
		return err
	}
	s.mark = s.Proxy.Mark()
	if _, s.logged, err = s.Audit.From(0); err != nil {
		return err
	}
	s.sockets = watch(s.Lane)
	return nil
}

func (s *scene) close(ctx context.Context) {
	if s.sockets != nil {
		s.sockets.stop()
	}
	if s.World == s.room.anteroom {
		return
	}
	s.release(ctx)
	if len(s.attack.Touches) > 0 {
		s.withdraw(ctx)
	}
	s.Close(ctx)
}

// withdraw waits until nothing of the neighbour speaks of the tenant: the next attack is held against what is there then.
func (s *scene) withdraw(ctx context.Context) {
	if s.Client.DeleteAllOf(ctx, &v1alpha1.BackendStack{}, client.InNamespace(s.Own)) != nil {
		return
	}
	_ = rig.Eventually(ctx, "the neighbour forgets the tenant", rig.ConvergeLimit, func(ctx context.Context) error {
		now, err := snapshot(ctx, s.Client, s.room.neighbour.Own)
		if err != nil {
			return err
		}
		for name, text := range now {
			if strings.Contains(text, s.Own) {
				return errors.New(name + " names the tenant")
			}
		}
		return nil
	})
	_ = s.room.neighbour.Converged(ctx) // where he does not, the next attack fails
}

// release takes finalizers of tenants away, which would keep the namespace for ever.
func (s *scene) release(ctx context.Context) {
	_ = each(ctx, s.Client, s.Own, func(_ string, object client.Object) error { // what is left goes with the lane
		if strings.Contains(strings.Join(object.GetFinalizers(), " "), "evil.example.com") {
			before := object.DeepCopyObject().(client.Object) //nolint:forcetypeassert // a copy of an object is an object
			object.SetFinalizers(nil)
			_ = s.Client.Patch(ctx, object, client.MergeFrom(before))
		}
		return nil
	})
}

// text puts the names of namespaces into what is sent.
func (s *scene) text(text string) string {
	return s.Replace(strings.ReplaceAll(text, "NEIGHBOUR", s.room.neighbour.Own))
}

func (s *scene) send(ctx context.Context, step Step) error {
	for _, field := range []*string{&step.Body, &step.Name, &step.Namespace} {
		*field = s.text(*field)
	}
	return s.room.sender.send(ctx, &step, s.Own)
}

// get reads an object of the own namespace.
func (s *scene) get(ctx context.Context, name string, object client.Object) error {
	return s.Client.Get(ctx, client.ObjectKey{Namespace: s.Own, Name: name}, object)
}

// shows holds the conditions of resources against those that were expected.
func (s *scene) shows(ctx context.Context) error {
	resources, err := s.Resources(ctx)
	if err != nil {
		return err
	}
	for i := range s.attack.Shows {
		shown := s.attack.Shows[i]
		if shown.Name == "" { // a name that Kubernetes made
			continue
		}
		shown.Says = slices.Clone(shown.Says)
		for j := range shown.Says {
			shown.Says[j] = s.text(shown.Says[j])
		}
		if err := shown.in(resources, s.Own); err != nil {
			return err
		}
	}
	return nil
}

func (c *Shown) in(resources []client.Object, namespace string) error {
	for _, object := range resources {
		if object.GetNamespace() != namespace || object.GetName() != c.Name || !strings.HasSuffix(fmt.Sprintf("%T", object), "."+c.Kind) {
			continue
		}
		conditions, _ := rig.Conditions(object)
		ready := meta.FindStatusCondition(conditions, v1alpha1.ConditionReady)
		if ready == nil || ready.Reason != c.Reason || (ready.Status == metav1.ConditionTrue) != (c.Reason == v1alpha1.ReasonReady) {
			return fmt.Errorf("%s %s should show %s: %+v", c.Kind, c.Name, c.Reason, ready)
		}
		for _, text := range c.Says {
			if !strings.Contains(ready.Message, text) {
				return fmt.Errorf("%s %s does not say %q: %s", c.Kind, c.Name, text, ready.Message)
			}
		}
		return nil
	}
	return fmt.Errorf("there is no %s %s", c.Kind, c.Name)
}

// kept holds objects that were given against how they were.
func (s *scene) kept(ctx context.Context) error {
	if len(s.attack.Keeps) == 0 {
		return nil
	}
	now, err := snapshot(ctx, s.Client, s.Own)
	if err != nil {
		return err
	}
	for _, name := range s.attack.Keeps {
		if s.given[name] == "" {
			return fmt.Errorf("the attack keeps %s, which was not there", name)
		}
		if now[name] != s.given[name] {
			return changed(name, s.given[name], now[name])
		}
	}
	return nil
}

func (s *scene) checked(ctx context.Context) error {
	if s.attack.Check == nil {
		return nil
	}
	return s.attack.Check(ctx, s)
}

// written is O9 as the proxy saw it: the operator wrote in the attack's own namespaces, and of the neighbour only what the attack may
// touch.
func (s *scene) written() error {
	if len(s.attack.Touches) == 0 {
		return s.Written(s.mark)
	}
	for _, r := range s.Proxy.Since(s.mark) {
		touched := func(name string) bool {
			kind, object, _ := strings.Cut(name, "/")
			return r.Name == object && r.Resource == plural(strings.ToLower(kind))
		}
		if r.Write() && r.Namespace == s.room.neighbour.Own && !slices.ContainsFunc(s.attack.Touches, touched) {
			return fmt.Errorf("the operator wrote to the neighbour (O9): %s", r.String())
		}
	}
	return nil
}

// authority is O10 as the API server's audit log tells it: no write of the operator went to the neighbour.
func (s *scene) authority() error {
	events, _, err := s.Audit.From(s.logged)
	if err != nil || len(s.attack.Touches) > 0 {
		return err
	}
	for i := range events {
		event := &events[i]
		if event.ObjectRef != nil && event.Writes() && event.ObjectRef.Namespace == s.room.neighbour.Own {
			return fmt.Errorf("authority (O10): the operator wrote to the neighbour: %s", event.String())
		}
	}
	return nil
}

// neighbourly is O15: the neighbour has what he had, byte by byte.
func (s *scene) neighbourly(ctx context.Context) error {
	now, err := snapshot(ctx, s.Client, s.room.neighbour.Own)
	if err != nil {
		return err
	}
	if err := now.equal(s.before, s.attack.Touches); err != nil {
		return fmt.Errorf("isolation (O15): %w", err)
	}
	return nil
}

// dialled says whether the operator connected to anything but the API server.
func (s *scene) dialled() error {
	s.sockets.stop()
	if s.sockets.foreign != "" {
		return errors.New("the operator dials more than the API server: " + s.sockets.foreign)
	}
	return nil
}
