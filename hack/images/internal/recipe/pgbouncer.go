package recipe

import (
	"github.com/stackwright/stackwright/hack/images/internal/debian"
)

const pgbouncerTag = "stackwright.test/pgbouncer:1.24"

// pgbouncerRoot pools connections. It has no user of an engine: it runs as that of the database beside it.
var pgbouncerRoot = debian.RootFS{
	Suite:    "trixie",
	Packages: []string{"pgbouncer", "busybox"},
	Exclude:  []string{"/usr/share/man/*", "/usr/share/doc/*", "/usr/share/info/*", "/usr/share/locale/*"},
	Users:    []debian.User{{Name: "app", ID: debian.Unprivileged, Home: "/app"}},
	Finish:   []string{`: >"$1/etc/resolv.conf" && rm -rf "$1"/var/log/*.log "$1"/var/log/apt`},
	Checks:   []string{"pgbouncer --version"},
	Path:     searchPath,
}

func pgbouncer() Recipe {
	return ofRoot("pgbouncer", "the program that pools connections to PostgreSQL", pgbouncerRoot, engineConfig(), pgbouncerTag)
}
