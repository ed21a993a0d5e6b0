package mysql

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/api/resource"

	"github.com/stackwright/stackwright/api/v1alpha1"
	"github.com/stackwright/stackwright/controllers/engines/internal/replicated"
	"github.com/stackwright/stackwright/controllers/kit"
	"github.com/stackwright/stackwright/controllers/part"
)

// vaulted is the shop with a place for its backups.
func vaulted(t *testing.T) *machine {
	t.Helper()
	m := shop(t)
	find := exec.Command("sh", "-c", "command -v rclone")
	find.Env = []string{"PATH=" + programs}
	if find.Run() != nil {
		t.Skip("NOT TESTED: no rclone in " + programs + "; backups were not made with the real program")
	}
	m.service.Vault = &part.Vault{
		Storage: part.Storage{Size: resource.MustParse("1Gi")}, Login: &part.Credential{Version: 1, Secret: "backup-1"},
	}
	m.secrets["backup-1"] = map[string]string{replicated.KeyPassword: `re'a\d"er#`}
	m.secrets[kit.BackupKey("main")] = map[string]string{"passphrase": "a key of enough characters"}
	return m
}

// backupNow runs the Job of a backup and returns what it reports.
func (m *machine) backupNow(name string) map[string]any {
	m.t.Helper()
	m.build()
	var err error
	if m.backup, err = engine.Backup(m.service, name); err != nil {
		m.t.Fatal(err)
	}
	return m.backupPod(name).carry()
}

// backupPod is the pod of a Job, whose claims are folders that other pods see too.
func (m *machine) backupPod(name string) *pod {
	m.t.Helper()
	p := m.pod(name, primaryAddress)
	vault := filepath.Join(m.folder, "vault")
	p.must(os.MkdirAll(vault, 0o777))
	own(m.t, vault)
	link := p.folder + "/stackwright/vault"
	_ = os.Remove(link)
	p.must(os.Symlink(vault, link))
	own(m.t, p.folder)
	return p
}

// carry runs both containers, which must succeed, and returns the report.
func (p *pod) carry() map[string]any {
	p.machine.t.Helper()
	for _, container := range append(p.spec.InitContainers, p.spec.Containers...) {
		output, err := p.run(container)
		if err != nil {
			p.machine.t.Fatalf("%s of %s: %v\n%s", container.Name, p.name, err, output)
		}
	}
	return p.report()
}

func (p *pod) report() map[string]any {
	p.machine.t.Helper()
	content, err := os.ReadFile(p.folder + "/report")
	p.must(err)
	report := map[string]any{}
	if err := json.Unmarshal(content, &report); err != nil {
		p.machine.t.Fatalf("%s: %v", content, err)
	}
	return report
}

// restoring makes another database of an archive, up to the end of the restore.
func (m *machine) restoring(archive string) *pod {
	m.t.Helper()
	m.service.Recovery = &part.Recovery{Source: "main", Archive: archive}
	m.build()
	return m.backupPod(m.output.Provisioning)
}

// restored runs the restore of an archive and the server that follows it.
func (m *machine) restored(archive string) *pod {
	m.t.Helper()
	restore := m.restoring(archive)
	restore.carry()
	m.service.Recovery = nil
	m.build()
	second := m.pod("main-0", primaryAddress)
	second.must(os.RemoveAll(second.folder + "/stackwright/data"))
	second.must(os.Rename(restore.folder+"/stackwright/data", second.folder+"/stackwright/data"))
	second.prepare()
	second.start()
	m.provision()
	return second
}

const everything = `CREATE TABLE orders (id int AUTO_INCREMENT PRIMARY KEY, what text NOT NULL);
INSERT INTO orders (what) VALUES ('tea\n"\0x'), ('mi''lk \\N'), ('ünïcödé 🙂');
CREATE TABLE odd (b bit(3), g point, j json, v vector(3), l longblob, e enum('a','b'), s set('x','y'), d datetime(6), t timestamp(3) NULL,
	n decimal(30,10), r double, y year, c char(3) CHARACTER SET latin1, x int AS (length(c)) STORED, z binary(2), INVISIBLEONE int INVISIBLE DEFAULT 7);
INSERT INTO odd (b,g,j,v,l,e,s,d,t,n,r,y,c,z) VALUES (b'101',POINT(1,2),'{"a": [1, 2.50, null]}',TO_VECTOR('[1,2,3]'),x'00ff27220a5c','a','x,y',
	'1000-01-01 00:00:00.123456','2026-10-25 01:30:00.123',-0.0000000001,0.1,2026,x'e4f6fc',x'0001'), (NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL);
CREATE TABLE parent (id int PRIMARY KEY); CREATE TABLE child (p int, FOREIGN KEY (p) REFERENCES parent (id) ON DELETE CASCADE);
INSERT INTO parent VALUES (1); INSERT INTO child VALUES (1);
CREATE TABLE log (what text, at timestamp DEFAULT CURRENT_TIMESTAMP);
ALTER DATABASE shop CHARACTER SET latin1`

