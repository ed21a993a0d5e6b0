package credentials

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/stackwright/stackwright/api/v1alpha1"
	"github.com/stackwright/stackwright/controllers/anchor"
	"github.com/stackwright/stackwright/controllers/kit"
	"github.com/stackwright/stackwright/controllers/part"
)

// +kubebuilder:rbac:groups="",resources=secrets,verbs=create

// Creator creates objects; it is all that this package may do to the cluster besides deleting the ConfigMaps of burnt sets.
// No other verb on Secrets is granted: each of them, deletion too, can return values.
type Creator interface {
	Create(ctx context.Context, object client.Object, options ...client.CreateOption) error
}

// Maker makes the credential sets of one data service.
type Maker struct {
	Client   Creator
	Provider part.Provider
	// Now is the time that is recorded, and at which logins are due.
	Now time.Time
	// Declared says when logins and certificates are replaced; nil: when they have to be.
	Declared *v1alpha1.Credentials
	// Seen are the names of the sets that exist for the service, complete or not: their versions are used up.
	Seen []types.NamespacedName

	// Failed are the consumers whose set Ensure could not make.
	Failed []Failure
}

// Failure is why the set of a consumer was not made.
type Failure struct {
	Consumer part.Consumer
	Err      error
}

// highest is the version above which nobody's record is believed: tenants can write ConfigMaps.
const highest = 1 << 30

// Ensure makes every set that the anchor lacks for the service and its consumers, and returns the anchor that names them. It
// is the caller's to write that anchor; until then the sets do not count. An error leaves the anchor as it was. A consumer
// whose namespace refuses its set is noted in Failed and hinders nobody else.
func (m *Maker) Ensure(
	ctx context.Context, service *part.Service, recorded *anchor.Anchor, consumers []part.Consumer,
) (*anchor.Anchor, error) {
	next := recorded.Clone()
	if err := m.ensureAdmin(ctx, service, next); err != nil {
		return nil, err
	}
	if err := m.ensureCertificate(ctx, service, next); err != nil {
		return nil, err
	}
	if err := m.ensureBackup(ctx, service, next); err != nil {
		return nil, err
	}
	for _, consumer := range consumers {
		if err := m.ensureConsumer(ctx, service, next, consumer); err != nil {
			m.Failed = append(m.Failed, Failure{consumer, err})
		}
	}
	return next, nil
}

func (m *Maker) ensureAdmin(ctx context.Context, service *part.Service, a *anchor.Anchor) error {
	if a.Admin != nil || len(m.Provider.AdminValues) == 0 {
		return nil
	}
	values := map[string]string{}
	for _, name := range m.Provider.AdminValues {
		values[name] = Password()
	}
	data := values
	if m.Provider.AdminData != nil {
		data = m.Provider.AdminData(service, values)
	}
	set := m.newSet(service.Namespace, kit.Child(service.Name, "admin"), 0, "")
	set.Digest = digestOf(values["password"])
	if err := m.create(ctx, service, "admin", &set, corev1.SecretTypeOpaque, data); err != nil {
		return err
	}
	a.Admin = &set
	return nil
}

// ensureCertificate makes the certificate, or the next one when that is due.
func (m *Maker) ensureCertificate(ctx context.Context, service *part.Service, a *anchor.Anchor) error {
	if service.TLS == v1alpha1.TLSDisabled {
		return nil
	}
	if a.Certificate == nil {
		set, err := m.certificate(ctx, service, nil)
		if err == nil {
			a.Certificate = set
		}
		return err
	}
	if at := a.RenewalAt(m.Declared); at.IsZero() || m.Now.Before(at) || service.Suspended {
		return nil
	}
	set, err := m.certificate(ctx, service, a.Certificate)
	if err == nil {
		a.Renewing(set)
	}
	return err
}

// certificate makes a certificate with its authority. The service's own pods and Jobs trust the authority before as well: they
// talk to each other while they go from one to the other.
func (m *Maker) certificate(ctx context.Context, service *part.Service, before *anchor.Set) (*anchor.Set, error) {
	minted, err := mintAuthority(service.Namespace+"/"+service.Name, m.Provider.ServerNames(service), m.Now)
	if err != nil {
		return nil, err
	}
	version, trusted := 0, minted.CA
	if before != nil {
		version, trusted = before.Version, minted.CA+before.CA
	}
	set := m.newSet(service.Namespace, kit.Child(service.Name, "tls"), version, "")
	set.CA = minted.CA
	data := map[string]string{
		corev1.TLSCertKey: minted.Certificate, corev1.TLSPrivateKeyKey: minted.Key, corev1.ServiceAccountRootCAKey: trusted,
	}
	if err := m.create(ctx, service, "tls", &set, corev1.SecretTypeTLS, data); err != nil {
		return nil, err
	}
	return &set, nil
}

