package rig

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/watch"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/stackwright/stackwright/controllers/anchor"
	"github.com/stackwright/stackwright/hack/e2e/audit"
)

// Leave is something that a plan does on purpose and that would otherwise be a loss.
type Leave string

const (
	// DeleteData is for a deletion that was confirmed: claims and anchors go.
	DeleteData Leave = "delete data"
	// ReplaceCredentials is for a credential that was taken away from outside: another one is made.
	ReplaceCredentials Leave = "replace credentials"
	// RotateLogins is for logins that are replaced because that was asked for: the one before stays until no pod uses it.
	RotateLogins Leave = "rotate logins"
	// RemoveCopies is for a database or cache that gives its read copies up: their StatefulSet goes with its pods, and that of a cache's
	// sentinels; the claims stay.
	RemoveCopies Leave = "remove copies"
)

// Safety is O7 and O10: it watches claims, anchors and Secrets, and reads in the audit log what the operator asked for. It is on in
// every plan.
type Safety struct {
	lane *Lane

	mutex      sync.Mutex
	leaves     map[string][]Leave
	forgotten  map[string]bool
	known      map[string]client.Object
	claims     map[string]*corev1.PersistentVolumeClaim
	anchors    map[string]*anchor.Anchor
	violations []error
	starts     [][2]time.Time
	read       int
}

func newSafety(l *Lane) *Safety {
	return &Safety{
		lane: l, leaves: map[string][]Leave{}, forgotten: map[string]bool{}, known: map[string]client.Object{},
		claims: map[string]*corev1.PersistentVolumeClaim{}, anchors: map[string]*anchor.Anchor{},
	}
}

// Allow gives a namespace leave for what a plan does on purpose.
func (s *Safety) Allow(namespace string, leave Leave) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	s.leaves[namespace] = append(s.leaves[namespace], leave)
}

// Forget ends the watch over a namespace that is about to be deleted.
func (s *Safety) Forget(namespace string) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	s.forgotten[namespace] = true
}

// Reset forgets what stood, after the cluster itself was taken back to an earlier state. What comes is judged by what stands then.
func (s *Safety) Reset() {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	clear(s.known)
	clear(s.claims)
	clear(s.anchors)
}

// Starting tells that the API server was started between two moments: until it has read the roles it refuses everything, which is
// not the operator's doing.
func (s *Safety) Starting(begin, end time.Time) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	s.starts = append(s.starts, [2]time.Time{begin, end})
}

func (s *Safety) starting(moment time.Time) bool {
	return slices.ContainsFunc(s.starts, func(start [2]time.Time) bool { return moment.After(start[0]) && moment.Before(start[1]) })
}

func (s *Safety) run(ctx context.Context) {
	go s.follow(ctx, &corev1.PersistentVolumeClaimList{}, func(kind watch.EventType, o client.Object) error {
		return s.claim(kind, o.(*corev1.PersistentVolumeClaim)) //nolint:forcetypeassert // the watch is of this type
	})
	go s.follow(ctx, &corev1.ConfigMapList{}, func(kind watch.EventType, o client.Object) error {
		return s.anchor(kind, o.(*corev1.ConfigMap)) //nolint:forcetypeassert // the watch is of this type
	})
	go s.follow(ctx, &corev1.SecretList{}, func(kind watch.EventType, o client.Object) error {
		return s.secret(kind, o.(*corev1.Secret)) //nolint:forcetypeassert // the watch is of this type
	})
	for _, list := range dataKinds() { // only whose they are is of interest here: users delete them
		go s.follow(ctx, list, func(watch.EventType, client.Object) error { return nil })
	}
}

// follow judges every change of a kind. When the API server was away, it compares what is there with what was.
func (s *Safety) follow(ctx context.Context, empty client.ObjectList, judge func(watch.EventType, client.Object) error) {
	for ctx.Err() == nil {
		list := empty.DeepCopyObject().(client.ObjectList) //nolint:forcetypeassert // a copy is of the same type
		if s.lane.Client.List(ctx, list) != nil {
			_ = pause(ctx, calm)
			continue
		}
		s.compare(list, judge)
		from := &client.ListOptions{Raw: &metav1.ListOptions{ResourceVersion: list.GetResourceVersion()}}
		watcher, err := s.lane.Client.Watch(ctx, list, from)
		if err != nil {
			continue
		}
		for event := range watcher.ResultChan() {
			if object, ok := event.Object.(client.Object); ok {
				s.see(event.Type, object, judge)
			}
		}
		watcher.Stop()
	}
}