// code is made in the mode of the server, which is ANSI.
const code = `CREATE TABLE gone (i int); CREATE VIEW broken AS SELECT * FROM gone; DROP TABLE gone;
CREATE FUNCTION twice(i int) RETURNS int DETERMINISTIC RETURN 2 * i;
CREATE PROCEDURE invoker() SQL SECURITY INVOKER SELECT CURRENT_USER();
CREATE PROCEDURE definer() SELECT CURRENT_USER();
CREATE TRIGGER t AFTER INSERT ON orders FOR EACH ROW INSERT INTO log (what) VALUES (NEW.what);
CREATE EVENT ev ON SCHEDULE EVERY 1 DAY DO DELETE FROM log;
CREATE VIEW numbers AS SELECT id, twice(id) AS twice FROM orders;
CREATE VIEW above AS SELECT MAX(twice) AS most FROM numbers`

func TestServerRestoresExactlyTheBackup(t *testing.T) {
	m := vaulted(t)
	primary := m.started()
	m.allowed(owner, "SET sql_mode = ''; "+everything, "")
	m.allowed(owner, code+"; SET sql_mode = ''; CREATE PROCEDURE other() SELECT 1; CREATE TRIGGER u AFTER DELETE ON orders FOR EACH ROW DELETE FROM log", "")
	m.allowed(owner, "CREATE TABLE `a\"b``c ' \\\\! touch pwned` (i int); INSERT INTO `a\"b``c ' \\\\! touch pwned` VALUES (1), (1)", "")
	m.admit("pay", "db", v1alpha1.AccessOwner, "pay")
	m.provision()
	m.allowed(3, "CREATE TABLE money (m int); INSERT INTO money VALUES (42)", "")
	writes := m.writing("INSERT INTO orders (what) VALUES ('more'); INSERT INTO parent SELECT MAX(id) + 1 FROM parent")
	report := m.backupNow("first")
	written := writes()
	t.Logf("%d writes while the backup was made; %v", written, report)
	if report["rows"].(float64) < 13 || report["version"] != m.service.Image.Version || written == 0 { //nolint:forcetypeassert // a number of JSON
		t.Errorf("the report is %v, after %d writes", report, written)
	}
	m.refusesWrites(primary)
	m.allowed(owner, "DELETE FROM odd; DELETE FROM orders WHERE id > 1", "")
	primary.stop()

	second := m.restored(report["archive"].(string)) //nolint:forcetypeassert // the report is checked by its reader
	m.allowed(reader, "SELECT HEX(what) FROM orders WHERE id <= 3 ORDER BY id",
		"7465610A220078\n6D69276C6B205C4E\nC3BC6EC3AF63C3B664C3A920F09F9982")
	m.allowed(owner, "SET sql_mode = ''; SELECT COUNT(*), SUM(x), MAX(INVISIBLEONE), MAX(HEX(c)), MAX(HEX(l)), MAX(ST_X(g)), MAX(b + 0), MAX(t), MAX(j) FROM odd",
		"2\t3\t7\tE4F6FC\t00FF27220A5C\t1\t5\t2026-10-25 01:30:00.123\t"+`{"a": [1, 2.5, null]}`)
	m.allowed(owner, "INSERT INTO orders (what) VALUES ('last'); SELECT what FROM log ORDER BY at DESC, what = 'last' DESC LIMIT 1", "last")
	m.allowed(writer, "SELECT twice(4); SELECT most > 5 FROM above", "8\n1")
	m.allowed(owner, "DELETE FROM parent WHERE id = 1; SELECT COUNT(*) FROM child", "0")
	m.allowed(owner, "SELECT default_character_set_name FROM information_schema.schemata WHERE schema_name = 'shop'", "latin1")
	m.allowed(owner, "DROP VIEW numbers; CREATE VIEW numbers AS SELECT 1 AS one; SELECT * FROM numbers", "1")
	m.allowed(3, "SELECT m FROM money", "42")
	m.noPasswords(second)
	second.stop()
}

