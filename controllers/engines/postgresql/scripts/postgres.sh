# Read by the other scripts: messages, and the programs of the engine.
#
# POSIX sh and the tools that busybox has: the scripts run in Debian's and in Alpine's images.

say() { printf '%s stackwright: %s\n' "$(date -u '+%Y-%m-%d %H:%M:%S')" "$*" >&2; }

fail() {
	say "$*"
	exit 1
}

# use_programs puts the engine's programs first in PATH. Images of the PostgreSQL project have them there already; Debian's
# packages keep those of each major version in a folder of its own.
use_programs() {
	if [ -x "/usr/lib/postgresql/$MAJOR/bin/postgres" ]; then
		PATH="/usr/lib/postgresql/$MAJOR/bin:$PATH"
		export PATH
	fi
}

# check_image refuses an image that holds another major version than the catalog says: the settings are made for that one.
check_image() {
	command -v postgres >/dev/null ||
		fail "the image has no program postgres in PATH or in /usr/lib/postgresql/$MAJOR/bin; correct the image catalog"
	found=$(postgres -V | sed 's/^[^0-9]*\([0-9]*\).*/\1/')
	[ "$found" = "$MAJOR" ] ||
		fail "the image holds PostgreSQL $found, but the image catalog says $MAJOR; correct the image catalog"
}

# check_data refuses a data directory of another major version. The server would refuse too, with fewer words.
check_data() {
	written=$(cat "$PGDATA/PG_VERSION")
	[ "$written" = "$MAJOR" ] ||
		fail "the data was written by PostgreSQL $written and this is PostgreSQL $MAJOR. A major version is never changed in" \
			"place: set spec.version back to $written, and dump and restore into a new StackDatabase"
}

# settle makes files and folders survive a crash of the node. A sync that takes no names syncs everything.
settle() { sync "$@" 2>/dev/null || sync; }

# own_session gives the sessions of this script their own settings, whatever spec.parameters or the owner of a database set:
# names are looked up in the system catalog only, and statements with passwords are not logged.
own_session() {
	PGOPTIONS="-c search_path=pg_catalog -c log_statement=none -c log_min_error_statement=panic"
	PGOPTIONS="$PGOPTIONS -c log_min_duration_statement=-1 -c log_min_duration_sample=-1 -c log_transaction_sample_rate=0"
	PGOPTIONS="$PGOPTIONS -c client_min_messages=warning -c statement_timeout=0 -c lock_timeout=30s"
	PGOPTIONS="$PGOPTIONS -c default_transaction_read_only=off"
	[ "$MAJOR" -lt 17 ] || PGOPTIONS="$PGOPTIONS -c transaction_timeout=0"
	export PGOPTIONS
}
