package backup

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"k8s.io/apimachinery/pkg/api/resource"

	"github.com/stackwright/stackwright/controllers/part"
)

// room runs the containers that carry archives as processes, with the paths of containers moved into a folder of the test.
type room struct {
	t       *testing.T
	folder  string
	service *part.Service
	secrets map[string]string
}

// newRoom finds rclone, or skips the test.
func newRoom(t *testing.T) *room {
	t.Helper()
	t.Parallel()
	find(t, "rclone")
	r := &room{t: t, folder: t.TempDir(), secrets: map[string]string{"passphrase": "a key of enough characters"}}
	r.service = &part.Service{
		Engine: "PostgreSQL", Namespace: "shop", Name: "main", Storage: part.Storage{Size: resource.MustParse("1Gi")},
		Vault: &part.Vault{Storage: part.Storage{Size: resource.MustParse("1Gi")}},
	}
	for _, folder := range []string{"tmp", "stackwright/scripts", "stackwright/archive", "stackwright/vault", "stackwright/access"} {
		r.must(os.MkdirAll(filepath.Join(r.folder, folder), 0o755))
	}
	return r
}

// searchPath is where programs are looked for.
func searchPath() string { return cmp.Or(os.Getenv("STACKWRIGHT_TEST_PATH"), os.Getenv("PATH")) }

func find(t *testing.T, program string) string {
	t.Helper()
	for _, folder := range filepath.SplitList(searchPath()) {
		if info, err := os.Stat(filepath.Join(folder, program)); err == nil && info.Mode()&0o111 != 0 {
			return filepath.Join(folder, program)
		}
	}
	t.Skipf("NOT TESTED: no %s in PATH; archives were not carried with the real program", program)
	return ""
}

func (r *room) must(err error) {
	r.t.Helper()
	if err != nil {
		r.t.Fatal(err)
	}
}

func (r *room) path(name string) string { return filepath.Join(r.folder, "stackwright", name) }

// archive puts an archive of a time into the folder of the pod, as an engine does.
func (r *room) archive(name, content string) {
	r.t.Helper()
	r.empty("archive")
	r.must(os.WriteFile(r.path("archive/shop.dump"), []byte(content), 0o644))
	if _, output, err := r.sh("store", part.Recovery{Source: "main"}, "-c", `. "$0/archive.sh"; printf 'version 17\nrows 5\n' | seal `+name, r.path("scripts")); err != nil {
		r.t.Fatalf("%v\n%s", err, output)
	}
}

func (r *room) empty(folder string) {
	r.t.Helper()
	r.must(os.RemoveAll(r.path(folder)))
	r.must(os.MkdirAll(r.path(folder), 0o755))
}

// carry runs a container to its end and returns what it reports.
func (r *room) carry(verb string, archive part.Recovery) (map[string]any, string, error) {
	r.t.Helper()
	return r.sh(verb, archive, r.path("scripts/"+verb+".sh"))
}

// sh runs a shell as the container of a verb does.
func (r *room) sh(verb string, archive part.Recovery, arguments ...string) (map[string]any, string, error) {
	r.t.Helper()
	container := carrier(r.service, verb, archive, false)
	if verb == "store" { // it is told how much to keep
		container = dumpPod(r.service, "scripts", Step{}).Containers[0]
	}
	r.mount(verb)
	report := filepath.Join(r.folder, "report")
	_ = os.Remove(report)
	process := exec.Command("sh", arguments...)
	process.Env = []string{"PATH=" + searchPath()}
	for _, variable := range container.Env {
		value := variable.Value
		if variable.ValueFrom != nil {
			value = r.secrets[variable.ValueFrom.SecretKeyRef.Key]
		}
		process.Env = append(process.Env, variable.Name+"="+r.local(value))
	}
	process.Env = append(process.Env, "REPORT="+report)
	output, err := process.CombinedOutput()
	facts := map[string]any{}
	if content, readErr := os.ReadFile(report); readErr == nil {
		if jsonErr := json.Unmarshal(content, &facts); jsonErr != nil {
			r.t.Errorf("the report %s: %v", content, jsonErr)
		}
	}
	return facts, string(output), err
}

// mount fills the folders of the volumes.
func (r *room) mount(verb string) {
	r.t.Helper()
	script := cmp.Or(map[string]string{"reach": "store"}[verb], verb) // they are in one pod
	for name, content := range files(r.service, Step{Files: map[string]string{}}, script+".sh") {
		r.must(os.WriteFile(r.path("scripts/"+name), []byte(r.local(content)), 0o644))
	}
	for _, key := range accessKeys {
		r.must(os.WriteFile(r.path("access/"+key), []byte(r.secrets[key]), 0o644))
	}
}

// local moves the paths of a text into the test's folder.
func (r *room) local(text string) string {
	return strings.NewReplacer("/stackwright/", r.folder+"/stackwright/", "/tmp/", r.folder+"/tmp/", "=/tmp ", "="+r.folder+"/tmp ").Replace(text)
}

// stored is a container that has to succeed.
func (r *room) stored(name string) map[string]any {
	r.t.Helper()
	facts, output, err := r.carry("store", part.Recovery{Source: "main"})
	if err != nil || facts["archive"] != name {
		r.t.Fatalf("%v, %v\n%s", err, facts, output)
	}
	return facts
}

// fetched fetches an archive, the newest where none is named, and returns its dump.
func (r *room) fetched(name string) string {
	r.t.Helper()
	r.empty("archive")
	if facts, output, err := r.carry("fetch", part.Recovery{Source: "main", Archive: name}); err != nil {
		r.t.Fatalf("%v, %v\n%s", err, facts, output)
	}
	content, err := os.ReadFile(r.path("archive/shop.dump"))
	r.must(err)
	return string(content)
}