// TestServerIsBackedUpInClearText where there is no certificate.
func TestServerIsBackedUpInClearText(t *testing.T) {
	m := vaulted(t)
	m.service.TLS, m.service.Certificate = v1alpha1.TLSDisabled, nil
	m.started()
	m.allowed(owner, "CREATE TABLE orders (id int); INSERT INTO orders VALUES (1)", "")
	if report := m.backupNow("first"); report["rows"] != float64(1) {
		t.Errorf("the report is %v", report)
	}
}

// refusesWrites: the account of the backups reads, and changes no row and no table; it sees no hash of a password.
func (m *machine) refusesWrites(primary *pod) {
	m.t.Helper()
	c := m.consumer(owner)
	c.user, c.password = replicated.BackupLogin, m.secrets["backup-1"][replicated.KeyPassword]
	for _, sql := range []string{
		"INSERT INTO orders (what) VALUES ('x')", "DROP TABLE orders", "CREATE TABLE mine (i int)", "SELECT * FROM mysql.user", "CREATE USER eve",
		"SELECT 1 INTO OUTFILE '/tmp/x'", "GRANT SELECT ON shop.* TO CURRENT_USER()", "CALL definer()",
	} {
		if got, err := m.ask(c, sql); err == nil || !strings.Contains(got, "denied") && !strings.Contains(got, "ERROR 1290") {
			m.t.Errorf("the account of the backups: %s: %v, %s", sql, err, got)
		}
	}
	c.security = "DISABLED"
	if got, err := m.ask(c, "SELECT 1"); err == nil {
		m.t.Errorf("the account of the backups comes in clear text: %s", got)
	}
	if primary.log.Len() == 0 {
		m.t.Error("the server says nothing")
	}
}

// writing has the owner write all the time; the function that is returned ends it and tells how often it did.
func (m *machine) writing(sql string) func() int {
	m.t.Helper()
	stop, done := make(chan struct{}), make(chan int)
	go func() {
		for count := 0; ; count++ {
			select {
			case <-stop:
				done <- count
				return
			default:
			}
			if output, err := m.command(m.consumer(owner), sql).CombinedOutput(); err != nil {
				m.t.Errorf("a write while the backup is made: %s", output)
			}
		}
	}()
	return func() int {
		close(stop)
		return <-done
	}
}

// transaction begins one that takes longer than a backup is patient at once; the function that is returned waits for its end.
func (m *machine) transaction(primary *pod, sql string) func() {
	m.t.Helper()
	command := m.command(m.consumer(owner), "START TRANSACTION; "+sql+"; SELECT SLEEP(12); COMMIT")
	primary.must(command.Start())
	primary.eventually("a transaction", func() error {
		if m.administrator("SELECT COUNT(*) FROM information_schema.processlist WHERE info LIKE 'SELECT SLEEP%'") != "1" {
			return os.ErrNotExist
		}
		return nil
	})
	return func() { primary.must(command.Wait()) }
}

