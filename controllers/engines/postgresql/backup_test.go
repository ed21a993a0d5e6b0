package postgresql

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/api/resource"

	"github.com/stackwright/stackwright/controllers/kit"
	"github.com/stackwright/stackwright/controllers/part"
)

// vaulted is the shop with a place for its backups.
func vaulted(t *testing.T) *machine {
	t.Helper()
	if _, err := exec.LookPath("rclone"); err != nil {
		t.Skip("NOT TESTED: no rclone in PATH; backups were not made with the real program")
	}
	m := shop(t)
	m.service.Vault = &part.Vault{
		Storage: part.Storage{Size: resource.MustParse("1Gi")}, Login: &part.Credential{Version: 1, Secret: "backup-1"},
	}
	m.secrets["backup-1"] = map[string]string{"password": `re'a\der`}
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
	return m.backupPod(name).carry(m.t)
}

// backupPod is the pod of the Job, whose claims are folders that other pods see too.
func (m *machine) backupPod(name string) *pod {
	m.t.Helper()
	p := m.pod(name, "127.0.0.1")
	vault := filepath.Join(m.folder, "vault")
	if err := os.MkdirAll(vault, 0o777); err != nil {
		m.t.Fatal(err)
	}
	own(m.t, vault)
	link := p.folder + "/stackwright/vault"
	_ = os.Remove(link)
	if err := os.Symlink(vault, link); err != nil {
		m.t.Fatal(err)
	}
	own(m.t, p.folder)
	return p
}

// carry runs both containers, which must succeed, and returns the report.
func (p *pod) carry(t *testing.T) map[string]any {
	t.Helper()
	for _, container := range append(p.spec.InitContainers, p.spec.Containers...) {
		if output, err := p.run(container); err != nil {
			t.Fatalf("%s of %s: %v\n%s", container.Name, p.name, err, output)
		}
	}
	return p.report(t)
}

func (p *pod) report(t *testing.T) map[string]any {
	t.Helper()
	content, err := os.ReadFile(p.folder + "/report")
	if err != nil {
		t.Fatal(err)
	}
	report := map[string]any{}
	if err := json.Unmarshal(content, &report); err != nil {
		t.Fatalf("%s: %v", content, err)
	}
	return report
}

// restored makes another database of an archive, up to the end of the restore.
func (m *machine) restoring(archive string) *pod {
	m.t.Helper()
	m.service.Recovery = &part.Recovery{Source: "main", Archive: archive}
	m.build()
	return m.backupPod(m.output.Provisioning)
}

const rows = "SELECT string_agg(what, ',' ORDER BY id) FROM orders"

func TestServerRestoresExactlyTheBackup(t *testing.T) {
	m := vaulted(t)
	primary := m.started()
	m.allowed(owner, "CREATE TABLE orders (id serial PRIMARY KEY, what text NOT NULL, data json); INSERT INTO orders (what) VALUES ('tea'), ('milk')", "")
	m.allowed(owner, "ALTER TABLE orders ENABLE ROW LEVEL SECURITY; ALTER TABLE orders FORCE ROW LEVEL SECURITY; "+
		"CREATE POLICY mine ON orders USING (what <> 'milk')", "")
	m.allowed(owner, `CREATE TABLE "a|b ""c" (x float8, b bytea); INSERT INTO "a|b ""c" VALUES (0.1, '\x00ff'), (NULL, NULL)`, "")
	m.allowed(owner, "SELECT lo_from_bytea(4711, 'large')", "4711")
	m.allowed(owner, "CREATE FUNCTION evil() RETURNS text LANGUAGE plpgsql AS $$BEGIN PERFORM pg_read_file('/etc/hostname'); "+
		"RETURN 'read'; EXCEPTION WHEN OTHERS THEN RETURN current_user; END$$; CREATE TABLE who (name text, "+
		"got text DEFAULT 'x', CHECK (evil() <> 'read')); INSERT INTO who VALUES ('a')", "")
	m.allowed(owner, "CREATE CAST (who AS text) WITH INOUT; CREATE EXTENSION pg_trgm", "")
	report := m.backupNow("first")
	if report["rows"] != float64(6) || report["version"] != m.service.Image.Version {
		t.Errorf("the report is %v", report)
	}
	m.allowed(owner, "INSERT INTO orders (what) VALUES ('salt')", "")
	primary.stop()

	restore := m.restoring(report["archive"].(string)) //nolint:forcetypeassert // the report is checked by its reader
	restore.carry(t)
	data := restore.folder + "/stackwright/data"
	m.service.Recovery = nil
	m.build()
	m.service.Name = "main"
	second := m.pod("main-0", "127.0.0.1")
	if err := os.RemoveAll(second.folder + "/stackwright/data"); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(data, second.folder+"/stackwright/data"); err != nil {
		t.Fatal(err)
	}
	second.prepare()
	second.start()
	m.provision()
	m.allowed(reader, "SELECT count(*) FROM orders", "1")
	m.allowed(owner, "ALTER TABLE orders NO FORCE ROW LEVEL SECURITY; "+rows, "tea,milk")
	m.allowed(owner, "SELECT string_agg(tableowner, ',') FROM pg_tables WHERE schemaname = 'public'", "shop_owner,shop_owner,shop_owner")
	m.allowed(writer, "INSERT INTO orders (what) VALUES ('bread'); SELECT max(id) FROM orders", "3")
	m.allowed(owner, "SELECT lo_get(4711)", `\x6c61726765`)
}

