package recipe

import (
	"strconv"

	"github.com/stackwright/stackwright/hack/images/internal/archive"
	"github.com/stackwright/stackwright/hack/images/internal/debian"
)

// mysqlPath finds the programs of MySQL by their plain names.
const mysqlPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

// mysqlRoot is of Debian's development branch: its stable release has MariaDB only. The user's number differs from that of the
// official image.
var mysqlRoot = debian.RootFS{
	Suite:    "sid",
	Packages: []string{"mysql-server-core", "mysql-client-core"},
	Exclude: []string{
		"/usr/share/man/*", "/usr/share/doc/*", "/usr/share/info/*", "/usr/share/locale/*", "/usr/share/i18n/*",
	},
	Users:   []debian.User{{Name: "mysql", ID: 116, Home: "/nonexistent"}},
	Finish:  []string{`: >"$1/etc/resolv.conf" && rm -rf "$1"/var/log/*.log "$1"/var/log/apt`},
	Checks:  []string{"mysqld --version", "mysql --version", "mysqladmin --version", "mysqldump --version"},
	Path:    mysqlPath,
	Options: []string{`Acquire::Check-Valid-Until "false"`},
}

func mysql() Recipe {
	return ofRoot("mysql", "the root file system of MySQL", mysqlRoot, mysqlConfig(), "stackwright.test/mysql:9.7")
}

func mysqlConfig() archive.Config {
	user := strconv.Itoa(debian.Unprivileged)
	return archive.Config{User: user + ":" + user, Env: []string{"PATH=" + mysqlPath, "LANG=C.UTF-8"}, Cmd: []string{"sh"}}
}