// TestServerRestoresNoRights: what a user left in a database runs as an account with the rights in that database.
func TestServerRestoresNoRights(t *testing.T) {
	m := vaulted(t)
	primary := m.started()
	m.admit("pay", "db", v1alpha1.AccessOwner, "pay")
	m.provision()
	m.allowed(3, "CREATE TABLE money (m int); INSERT INTO money VALUES (42)", "")
	m.allowed(owner, `CREATE PROCEDURE look() SELECT * FROM pay.money; CREATE PROCEDURE steal() SELECT user FROM mysql.user;
		CREATE PROCEDURE grab() GRANT ALL ON *.* TO CURRENT_USER(); CREATE PROCEDURE who() SELECT SUBSTRING_INDEX(CURRENT_USER(), '_', 1)`, "")
	report := m.backupNow("first")
	primary.stop()
	second := m.restored(report["archive"].(string)) //nolint:forcetypeassert // the report is checked by its reader
	m.allowed(owner, "CALL who()", "stackwright")
	for _, sql := range []string{"CALL look()", "CALL steal()", "CALL grab()"} {
		m.refused(owner, sql, "denied")
	}
	definers := m.root(second, "SELECT DISTINCT definer FROM information_schema.routines WHERE routine_schema = 'shop'")
	login, host, _ := strings.Cut(strings.TrimSpace(definers), "@")
	if strings.Contains(login, "\n") || !strings.HasPrefix(login, "stackwright_") || host != "localhost" {
		t.Errorf("what is in shop runs as %q", definers)
	}
	if locked := m.root(second, "SELECT account_locked FROM mysql.user WHERE user = '"+login+"'"); locked != "Y\n" {
		t.Errorf("%s can log in: %q", login, locked)
	}
	grants := strings.ReplaceAll(m.root(second, "SHOW GRANTS FOR '"+login+"'@'localhost'"), `"`, "")
	if want := "GRANT USAGE ON *.* TO " + login + "@localhost\nGRANT ALL PRIVILEGES ON shop.* TO " + login + "@localhost\n"; grants != want {
		t.Errorf("%s", grants)
	}
	accounts := m.root(second, "SELECT user FROM mysql.user WHERE user NOT LIKE 'mysql.%' AND user NOT LIKE 'stackwright%' AND user <> 'root'")
	if len(strings.Fields(accounts)) != len(m.service.Consumers) {
		t.Errorf("accounts came with the backup: %s", accounts)
	}
	second.stop()

	// Whoever could write an archive, with its key, gets no further.
	for what, sql := range map[string]string{
		"the rights of root": "create definer = 'root'@'localhost' procedure p() select 1;\n",
		"the accounts":       "UPDATE mysql.user SET account_locked = 'N';\n",
		"a command":          "\\! touch pwned\n",
		"a file of the pod":  "LOAD DATA LOCAL INFILE '/etc/passwd' INTO TABLE money;\n",
	} {
		restore := m.restoring(report["archive"].(string)) //nolint:forcetypeassert // the report is checked by its reader
		restore.must(os.RemoveAll(restore.folder + "/stackwright/data"))
		restore = m.backupPod(restore.name)
		if output, err := restore.run(restore.spec.InitContainers[0]); err != nil {
			t.Fatalf("%v\n%s", err, output)
		}
		spoil(t, restore.folder+"/stackwright/archive/shop.sql.gz", sql)
		output, err := restore.run(restore.spec.Containers[0])
		if err == nil || restore.report()["reason"] != v1alpha1.ReasonRestoreFailed {
			t.Errorf("%s: %v, %v\n%s", what, err, restore.report(), output)
		}
		t.Logf("%s: %s", what, restore.report()["message"])
		if made, _ := filepath.Glob(restore.folder + "/stackwright/data/mysql"); len(made) > 0 {
			t.Errorf("%s: %v was made", what, made)
		}
		if pwned, _ := filepath.Glob(restore.folder + "/pwned"); len(pwned) > 0 {
			t.Errorf("%s: a command was run", what)
		}
	}
}

// spoil puts SQL at the end of a dump.
func spoil(t *testing.T, path, sql string) {
	t.Helper()
	file, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	reader, err := gzip.NewReader(file)
	if err != nil {
		t.Fatal(err)
	}
	content, err := io.ReadAll(reader)
	if err != nil {
		t.Fatal(err)
	}
	var packed bytes.Buffer
	writer := gzip.NewWriter(&packed)
	_, _ = writer.Write(append(content, "\n"+sql...))
	_ = writer.Close()
	write(t, path, packed.Bytes())
}

