package audit

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	rbacv1 "k8s.io/api/rbac/v1"
)

const user = "system:serviceaccount:here:operator"

func line(id, who, verb, resource string) string {
	return fmt.Sprintf(`{"auditID":%q,"verb":%q,"requestURI":"/api","requestReceivedTimestamp":"2026-11-01T10:00:00Z",`+
		`"user":{"username":%q},"objectRef":{"resource":%q,"namespace":"a"},"responseObject":{"kind":"Secret"}}`+"\n", id, verb, who, resource)
}

func appendTo(t *testing.T, path, text string) {
	t.Helper()
	file, err := os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	if _, err := file.WriteString(text); err != nil {
		t.Fatal(err)
	}
}

// The log is followed over half-written lines and over the change to a new file, and tells of one user, each request once.
func TestFollow(t *testing.T) {
	path := filepath.Join(t.TempDir(), "audit.log")
	appendTo(t, path, line("0", user, "create", "pods"))
	log, err := Follow(path, user)
	if err != nil {
		t.Fatal(err)
	}
	want := func(ids ...string) {
		t.Helper()
		events, err := log.Since(time.Time{})
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for i := range events {
			got = append(got, events[i].ID)
		}
		if !slices.Equal(got, ids) {
			t.Fatalf("requests %v, not %v", got, ids)
		}
	}
	want()
	whole := line("1", user, "create", "secrets")
	appendTo(t, path, line("x", "somebody", "create", "secrets")+whole[:40])
	want()
	appendTo(t, path, whole[40:]+line("1", user, "create", "secrets"))
	want("1")
	if err := os.Rename(path, path+".1"); err != nil {
		t.Fatal(err)
	}
	appendTo(t, path+".1", line("2", user, "list", "pods"))
	appendTo(t, path, line("3", user, "create", "leases"))
	want("1", "2", "3")
	writes, err := log.Writes(time.Time{}, "a")
	if err != nil || len(writes) != 1 || writes[0].ID != "1" || len(writes[0].ResponseObject) == 0 {
		t.Errorf("writes %v, %v", writes, err)
	}
}

func TestCompare(t *testing.T) {
	path := filepath.Join(t.TempDir(), "audit.log")
	appendTo(t, path, "")
	log, err := Follow(path, user)
	if err != nil {
		t.Fatal(err)
	}
	appendTo(t, path, line("1", user, "watch", "pods")+line("2", user, "create", "secrets")+line("3", user, "get", "secrets"))
	events, err := log.Since(time.Time{})
	if err != nil {
		t.Fatal(err)
	}
	beyond, unused := Compare([]rbacv1.PolicyRule{
		{APIGroups: []string{""}, Resources: []string{"pods"}, Verbs: []string{"list", "watch", "delete"}},
		{APIGroups: []string{""}, Resources: []string{"secrets"}, Verbs: []string{"create"}},
	}, events)
	if len(beyond) != 1 || !slices.Equal(unused, []string{"delete pods"}) {
		t.Errorf("beyond %v, unused %v", beyond, unused)
	}
}
