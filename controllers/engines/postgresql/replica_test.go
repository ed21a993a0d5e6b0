package postgresql

import (
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stackwright/stackwright/api/v1alpha1"
	"github.com/stackwright/stackwright/controllers/engines/internal/replicated"
)

// copyOf starts a read copy beside its primary.
func (m *machine) copyOf(name string) *pod {
	m.t.Helper()
	replica := m.pod(name, "127.0.0.2")
	replica.prepare()
	replica.start()
	return replica
}

// onCopy runs SQL on the read copy as the reader.
func (m *machine) onCopy(sql string) (string, error) {
	m.t.Helper()
	c := m.service.Consumers[reader]
	return m.queryAs(c.Login, m.secrets[c.Credential.Secret]["password"], c.Database, "127.0.0.2", "verify-full", sql)
}

// arrives waits until the read copy has so many rows.
func (m *machine) arrives(replica *pod, rows string) {
	m.t.Helper()
	replica.eventually(rows+" rows on the copy", func() error {
		if got, err := m.onCopy("SELECT count(*) FROM orders"); err != nil || got != rows {
			return errors.New(got)
		}
		return nil
	})
}

func (m *machine) superuser(sql string) string {
	m.t.Helper()
	got, err := m.queryAs(superuser, m.secrets["admin-1"][replicated.KeyPassword], "postgres", "127.0.0.1", "verify-full", sql)
	if err != nil {
		m.t.Fatal(got)
	}
	return got
}

func TestCopyFollows(t *testing.T) {
	m := shop(t)
	m.service.Replicas = 1
	primary := m.started()
	m.allowed(owner, "CREATE TABLE orders (id int); INSERT INTO orders VALUES (1)", "")
	replica := m.copyOf("main-replica-0")
	m.arrives(replica, "1")
	if got, err := m.onCopy("CREATE TEMP TABLE t (i int)"); err == nil {
		t.Errorf("a read copy takes a write: %s", got)
	}

	// A restart goes on from the data that is there.
	replica.stop()
	m.allowed(owner, "INSERT INTO orders VALUES (2)", "")
	if output := replica.prepare(); strings.Contains(output, "copying") {
		t.Errorf("a restart copies again:\n%s", output)
	}
	replica.start()
	m.arrives(replica, "2")

	// Without its primary a copy serves what it has, also after a restart of its own.
	primary.kill()
	if output, err := replica.probe(replica.spec.Containers[0].ReadinessProbe); err != nil {
		t.Errorf("a copy without its primary is not ready: %v %s", err, output)
	}
	replica.stop()
	replica.prepare()
	replica.start()
	m.arrives(replica, "2")
	primary.prepare()
	primary.start()
	m.allowed(owner, "INSERT INTO orders VALUES (3)", "")
	m.arrives(replica, "3")
}

// TestCopyStartsWithSmallerLimits: both StatefulSets roll at once, so that a copy starts with the smaller limits while its data
// still comes from a primary with the greater ones. The server refuses to: it could not hold what the primary did.
func TestCopyStartsWithSmallerLimits(t *testing.T) {
	m := shop(t)
	m.service.Replicas = 1
	m.service.Parameters["max_connections"] = "100"
	primary := m.started()
	m.allowed(owner, "CREATE TABLE orders (id int); INSERT INTO orders VALUES (1)", "")
	replica := m.copyOf("main-replica-0")
	m.arrives(replica, "1")
	replica.stop()

	m.service.Parameters["max_connections"] = "40"
	m.build()
	replica = m.copyOf("main-replica-0")
	m.arrives(replica, "1")
	primary.stop()
	primary = m.pod("main-0", "127.0.0.1")
	primary.prepare()
	primary.start()
	m.allowed(owner, "INSERT INTO orders VALUES (2)", "")
	m.arrives(replica, "2")
	replica.stop()
	m.copyOf("main-replica-0")
	if got, err := m.onCopy("SHOW max_connections"); err != nil || got != "40" {
		t.Errorf("the copy keeps the limit of %s (%v) after the primary gave it up", got, err)
	}
}

