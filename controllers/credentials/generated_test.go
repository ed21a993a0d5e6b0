package credentials

import (
	"context"
	"testing"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"

	"github.com/stackwright/stackwright/api/v1alpha1"
	"github.com/stackwright/stackwright/controllers/part"
)

func stackNamed(name string) *v1alpha1.BackendStack {
	return &v1alpha1.BackendStack{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: name}}
}

// TestGeneratedSecretsAreNotShared: stack a with entry b-c and stack a-b with entry c have one name.
func TestGeneratedSecretsAreNotShared(t *testing.T) {
	scheme := runtime.NewScheme()
	if err := corev1.AddToScheme(scheme); err != nil {
		t.Fatal(err)
	}
	api := fake.NewClientBuilder().WithScheme(scheme).Build()
	g := &Generated{Client: api, Live: api}
	first := &v1alpha1.GeneratedSecret{Name: "b-c", Generate: []string{"key"}}
	if err := g.Ensure(t.Context(), stackNamed("a"), first); err != nil {
		t.Fatal(err)
	}
	err := g.Ensure(t.Context(), stackNamed("a-b"), &v1alpha1.GeneratedSecret{Name: "c", Generate: []string{"key"}})
	if waiting := part.AsWaiting(err); waiting == nil || waiting.Reason != v1alpha1.ReasonNameConflict {
		t.Errorf("the second stack gets %v", err)
	}
	if err := g.Ensure(t.Context(), stackNamed("a"), first); err != nil {
		t.Error(err)
	}
}

// TestALaggingCacheIsNoConflict: the record exists, and only the cache lacks it.
func TestALaggingCacheIsNoConflict(t *testing.T) {
	scheme := runtime.NewScheme()
	if err := corev1.AddToScheme(scheme); err != nil {
		t.Fatal(err)
	}
	live := fake.NewClientBuilder().WithScheme(scheme).Build()
	entry := &v1alpha1.GeneratedSecret{Name: "key", Generate: []string{"key"}}
	if err := (&Generated{Client: live, Live: live}).Ensure(t.Context(), stackNamed("shop"), entry); err != nil {
		t.Fatal(err)
	}
	behind := &lagging{live, fake.NewClientBuilder().WithScheme(scheme).Build()}
	current := &lagging{live, live}
	if err := (&Generated{Client: behind, Live: live}).Ensure(t.Context(), stackNamed("shop"), entry); err != nil {
		t.Error(err)
	}
	taken := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "shop-other"}}
	if err := live.Create(t.Context(), taken); err != nil {
		t.Fatal(err)
	}
	entry = &v1alpha1.GeneratedSecret{Name: "other", Generate: []string{"key"}}
	err := (&Generated{Client: current, Live: live}).Ensure(t.Context(), stackNamed("shop"), entry)
	if waiting := part.AsWaiting(err); waiting == nil || waiting.Reason != v1alpha1.ReasonNameConflict {
		t.Errorf("somebody else's Secret gives %v", err)
	}
}

// lagging reads from a cache, which may have seen nothing, and answers creates that are only tried as the API server does.
type lagging struct {
	client.Client
	cache client.Reader
}

func (l *lagging) Get(ctx context.Context, key client.ObjectKey, object client.Object, options ...client.GetOption) error {
	return l.cache.Get(ctx, key, object, options...)
}

func (l *lagging) Create(ctx context.Context, object client.Object, options ...client.CreateOption) error {
	if len((&client.CreateOptions{}).ApplyOptions(options).DryRun) == 0 {
		return l.Client.Create(ctx, object, options...)
	}
	if l.Client.Get(ctx, client.ObjectKeyFromObject(object), &corev1.Secret{}) == nil {
		return apierrors.NewAlreadyExists(corev1.Resource("secrets"), object.GetName())
	}
	return nil
}