// TestServerRefusesArchives: each is refused with words, and the claim of the new database stays empty.
func TestServerRefusesArchives(t *testing.T) {
	m := vaulted(t)
	primary := m.started()
	m.allowed(owner, "CREATE TABLE orders (id serial PRIMARY KEY, what text); INSERT INTO orders (what) SELECT md5(i::text) FROM generate_series(1, 5000) i", "")
	name := m.backupNow("first")["archive"].(string) //nolint:forcetypeassert // the report is checked by its reader
	primary.stop()
	stored := filepath.Join(m.folder, "vault", name)
	whole := read(t, stored)
	for _, c := range []struct {
		what, reason string
		spoil        func(p *part.Recovery)
	}{
		{"another key", "WrongKey", func(*part.Recovery) { m.secrets[kit.BackupKey("main")]["passphrase"] = "another key of enough size" }},
		{"a short key", "WrongKey", func(*part.Recovery) { m.secrets[kit.BackupKey("main")]["passphrase"] = "short" }},
		{"no such archive", "ArchiveNotFound", func(r *part.Recovery) { r.Archive = "20200101-000000-zzzzz" }},
		{"another service", "ForeignArchive", func(r *part.Recovery) { r.Source = "other" }},
		{"a dump that was cut", "CorruptArchive", func(*part.Recovery) { cut(t, stored+"/shop.dump.bin", len(whole["shop.dump.bin"])/2) }},
		{"a dump that lost whole blocks", "CorruptArchive", func(*part.Recovery) { cut(t, stored+"/shop.dump.bin", 32+65552) }},
		{"a dump with another byte", "CorruptArchive", func(*part.Recovery) { flip(t, stored+"/shop.dump.bin") }},
		{"a manifest in clear text", "CorruptArchive", func(*part.Recovery) {
			write(t, stored+"/manifest.bin", []byte("stackwright-backup 1\nend\n"+strings.Repeat("x", 64)))
		}},
		{"a file less", "CorruptArchive", func(*part.Recovery) { _ = os.Remove(stored + "/shop.rows.bin") }},
		{"a newer server", "NewerVersion", nil},
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
			manifest := restore.folder + "/stackwright/archive/manifest"
			write(t, manifest, []byte(strings.Replace(string(read(t, filepath.Dir(manifest))["manifest"]), "\nversion ", "\nversion 9", 1)))
			output, err = restore.run(restore.spec.Containers[0])
		}
		if report := restore.report(t); err == nil || report["reason"] != c.reason || !strings.Contains(err.Error(), "exit status 3") {
			t.Errorf("%s: %v, %v\n%s", c.what, err, report, output)
		} else {
			t.Logf("%s: %s", c.what, report["message"])
		}
		if left, _ := filepath.Glob(restore.folder + "/stackwright/data/*"); len(left) > 0 {
			t.Errorf("%s: %v was made", c.what, left)
		}
		m.secrets[kit.BackupKey("main")]["passphrase"] = secret
		for file, content := range whole {
			write(t, filepath.Join(stored, file), content)
		}
	}
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

func cut(t *testing.T, path string, size int) {
	t.Helper()
	if err := os.Truncate(path, int64(size)); err != nil {
		t.Fatal(err)
	}
}

func flip(t *testing.T, path string) {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	content[len(content)/2] ^= 1
	write(t, path, content)
}
