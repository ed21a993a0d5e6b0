# Makes the data directory of a primary from the archive in the folder ARCHIVE. It is made beside its place and moved there when
# all rows are what they were, so that a failure at any point leaves nothing.
set -eu
here=${0%/*}
. "$here/postgres.sh"
. "$here/archive.sh"

NAME=${NAME:-$(fact archive)}
work=$DATA/.pgdata.new
# What the directory was made from is told in it: a second run finds its work done.
mark=stackwright.recovery

# check_place refuses a volume that holds anything: data is never written over.
check_place() {
	if [ "$(cat "$PGDATA/$mark" 2>/dev/null || true)" = "$NAME" ]; then
		say "$NAME is restored already"
		exit 0
	fi
	for entry in "$DATA"/* "$DATA"/.[!.]* "$DATA"/..?*; do
		[ -e "$entry" ] || [ -L "$entry" ] || continue
		case ${entry##*/} in
		lost+found | .snapshot | .pgdata.new) ;;
		*) refuse NotEmpty "the volume holds $entry. Nothing is restored over it: give the database another name" ;;
		esac
	done
}

# explain ends the pod with what a program said.
explain() {
	cat /tmp/error >&2
	! grep -qi 'no space left' /tmp/error "$work/log" 2>/dev/null ||
		refuse StorageFull "$NAME does not fit into the volume; make the database again with a larger spec.storage.size"
	refuse RestoreFailed "$1: $(grep -v '^$' /tmp/error | tail -n 1)"
}

start() {
	pg_ctl -D "$work/pgdata" -s -w -t 86400 -l "$work/log" start -o "-c config_file=$CONFIG/setup.conf -c hba_file=$here/restore_hba.conf \
		-c fsync=off -c full_page_writes=off -c synchronous_commit=off -c autovacuum=off -c max_wal_size=1GB" 2>/tmp/error ||
		explain 'the server does not start'
}

sql() { psql -qAtX -v ON_ERROR_STOP=1 "$@" 2>/tmp/error; }

# load restores one database. What is in it was written by its users and may run code as whoever restores it: that is the owner of
# this database, who could do the same before, and never the administrator.
load() {
	say "restoring $1"
	sql -v "database=$1" -v "owner=$1_owner" -v "readwrite=$1_readwrite" -v "readonly=$1_readonly" -f "$here/database.sql" ||
		explain "database $1 cannot be made"
	sql -v "owner=$1_owner" -f "$here/lend.sql" <"$ARCHIVE/roles" || explain "the roles of $1 cannot be made"
	extend "$1"
	as_owner "$1" --exit-on-error --no-acl -L /tmp/list "$ARCHIVE/$1.dump" || explain "database $1 cannot be restored"
	grep -E '^[0-9]+; [0-9]+ [0-9]+ (DEFAULT )?ACL ' /tmp/list >/tmp/acl || true
	as_owner "$1" -L /tmp/acl "$ARCHIVE/$1.dump" || say "some privileges of $1 are not restored: $(tail -n 1 /tmp/error)"
	sql -c "ALTER ROLE $1_owner NOLOGIN" || explain "the roles of $1 cannot be settled"
	compare "$1"
}

# extend makes the extensions of the spec, which only the administrator may, and lists what is left to the owner: the rest of the archive.
extend() {
	for extension in ${EXTENSIONS:-}; do
		sql -d "$1" -v "extension=$extension" -v "owner=$1_owner" -v "readwrite=$1_readwrite" -v "readonly=$1_readonly" -f "$here/extension.sql" ||
			explain "extension $extension cannot be made in database $1"
	done
	pg_restore -l "$ARCHIVE/$1.dump" >/tmp/all 2>/tmp/error || explain "database $1 cannot be restored"
	sql -d "$1" -f "$here/schemas.sql" >/tmp/schemas || explain "database $1 cannot be read"
	awk -v "names=${EXTENSIONS:-}" 'BEGIN { split(names, list, " "); for (i in list) { made[list[i]]; some = 1 } }
		NR == FNR { schemas[$1]; next }
		!some || !($4 == "EXTENSION" && $6 in made || $4 == "COMMENT" && $6 == "EXTENSION" && $7 in made ||
			$4 == "SCHEMA" && $6 in schemas && NF == 7 || ($4 == "COMMENT" || $4 == "ACL") && $6 == "SCHEMA" && $7 in schemas && NF == 8 ||
			$4 == "ACL" && $5 in schemas)' /tmp/schemas /tmp/all >/tmp/list
	check_extensions "$1"
}

