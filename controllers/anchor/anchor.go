// Package anchor reads and writes the one record that outlives every other object of a data service: the ConfigMap
// <name>-anchor. It has no owner. It holds the recorded choices (engine, provider, version) and the versions of the
// credentials, never a secret value.
//
// Tenants can write ConfigMaps: what is read is checked like any other input.
package anchor

import (
	"bytes"
	"cmp"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/stackwright/stackwright/api/v1alpha1"
	"github.com/stackwright/stackwright/controllers/kit"
	"github.com/stackwright/stackwright/controllers/part"
)

const (
	// dataKey is the key of the ConfigMap that holds the record.
	dataKey = "anchor.json"
	// LabelKind marks an anchor with the kind of its service.
	LabelKind = "stackwright.dev/anchor"
	// limit is the size in bytes above which an anchor is not believed: as many consumers as a service admits fit, each with two
	// versions, and a ConfigMap can hold it.
	limit = 960 << 10
	// highest is the version of a set above which it is not believed: the next one has to be a number too.
	highest = 1 << 30
	// nameConflictRetry is how often an object that is not ours is looked at again: no watch tells of it.
	nameConflictRetry = 30 * time.Second
)

// Anchor is the record of one data service.
type Anchor struct {
	// Kind, Name and Engine identify the service; they never change.
	Kind   string `json:"kind"`
	Name   string `json:"name"`
	Engine string `json:"engine"`
	// Claimant is the stack entry that the service was made for.
	Claimant *v1alpha1.Claimant `json:"claimant,omitempty"`
	// Provider, Version, Image, Class and TLS are choices that stick; TLS is the mode where the spec names none.
	Provider string           `json:"provider"`
	Version  string           `json:"version"`
	Image    string           `json:"image,omitempty"`
	TLS      v1alpha1.TLSMode `json:"tls"`
	Class    string           `json:"class,omitempty"`
	// Admin and Certificate are the credential sets of the service itself.
	Admin       *Set `json:"admin,omitempty"`
	Certificate *Set `json:"certificate,omitempty"`
	// Other is the certificate that is trusted besides while one is renewed: the next one, or the one before.
	Other    *Set                        `json:"otherCertificate,omitempty"`
	Renewal  v1alpha1.CertificateRenewal `json:"renewal,omitempty"`
	Backup   *Backup                     `json:"backup,omitempty"`
	Recovery *Recovery                   `json:"recovery,omitempty"`
	// Upgrade is under way; Upgrades counts those that were begun.
	Upgrade  *Upgrade `json:"upgrade,omitempty"`
	Upgrades int      `json:"upgrades,omitempty"`
	CopyState
	// Members is how many members a set may have: those that were wanted since it was last seen to have just so many.
	Members int32 `json:"members,omitempty"`
	// Consumers are the logins of stacks, sorted by namespace, stack and entry.
	Consumers []Consumer `json:"consumers,omitempty"`
}

// Set is one version of a credential set: immutable Secrets that were made together.
type Set struct {
	// Version counts from 1; a version that was not made completely is left out.
	Version int `json:"version"`
	// ConfigMap owns the Secrets of the set in the service's namespace.
	ConfigMap string `json:"configMap"`
	// Secret in the service's namespace.
	Secret string `json:"secret"`
	// RemoteConfigMap and Binding stand in the consumer's namespace. Where that is the service's own, RemoteConfigMap is
	// empty and Binding equals Secret.
	RemoteConfigMap string `json:"remoteConfigMap,omitempty"`
	Binding         string `json:"binding,omitempty"`
	// Facts is the hash of the public facts that the Secrets hold; other facts need another version.
	Facts string `json:"facts"`
	// Keys are the sorted keys of a binding: a build that knows more of them does not change a Secret that exists.
	Keys []string `json:"keys,omitempty"`
	// Digest is the SHA-256 of the password in hexadecimal.
	Digest string `json:"digest,omitempty"`
	// CA is the certificate of the authority in PEM.
	CA string `json:"ca,omitempty"`
	// Authorities are the versions of the certificates whose authorities a binding has, where it has two.
	Authorities []int `json:"authorities,omitempty"`
	// CreatedAt is when the version was made, in RFC 3339.
	CreatedAt string `json:"createdAt"`
}

