package postgresql

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/api/resource"

	"github.com/stackwright/stackwright/api/v1alpha1"
	"github.com/stackwright/stackwright/controllers/engines/internal/replicated"
	"github.com/stackwright/stackwright/controllers/part"
)

// shop is a database with three consumers, as the pipeline would resolve it.
func shop(t *testing.T) *machine {
	t.Helper()
	m := newMachine(t)
	s := m.service
	s.Kind, s.Namespace, s.Name, s.Engine, s.Stack = "StackDatabase", "shop", "main", "PostgreSQL", "shop"
	s.TLS, s.ClusterDomain, s.Storage.Size = v1alpha1.TLSRequired, "cluster.local", resource.MustParse("1Gi")
	s.Parameters = map[string]string{"statement_timeout": "20s", "default_transaction_read_only": "off", "log_line_prefix": `'%m\ `}
	s.Admin, s.Certificate = &part.Credential{Version: 1, Secret: "admin-1"}, &part.Credential{Version: 1, Secret: "tls"}
	m.secrets["admin-1"] = map[string]string{
		replicated.KeyPassword: `su'p\er`, replicated.KeyReplicationPassword: `re:pl\ic'a`, replicated.KeyProbePassword: `pr"o%b$e`,
	}
	m.secrets["tls"] = certificates(t, replicated.ServerNames(s))
	m.admit("shop", "main", v1alpha1.AccessOwner, "")
	m.admit("writer", "db", v1alpha1.AccessReadWrite, "shop")
	m.admit("reader", "db", v1alpha1.AccessReadOnly, "shop")
	return m
}

// admit adds a consumer, private when no database is named.
func (m *machine) admit(stack, entry string, access v1alpha1.AccessMode, database string) {
	c := part.Consumer{
		Namespace: "shop", Stack: stack, Entry: entry, Access: access, Database: database, Private: database == "",
		Credential: part.Credential{Version: 1, Secret: stack + "-1"},
	}
	login(m.service, &c)
	m.secrets[c.Credential.Secret] = map[string]string{"username": c.Login, "password": `p'w\` + stack}
	m.service.Consumers = append(m.service.Consumers, c)
}

func certificates(t *testing.T, names []string) map[string]string {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), DNSNames: names, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	certificate := string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
	return map[string]string{
		"tls.crt": certificate, "ca.crt": certificate,
		"tls.key": string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private})),
	}
}

// provision runs the Job to its end.
func (m *machine) provision() string {
	m.t.Helper()
	m.build()
	job := m.pod(m.output.Provisioning, "")
	output, err := job.run(job.spec.Containers[0])
	if err != nil {
		m.t.Fatalf("provision: %v\n%s", err, output)
	}
	return output
}

// query runs SQL as a consumer, the way its binding says.
func (m *machine) query(consumer int, sql string) (string, error) {
	m.t.Helper()
	c := m.service.Consumers[consumer]
	return m.queryAs(c.Login, m.secrets[c.Credential.Secret]["password"], c.Database, "127.0.0.1", "verify-full", sql)
}

func (m *machine) queryAs(user, password, database, address, security, sql string) (string, error) {
	m.t.Helper()
	job := m.pod(m.output.Provisioning, "")
	command := job.command(job.spec.Containers[0], "psql", "-X", "-qAt", "-v", "ON_ERROR_STOP=1", "-c", sql)
	command.Env = append(command.Env, "PGUSER="+user, "PGPASSWORD="+password, "PGDATABASE="+database, "PGHOSTADDR="+address,
		"PGSSLMODE="+security)
	output, err := command.CombinedOutput()
	return strings.TrimSpace(string(output)), err
}

func (m *machine) allowed(consumer int, sql, want string) {
	m.t.Helper()
	if got, err := m.query(consumer, sql); err != nil || got != want {
		m.t.Errorf("%s: %s: %v, %q; want %q", m.service.Consumers[consumer].Stack, sql, err, got, want)
	}
}

func (m *machine) refused(consumer int, sql, want string) {
	m.t.Helper()
	if got, err := m.query(consumer, sql); err == nil || !strings.Contains(got, want) {
		m.t.Errorf("%s: %s: %v, %q; want a refusal with %q", m.service.Consumers[consumer].Stack, sql, err, got, want)
	}
}

// started returns the primary, ready, with everything provisioned.
func (m *machine) started() *pod {
	m.t.Helper()
	m.build()
	primary := m.pod("main-0", "127.0.0.1")
	primary.prepare()
	primary.start()
	m.provision()
	return primary
}

const (
	owner  = 0
	writer = 1
	reader = 2
)

func TestServerRights(t *testing.T) {
	m := shop(t)
	primary := m.started()
	m.provision() // every step may be repeated
	m.allowed(owner, "CREATE TABLE orders (id serial PRIMARY KEY, what text); INSERT INTO orders (what) VALUES ('tea')", "")
	m.allowed(owner, "SELECT tableowner FROM pg_tables WHERE tablename = 'orders'", "shop_owner")
	m.allowed(owner, "CREATE SCHEMA extra; CREATE TABLE extra.t (i int); CREATE EXTENSION IF NOT EXISTS pg_trgm", "")
	m.allowed(writer, "INSERT INTO orders (what) VALUES ('milk'); SELECT count(*) FROM orders", "2")
	m.allowed(writer, "INSERT INTO extra.t VALUES (1); UPDATE extra.t SET i = 2; DELETE FROM extra.t", "")
	m.refused(writer, "CREATE TABLE mine (i int)", "permission denied")
	m.refused(writer, "DROP TABLE orders", "must be owner")
	m.allowed(reader, "SELECT count(*) FROM orders, extra.t", "0")
	m.refused(reader, "INSERT INTO orders (what) VALUES ('x')", "permission denied")
	m.refused(reader, "CREATE TABLE mine (i int)", "permission denied")
	for _, consumer := range []int{owner, writer, reader} {
		m.refused(consumer, "CREATE ROLE eve", "permission denied")
		m.refused(consumer, "CREATE DATABASE eve", "permission denied")
		m.refused(consumer, "COPY (SELECT 1) TO PROGRAM 'id'", "external program")
		m.refused(consumer, "SET ROLE postgres", "permission denied")
		c := m.service.Consumers[consumer]
		for _, database := range []string{"postgres", "template1"} {
			got, err := m.queryAs(c.Login, m.secrets[c.Credential.Secret]["password"], database, "127.0.0.1", "verify-full", "SELECT 1")
			if err == nil || !strings.Contains(got, "permission denied for database") {
				t.Errorf("%s connects to %s: %s", c.Stack, database, got)
			}
		}
		got, err := m.queryAs(c.Login, m.secrets[c.Credential.Secret]["password"], c.Database, "127.0.0.1", "disable", "SELECT 1")
		if err == nil {
			t.Errorf("%s connects in clear text: %s", c.Stack, got)
		}
	}
	m.privateDatabase()
	if strings.Contains(primary.log.String(), `p'w`) || strings.Contains(primary.log.String(), "PASSWORD") {
		t.Errorf("the log shows a password:\n%s", primary.log)
	}
	if took := primary.stop(); took > 20*time.Second {
		t.Errorf("a fast stop took %s", took)
	}
}

