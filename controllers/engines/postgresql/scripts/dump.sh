# Makes an archive of every database in the folder ARCHIVE: each of one moment, with its rows counted and hashed at that moment.
set -eu
here=${0%/*}
. "$here/postgres.sh"
. "$here/archive.sh"

# Settings that users may have changed and that dumps and hashes must not depend on.
PGOPTIONS="-c search_path=pg_catalog -c client_min_messages=warning -c statement_timeout=0 -c lock_timeout=60s"
PGOPTIONS="$PGOPTIONS -c idle_in_transaction_session_timeout=0 -c default_transaction_read_only=off"
PGOPTIONS="$PGOPTIONS -c timezone=UTC -c datestyle=ISO -c intervalstyle=postgres -c extra_float_digits=3 -c bytea_output=hex"
export PGOPTIONS
SCRIPTS=$here
export SCRIPTS

# explain ends the pod with what the server or the disk said.
explain() {
	! grep -qi 'no space left' /tmp/error ||
		stop ScratchFull "the room for dumps is full; raise spec.storage.size. The database is untouched"
	stop DumpFailed "$1: $(grep -v '^$' /tmp/error | tail -n 1)"
}

dump() {
	say "dumping $1"
	PGDATABASE=$1 DUMP=$ARCHIVE/$1.dump psql -qAtX -v ON_ERROR_STOP=1 -f "$here/dump.sql" >"$ARCHIVE/$1.rows" 2>/tmp/error ||
		explain "database $1 cannot be read"
	[ -e "$ARCHIVE/$1.dump" ] || explain "database $1 cannot be dumped"
}

# server_answers waits until the server accepts the role of the backups, which a Job makes.
server_answers() {
	tries=0
	until psql -qAtX -c 'SELECT 1' >/dev/null 2>/tmp/error; do
		tries=$((tries + 1))
		[ "$tries" -lt 60 ] || explain 'the server does not answer'
		sleep 2
	done
}

use_programs
server_answers
find "$ARCHIVE" -mindepth 1 -maxdepth 1 ! -name lost+found -exec rm -rf {} +
name=$(date -u '+%Y%m%d-%H%M%S')-${POD_NAME##*-}
psql -qAtX -d postgres -f "$here/databases.sql" >/tmp/databases 2>/tmp/error || explain 'the server does not answer'
psql -qAtX -d postgres -f "$here/logins.sql" >"$ARCHIVE/roles" 2>/tmp/error || explain 'the server does not answer'
while read -r database; do
	dump "$database"
done </tmp/databases
{
	echo "version $MAJOR"
	echo "rows $(cat "$ARCHIVE"/*.rows 2>/dev/null | awk -F '|' '{ rows += $(NF - 1) } END { printf "%.0f", rows }')"
} | seal "$name"
say "$name is dumped"