// Consumer is the login of one stack.
type Consumer struct {
	Namespace string              `json:"namespace"`
	Stack     string              `json:"stack"`
	Entry     string              `json:"entry"`
	Access    v1alpha1.AccessMode `json:"access"`
	Private   bool                `json:"private,omitempty"`
	Database  string              `json:"database,omitempty"`
	Group     string              `json:"group,omitempty"`
	Login     string              `json:"login,omitempty"`
	// Set is the newest version. Previous is the one before, until no pod uses it any more and its login is taken back.
	Set      Set  `json:"set"`
	Previous *Set `json:"previous,omitempty"`
	// Rotation is how far the consumer has come from Previous to Set. Empty, with a Previous: its pods go from one to the other.
	Rotation Rotation `json:"rotation,omitempty"`
	// Departed says that the stack left: its login is taken back.
	Departed bool `json:"departed,omitempty"`
}

// Name is the name of a service's anchor. Services of different kinds may share a name, so the kind is part of it.
func Name(kind, service string) string {
	short := map[string]string{"StackDatabase": "database", "StackCache": "cache", "StackQueue": "queue"}[kind]
	return kit.Child(service, short, "anchor")
}

// Sets returns the credential sets that are in use, the previous versions of consumers apart.
func (a *Anchor) Sets() []*Set {
	var sets []*Set
	for _, set := range []*Set{a.Admin, a.Certificate, a.Other} {
		if set != nil {
			sets = append(sets, set)
		}
	}
	if a.Backup != nil && a.Backup.Login != nil {
		sets = append(sets, a.Backup.Login)
	}
	for i := range a.Consumers {
		if c := &a.Consumers[i]; !c.Departed {
			sets = append(sets, &c.Set)
		}
	}
	return sets
}

// Records returns the ConfigMaps of the sets that are in use: those of the service in its namespace, those of consumers
// elsewhere in theirs.
func (a *Anchor) Records(namespace string) []types.NamespacedName {
	var records []types.NamespacedName
	for _, set := range a.Sets() {
		records = append(records, types.NamespacedName{Namespace: namespace, Name: set.ConfigMap})
	}
	for i := range a.Consumers {
		if c := &a.Consumers[i]; !c.Departed && c.Set.RemoteConfigMap != "" {
			records = append(records, types.NamespacedName{Namespace: c.Namespace, Name: c.Set.RemoteConfigMap})
		}
	}
	return records
}

// Names says whether the anchor names the set whose ConfigMap is given.
func (a *Anchor) Names(configMap string) bool {
	sets := a.Sets()
	for i := range a.Consumers {
		if c := &a.Consumers[i]; !c.Departed && c.Previous != nil {
			sets = append(sets, c.Previous)
		}
	}
	return slices.ContainsFunc(sets, func(set *Set) bool {
		return configMap != "" && (set.ConfigMap == configMap || set.RemoteConfigMap == configMap)
	})
}

// Drop forgets the set whose ConfigMap is given, so that another version is made.
func (a *Anchor) Drop(configMap string) {
	if a.Admin != nil && a.Admin.ConfigMap == configMap {
		a.Admin = nil
	}
	if a.Certificate != nil && a.Certificate.ConfigMap == configMap {
		a.Certificate, a.Other, a.Renewal = nil, nil, ""
	}
	if a.Other != nil && a.Other.ConfigMap == configMap {
		a.Other, a.Renewal = nil, ""
	}
	a.Backup.drop(configMap)
	for i := range a.Consumers {
		if set := &a.Consumers[i].Set; set.ConfigMap == configMap || set.RemoteConfigMap == configMap {
			set.Facts = "" // no facts are equal to these
		}
	}
}