// refuses runs a container that has to end with a reason and an exit code, and words.
func (r *room) refuses(what, verb, reason string, code int, words ...string) {
	r.t.Helper()
	facts, output, err := r.carry(verb, part.Recovery{Source: "main"})
	var exit *exec.ExitError
	message, _ := facts["message"].(string)
	if !errors.As(err, &exit) || exit.ExitCode() != code || facts["reason"] != reason {
		r.t.Errorf("%s: %v, %v\n%s", what, err, facts, output)
		return
	}
	r.t.Logf("%s: %s: %s", what, reason, message)
	for _, word := range words {
		if !strings.Contains(message, word) {
			r.t.Errorf("%s: the message has no %q", what, word)
		}
	}
}

// archives are the folders of a place that lies on this machine.
func archives(t *testing.T, folder string) []string {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(folder, "2*"))
	if err != nil {
		t.Fatal(err)
	}
	for i := range found {
		found[i] = filepath.Base(found[i])
	}
	return found
}

// The times of these are ahead of every clock that runs the tests.
const first, second, third, fourth = "29001121-020000-aaaaa", "29001122-020000-bbbbb", "29001123-020000-ccccc", "29001124-020000-ddddd"

func TestArchivesAreKeptInAFolder(t *testing.T) {
	r := newRoom(t)
	carriesArchives(t, r, r.path("vault"))
}

// carriesArchives is what goes for every place. It lies in a folder of this machine too.
func carriesArchives(t *testing.T, r *room, place string) {
	t.Helper()
	r.refuses("no backup yet", "fetch", "ArchiveNotFound", 3, "no backup yet")
	for _, name := range []string{first, second} {
		r.archive(name, "the rows of "+name)
		facts := r.stored(name)
		if facts["rows"] != 5.0 || facts["version"] != "17" || facts["bytes"].(float64) < 100 { //nolint:forcetypeassert // it is a number
			t.Errorf("%v", facts)
		}
	}
	if got := r.fetched(""); got != "the rows of "+second {
		t.Errorf("the newest is %q", got)
	}
	if got := r.fetched(first); got != "the rows of "+first {
		t.Errorf("the first is %q", got)
	}
	content, err := os.ReadFile(filepath.Join(place, first, "shop.dump.bin"))
	if err != nil || bytes.Contains(content, []byte("the rows")) {
		t.Errorf("what is stored can be read: %v %q", err, content)
	}

	// A folder without a manifest is no archive, and goes when it is old; one of a newer archive's time may be at work.
	for _, name := range []string{"20200101-000000-zzzzz", "29991231-000000-zzzzz"} {
		r.must(os.MkdirAll(filepath.Join(place, name), 0o755))
		r.must(os.WriteFile(filepath.Join(place, name, "shop.dump.bin"), content, 0o644))
	}
	r.service.Vault.Keep = 2
	r.archive(third, "the rows of "+third)
	r.stored(third)
	if got := archives(t, place); !slices.Equal(got, []string{second, third, "29991231-000000-zzzzz"}) {
		t.Errorf("after the third with two to be kept there are %q", got)
	}
	r.service.Vault.Keep = 0
	r.service.Vault.KeepSeconds = 365 * 24 * 60 * 60
	r.archive("20200102-000000-ddddd", "an archive that comes back from long ago")
	r.stored("20200102-000000-ddddd")
	if got := archives(t, place); !slices.Contains(got, "20200102-000000-ddddd") || !slices.Contains(got, second) {
		t.Errorf("the archive that was just made has gone, or a young one has: %q", got)
	}
	r.archive(fourth, "the rows of "+fourth)
	r.stored(fourth)
	if got := archives(t, place); !slices.Equal(got, []string{second, third, fourth, "29991231-000000-zzzzz"}) {
		t.Errorf("with a year to be kept there are %q", got)
	}
	r.service.Vault.KeepSeconds = 0
	secret := r.secrets["passphrase"]
	r.secrets["passphrase"] = "another key of enough size"
	r.refuses("another key", "fetch", "WrongKey", 3, "main-backup-key")
	r.secrets["passphrase"] = secret
	r.must(os.Truncate(filepath.Join(place, fourth, "shop.dump.bin"), 40))
	r.refuses("an archive that was cut", "fetch", "CorruptArchive", 3, "use another backup")
	if got := r.fetched(second); got != "the rows of "+second {
		t.Errorf("the second is %q", got)
	}
}

// TestAFullFolderKeepsWhatItHas: an archive that does not fit leaves the others as they were.
func TestAFullFolderKeepsWhatItHas(t *testing.T) {
	r := newRoom(t)
	if err := syscall.Mount("tmpfs", r.path("vault"), "tmpfs", 0, "size=1m"); err != nil {
		t.Skipf("NOT TESTED: no small disk can be made here: %v", err)
	}
	t.Cleanup(func() { _ = syscall.Unmount(r.path("vault"), syscall.MNT_DETACH) })
	r.archive(first, "the rows of "+first)
	r.stored(first)
	r.archive(second, strings.Repeat("more rows than fit", 100000))
	r.refuses("a full disk", "store", "TargetFull", 1, "enlarge it or keep fewer", "Earlier backups are there still")
	if got := archives(t, r.path("vault")); !slices.Equal(got, []string{first}) {
		t.Errorf("there are %q", got)
	}
	if got := r.fetched(""); got != "the rows of "+first {
		t.Errorf("the first is %q", got)
	}
}