// TestServerRefusesArchives: each is refused with words, and the claim of the new database stays empty.
func TestServerRefusesArchives(t *testing.T) {
	m := vaulted(t)
	primary := m.started()
	m.allowed(owner, `CREATE TABLE orders (id int AUTO_INCREMENT PRIMARY KEY, what text); INSERT INTO orders (what)
		SELECT SHA2(RAND(), 512) FROM information_schema.collations a, information_schema.character_sets b LIMIT 5000`, "")
	committed := m.transaction(primary, "INSERT INTO orders (what) VALUES ('late')")
	report := m.backupNow("first")
	committed()
	if report["rows"] != float64(5001) {
		t.Errorf("a transaction that began before is not waited for: %v", report)
	}
	name := report["archive"].(string) //nolint:forcetypeassert // the report is checked by its reader
	primary.stop()
	stored := filepath.Join(m.folder, "vault", name)
	whole := read(t, stored)
	for _, c := range []struct {
		what, reason string
		spoil        func(p *part.Recovery)
	}{
		{"another key", v1alpha1.ReasonWrongKey, func(*part.Recovery) { m.secrets[kit.BackupKey("main")]["passphrase"] = "another key of enough size" }},
		{"no such archive", v1alpha1.ReasonArchiveNotFound, func(r *part.Recovery) { r.Archive = "20200101-000000-zzzzz" }},
		{"another service", v1alpha1.ReasonForeignArchive, func(r *part.Recovery) { r.Source = "other" }},
		{"a dump that was cut", v1alpha1.ReasonCorruptArchive, func(*part.Recovery) {
			write(t, stored+"/shop.sql.gz.bin", whole["shop.sql.gz.bin"][:len(whole["shop.sql.gz.bin"])/2])
		}},
		{"a dump that lost whole blocks", v1alpha1.ReasonCorruptArchive, func(*part.Recovery) { write(t, stored+"/shop.sql.gz.bin", whole["shop.sql.gz.bin"][:32+65552]) }},
		{"a dump with another byte", v1alpha1.ReasonCorruptArchive, func(*part.Recovery) {
			changed := bytes.Clone(whole["shop.sql.gz.bin"])
			changed[len(changed)/2] ^= 1
			write(t, stored+"/shop.sql.gz.bin", changed)
		}},
		{"a file less", v1alpha1.ReasonCorruptArchive, func(*part.Recovery) { _ = os.Remove(stored + "/shop.rows.bin") }},
		{"a newer server", v1alpha1.ReasonNewerVersion, nil},
		{"another engine", v1alpha1.ReasonForeignArchive, nil},
		{"other rows", v1alpha1.ReasonRowsDiffer, nil},
	} {
		secret := m.secrets[kit.BackupKey("main")]["passphrase"]
		m.secrets[kit.BackupKey("other")] = m.secrets[kit.BackupKey("main")]
		recovery := &part.Recovery{Source: "main", Archive: name}
		if c.spoil != nil {
			c.spoil(recovery)
		}
		m.service.Recovery = recovery
		m.build()
		restore := m.backupPod(m.output.Provisioning)
		output, err := restore.run(restore.spec.InitContainers[0])
		if c.spoil == nil { // only the engine can tell
			output, err = m.spoiled(restore, c.reason)
		}
		if report := restore.report(); err == nil || report["reason"] != c.reason || !strings.Contains(err.Error(), "exit status 3") {
			t.Errorf("%s: %v, %v\n%s", c.what, err, report, output)
		} else {
			t.Logf("%s: %s", c.what, report["message"])
		}
		if left, _ := filepath.Glob(restore.folder + "/stackwright/data/mysql"); len(left) > 0 {
			t.Errorf("%s: %v was made", c.what, left)
		}
		m.secrets[kit.BackupKey("main")]["passphrase"] = secret
		for file, content := range whole {
			write(t, filepath.Join(stored, file), content)
		}
	}
}

// spoiled changes what was fetched, and runs what reads it.
func (m *machine) spoiled(restore *pod, reason string) (string, error) {
	m.t.Helper()
	folder, container := restore.folder+"/stackwright/archive", restore.spec.Containers[0]
	change := func(name, from, to string) {
		content := string(read(m.t, folder)[name])
		if !strings.Contains(content, from) {
			m.t.Fatalf("%s has no %q:\n%s", name, from, content)
		}
		write(m.t, folder+"/"+name, []byte(strings.Replace(content, from, to, 1)))
	}
	switch reason {
	case v1alpha1.ReasonNewerVersion:
		change("manifest", "\nversion ", "\nversion 9")
	case v1alpha1.ReasonForeignArchive:
		m.backup = part.Output{}
		for i := range restore.spec.InitContainers[0].Env {
			if e := &restore.spec.InitContainers[0].Env[i]; e.Name == "ENGINE" {
				e.Value = "PostgreSQL"
			}
		}
		container = restore.spec.InitContainers[0]
	case v1alpha1.ReasonRowsDiffer:
		change("shop.rows", "5001", "5002")
	}
	return restore.run(container)
}

func read(t *testing.T, folder string) map[string][]byte {
	t.Helper()
	result := map[string][]byte{}
	found, err := os.ReadDir(folder)
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range found {
		if result[entry.Name()], err = os.ReadFile(filepath.Join(folder, entry.Name())); err != nil {
			t.Fatal(err)
		}
	}
	return result
}

func write(t *testing.T, path string, content []byte) {
	t.Helper()
	if err := os.WriteFile(path, content, 0o644); err != nil {
		t.Fatal(err)
	}
	own(t, path)
}