// compare judges what a list shows, and what it lacks as deleted.
func (s *Safety) compare(list client.ObjectList, judge func(watch.EventType, client.Object) error) {
	there := map[string]bool{}
	_ = meta.EachListItem(list, func(o runtimeObject) error {
		object := o.(client.Object) //nolint:forcetypeassert // items of a list of objects are objects
		there[knownKey(object)] = true
		s.see(watch.Modified, object, judge)
		return nil
	})
	s.mutex.Lock()
	known := maps.Clone(s.known)
	s.mutex.Unlock()
	for key, object := range known {
		if kind := fmt.Sprintf("%TList", object); kind == fmt.Sprintf("%T", list) && !there[key] {
			s.see(watch.Deleted, object, judge)
		}
	}
}

func knownKey(object client.Object) string {
	return fmt.Sprintf("%T %s/%s", object, object.GetNamespace(), object.GetName())
}

func (s *Safety) see(kind watch.EventType, object client.Object, judge func(watch.EventType, client.Object) error) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if kind == watch.Deleted {
		delete(s.known, knownKey(object))
	} else {
		s.known[knownKey(object)] = object
	}
	if err := errors.Join(unowned(object, s.allowed(object.GetNamespace(), DeleteData)), judge(kind, object)); err != nil && !s.forgotten[object.GetNamespace()] {
		s.violations = append(s.violations, fmt.Errorf("data safety (O7): namespace %s: %w", object.GetNamespace(), err))
	}
}

func (s *Safety) allowed(namespace string, leave Leave) bool {
	return slices.Contains(s.leaves[namespace], leave)
}

// claim: no claim goes, none shrinks, none is replaced by another of its name.
func (s *Safety) claim(kind watch.EventType, claim *corev1.PersistentVolumeClaim) error {
	key := claim.Namespace + "/" + claim.Name
	before := s.claims[key]
	s.claims[key] = claim
	if kind == watch.Deleted {
		delete(s.claims, key)
		if !s.allowed(claim.Namespace, DeleteData) {
			return fmt.Errorf("claim %s was deleted", claim.Name)
		}
		return nil
	}
	if before == nil {
		return nil
	}
	was, is := before.Spec.Resources.Requests[corev1.ResourceStorage], claim.Spec.Resources.Requests[corev1.ResourceStorage]
	switch {
	case before.UID != claim.UID:
		return fmt.Errorf("claim %s was replaced by another", claim.Name)
	case is.Cmp(was) < 0:
		return fmt.Errorf("claim %s shrinks from %s to %s", claim.Name, was.String(), is.String())
	}
	return nil
}

// anchor: no anchor goes, and no credential that one names is replaced unless that was asked for.
func (s *Safety) anchor(kind watch.EventType, object *corev1.ConfigMap) error {
	if object.Labels[anchor.LabelKind] == "" {
		return nil
	}
	key := object.Namespace + "/" + object.Name
	before := s.anchors[key]
	if kind == watch.Deleted {
		delete(s.anchors, key)
		if !s.allowed(object.Namespace, DeleteData) {
			return fmt.Errorf("anchor %s was deleted", object.Name)
		}
		return nil
	}
	a, err := anchor.Parse(object, object.Labels[anchor.LabelKind], object.Labels["app.kubernetes.io/instance"])
	if err != nil {
		return nil //nolint:nilerr // a plan spoils anchors on purpose
	}
	s.anchors[key] = a
	if before == nil || s.allowed(object.Namespace, ReplaceCredentials) {
		return nil
	}
	return credentialsStay(before, a, s.allowed(object.Namespace, RotateLogins))
}

func credentialsStay(before, after *anchor.Anchor, rotate bool) error {
	if before.Admin != nil && (after.Admin == nil || after.Admin.Secret != before.Admin.Secret) {
		return fmt.Errorf("the administrator's credential of %s was replaced", after.Name)
	}
	for i := range before.Consumers {
		was := &before.Consumers[i]
		is := after.Find(was.Namespace, was.Stack, was.Entry)
		if is == nil || was.Departed || is.Departed {
			continue
		}
		if !sameLogin(was, is) && (!rotate || !keeps(is, was)) {
			return fmt.Errorf("the credential of %s/%s for %s was replaced: %s, then %s", was.Namespace, was.Stack, after.Name, was.Set.Secret, is.Set.Secret)
		}
	}
	return nil
}

// sameLogin says whether a consumer has its login still, or another one because a fact changed.
func sameLogin(was, is *anchor.Consumer) bool {
	return is.Set.Secret == was.Set.Secret || is.Set.Facts != was.Set.Facts
}

// keeps says whether a consumer that was given another login has the one before as well.
func keeps(is, was *anchor.Consumer) bool {
	return is.Previous != nil && is.Previous.Secret == was.Current().Secret
}

