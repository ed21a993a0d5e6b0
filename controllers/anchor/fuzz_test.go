package anchor_test

import (
	"regexp"
	"slices"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/stackwright/stackwright/api/v1alpha1"
	"github.com/stackwright/stackwright/controllers/anchor"
	"github.com/stackwright/stackwright/controllers/kit"
	"github.com/stackwright/stackwright/controllers/part/parttest"
)

// drawn is an anchor as the operator would make it.
func drawn(s *parttest.Source) *anchor.Anchor {
	a := &anchor.Anchor{
		Kind: parttest.Pick(s, "StackDatabase", "StackCache", "StackQueue"), Name: s.Label(44), Engine: "PostgreSQL",
		Provider: "Builtin", Version: parttest.Pick(s, "17", "8.1", "4.2.9"), TLS: parttest.Pick(s, v1alpha1.TLSRequired, v1alpha1.TLSPreferred),
	}
	named := func(prefix string) anchor.Set {
		result := set(prefix + "-v2-bcdfg")
		result.Version = 1 + s.Int(9)
		return result
	}
	if s.Bool() {
		admin := named(kit.Child(a.Name, "admin"))
		a.Admin = &admin
	}
	if s.Int(4) == 1 {
		present, other := named(kit.Child(a.Name, "tls")), named(kit.Child(a.Name, "tls"))
		other.Version = present.Version + 1
		a.Certificate, a.Other = &present, &other
		a.Renewal = parttest.Pick(s, v1alpha1.RenewalTrusting, v1alpha1.RenewalServing, v1alpha1.RenewalLeaving)
	}
	if s.Bool() {
		a.Claimant = &v1alpha1.Claimant{Stack: s.Label(30), Entry: s.Label(30)}
	}
	for range s.Int(4) {
		c := s.Consumer()
		login := named(kit.Child(a.Name, "login"))
		login.Binding = kit.Child(c.Stack, c.Entry, "binding-v2-bcdfg")
		record := anchor.Consumer{
			Namespace: c.Namespace, Stack: c.Stack, Entry: c.Entry, Access: c.Access, Private: c.Private, Database: c.Database,
			Login: kit.Identifier(60, c.Namespace, c.Stack, c.Entry), Set: login, Departed: s.Int(4) == 1,
		}
		if s.Bool() {
			previous := named(kit.Child(c.Stack, c.Entry, "binding"))
			previous.Binding = kit.Child(c.Stack, c.Entry, "binding-v3-bcdfg")
			record.Previous, record.Rotation = &previous, parttest.Pick(s, "", anchor.RotationMaking, anchor.RotationRetiring)
		}
		a.Consumers = append(a.Consumers, record)
	}
	return a
}

// FuzzRecord: what is written is read as it was, by the service it is of and by no other, and a copy shares nothing with it.
func FuzzRecord(f *testing.F) {
	f.Add([]byte(nil), "shop-main")
	f.Add([]byte("an anchor with some consumers"), "other")
	f.Add(slices.Repeat([]byte{3, 1, 255, 2}, 90), "")
	f.Fuzz(func(t *testing.T, data []byte, other string) {
		wrote := drawn(parttest.NewSource(data))
		object := configMap(t, wrote)
		read, err := anchor.Parse(object, wrote.Kind, wrote.Name)
		if err != nil || !anchor.Equal(read, wrote) {
			t.Fatalf("wrote %+v, read %+v (%v)", wrote, read, err)
		}
		if again := configMap(t, read); again.Data["anchor.json"] != object.Data["anchor.json"] {
			t.Errorf("written again it is %s", again.Data["anchor.json"])
		}
		if _, err := anchor.Parse(object, wrote.Kind, other); err == nil && other != wrote.Name {
			t.Errorf("the anchor of %s counts for %q", wrote.Name, other)
		}
		copied := wrote.Clone()
		for _, set := range copied.Sets() {
			copied.Drop(set.ConfigMap)
		}
		for i := range copied.Consumers {
			if copied.Consumers[i].Moving() {
				copied.Consumers[i].Released()
			}
		}
		copied.Provisioned()
		copied.Renew(true, time.Time{})
		if !anchor.Equal(read, wrote) {
			t.Error("a copy changed the original")
		}
	})
}

// FuzzSchedule: whatever is declared, a login is not due before it has the age that was asked for, nor before the time that was
// named, and a new one is due only by age.
func FuzzSchedule(f *testing.F) {
	f.Add("720h", int64(0), int64(0), int64(0))
	f.Add("1h30m", int64(1_700_000_000), int64(1_600_000_000), int64(1_800_000_000))
	f.Add("-1h", int64(1_700_000_000), int64(1_800_000_000), int64(1_750_000_000))
	f.Fuzz(func(t *testing.T, every string, rotatedAt, madeAt, now int64) {
		const latest = 1 << 34 // the year 2514
		rotatedAt, madeAt, now = rotatedAt&(latest-1), madeAt&(latest-1), now&(latest-1)
		at := metav1.Unix(rotatedAt, 0)
		s := anchor.ScheduleOf(&v1alpha1.Credentials{RotateEvery: every, RotatedAt: &at})
		c := anchor.Consumer{Login: "shop_a", Set: set("shop-main-binding-v1-bcdfg")}
		c.Set.CreatedAt = time.Unix(madeAt, 0).UTC().Format(time.RFC3339)
		old := s.Every > 0 && now-madeAt >= int64(s.Every/time.Second)
		called := rotatedAt > madeAt && rotatedAt <= now
		if due := s.Due(&c, time.Unix(now, 0)); due && !old && !called || !due && called {
			t.Errorf("%+v made at %s is due at %d: %v", s, c.Set.CreatedAt, now, due)
		}
		a := anchor.Anchor{Consumers: []anchor.Consumer{c}}
		if next := a.Next(s); !next.IsZero() && !s.Due(&c, next) {
			t.Errorf("%+v made at %s is not due when it is due, at %s", s, c.Set.CreatedAt, next)
		}
	})
}

var bindingName = regexp.MustCompile(`-binding-v[0-9]+-[a-z0-9]{5}$`)

// FuzzOurs: a set of credentials is of the service that it names, in its namespace, or is called like a binding elsewhere.
func FuzzOurs(f *testing.F) {
	f.Add([]byte(nil), "shop", "shop-main-binding-v1-bcdfg")
	f.Add([]byte("shop"), "office", "shop-main-binding-v1-bcdfg/../x")
	f.Fuzz(func(t *testing.T, data []byte, namespace, name string) {
		s := parttest.NewSource(data)
		kind, of, service := parttest.Pick(s, "StackDatabase", "StackCache"), s.Label(63), s.Label(44)
		object := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name, Labels: map[string]string{}}}
		anchor.Mark(object, kind, of, service, 1)
		if len(object.Labels[anchor.LabelSet]) > 63 {
			t.Errorf("the label %s", object.Labels[anchor.LabelSet])
		}
		ours := anchor.Ours(object, kind, of, service)
		if namespace == of && !ours || ours && namespace != of && !bindingName.MatchString(name) {
			t.Errorf("%s/%s of %s/%s: %v", namespace, name, of, service, ours)
		}
		for _, other := range [][3]string{{"StackQueue", of, service}, {kind, of + "x", service}, {kind, of, service + "x"}} {
			if anchor.Ours(object, other[0], other[1], other[2]) {
				t.Errorf("it counts for %q", other)
			}
		}
	})
}
