package credentials

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/stackwright/stackwright/api/v1alpha1"
	"github.com/stackwright/stackwright/controllers/kit"
	"github.com/stackwright/stackwright/controllers/part"
)

const (
	recordKeys  = "keys"
	recordState = "state"
	// statePending: the Secret may or may not exist. stateMade: it was made.
	statePending, stateMade = "pending", "made"
	conflictRetry           = 30 * time.Second
)

// Generated makes the Secrets of spec.secrets: once, with random values, under a fixed name. Since the operator cannot read
// Secrets, a ConfigMap <secret>-generated without an owner records what was made.
type Generated struct {
	// Client creates and patches; it reads ConfigMaps from the cache. Live reads them from the API server.
	Client client.Client
	Live   client.Reader
}

// Ensure makes the Secret of an entry unless it was made before.
func (g *Generated) Ensure(ctx context.Context, stack *v1alpha1.BackendStack, entry *v1alpha1.GeneratedSecret) error {
	name := kit.Child(stack.Name, string(entry.Name))
	keys := slices.Sorted(slices.Values(entry.Generate))
	record := &corev1.ConfigMap{}
	err := g.Client.Get(ctx, client.ObjectKey{Namespace: stack.Namespace, Name: recordName(name)}, record)
	if client.IgnoreNotFound(err) != nil {
		return err
	}
	if apierrors.IsNotFound(err) {
		if record, err = g.begin(ctx, stack, entry, name, keys); err != nil {
			return err
		}
	}
	if !recordOf(record, stack, entry) {
		return part.Waiting(v1alpha1.ReasonNameConflict, conflictRetry,
			"spec.secrets[%s]: Secret %s is that of another stack's entry; rename this one", entry.Name, name)
	}
	if recorded := record.Data[recordKeys]; recorded != strings.Join(keys, ",") {
		return part.Invalid(v1alpha1.ReasonInvalid,
			"spec.secrets[%s].generate: Secret %s was made with the keys %s and never changes; add an entry for further keys",
			entry.Name, name, recorded)
	}
	if record.Data[recordState] == stateMade {
		return nil
	}
	return g.finish(ctx, record, name, keys)
}

// recordOf says whether a record is that of an entry: stack a with entry b-c and stack a-b with entry c have one name. Labels
// that somebody removed say nothing.
func recordOf(record *corev1.ConfigMap, stack *v1alpha1.BackendStack, entry *v1alpha1.GeneratedSecret) bool {
	is := func(label, name string) bool { return record.Labels[label] == name || record.Labels[label] == "" }
	return is(v1alpha1.LabelStack, stack.Name) && is(v1alpha1.LabelEntry, string(entry.Name))
}

func recordName(secret string) string { return kit.Child(secret, "generated") }

// begin records that the Secret is about to be made, if nobody else holds its name: a create that is only tried tells.
func (g *Generated) begin(
	ctx context.Context, stack *v1alpha1.BackendStack, entry *v1alpha1.GeneratedSecret, name string, keys []string,
) (*corev1.ConfigMap, error) {
	identity := kit.Identity{Name: string(entry.Name), Instance: stack.Name, Component: "generated-secret", Stack: stack.Name}
	record := &corev1.ConfigMap{
		ObjectMeta: identity.Meta(stack.Namespace, recordName(name)),
		Data:       map[string]string{recordKeys: strings.Join(keys, ","), recordState: statePending},
	}
	record.Labels[v1alpha1.LabelEntry] = string(entry.Name)
	err := g.Client.Create(ctx, secretFor(record, name, keys), client.DryRunAll)
	if apierrors.IsAlreadyExists(err) {
		return g.behind(ctx, record, part.Waiting(v1alpha1.ReasonNameConflict, conflictRetry,
			"spec.secrets[%s]: Secret %s exists and belongs to somebody else; rename the entry", entry.Name, name))
	}
	if err != nil {
		return nil, fmt.Errorf("try Secret %s: %w", name, err)
	}
	err = g.Client.Create(ctx, record)
	if apierrors.IsAlreadyExists(err) {
		return g.behind(ctx, record, part.Waiting(v1alpha1.ReasonNameConflict, conflictRetry,
			"spec.secrets[%s]: ConfigMap %s exists and belongs to somebody else; rename the entry", entry.Name, record.Name))
	}
	return record, err
}

// behind returns the record that the API server has while the cache lacks it, else the conflict.
func (g *Generated) behind(ctx context.Context, record *corev1.ConfigMap, conflict error) (*corev1.ConfigMap, error) {
	live := &corev1.ConfigMap{}
	err := g.Live.Get(ctx, client.ObjectKeyFromObject(record), live)
	if err == nil && live.Labels[kit.LabelManagedBy] == kit.ManagedBy {
		return live, nil
	}
	if client.IgnoreNotFound(err) != nil {
		return nil, err
	}
	return nil, conflict
}

// finish makes the Secret. That it exists already means that an earlier try succeeded and its answer was lost.
func (g *Generated) finish(ctx context.Context, record *corev1.ConfigMap, name string, keys []string) error {
	if err := g.Client.Create(ctx, secretFor(record, name, keys)); err != nil && !apierrors.IsAlreadyExists(err) {
		return fmt.Errorf("secret %s: %w", name, err)
	}
	made := record.DeepCopy()
	made.Data[recordState] = stateMade
	return g.Client.Patch(ctx, made, client.MergeFrom(record))
}

// Replace makes the Secret of an entry again, with other values, if somebody deleted it.
func (g *Generated) Replace(ctx context.Context, stack *v1alpha1.BackendStack, entry *v1alpha1.GeneratedSecret) error {
	name := kit.Child(stack.Name, string(entry.Name))
	record := &corev1.ConfigMap{}
	if err := g.Client.Get(ctx, client.ObjectKey{Namespace: stack.Namespace, Name: recordName(name)}, record); err != nil {
		return client.IgnoreNotFound(err)
	}
	if !recordOf(record, stack, entry) {
		return nil
	}
	keys := strings.Split(record.Data[recordKeys], ",")
	err := g.Client.Create(ctx, secretFor(record, name, keys))
	if err != nil && !apierrors.IsAlreadyExists(err) {
		return fmt.Errorf("secret %s: %w", name, err)
	}
	return nil
}

func secretFor(record *corev1.ConfigMap, name string, keys []string) *corev1.Secret {
	values := map[string]string{}
	for _, key := range keys {
		values[key] = Password()
	}
	return &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{Namespace: record.Namespace, Name: name, Labels: record.Labels},
		Type:       corev1.SecretTypeOpaque, Immutable: kit.Ptr(true), StringData: values,
	}
}
