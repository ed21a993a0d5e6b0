package postgresql

import (
	"fmt"
	"os"
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"

	"github.com/stackwright/stackwright/controllers/engines/internal/replicated"
	"github.com/stackwright/stackwright/controllers/kit"
	"github.com/stackwright/stackwright/controllers/observe"
	"github.com/stackwright/stackwright/controllers/part"
)

// extended is the shop with extensions.
func extended(t *testing.T, extensions ...string) *machine {
	t.Helper()
	m := shop(t)
	m.service.Extensions = extensions
	return m
}

// complaint is what the Job that provisions has to complain of.
func (m *machine) complaint() string {
	m.t.Helper()
	m.build()
	job := m.pod(m.output.Provisioning, "")
	write(m.t, job.folder+"/report", nil) // as the kubelet makes it
	output, err := job.run(job.spec.Containers[0])
	if err == nil {
		m.t.Fatalf("the Job succeeded:\n%s", output)
	}
	content, _ := os.ReadFile(job.folder + "/report")
	report := observe.ParseReport(string(content))
	if report == nil || report.Reason != "ExtensionsFailed" {
		m.t.Fatalf("the report is %q\n%s", content, output)
	}
	return report.Message
}

// asAdministrator runs SQL in a database.
func (m *machine) asAdministrator(database, sql string) string {
	m.t.Helper()
	got, err := m.queryAs(superuser, m.secrets["admin-1"][replicated.KeyPassword], database, "127.0.0.1", "verify-full", sql)
	if err != nil {
		m.t.Errorf("%s: %v: %s", sql, err, got)
	}
	return got
}

// TestServerExtensions: the administrator makes them in every database, whoever uses a database finds them by name, and nobody changes
// what the administrator runs.
func TestServerExtensions(t *testing.T) {
	m := extended(t, "pg_stat_statements", "pg_trgm", "uuid-ossp", "cube", "earthdistance", "hstore")
	m.admit("index", "store", "Owner", "")
	m.service.Parameters["search_path"] = `"$user", shared, public`
	m.started()
	m.provision() // every step may be repeated
	for _, consumer := range []int{owner, writer, reader, 3} {
		m.allowed(consumer, "SELECT similarity('word', 'word'), 'a=>1'::hstore -> 'a', length(uuid_generate_v4()::text), earth() > 0", "1|1|36|t")
		m.allowed(consumer, "SELECT count(*) > 0 FROM pg_stat_statements", "t")
		m.allowed(consumer, "SHOW search_path", `"$user", shared, public, extensions`)
		m.refused(consumer, "CREATE TABLE extensions.t (i int)", "permission denied")
		m.refused(consumer, "DROP EXTENSION hstore", "must be owner")
		m.refused(consumer, "SELECT pg_stat_statements_reset()", "permission denied")
	}
	m.allowed(owner, "CREATE TABLE items (id int, facts hstore); INSERT INTO items VALUES (1, 'colour=>red')", "")
	m.allowed(reader, "SELECT facts -> 'colour' FROM items", "red")

	m.allowed(owner, "ALTER DATABASE shop SET search_path TO public, extensions", "")
	m.service.Extensions = []string{"hstore"}
	m.provision()
	m.allowed(reader, "SHOW search_path", "public, extensions")
	m.allowed(owner, "SELECT similarity('a', 'a')", "1") // nothing is dropped
}

// TestServerExtensionsOfOthers: what a stack made itself stays, and what it could have the administrator run is refused.
func TestServerExtensionsOfOthers(t *testing.T) {
	m := shop(t)
	m.started()
	m.allowed(owner, "CREATE EXTENSION hstore; CREATE SCHEMA mine; CREATE EXTENSION cube SCHEMA mine", "")
	m.service.Extensions = []string{"hstore", "pg_trgm"}
	m.provision()
	m.allowed(owner, "SELECT string_agg(extname || ' ' || extowner::regrole || ' ' || extnamespace::regnamespace, ', ' ORDER BY extname) "+
		"FROM pg_extension WHERE extname IN ('hstore', 'pg_trgm')", "hstore shop_owner public, pg_trgm postgres extensions")
	m.allowed(owner, "DROP EXTENSION hstore; CREATE EXTENSION hstore", "")

	m.service.Extensions = []string{"earthdistance", "unaccent"}
	if got := m.complaint(); !strings.Contains(got, "earthdistance in database shop: it requires cube, which belongs to shop_owner: drop that") {
		t.Errorf("%s", got)
	}
	m.allowed(reader, "SELECT unaccent('é')", "e")

	m.admit("index", "store", "Owner", "")
	m.service.Extensions = nil
	m.provision()
	m.allowed(3, "CREATE SCHEMA extensions; CREATE FUNCTION extensions.evil() RETURNS int LANGUAGE sql AS 'SELECT 1'", "")
	m.service.Extensions = []string{"hstore"}
	got := m.complaint()
	if database := m.service.Consumers[3].Database; !strings.Contains(got, fmt.Sprintf("hstore in database %[1]s: the schema extensions belongs to %[1]s_owner", database)) ||
		strings.Contains(got, "in database shop:") {
		t.Errorf("%s", got)
	}
	m.allowed(3, "SELECT count(*) FROM pg_extension WHERE extname = 'hstore'", "0")
}

