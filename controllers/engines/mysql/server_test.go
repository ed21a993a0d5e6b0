package mysql

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/api/resource"

	corev1 "k8s.io/api/core/v1"

	"github.com/stackwright/stackwright/api/v1alpha1"
	"github.com/stackwright/stackwright/controllers/engines/internal/replicated"
	"github.com/stackwright/stackwright/controllers/part"
)

// shop is a database with three consumers, as the pipeline would resolve it.
func shop(t *testing.T) *machine {
	t.Helper()
	m := newMachine(t)
	s := m.service
	s.Kind, s.Namespace, s.Name, s.Engine, s.Stack = "StackDatabase", "shop", "main", "MySQL", "shop"
	s.TLS, s.ClusterDomain, s.Storage.Size = v1alpha1.TLSRequired, "cluster.local", resource.MustParse("1Gi")
	s.Resources.Limits = corev1.ResourceList{corev1.ResourceMemory: resource.MustParse("256Mi")}
	s.Parameters = map[string]string{"sql_mode": "ANSI,NO_BACKSLASH_ESCAPES", "event_scheduler": "off"}
	s.Admin, s.Certificate = &part.Credential{Version: 1, Secret: "admin-1"}, &part.Credential{Version: 1, Secret: "tls"}
	m.secrets["admin-1"] = map[string]string{
		replicated.KeyPassword: `ad'm\i"n#`, replicated.KeyReplicationPassword: `re:pl\ic'a#"`, replicated.KeyProbePassword: `pr"o%b$#e`,
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
	engine.Names.Login(m.service, &c)
	m.secrets[c.Credential.Secret] = map[string]string{"username": c.Login, "password": `secret'\"` + stack}
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
		IPAddresses: []net.IP{net.ParseIP(primaryAddress), net.ParseIP(copyAddress)}, IsCA: true, BasicConstraintsValid: true,
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

// client is a connection as somebody would make it.
type client struct{ user, password, database, address, security string }

// consumer is a connection as a binding says.
func (m *machine) consumer(consumer int) client {
	c := m.service.Consumers[consumer]
	security := "VERIFY_IDENTITY"
	if m.service.Certificate == nil {
		security = "DISABLED"
	}
	return client{c.Login, m.secrets[c.Credential.Secret]["password"], c.Database, primaryAddress, security}
}

// command is the client's process.
func (m *machine) command(c client, sql string) *exec.Cmd {
	job := m.pod(m.output.Provisioning, "")
	arguments := []string{
		"mysql", "--no-defaults", "--host=" + c.address, "--port=" + m.port, "--user=" + c.user, "--ssl-mode=" + c.security,
		"--connect-timeout=10", "-NB", "-e", sql,
	}
	if c.security == "VERIFY_IDENTITY" {
		arguments = append(arguments, "--ssl-ca="+replicated.TLSPath+"/ca.crt")
	} else {
		arguments = append(arguments, "--get-server-public-key")
	}
	if c.database != "" {
		arguments = append(arguments, c.database)
	}
	command := job.command(job.spec.Containers[0], arguments...)
	command.Env = append(command.Env, "MYSQL_PWD="+c.password)
	return command
}

func (m *machine) ask(c client, sql string) (string, error) {
	m.t.Helper()
	output, err := m.command(c, sql).CombinedOutput()
	return strings.TrimSpace(string(output)), err
}

func (m *machine) allowed(consumer int, sql, want string) {
	m.t.Helper()
	if got, err := m.ask(m.consumer(consumer), sql); err != nil || got != want {
		m.t.Errorf("%s: %s: %v, %q; want %q", m.service.Consumers[consumer].Stack, sql, err, got, want)
	}
}

func (m *machine) refused(consumer int, sql, want string) {
	m.t.Helper()
	if got, err := m.ask(m.consumer(consumer), sql); err == nil || !strings.Contains(got, want) {
		m.t.Errorf("%s: %s: %v, %q; want a refusal with %q", m.service.Consumers[consumer].Stack, sql, err, got, want)
	}
}

// administrator runs SQL with all rights that the Job has.
func (m *machine) administrator(sql string) string {
	m.t.Helper()
	c := m.consumer(owner)
	c.user, c.password, c.database = administrator, m.secrets[m.service.Admin.Secret][replicated.KeyPassword], ""
	got, err := m.ask(c, sql)
	if err != nil {
		m.t.Fatal(got)
	}
	return got
}

// root runs SQL inside the pod of a server.
func (m *machine) root(p *pod, sql string) string {
	m.t.Helper()
	command := p.command(p.spec.Containers[0], "mysql", "--no-defaults", "--socket="+socketsPath+"/mysqld.sock", "--user=root", "-NB", "-e", sql)
	command.Env = append(command.Env, "MYSQL_PWD="+m.secrets[m.service.Admin.Secret][replicated.KeyPassword])
	output, err := command.CombinedOutput()
	if err != nil {
		m.t.Fatalf("%s: %v %s", sql, err, output)
	}
	return string(output)
}

// started returns the primary, ready, with everything provisioned.
func (m *machine) started() *pod {
	m.t.Helper()
	m.build()
	primary := m.pod("main-0", primaryAddress)
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
	m.allowed(owner, "CREATE TABLE orders (id int AUTO_INCREMENT PRIMARY KEY, what text); INSERT INTO orders (what) VALUES ('tea')", "")
	m.allowed(owner, "CREATE FUNCTION twice(i int) RETURNS int DETERMINISTIC RETURN 2 * i; SELECT twice(2)", "4")
	m.allowed(owner, "CREATE TRIGGER t BEFORE INSERT ON orders FOR EACH ROW SET NEW.what = UPPER(NEW.what)", "")
	m.allowed(owner, "CREATE VIEW v AS SELECT what FROM orders", "")
	m.allowed(writer, "INSERT INTO orders (what) VALUES ('milk'); SELECT what FROM v", "tea\nMILK")
	m.allowed(writer, "UPDATE orders SET what = 'x' WHERE id = 2; DELETE FROM orders WHERE id = 2; SELECT twice(3)", "6")
	m.allowed(reader, "SELECT count(*) FROM v", "1")
	m.refused(owner, "SET sql_mode = DEFAULT; SET sql_mode = 'NO_ENGINE_SUBSTITUTION'; CREATE TABLE m (i int) ENGINE = MyISAM", "disabled")
	m.refused(writer, "CREATE TABLE mine (i int)", "denied")
	m.refused(writer, "DROP TABLE orders", "denied")
	m.refused(reader, "INSERT INTO orders (what) VALUES ('x')", "denied")
	for consumer := range m.service.Consumers {
		for _, sql := range []string{
			"CREATE USER eve", "CREATE DATABASE eve", "SELECT * FROM mysql.user", "SELECT LOAD_FILE('/etc/passwd') + SLEEP(0) FROM mysql.db",
			"SELECT 1 INTO OUTFILE '/tmp/x'", "SET GLOBAL max_connections = 1", "SHUTDOWN", "SELECT * FROM stackwright.plan",
			"INSTALL PLUGIN x SONAME 'x.so'", "GRANT SELECT ON shop.* TO CURRENT_USER()", "SET SESSION sql_log_bin = OFF",
		} {
			m.refused(consumer, sql, "ERROR 1")
		}
		c := m.consumer(consumer)
		c.security = "DISABLED"
		if got, err := m.ask(c, "SELECT 1"); err == nil {
			t.Errorf("%s connects in clear text: %s", c.user, got)
		}
	}
	m.neighbours()
	m.noPasswords(primary)
	primary.stop()
}

// neighbours admits stacks to databases of their own, one with a name that is another's as a pattern.
func (m *machine) neighbours() {
	m.t.Helper()
	m.service.Consumers[owner].Database = "a_b"
	m.admit("index", "store", v1alpha1.AccessOwner, "axb")
	m.provision()
	m.allowed(3, "CREATE TABLE words (w text)", "")
	m.refused(owner, "SELECT * FROM axb.words", "denied")
	m.refused(owner, "SELECT * FROM shop.orders", "denied")
	m.service.Consumers[owner].Database = "shop"
	m.provision()
	m.allowed(owner, "SELECT count(*) FROM orders", "1")
}

// noPasswords looks for passwords where nobody should find any: in the log, in the binary log, in the data.
func (m *machine) noPasswords(primary *pod) {
	m.t.Helper()
	var found []string
	for _, secret := range []string{"secret'", "secret\\'", "ad'm", "ad\\'m", "re:pl", "pr\"o"} {
		if strings.Contains(primary.log.String(), secret) {
			found = append(found, "the log has "+secret)
		}
		paths, _ := filepath.Glob(primary.folder + "/stackwright/data/mysql/*")
		for _, path := range paths {
			if content, err := os.ReadFile(path); err == nil && strings.Contains(string(content), secret) {
				found = append(found, path+" has "+secret)
			}
		}
	}
	if len(found) > 0 {
		m.t.Error(strings.Join(found, "\n"))
	}
}

func TestServerLoginsComeAndGo(t *testing.T) {
	m := shop(t)
	m.started()
	m.allowed(owner, "CREATE TABLE own (i int); CREATE VIEW v AS SELECT count(*) AS rows_ FROM own", "")
	previous := m.consumer(owner)
	m.rotate(owner)
	m.provision()
	m.allowed(owner, "ALTER TABLE own ADD COLUMN j int; SELECT * FROM v", "0")
	if got, err := m.ask(previous, "ALTER TABLE own ADD COLUMN k int"); err != nil {
		t.Errorf("the login before must work until it is taken back: %s", got)
	}

	// Less access takes effect for both logins, and ends sessions that have more; the same access ends none.
	session := m.session(owner, 4)
	m.provision()
	if err := session(); err != nil {
		t.Errorf("a session ended that lost nothing: %v", err)
	}
	session = m.session(owner, 30)
	m.service.Consumers[owner].Access = v1alpha1.AccessReadOnly
	m.provision()
	m.refused(owner, "ALTER TABLE own ADD COLUMN l int", "denied")
	m.allowed(owner, "SELECT count(*) FROM own", "0")
	if got, err := m.ask(previous, "INSERT INTO own VALUES (1)"); err == nil || !strings.Contains(got, "denied") {
		t.Errorf("the login before kept its rights: %s", got)
	}
	if err := session(); err == nil {
		t.Error("a session kept the rights that it began with")
	}

	m.service.Consumers[owner].Access = v1alpha1.AccessOwner
	session = m.session(writer, 30)
	gone := m.consumer(writer)
	m.service.Departed = []part.Consumer{m.service.Consumers[writer]}
	m.service.Consumers = []part.Consumer{m.service.Consumers[owner], m.service.Consumers[reader]}
	m.provision()
	if err := session(); err == nil {
		t.Error("a session of a departed login lives on")
	}
	if got, err := m.ask(gone, "SELECT 1"); err == nil || !strings.Contains(got, "denied") {
		t.Errorf("a departed login connects: %s", got)
	}
	m.allowed(owner, "INSERT INTO own (i) VALUES (1); SELECT * FROM v", "1")

	// One that comes back gets its password and its rights.
	m.service.Departed = nil
	m.admit("writer", "db", v1alpha1.AccessReadWrite, "shop")
	m.provision()
	m.allowed(2, "SELECT count(*) FROM own", "1")
}

// rotate makes the next version of a consumer's credential.
func (m *machine) rotate(consumer int) {
	c := &m.service.Consumers[consumer]
	c.Credential = part.Credential{Version: c.Credential.Version + 1, Secret: c.Stack + "-2"}
	engine.Names.Login(m.service, c)
	m.secrets[c.Credential.Secret] = map[string]string{"username": c.Login, "password": "next"}
}

// session opens a session of a consumer that lasts; the function that is returned waits for its end.
func (m *machine) session(consumer, seconds int) func() error {
	m.t.Helper()
	c := m.consumer(consumer)
	command := m.command(c, fmt.Sprintf("SELECT SLEEP(%d)", seconds))
	job := m.pod(m.output.Provisioning, "")
	job.must(command.Start())
	job.eventually("a session of "+c.user, func() error {
		if m.administrator("SELECT count(*) FROM information_schema.processlist WHERE user = '"+c.user+"'") != "1" {
			return os.ErrNotExist
		}
		return nil
	})
	return command.Wait
}

// TestServerObeysTheLatestJob: an older Job that is still about changes nothing.
func TestServerObeysTheLatestJob(t *testing.T) {
	m := shop(t)
	m.started()
	m.administrator("REPLACE INTO stackwright.plan VALUES (1, 'another')")
	job := m.pod(m.output.Provisioning, "")
	begun := job.folder + replicated.ConfigPath + "/begin.sql" // it has begun before the other did
	job.must(os.Remove(begun))
	job.must(os.WriteFile(begun, []byte("DO 0;\n"), 0o444))
	output, err := job.run(job.spec.Containers[0])
	if err == nil || !strings.Contains(output, "a job with another plan has begun") || strings.Contains(output, "stackwright: done") {
		t.Errorf("an older Job went on: %v\n%s", err, output)
	}
}

func TestServerSurvivesACrashOfInitdb(t *testing.T) {
	m := shop(t)
	m.build()
	primary := m.pod("main-0", primaryAddress)
	for _, delay := range []time.Duration{100, 1000, 3000, 5000, 7000, 9000, 11000} {
		command := primary.command(primary.spec.InitContainers[0])
		primary.must(command.Start())
		time.Sleep(delay * time.Millisecond)
		primary.crash()
		_ = command.Wait()
		_, complete := os.Stat(primary.folder + "/stackwright/data/mysql/stackwright.series")
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
	primary := m.pod("main-0", primaryAddress)
	data := primary.folder + "/stackwright/data/"
	write := func(name, content string) {
		t.Helper()
		primary.must(os.MkdirAll(filepath.Dir(data+name), 0o700))
		own(t, filepath.Dir(data+name))
		primary.must(os.WriteFile(data+name, []byte(content), 0o600))
		own(t, data+name)
	}
	write("PG_VERSION", "17")
	primary.refuses("another engine's file", "did not write")
	primary.must(os.Remove(data + "PG_VERSION"))
	write("mysql/orders.frm", "")
	primary.refuses("a directory without mysql.ibd", "has files but no mysql.ibd")
	primary.must(os.Remove(data + "mysql/orders.frm"))
	write("mysql/mysql.ibd", "x")
	primary.refuses("data of unknown origin", "was not made by this database")
	write("mysql/stackwright.series", "10.1\n")
	primary.refuses("a newer release", "does not take it")
	write("mysql/stackwright.series", m.service.Image.Version)
	write("mysql/stackwright.source", "x")
	primary.refuses("the data of a read copy", "that of a read copy")
	primary.must(os.RemoveAll(data + "mysql"))
	primary.must(os.Mkdir(data+"lost+found", 0o000))
	primary.prepare()
}

func TestServerTakesNewAdministratorPasswords(t *testing.T) {
	m := shop(t)
	m.service.Replicas = 1
	primary := m.started()
	replica := m.copyOf("main-replica-0")
	replica.stop()
	primary.kill() // the next start recovers first
	m.service.Admin.Secret = "admin-2"
	m.secrets["admin-2"] = map[string]string{replicated.KeyPassword: "s2", replicated.KeyReplicationPassword: "r2", replicated.KeyProbePassword: "p2"}
	m.build()
	primary = m.pod("main-0", primaryAddress)
	primary.prepare()
	primary.start()
	m.provision()
	replica = m.copyOf("main-replica-0")
	m.allowed(owner, "CREATE TABLE orders (id int); INSERT INTO orders VALUES (1)", "")
	m.arrives(replica, "1")
	primary.stop()
	if again := primary.prepare(); strings.Contains(again, "setting the passwords") {
		t.Errorf("the passwords were set twice:\n%s", again)
	}
}