// secret: a Secret that an anchor names stays, as it was made.
func (s *Safety) secret(kind watch.EventType, object *corev1.Secret) error {
	if kind != watch.Deleted || s.allowed(object.Namespace, DeleteData) || s.allowed(object.Namespace, ReplaceCredentials) {
		return nil
	}
	for key, a := range s.anchors {
		for _, set := range a.Sets() {
			own := set.Secret == object.Name && strings.HasPrefix(key, object.Namespace+"/")
			if own && !s.forgotten[object.Namespace] {
				return fmt.Errorf("secret %s was deleted while the anchor of %s names it", object.Name, a.Name)
			}
		}
	}
	if s.allowed(object.Namespace, RotateLogins) && !s.forgotten[object.Namespace] {
		return s.unused(object)
	}
	return nil
}

// unused: no pod that runs uses a Secret that is gone.
func (s *Safety) unused(secret *corev1.Secret) error {
	pods := &corev1.PodList{}
	if err := s.lane.Client.List(context.Background(), pods, client.InNamespace(secret.Namespace)); err != nil {
		return nil //nolint:nilerr // the API server is away on purpose, and the cluster is looked at again
	}
	for i := range pods.Items {
		pod := &pods.Items[i]
		ended := pod.DeletionTimestamp != nil || pod.Status.Phase == corev1.PodSucceeded || pod.Status.Phase == corev1.PodFailed
		if !ended && slices.Contains(secretsOf(&corev1.PodTemplateSpec{Spec: pod.Spec}), secret.Name) {
			return fmt.Errorf("secret %s was deleted while pod %s uses it", secret.Name, pod.Name)
		}
	}
	return nil
}

// Check returns what went against data safety or authority since the last check.
func (s *Safety) Check() error {
	events, read, err := s.lane.Audit.From(s.read)
	s.mutex.Lock()
	defer s.mutex.Unlock()
	violations := append(s.violations, err)
	s.violations, s.read = nil, read
	for i := range events {
		if why := s.forbidden(&events[i]); why != "" {
			violations = append(violations, fmt.Errorf("%s: %s", why, events[i].String()))
		}
	}
	for _, answer := range audit.SecretAnswers(events) {
		violations = append(violations, errors.New("authority (O10): "+answer))
	}
	return errors.Join(violations...)
}

// data are resources that the operator never deletes.
var data = []string{
	"persistentvolumeclaims", "persistentvolumes", "volumesnapshots", "secrets", "namespaces", "customresourcedefinitions",
	"backendstacks", "stackdatabases", "stackcaches", "stackqueues", "stackclasses",
}

// sets are the names of the objects of credential sets.
var sets = regexp.MustCompile(`-v[0-9]+-[a-z0-9]{5}$`)

// record says whether a ConfigMap of that name is an anchor, or owns credentials.
func record(name string) bool { return strings.HasSuffix(name, "-anchor") || sets.MatchString(name) }

func (s *Safety) forbidden(event *audit.Event) string {
	if event.ObjectRef == nil {
		return ""
	}
	o := event.ObjectRef
	switch {
	case event.Denied() && s.starting(event.Time):
		return ""
	case event.Denied():
		return "authority (O10): beyond the role"
	case event.Verb == "deletecollection":
		return "data safety (O7): many objects at once"
	case event.Verb == "delete" && slices.Contains(data, o.Resource):
		return "data safety (O7): a deletion of data"
	case event.Verb == "delete":
		return s.forbiddenDelete(event)
	}
	return ""
}

// forbiddenDelete: whatever is deleted is named by its UID, and what is stateful by its version too. A StatefulSet leaves its pods.
func (s *Safety) forbiddenDelete(event *audit.Event) string {
	options := metav1.DeleteOptions{}
	_ = json.Unmarshal(event.RequestObject, &options) // no body is no preconditions
	conditions := options.Preconditions
	if conditions == nil || conditions.UID == nil {
		return "data safety (O7): a deletion without a UID"
	}
	stateful := event.ObjectRef.Resource == "statefulsets" || event.ObjectRef.Resource == "configmaps" && record(event.ObjectRef.Name)
	if stateful && conditions.ResourceVersion == nil {
		return "data safety (O7): a deletion of something stateful without a version"
	}
	orphans := options.PropagationPolicy != nil && *options.PropagationPolicy == metav1.DeletePropagationOrphan
	if event.ObjectRef.Resource == "statefulsets" && !orphans && !s.podsMayGo(event.ObjectRef.Namespace, event.ObjectRef.Name) {
		return "data safety (O7): a StatefulSet is deleted with its pods"
	}
	return ""
}

// podsMayGo says whether a StatefulSet may be deleted with its pods: one of exporters, which have nothing to lose, or one that a plan gave
// leave to delete.
func (s *Safety) podsMayGo(namespace, set string) bool {
	copies := s.allowed(namespace, RemoveCopies) && (strings.HasSuffix(set, "-replica") || strings.HasSuffix(set, "-watch"))
	tells := strings.HasSuffix(set, "-metrics") || strings.HasSuffix(set, "-rmetric")
	return tells || copies || s.allowed(namespace, DeleteData)
}
