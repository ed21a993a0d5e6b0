package credentials

import (
	"context"
	"crypto/x509"
	"fmt"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/stackwright/stackwright/api/v1alpha1"
	"github.com/stackwright/stackwright/controllers/anchor"
)

// TestCertificatesAreRenewedInTime: when a third of their life is left, and before that when it is asked for.
func TestCertificatesAreRenewedInTime(t *testing.T) {
	asked := func(after time.Duration) *v1alpha1.Credentials {
		return &v1alpha1.Credentials{RenewedAt: &metav1.Time{Time: now.Add(after)}}
	}
	for name, c := range map[string]struct {
		declared *v1alpha1.Credentials
		after    time.Duration
		renews   bool
	}{
		"it is young":                  {nil, certificateLifetime / 2, false},
		"a third is left":              {nil, certificateLifetime * 2 / 3, true},
		"it is asked for":              {asked(time.Hour), 2 * time.Hour, true},
		"it is asked for later":        {asked(3 * time.Hour), 2 * time.Hour, false},
		"it was asked for long before": {asked(-time.Hour), 2 * time.Hour, false},
	} {
		t.Run(name, func(t *testing.T) {
			objects := &creations{}
			a := ensure(t, maker(objects), &anchor.Anchor{}, consumers...)
			m := maker(objects)
			m.Declared, m.Now = c.declared, now.Add(c.after)
			next := ensure(t, m, a, consumers...)
			if got := next.Renewal == v1alpha1.RenewalTrusting && next.Other != nil; got != c.renews || next.Certificate.Secret != a.Certificate.Secret {
				t.Errorf("renewed: %v, %+v", got, next.Other)
			}
			if again := ensure(t, m, next, consumers...); again.Other != nil && again.Other.Secret != next.Other.Secret {
				t.Error("it is renewed twice")
			}
		})
	}
}

// TestRenewalLocksNobodyOut: whatever write is lost, at every moment each consumer trusts what the service serves, before and after
// it restarts; and in the end all is as it was, with one other authority.
func TestRenewalLocksNobodyOut(t *testing.T) {
	const steps = 12
	for crash := range steps + 1 {
		t.Run(fmt.Sprintf("lost after step %d", crash), func(t *testing.T) {
			c := &creations{}
			a := ensure(t, maker(c), &anchor.Anchor{}, consumers...)
			first := a.Clone()
			for step := 0; step < steps; step++ {
				next := renewalPass(t, c, a)
				if step == crash {
					next = renewalPass(t, c, a)
				}
				everybodyTrusts(t, c, a, next)
				a = next
			}
			if a.Certificate.Secret == first.Certificate.Secret || a.Other != nil || a.Renewal != "" {
				t.Errorf("it ends with %+v beside %+v, %s", a.Certificate, a.Other, a.Renewal)
			}
			for i := range a.Consumers {
				binding := c.secrets()["shop/"+a.Consumers[i].Set.Secret]
				if binding[corev1.ServiceAccountRootCAKey] != a.Certificate.CA || a.Consumers[i].Previous != nil || a.Consumers[i].Set.Authorities != nil {
					t.Errorf("consumer %+v", a.Consumers[i])
				}
			}
		})
	}
}

// everybodyTrusts: pods may have the binding that a consumer was told of before or after a step, and the one before that.
func everybodyTrusts(t *testing.T, c *creations, anchors ...*anchor.Anchor) {
	t.Helper()
	secrets := c.secrets()
	for _, a := range anchors {
		served := []*anchor.Set{a.Certificate}
		if a.Renewal == v1alpha1.RenewalServing { // its pods restart
			served = append(served, a.Other)
		}
		for i := range a.Consumers {
			used := []*anchor.Set{a.Consumers[i].Current()}
			if a.Consumers[i].Moving() {
				used = append(used, a.Consumers[i].Previous)
			}
			for _, set := range used {
				trusted := x509.NewCertPool()
				trusted.AppendCertsFromPEM([]byte(secrets["shop/"+set.Secret][corev1.ServiceAccountRootCAKey]))
				for _, certificate := range served {
					leaf := parsed(t, secrets["shop/"+certificate.Secret][corev1.TLSCertKey])
					if _, err := leaf.Verify(x509.VerifyOptions{Roots: trusted, DNSName: hosts[0], CurrentTime: now.Add(2 * time.Hour)}); err != nil {
						t.Errorf("at %s %s does not trust %s: %v", a.Renewal, set.Secret, certificate.Secret, err)
					}
				}
			}
		}
	}
}

// renewalPass is one step of a renewal, as the pipeline does it where every Job succeeds and every pod rolls at once.
func renewalPass(t *testing.T, c *creations, recorded *anchor.Anchor) *anchor.Anchor {
	t.Helper()
	var seen []types.NamespacedName
	for _, object := range c.objects {
		seen = append(seen, client.ObjectKeyFromObject(object))
	}
	m := maker(c, seen...)
	m.Now, m.Declared = now.Add(2*time.Hour), &v1alpha1.Credentials{RenewedAt: &metav1.Time{Time: now.Add(time.Hour)}}
	next, err := m.Ensure(context.Background(), service, recorded, consumers)
	if err != nil {
		t.Fatal(err)
	}
	if !anchor.Equal(next, recorded) {
		return next
	}
	working := next.Clone()
	if working.Provisioned(); !anchor.Equal(working, next) {
		return working
	}
	for i := range working.Consumers {
		if working.Consumers[i].Moving() {
			working.Consumers[i].Released()
		}
	}
	if anchor.Equal(working, next) {
		working.Renew(true, m.Now)
	}
	return working
}

// TestConsumersOnTheirWayAreNotDisturbed: by a certificate that is renewed, whose authority they learn when they have arrived.
func TestConsumersOnTheirWayAreNotDisturbed(t *testing.T) {
	c := &creations{}
	a := ensure(t, rotating(c), ensure(t, maker(c), &anchor.Anchor{}, consumers...), consumers...)
	a.Consumers[0].Rotation, a.Consumers[1].Rotation = "", ""
	next := renewalPass(t, c, a)
	for i := range next.Consumers {
		if next.Consumers[i].Set.Secret != a.Consumers[i].Set.Secret {
			t.Errorf("from %+v to %+v", a.Consumers[i], next.Consumers[i])
		}
	}
	if next.Renewal != v1alpha1.RenewalTrusting {
		t.Error("nothing is renewed: the test does not test")
	}
	late := next.Clone()
	late.Renew(false, now.Add(certificateLifetime/2))
	if late.Renewal != v1alpha1.RenewalTrusting {
		t.Error("the next certificate is served before everybody trusts it")
	}
	late.Renew(false, now.Add(certificateLifetime-24*time.Hour))
	if late.Renewal != v1alpha1.RenewalServing || !strings.HasPrefix(late.Certificate.Secret, "shop-main-tls-v2") {
		t.Errorf("a day before the end %s is served, %s", late.Certificate.Secret, late.Renewal)
	}
}
