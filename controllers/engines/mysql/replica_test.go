package mysql

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
	replica := m.pod(name, copyAddress)
	m.t.Log(replica.prepare())
	replica.start()
	return replica
}

// onCopy runs SQL on the read copy as the reader.
func (m *machine) onCopy(sql string) (string, error) {
	m.t.Helper()
	c := m.consumer(reader)
	c.address = copyAddress
	return m.ask(c, sql)
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

func TestCopyFollows(t *testing.T) {
	m := shop(t)
	m.service.Replicas = 1
	primary := m.started()
	m.allowed(owner, "CREATE TABLE orders (id int); INSERT INTO orders VALUES (1)", "")
	replica := m.copyOf("main-replica-0")
	m.arrives(replica, "1")
	c := m.consumer(owner)
	c.address = copyAddress
	if got, err := m.ask(c, "INSERT INTO orders VALUES (9)"); err == nil {
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

func TestCopySurvivesACrashWhileItIsMade(t *testing.T) {
	m := shop(t)
	m.service.Replicas = 1
	m.started()
	m.allowed(owner, "CREATE TABLE orders (id int); INSERT INTO orders VALUES (1)", "")
	replica := m.pod("main-replica-0", copyAddress)
	for _, delay := range []time.Duration{1000, 5000, 8000, 10000, 12000, 14000} {
		command := replica.command(replica.spec.InitContainers[0])
		replica.must(command.Start())
		time.Sleep(delay * time.Millisecond)
		replica.crash()
		_ = command.Wait()
		_, complete := os.Stat(replica.folder + "/stackwright/data/mysql/stackwright.source")
		t.Logf("killed after %d ms; complete: %v", delay, complete == nil)
	}
	replica = m.copyOf("main-replica-0")
	m.arrives(replica, "1")
}

func TestCopyIsMadeAgainWhenThePrimaryDroppedItsLog(t *testing.T) {
	m := shop(t)
	m.service.Replicas = 1
	primary := m.started()
	m.allowed(owner, "CREATE TABLE orders (id int); INSERT INTO orders VALUES (1)", "")
	replica := m.copyOf("main-replica-0")
	replica.stop()
	m.allowed(owner, "INSERT INTO orders VALUES (2)", "")
	m.root(primary, "FLUSH BINARY LOGS; PURGE BINARY LOGS BEFORE NOW() + INTERVAL 1 DAY")
	m.allowed(owner, "INSERT INTO orders VALUES (3)", "")
	if output := replica.prepare(); !strings.Contains(output, "copying again") {
		t.Errorf("the copy goes on without what it has not read:\n%s", output)
	}
	replica.start()
	m.arrives(replica, "3")

	// A running copy that cannot follow a living primary is not ready.
	m.root(replica, "STOP REPLICA IO_THREAD")
	if output, err := replica.probe(replica.spec.Containers[0].ReadinessProbe); err == nil || !strings.Contains(output, "does not follow") {
		t.Errorf("a copy that does not follow is ready: %v %s", err, output)
	}
	m.root(replica, "STOP REPLICA SQL_THREAD")
	if output, err := replica.probe(replica.spec.Containers[0].ReadinessProbe); err == nil || !strings.Contains(output, "does not apply") {
		t.Errorf("a copy that applies nothing is ready: %v %s", err, output)
	}
}

func TestCopyWithDataOfItsOwnIsKept(t *testing.T) {
	m := shop(t)
	m.service.Replicas = 1
	primary := m.started()
	replica := m.copyOf("main-replica-0")
	m.root(replica, "STOP REPLICA; SET GLOBAL super_read_only = OFF; CREATE DATABASE promoted")
	if output, err := replica.probe(replica.spec.Containers[0].ReadinessProbe); err == nil || !strings.Contains(output, "takes writes") {
		t.Errorf("a promoted copy is ready: %v %s", err, output)
	}
	replica.stop()
	replica.refuses("a promoted copy", "changes that its primary does not have")
	replica.must(os.RemoveAll(replica.folder + "/stackwright/data/mysql"))
	replica.prepare()

	primary.stop()
	replica.must(os.RemoveAll(primary.folder + "/stackwright/data/mysql"))
	primary.prepare()
	primary.start()
	replica.refuses("the copy of another database", "was made of another database")
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
			c := m.consumer(owner)
			c.security = "DISABLED"
			if got, err := m.ask(c, "CREATE TABLE orders (id int)"); err != nil {
				t.Error(got)
			}
			c.user, c.password, c.database = administrator, m.secrets["admin-1"][replicated.KeyPassword], ""
			if got, err := m.ask(c, "SELECT 1"); (err == nil) != (mode == v1alpha1.TLSDisabled) {
				t.Errorf("the administrator in clear text: %v %s", err, got)
			}
			replica := m.copyOf("main-replica-0")
			m.arrives(replica, "0")
		})
	}
}