# check_extensions refuses what the owner could not make, or would make in a place that is the administrator's.
check_extensions() {
	awk '$4 == "EXTENSION" && $6 ~ /^[a-z][a-z0-9_-]*$/' /tmp/list >/tmp/extensions
	pg_restore -f - -L /tmp/extensions "$ARCHIVE/$1.dump" 2>/dev/null | sed -n 's/^CREATE EXTENSION.* \([^ ]*\) WITH SCHEMA extensions;$/\1/p' |
		tr -d '"' >/tmp/ours
	while read -r _ _ _ _ _ extension _; do
		[ -n "$(sql -d "$1" -v "name=$extension" <"$here/trusted.sql")" ] && ! grep -qxF -e "$extension" /tmp/ours || refuse RestoreFailed \
			"database $1 of $NAME has the extension $extension, which the administrator makes: name it in spec.extensions, in the order that they need"
	done </tmp/extensions
}

as_owner() {
	database=$1
	shift
	PGOPTIONS="-c client_min_messages=warning -c statement_timeout=0 -c lock_timeout=0 -c default_transaction_read_only=off" \
		pg_restore -w -U "${database}_owner" -d "$database" --no-owner "$@" 2>/tmp/error
}

# compare counts and hashes the rows as the dump did.
compare() {
	PGOPTIONS="$PGOPTIONS -c timezone=UTC -c datestyle=ISO -c intervalstyle=postgres -c extra_float_digits=3 -c bytea_output=hex" \
		sql -d "$1" -f "$here/rows.sql" >/tmp/rows || explain "the rows of $1 cannot be read"
	comparable </tmp/rows >/tmp/found
	comparable <"$ARCHIVE/$1.rows" >/tmp/wanted
	cmp -s /tmp/found /tmp/wanted || {
		diff /tmp/wanted /tmp/found >&2 || true
		refuse RowsDiffer "database $1 was restored from $NAME with other rows than it had; use another backup"
	}
}

# comparable leaves the hashes out where another major version may have written a value in other words.
comparable() {
	if [ "$written" = "$MAJOR" ]; then cat; else sed 's/|[^|]*$//'; fi
}

use_programs
check_image
own_session
check_place
written=$(fact version)
case $written in '' | *[!0-9]*) refuse CorruptArchive "the manifest of $NAME names no version of PostgreSQL" ;; esac
[ "$written" -le "$MAJOR" ] ||
	refuse NewerVersion "$NAME was written by PostgreSQL $written and this is PostgreSQL $MAJOR: set spec.version to $written"
rm -rf "$work"
mkdir -p "$work"
DATA=$work PGDATA=$work/pgdata sh "$CONFIG/initdb.sh" 2>/tmp/error || explain 'the data directory cannot be made'
[ -z "${LIBRARIES:-}" ] || PGDATA=$work/pgdata sh "$CONFIG/preload.sh" only
export PGHOST="$SOCKETS" PGPORT="$PORT" PGUSER=postgres PGDATABASE=postgres
start
for dump in "$ARCHIVE"/*.dump; do
	[ -e "$dump" ] || continue
	database=${dump##*/}
	database=${database%.dump}
	case $database in
	[!a-z]* | *[!a-z0-9_]*) refuse CorruptArchive "$NAME has a database $database, which no archive has" ;;
	esac
	load "$database"
done
sql -c 'ANALYZE' || true
pg_ctl -D "$work/pgdata" -s -w -t 86400 -m fast stop
printf '%s\n' "$NAME" >"$work/pgdata/$mark"
sync
mv "$work/pgdata" "$PGDATA"
rm -rf "$work"
sync
say "$NAME is restored"
printf '{"archive":"%s","version":"%s","rows":%s}' "$NAME" "$written" "$(fact rows)" >"$REPORT"
