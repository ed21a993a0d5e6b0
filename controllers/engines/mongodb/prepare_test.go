package mongodb

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// member is the volume of one, with programs that play the server's as far as prepare.sh sees them: their version, a file that only a
// data directory has, and an end at a signal.
type member struct {
	t                      *testing.T
	root, release, ordinal string
}

const playedServer = `#!/bin/sh
[ "$1" != --version ] || { echo "db version v$RELEASE.1"; exit; }
trap 'exit 0' TERM
: >"$2/WiredTiger"
while :; do sleep 0.05; done
`

// playedShell makes the administrator once the server is there.
const playedShell = `#!/bin/sh
[ -z "$BREAKS" ] || exit 1
tries=0
until [ -e "$DATA/db.new/WiredTiger" ]; do tries=$((tries + 1)); [ "$tries" -lt 200 ] || exit 1; sleep 0.05; done
echo administrator >"$DATA/db.new/admin"
`

func newMember(t *testing.T, ordinal string) *member {
	t.Helper()
	m := &member{t: t, root: t.TempDir(), release: "8.0", ordinal: ordinal}
	for name, content := range map[string]string{
		"bin/mongod": playedServer, "bin/mongosh": playedShell, "credentials/keyfile": "key", "credentials/password": "geheim",
		"tls/tls.crt": "certificate\n", "tls/tls.key": "its key\n", "data/lost+found/x": "", "run/x": "", "tmp/x": "",
	} {
		m.write(name, content)
	}
	return m
}

func (m *member) write(name, content string) {
	m.t.Helper()
	path := filepath.Join(m.root, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		m.t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o755); err != nil { //nolint:gosec // programs
		m.t.Fatal(err)
	}
}

// holds checks the content of a file; empty: there is none.
func (m *member) holds(name, want string) {
	m.t.Helper()
	content, err := os.ReadFile(filepath.Join(m.root, name))
	if string(content) != want || (err != nil) != (want == "") {
		m.t.Errorf("%s holds %q (%v), not %q", name, content, err, want)
	}
}

// prepare runs the script, and checks that it ends well, or says what it is expected to complain of.
func (m *member) prepare(complaint string, env ...string) {
	m.t.Helper()
	scripts, err := filepath.Abs("scripts")
	if err != nil {
		m.t.Fatal(err)
	}
	in := func(name string) string { return filepath.Join(m.root, name) }
	cmd := exec.Command("sh", filepath.Join(scripts, "prepare.sh"))
	cmd.Env = append([]string{
		"PATH=" + in("bin") + ":" + os.Getenv("PATH"), "RELEASE=" + m.release, "SERIES=" + m.release, "POD_NAME=main-" + m.ordinal,
		"DATA=" + in("data"), "RUN=" + in("run"), "TLS=" + in("tls"), "CREDENTIALS=" + in("credentials"), "CONFIG=" + scripts, "SETUP_PORT=1", "TMPDIR=" + in("tmp"),
	}, env...)
	output, err := cmd.CombinedOutput()
	if (err == nil) != (complaint == "") || !strings.Contains(string(output), complaint) {
		m.t.Errorf("ended with %v, want %q:\n%s", err, complaint, output)
	}
}

func TestPrepareFirstMember(t *testing.T) {
	m := newMember(t, "0")
	m.prepare("the administrator could not be made", "BREAKS=1")
	m.holds("data/db/WiredTiger", "")
	m.write("data/db.new/left-over", "of a crash")
	m.prepare("")
	m.holds("data/db/admin", "administrator\n")
	m.holds("data/db/left-over", "")
	m.holds("data/stackwright.series", "8.0\n")
	m.holds("run/keyfile", "key")
	m.holds("run/server.pem", "certificate\nits key\n")
	for _, name := range []string{"run/keyfile", "run/server.pem"} {
		if info, err := os.Stat(filepath.Join(m.root, name)); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v, %v", name, info.Mode(), err)
		}
	}
	m.write("data/db/rows", "rows")
	m.prepare("")
	m.holds("data/db/rows", "rows")
}

func TestPrepareFurtherMember(t *testing.T) {
	m := newMember(t, "2")
	for range 2 { // a second time before the server has written anything
		m.prepare("")
		m.holds("data/stackwright.series", "8.0\n")
		m.holds("data/db/admin", "")
		if entries, err := os.ReadDir(filepath.Join(m.root, "data/db")); err != nil || len(entries) > 0 {
			t.Errorf("%v, %v", entries, err)
		}
	}
}

func TestPrepareRefuses(t *testing.T) {
	m := newMember(t, "0")
	m.write("data/somebody", "else's")
	m.prepare("which this database did not write")
	m = newMember(t, "0")
	m.write("data/db/somebody", "else's")
	m.prepare("not a data directory of MongoDB")
	m.holds("data/db/somebody", "else's")
	m = newMember(t, "0")
	m.write("data/db/WiredTiger", "of another database")
	m.prepare("was not made by this database")
	m = newMember(t, "0")
	m.prepare("the image holds MongoDB 8.0, but the image catalog says 7.0", "SERIES=7.0")
}

func TestPrepareReleases(t *testing.T) {
	m := newMember(t, "1")
	m.release = "7.0"
	m.write("data/db/WiredTiger", "data")
	m.write("data/stackwright.series", "7.0\n")
	m.prepare("")
	m.release = "8.0"
	m.prepare("")
	m.holds("data/stackwright.series", "8.0\n")
	m.release = "7.0"
	m.prepare("the data was written by MongoDB 8.0 and this is MongoDB 7.0")
	m.holds("data/stackwright.series", "8.0\n")
	m.holds("data/db/WiredTiger", "data")
}