func TestCopyIsMadeAgainWhenThePrimaryDroppedItsLog(t *testing.T) {
	m := shop(t)
	m.service.Replicas = 1
	m.started()
	m.allowed(owner, "CREATE TABLE orders (id int); INSERT INTO orders VALUES (1)", "")
	replica := m.copyOf("main-replica-0")
	replica.stop()

	// The slot of a copy that is gone is dropped.
	m.service.Replicas = 0
	m.provision()
	if got := m.superuser("SELECT count(*) FROM pg_replication_slots"); got != "0" {
		t.Errorf("%s slots are left", got)
	}
	m.service.Replicas = 1
	m.build()
	if output := replica.prepare(); !strings.Contains(output, "copying again") {
		t.Errorf("the copy goes on without its slot:\n%s", output)
	}
	replica.start()
	m.arrives(replica, "1")

	// A running copy that cannot follow a living primary is not ready.
	replica.eventually("the slot is free", func() error {
		m.superuser("SELECT pg_terminate_backend(active_pid) FROM pg_replication_slots WHERE active")
		_, err := m.queryAs(superuser, m.secrets["admin-1"][replicated.KeyPassword], "postgres", "127.0.0.1", "verify-full",
			"SELECT pg_sleep(0.2); SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots")
		return err
	})
	replica.eventually("the copy is not ready", func() error {
		output, err := replica.probe(replica.spec.Containers[0].ReadinessProbe)
		if err == nil || !strings.Contains(output, "does not follow") {
			return os.ErrInvalid
		}
		return nil
	})
}

func TestCopyWithDataOfItsOwnIsKept(t *testing.T) {
	m := shop(t)
	m.service.Replicas = 1
	primary := m.started()
	replica := m.copyOf("main-replica-0")
	refuses := func(words string) {
		t.Helper()
		output, err := replica.run(replica.spec.InitContainers[0])
		if err == nil || !strings.Contains(output, words) {
			t.Errorf("%v\n%s", err, output)
		}
	}
	replica.stop()
	signal := replica.folder + "/stackwright/data/pgdata/standby.signal"
	replica.must(os.Remove(signal))
	refuses("was promoted")
	replica.must(os.WriteFile(signal, nil, 0o600))
	own(t, signal)

	primary.stop()
	replica.must(os.RemoveAll(primary.folder + "/stackwright/data/pgdata"))
	primary.prepare()
	primary.start()
	refuses("was made of another database")
}

func TestClearText(t *testing.T) {
	for _, mode := range []v1alpha1.TLSMode{v1alpha1.TLSPreferred, v1alpha1.TLSDisabled} {
		t.Run(string(mode), func(t *testing.T) {
			m := shop(t)
			m.service.TLS, m.service.Replicas = mode, 1
			if mode == v1alpha1.TLSDisabled {
				m.service.Certificate = nil
			}
			m.started()
			c := m.service.Consumers[owner]
			if got, err := m.queryAs(c.Login, m.secrets[c.Credential.Secret]["password"], c.Database, "127.0.0.1", "disable",
				"CREATE TABLE orders (id int)"); err != nil {
				t.Error(got)
			}
			got, err := m.queryAs(superuser, m.secrets["admin-1"][replicated.KeyPassword], "postgres", "127.0.0.1", "disable", "SELECT 1")
			if (err == nil) != (mode == v1alpha1.TLSDisabled) {
				t.Errorf("the administrator in clear text: %v %s", err, got)
			}
			replica := m.copyOf("main-replica-0")
			replica.eventually("the copy follows", func() error {
				time.Sleep(100 * time.Millisecond)
				got, err := m.queryAs(c.Login, m.secrets[c.Credential.Secret]["password"], c.Database, "127.0.0.2", "disable",
					"SELECT count(*) FROM orders")
				if got != "0" {
					return errors.Join(err, errors.New(got))
				}
				return nil
			})
		})
	}
}