func (m *Maker) ensureConsumer(
	ctx context.Context, service *part.Service, a *anchor.Anchor, consumer part.Consumer,
) error {
	record := a.Find(consumer.Namespace, consumer.Stack, consumer.Entry)
	if record != nil {
		consumer.Credential.Version = record.Set.Version
	}
	if record != nil && m.stays(service, a, record, consumer) {
		record.Access = consumer.Access
		return nil
	}
	facts := m.facts(service, a, consumer, a.Trusted())
	prefix := kit.Child(consumer.Stack, consumer.Entry, "binding")
	set := m.newSet(consumer.Namespace, prefix, consumer.Credential.Version, facts)
	if record != nil && (set.Version-record.Current().Version)%2 == 0 {
		set.Version++ // logins alternate with the version: the next must not be the one that running pods use
	}
	if set.Version > highest { // written, it would make the anchor unreadable for everybody
		return part.Waiting(v1alpha1.ReasonAnchorInvalid, conflictRetry,
			"stack %s/%s has used up the versions of its credentials for %s; delete the ConfigMaps %s-v* that are none of ours",
			consumer.Namespace, consumer.Stack, consumer.Entry, prefix)
	}
	consumer.Credential.Version = set.Version
	m.Provider.Login(service, &consumer)
	if err := m.createConsumer(ctx, service, a, consumer, &set); err != nil {
		return err
	}
	remember(a, record, consumer, set)
	return nil
}

// stays says whether a consumer keeps what it has. One that is on its way from a login to another hears of another authority when
// it has arrived.
func (m *Maker) stays(service *part.Service, a *anchor.Anchor, record *anchor.Consumer, consumer part.Consumer) bool {
	if record.Departed || !service.Suspended && anchor.ScheduleOf(m.Declared).Due(record, m.Now) {
		return false
	}
	return record.Set.Facts == m.facts(service, a, consumer, a.Trusted()) ||
		record.Previous != nil && record.Set.Facts == m.facts(service, a, consumer, record.Set.Authorities)
}

// facts is the hash of what a consumer's Secrets say besides the login: another endpoint, database or authority needs other
// Secrets. What a newer operator would merely add is left out, so that an upgrade makes no new version.
func (m *Maker) facts(service *part.Service, a *anchor.Anchor, consumer part.Consumer, trusted []int) string {
	m.Provider.Login(service, &consumer)
	binding := m.Provider.Binding(service, consumer, "")
	authority := ""
	if a.Certificate != nil && service.TLS != v1alpha1.TLSDisabled {
		authority = a.Authority(trusted)
	}
	facts := []any{binding["host"], binding["port"], binding["servers"], consumer.Database, service.TLS, authority}
	if told := binding["metrics-host"]; told != "" { // what is not asked for must not change what is there
		facts = append(facts, told, binding["metrics-port"])
	}
	return kit.Hash(facts...)
}

func (m *Maker) createConsumer(
	ctx context.Context, service *part.Service, a *anchor.Anchor, consumer part.Consumer, set *anchor.Set,
) error {
	password := Password()
	data := m.Provider.Binding(service, consumer, password)
	data["username"], data["password"] = consumer.Login, password
	if consumer.Login == "" { // an engine without logins
		delete(data, "username")
		delete(data, "password")
	}
	if a.Certificate != nil && service.TLS != v1alpha1.TLSDisabled {
		set.Authorities = a.Trusted()
		data[corev1.ServiceAccountRootCAKey] = a.Authority(set.Authorities)
	}
	set.Digest, set.Keys = digestOf(password), slices.Sorted(maps.Keys(data))
	kind := corev1.SecretType("servicebinding.io/" + data["type"])
	name := kit.Child(consumer.Stack, consumer.Entry, "binding-v"+strconv.Itoa(set.Version), suffix())
	if consumer.Namespace == service.Namespace {
		set.Binding = name
		return m.createNamed(ctx, service, "binding", set, name, kind, data)
	}
	remote := &anchor.Set{Version: set.Version, CreatedAt: set.CreatedAt} // first, since its namespace may refuse it
	if err := m.createIn(ctx, service, consumer.Namespace, "binding", remote, name, kind, data); err != nil {
		return err
	}
	set.RemoteConfigMap, set.Binding = remote.ConfigMap, name
	return m.create(ctx, service, "login", set, kind, data)
}