// ConfigMap returns the object that holds the anchor.
func (a *Anchor) ConfigMap(namespace string) (*corev1.ConfigMap, error) {
	content, err := json.MarshalIndent(a, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("anchor of %s %s: %w", a.Kind, a.Name, err)
	}
	identity := kit.Identity{Name: strings.ToLower(a.Engine), Instance: a.Name, Component: "anchor"}
	if a.Claimant != nil {
		identity.Stack = a.Claimant.Stack
	}
	object := &corev1.ConfigMap{
		ObjectMeta: identity.Meta(namespace, Name(a.Kind, a.Name)),
		Data:       map[string]string{dataKey: string(content)},
	}
	object.Labels[LabelKind] = a.Kind
	return object, nil
}

// Parse reads an anchor and checks that it is the one of the given service and that every name in it could be ours.
func Parse(object *corev1.ConfigMap, kind, service string) (*Anchor, error) {
	if object.Labels[LabelKind] != kind || metav1.GetControllerOf(object) != nil {
		return nil, part.Waiting(v1alpha1.ReasonNameConflict, nameConflictRetry,
			"ConfigMap %s exists and is not an anchor of Stackwright; rename it or the service", object.Name)
	}
	content := object.Data[dataKey]
	result := &Anchor{}
	if len(content) > limit {
		return nil, invalid(object, "it is larger than %d bytes", limit)
	}
	decoder := json.NewDecoder(strings.NewReader(content))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(result); err != nil {
		return nil, invalid(object, "%v", err)
	}
	if strings.TrimSpace(content[decoder.InputOffset():]) != "" {
		return nil, invalid(object, "there is more behind the record")
	}
	if result.Kind != kind || result.Name != service {
		return nil, invalid(object, "it speaks of %s %s", result.Kind, result.Name)
	}
	if err := result.check(); err != nil {
		return nil, invalid(object, "%v", err)
	}
	return result, nil
}

func invalid(object *corev1.ConfigMap, format string, args ...any) error {
	return part.Waiting(v1alpha1.ReasonAnchorInvalid, nameConflictRetry,
		"ConfigMap %s cannot be believed: %s; restore its content from a backup. Nothing is changed until then",
		object.Name, fmt.Sprintf(format, args...))
}

var (
	objectName = regexp.MustCompile(`^[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?$`)
	identifier = regexp.MustCompile(`^[a-z0-9_]{0,63}$`)
	digest     = regexp.MustCompile(`^([0-9a-f]{64})?$`)
	version    = regexp.MustCompile(`^[0-9]+(\.[0-9]+)*$`)
	bindingEnd = regexp.MustCompile(`^[1-9][0-9]*-[a-z0-9]{5}$`)
	bindingKey = regexp.MustCompile(`^[a-z][-.a-z0-9]{0,62}$`)
)

func (a *Anchor) check() error {
	if err := a.checkChoices(); err != nil {
		return err
	}
	for name, set := range map[string]*Set{"admin": a.Admin, "certificate": a.Certificate, "otherCertificate": a.Other} {
		if set != nil {
			if err := set.check(a.Name + "-"); err != nil {
				return fmt.Errorf("%s: %w", name, err)
			}
		}
	}
	if err := cmp.Or(a.checkRenewal(), a.checkBackup(), a.checkUpgrade(), a.checkCopies()); err != nil {
		return err
	}
	for i := range a.Consumers {
		if err := a.Consumers[i].check(a.Name); err != nil {
			return fmt.Errorf("consumer %s/%s: %w", a.Consumers[i].Namespace, a.Consumers[i].Stack, err)
		}
	}
	return nil
}

func (s *Set) check(prefixes ...string) error {
	if s.Version < 1 || s.Version > highest || !digest.MatchString(s.Digest) {
		return fmt.Errorf("version %d with digest %q", s.Version, s.Digest)
	}
	if slices.ContainsFunc(s.Keys, func(key string) bool { return !bindingKey.MatchString(key) }) {
		return fmt.Errorf("the keys %q of version %d are not those of a binding", s.Keys, s.Version)
	}
	if !certificates(s.CA) {
		return fmt.Errorf("the authority of version %d is no certificate", s.Version)
	}
	for _, name := range []string{s.ConfigMap, s.Secret} {
		ours := func(prefix string) bool { return strings.HasPrefix(name, prefix) }
		if !objectName.MatchString(name) || !slices.ContainsFunc(prefixes, ours) {
			return fmt.Errorf("%q is not a name of ours", name)
		}
	}
	return nil
}