// TestServerExtensionsMissing: what the image lacks is told by name, holds up nothing else, and the server runs without it.
func TestServerExtensionsMissing(t *testing.T) {
	m := extended(t, "nowhere", "pg_wait_sampling", "pg_stat_statements", "hstore")
	m.service.Metrics = &part.Metrics{Image: part.Image{Name: "exporter"}}
	m.build()
	primary := m.pod("main-0", "127.0.0.1")
	primary.prepare()
	primary.start()
	got := m.complaint()
	for _, name := range []string{"nowhere", "pg_wait_sampling"} {
		if !strings.Contains(got, name+" in database shop: extension "+name+" is not available") {
			t.Errorf("%s is not complained of in %q", name, got)
		}
	}
	if strings.Contains(got, "hstore") || strings.Contains(got, "pg_stat_statements") {
		t.Errorf("too much: %s", got)
	}
	m.allowed(owner, "SELECT 'a=>1'::hstore -> 'a' FROM pg_stat_statements LIMIT 1", "1")
	if got := m.asAdministrator("postgres", "SHOW shared_preload_libraries"); got != "pg_stat_statements" {
		t.Errorf("the server loads %q", got)
	}
	if got := m.asAdministrator("postgres", "SELECT count(*) FROM pg_roles WHERE rolname = 'stackwright_metrics'"); got != "1" {
		t.Errorf("the exporter has no role: %q", got)
	}
	if !strings.Contains(primary.log.String(), "the server starts without the library pg_wait_sampling: ") {
		t.Errorf("the log does not say what is left out:\n%s", primary.log)
	}
	primary.kill() // what a crash leaves behind does not keep the libraries from being tried
	m.service.Extensions = []string{"pg_stat_statements", "hstore"}
	m.build()
	primary = m.pod("main-0", "127.0.0.1")
	primary.prepare()
	primary.start()
	m.provision()
	m.allowed(owner, "SELECT count(*) > 0 FROM pg_stat_statements", "t")
}

// TestServerRestoresExtensions: an archive comes back with the columns that have types of extensions, and one whose extensions the spec
// does not name is refused with words.
func TestServerRestoresExtensions(t *testing.T) {
	m := vaulted(t)
	m.service.Extensions = []string{"pg_stat_statements", "hstore"}
	primary := m.started()
	m.allowed(owner, "CREATE TABLE items (id int, facts hstore); INSERT INTO items VALUES (1, 'colour=>red'); "+
		"CREATE INDEX ON items USING gin (facts); CREATE EXTENSION pg_trgm", "")
	archive := m.backupNow("first")["archive"].(string) //nolint:forcetypeassert // the report is checked by its reader
	primary.stop()

	m.service.Extensions = []string{"hstore"}
	p, err := m.restore(archive)
	if report := p.report(t); err == nil || report["reason"] != "RestoreFailed" ||
		!strings.Contains(fmt.Sprint(report["message"]), "has the extension pg_stat_statements, which the administrator makes: name it in spec.extensions") {
		t.Fatalf("%v, %v", err, report)
	}
	m.service.Extensions = []string{"pg_stat_statements", "hstore"}
	if p, err = m.restore(archive); err != nil {
		t.Fatal(err)
	}
	data := p.folder + "/stackwright/data"
	m.service.Recovery = nil
	m.build()
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
	m.allowed(reader, "SELECT facts -> 'colour' FROM items WHERE facts ? 'colour'", "red")
	m.allowed(reader, "SELECT count(*) > 0 FROM pg_stat_statements", "t")
	m.allowed(owner, "SELECT string_agg(extname || ' ' || extowner::regrole, ', ' ORDER BY extname) FROM pg_extension WHERE extname <> 'plpgsql'",
		"hstore postgres, pg_stat_statements postgres, pg_trgm shop_owner")
}

// restore runs the Job of a restore, and tells how it ended.
func (m *machine) restore(archive string) (*pod, error) {
	p := m.restoring(archive)
	for _, container := range append(p.spec.InitContainers, p.spec.Containers...) {
		if output, err := p.run(container); err != nil {
			return p, fmt.Errorf("%w: %s", err, output)
		}
	}
	return p, nil
}

// TestExtensionsLeaveServersAlone: extensions without a library change nothing of the server, and the order of those with one neither.
func TestExtensionsLeaveServersAlone(t *testing.T) {
	inputs := func(extensions ...string) string {
		s := &part.Service{
			Kind: "StackDatabase", Namespace: "shop", Name: "main", Engine: "PostgreSQL", Image: part.Image{Version: "17"}, TLS: "Disabled",
			Admin: &part.Credential{Secret: "admin"}, Extensions: extensions, Replicas: 1,
		}
		output, err := build(s)
		if err != nil {
			t.Fatal(err)
		}
		var seen []string
		for _, object := range output.Objects {
			if set, ok := object.(*appsv1.StatefulSet); ok {
				seen = append(seen, kit.Hash(set.Spec.Template)+" "+set.Annotations[kit.AnnotationInputs])
			}
		}
		return strings.Join(seen, ", ")
	}
	plain, loaded := inputs(), inputs("pg_stat_statements", "pgaudit")
	if got := inputs("hstore", "pg_trgm"); got != plain {
		t.Errorf("%s became %s", plain, got)
	}
	if got := inputs("pgaudit", "hstore", "pg_stat_statements"); got != loaded || got == plain {
		t.Errorf("%s became %s", loaded, got)
	}
}

func TestExtensionsNeedAServerThatTells(t *testing.T) {
	s := &part.Service{Image: part.Image{Version: "14.9"}, Extensions: []string{"hstore"}}
	if err := checkExtensions(s); err == nil || !strings.Contains(err.Error(), "extensions: they go with PostgreSQL 15 and later, and this is 14.9; remove hstore") {
		t.Error(err)
	}
	s.Extensions = nil
	if err := checkExtensions(s); err != nil {
		t.Error(err)
	}
}