// privateDatabase admits a stack to a database of its own beside the others.
func (m *machine) privateDatabase() {
	m.t.Helper()
	m.admit("index", "store", v1alpha1.AccessOwner, "")
	m.provision()
	m.allowed(3, "CREATE TABLE words (w text)", "")
	c := m.service.Consumers[owner]
	got, err := m.queryAs(c.Login, m.secrets[c.Credential.Secret]["password"], m.service.Consumers[3].Database, "127.0.0.1",
		"verify-full", "SELECT 1")
	if err == nil {
		m.t.Errorf("the maker's stack connects to the private database of another: %s", got)
	}
}

func TestServerLoginsComeAndGo(t *testing.T) {
	m := shop(t)
	m.started()
	// What a login owns itself goes to its group: a pool that resets its sessions leaves it so.
	m.allowed(owner, "SET ROLE none; CREATE TABLE own (i int)", "")
	m.allowed(owner, "SELECT tableowner = session_user FROM pg_tables WHERE tablename = 'own'", "t")

	previous := m.service.Consumers[owner]
	m.rotate(owner)
	m.provision()
	m.allowed(owner, "ALTER TABLE own ADD COLUMN j int; SELECT tableowner FROM pg_tables WHERE tablename = 'own'", "shop_owner")
	if got, err := m.queryAs(previous.Login, m.secrets[previous.Credential.Secret]["password"], "shop", "127.0.0.1", "verify-full",
		"ALTER TABLE own ADD COLUMN k int"); err != nil {
		t.Errorf("the login before must work until it is taken back: %s", got)
	}

	// Less access takes effect for both logins, and ends sessions that have more.
	session := m.session(owner)
	m.service.Consumers[owner].Access = v1alpha1.AccessReadOnly
	m.provision()
	m.refused(owner, "ALTER TABLE own ADD COLUMN l int", "must be owner")
	m.allowed(owner, "SELECT count(*) FROM own", "0")
	if got, err := m.queryAs(previous.Login, m.secrets[previous.Credential.Secret]["password"], "shop", "127.0.0.1", "verify-full",
		"INSERT INTO own VALUES (1)"); err == nil || !strings.Contains(got, "permission denied") {
		t.Errorf("the login before kept its rights: %s", got)
	}
	if err := session(); err == nil {
		t.Error("a session kept the rights that it began with")
	}

	m.service.Consumers[owner].Access = v1alpha1.AccessOwner
	session = m.session(writer)
	m.service.Departed = []part.Consumer{m.service.Consumers[writer]}
	m.service.Consumers = []part.Consumer{m.service.Consumers[owner], m.service.Consumers[reader]}
	m.provision()
	if err := session(); err == nil {
		t.Error("a session of a departed login lives on")
	}
	departed := m.service.Departed[0]
	if got, err := m.queryAs(departed.Login, m.secrets[departed.Credential.Secret]["password"], "shop", "127.0.0.1", "verify-full",
		"SELECT 1"); err == nil {
		t.Errorf("a departed login connects: %s", got)
	}
	m.allowed(owner, "INSERT INTO own VALUES (1); SELECT count(*) FROM own", "1")
}