func (c *Consumer) check(service string) error {
	modes := []v1alpha1.AccessMode{"", v1alpha1.AccessOwner, v1alpha1.AccessReadWrite, v1alpha1.AccessReadOnly}
	if !slices.Contains(modes, c.Access) {
		return fmt.Errorf("access %q is not a mode", c.Access)
	}
	for _, name := range []string{c.Database, c.Group, c.Login} {
		if !identifier.MatchString(name) {
			return fmt.Errorf("%q is not a name of a login or database", name)
		}
	}
	if !BindingName(c.Stack, c.Entry, c.Set.Binding) {
		return fmt.Errorf("binding %q is not a name of ours", c.Set.Binding)
	}
	prefixes := []string{service + "-", BindingPrefix(c.Stack, c.Entry)}
	if err := c.checkPrevious(prefixes); err != nil {
		return err
	}
	return c.Set.check(prefixes...)
}

// certificates says whether a text is nothing but certificates in PEM, or empty.
func certificates(text string) bool {
	rest := []byte(text)
	for len(bytes.TrimSpace(rest)) > 0 {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil || block.Type != "CERTIFICATE" {
			return false
		}
		if _, err := x509.ParseCertificate(block.Bytes); err != nil {
			return false
		}
	}
	return true
}

// BindingPrefix is how the names of a stack entry's binding Secrets begin.
func BindingPrefix(stack, entry string) string { return kit.Child(stack, entry, "binding-v") }

// BindingName says whether a Secret's name is one of a stack entry's bindings. A shared service is run by somebody else:
// without this check its status could make a consumer mount any Secret of the consumer's namespace.
func BindingName(stack, entry, name string) bool {
	rest, ours := strings.CutPrefix(name, BindingPrefix(stack, entry))
	return ours && bindingEnd.MatchString(rest)
}

// Find returns the consumer of the given stack entry, or nil.
func (a *Anchor) Find(namespace, stack, entry string) *Consumer {
	for i := range a.Consumers {
		c := &a.Consumers[i]
		if c.Namespace == namespace && c.Stack == stack && c.Entry == entry {
			return c
		}
	}
	return nil
}

// Forget takes out the records of consumers that left: all of those that forgotten names.
func (a *Anchor) Forget(forgotten func(Consumer) bool) {
	a.Consumers = slices.DeleteFunc(a.Consumers, func(c Consumer) bool { return c.Departed && forgotten(c) })
	if len(a.Consumers) == 0 {
		a.Consumers = nil // as it is read from the record
	}
}

// Clone returns a deep copy.
func (a *Anchor) Clone() *Anchor {
	result := *a
	clone := func(set *Set) *Set {
		if set == nil {
			return nil
		}
		c := *set
		return &c
	}
	result.Admin, result.Certificate, result.Other = clone(a.Admin), clone(a.Certificate), clone(a.Other)
	result.Backup, result.Recovery, result.Upgrade = a.Backup.clone(clone), a.Recovery.clone(), a.Upgrade.clone()
	result.Consumers = slices.Clone(a.Consumers)
	for i := range result.Consumers {
		result.Consumers[i].Previous = clone(a.Consumers[i].Previous)
	}
	if a.Claimant != nil {
		claimant := *a.Claimant
		result.Claimant = &claimant
	}
	return &result
}

// Credential returns what rooms see of a set.
func (s *Set) Credential() part.Credential {
	return part.Credential{Version: s.Version, Secret: s.Secret, Digest: s.Digest, CA: s.CA}
}

// Facts returns what rooms see of a consumer.
func (c *Consumer) Facts() part.Consumer {
	facts := part.Consumer{
		Namespace: c.Namespace, Stack: c.Stack, Entry: c.Entry, Access: c.Access, Private: c.Private,
		Database: c.Database, Group: c.Group, Login: c.Login, Credential: c.Set.Credential(), Binding: c.Set.Binding,
		Retired: c.Rotation == RotationRetiring,
	}
	if c.Previous != nil && !facts.Retired {
		previous := c.Previous.Credential()
		facts.Previous = &previous
	}
	return facts
}