func remember(a *anchor.Anchor, record *anchor.Consumer, consumer part.Consumer, set anchor.Set) {
	next := anchor.Consumer{
		Namespace: consumer.Namespace, Stack: consumer.Stack, Entry: consumer.Entry, Access: consumer.Access,
		Private: consumer.Private, Database: consumer.Database, Group: consumer.Group, Login: consumer.Login, Set: set,
	}
	if record == nil {
		a.Consumers = append(a.Consumers, next)
		return
	}
	if !record.Departed {
		previous := *record.Current() // a version that nobody was told of is forgotten
		next.Previous = &previous
		if next.Login != "" {
			next.Rotation = anchor.RotationMaking
		}
	}
	*record = next
}

// newSet starts a set whose version follows the recorded one and every one that was seen in the namespace, burnt ones among
// them.
func (m *Maker) newSet(namespace, prefix string, recorded int, facts string) anchor.Set {
	for _, name := range m.Seen {
		rest, ours := strings.CutPrefix(name.Name, prefix+"-v")
		number, _, _ := strings.Cut(rest, "-")
		if used, err := strconv.Atoi(number); ours && err == nil && name.Namespace == namespace && used < highest {
			recorded = max(recorded, used)
		}
	}
	return anchor.Set{Version: recorded + 1, Facts: facts, CreatedAt: m.Now.UTC().Format(time.RFC3339)}
}

func (m *Maker) create(
	ctx context.Context, service *part.Service, purpose string, set *anchor.Set, kind corev1.SecretType, data map[string]string,
) error {
	name := kit.Child(service.Name, purpose+"-v"+strconv.Itoa(set.Version), suffix())
	return m.createNamed(ctx, service, purpose, set, name, kind, data)
}

func (m *Maker) createNamed(
	ctx context.Context, service *part.Service, purpose string, set *anchor.Set, name string,
	kind corev1.SecretType, data map[string]string,
) error {
	set.Secret = name
	return m.createIn(ctx, service, service.Namespace, purpose, set, name, kind, data)
}

// createIn creates the ConfigMap of a set and the Secret that it owns. Only two definite answers of success count.
func (m *Maker) createIn(
	ctx context.Context, service *part.Service, namespace, purpose string, set *anchor.Set, name string,
	kind corev1.SecretType, data map[string]string,
) error {
	facts := m.configMap(service, namespace, purpose, set, name)
	if err := m.Client.Create(ctx, facts); err != nil {
		return &createError{fmt.Sprintf("credential set %s in namespace %s", purpose, namespace), name, err}
	}
	set.ConfigMap = name
	secret := &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{
			Namespace: namespace, Name: name, Labels: facts.Labels,
			OwnerReferences: []metav1.OwnerReference{owner(name, facts.UID)},
		},
		Type: kind, Immutable: kit.Ptr(true), StringData: data,
	}
	if err := m.Client.Create(ctx, secret); err != nil {
		return &createError{fmt.Sprintf("credential %s in namespace %s", purpose, namespace), name, err}
	}
	return nil
}

func (m *Maker) configMap(service *part.Service, namespace, purpose string, set *anchor.Set, name string) *corev1.ConfigMap {
	identity := kit.ServiceIdentity(service, "credentials")
	object := &corev1.ConfigMap{ObjectMeta: identity.Meta(namespace, name), Immutable: kit.Ptr(true)}
	anchor.Mark(object, service.Kind, service.Namespace, service.Name, set.Version)
	object.Data = map[string]string{"purpose": purpose, "secret": name, "createdAt": set.CreatedAt}
	return object
}

func owner(name string, uid types.UID) metav1.OwnerReference {
	return metav1.OwnerReference{APIVersion: "v1", Kind: "ConfigMap", Name: name, UID: uid}
}

// createError is what the API server answered, without the random name of what was made: the same refusal reads the same each
// time, so that it is no news for a status.
type createError struct {
	subject, name string
	err           error
}

func (e *createError) Error() string {
	return e.subject + ": " + strings.ReplaceAll(e.err.Error(), e.name, "of this set")
}

func (e *createError) Unwrap() error { return e.err }