// rotate makes the next version of a consumer's credential.
func (m *machine) rotate(consumer int) {
	c := &m.service.Consumers[consumer]
	c.Credential = part.Credential{Version: c.Credential.Version + 1, Secret: c.Stack + "-2"}
	login(m.service, c)
	m.secrets[c.Credential.Secret] = map[string]string{"username": c.Login, "password": "next"}
}

// session opens a session of a consumer that lasts; the function that is returned waits for its end.
func (m *machine) session(consumer int) func() error {
	m.t.Helper()
	c := m.service.Consumers[consumer]
	job := m.pod(m.output.Provisioning, "")
	command := job.command(job.spec.Containers[0], "psql", "-X", "-qAt", "-c", "SELECT pg_sleep(15)")
	command.Env = append(command.Env, "PGUSER="+c.Login, "PGDATABASE="+c.Database,
		"PGPASSWORD="+m.secrets[c.Credential.Secret]["password"])
	job.must(command.Start())
	job.eventually("a session of "+c.Login, func() error {
		got, err := m.queryAs(superuser, m.secrets["admin-1"][replicated.KeyPassword], "postgres", "127.0.0.1", "verify-full",
			"SELECT 1/count(*) FROM pg_stat_activity WHERE query LIKE '%sleep(15)' AND usename = '"+c.Login+"'")
		if err != nil || got != "1" {
			return os.ErrNotExist
		}
		return nil
	})
	return command.Wait
}

func TestServerSurvivesACrashOfInitdb(t *testing.T) {
	m := shop(t)
	m.build()
	primary := m.pod("main-0", "127.0.0.1")
	for _, delay := range []time.Duration{50, 200, 500, 900, 1400, 2000, 2600} {
		command := primary.command(primary.spec.InitContainers[0])
		primary.must(command.Start())
		time.Sleep(delay * time.Millisecond)
		primary.crash()
		_ = command.Wait()
		_, complete := os.Stat(primary.folder + "/stackwright/data/pgdata/PG_VERSION")
		t.Logf("killed after %d ms; complete: %v", delay, complete == nil)
	}
	primary.prepare()
	primary.start()
	m.provision()
	m.allowed(owner, "CREATE TABLE t (i int)", "")
}

func TestServerRefusesForeignData(t *testing.T) {
	m := shop(t)
	m.build()
	primary := m.pod("main-0", "127.0.0.1")
	data := primary.folder + "/stackwright/data/"
	refuses := func(what, words string) {
		t.Helper()
		output, err := primary.run(primary.spec.InitContainers[0])
		if err == nil || !strings.Contains(output, words) {
			t.Errorf("%s: %v\n%s", what, err, output)
		}
	}
	write := func(name, content string) {
		t.Helper()
		primary.must(os.MkdirAll(filepath.Dir(data+name), 0o700))
		own(t, filepath.Dir(data+name))
		primary.must(os.WriteFile(data+name, []byte(content), 0o600))
		own(t, data+name)
	}
	write("ibdata1", "")
	refuses("another engine's file", "did not write")
	primary.must(os.Remove(data + "ibdata1"))
	write("pgdata/base", "")
	refuses("a directory without PG_VERSION", "has files but no PG_VERSION")
	primary.must(os.Remove(data + "pgdata/base"))
	write("pgdata/PG_VERSION", "9\n")
	refuses("another major version", "never changed in place")
	primary.must(os.RemoveAll(data + "pgdata"))
	primary.must(os.Mkdir(data+"lost+found", 0o000))
	primary.prepare()
}

func TestServerTakesNewAdministratorPasswords(t *testing.T) {
	m := shop(t)
	primary := m.started()
	primary.kill() // the next start recovers first
	m.service.Admin.Secret = "admin-2"
	m.secrets["admin-2"] = map[string]string{replicated.KeyPassword: "s2", replicated.KeyReplicationPassword: "r2", replicated.KeyProbePassword: "p2"}
	m.build()
	primary = m.pod("main-0", "127.0.0.1")
	primary.prepare()
	primary.start()
	m.provision()
	primary.stop()
	if again := primary.prepare(); strings.Contains(again, "setting the passwords") {
		t.Errorf("the passwords were set twice:\n%s", again)
	}
}
