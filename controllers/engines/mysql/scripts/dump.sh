# Makes an archive of every database in the folder ARCHIVE: each of one moment, with its rows counted and hashed at that moment.
set -eu
here=${0%/*}
. "$here/mysql.sh"
. "$here/archive.sh"

client=/tmp/client.cnf

ask() { mysql --defaults-file="$client" --default-character-set=utf8mb4 --binary-mode -NB "$@"; }

# plain gives a session settings that what it reads does not depend on.
plain() {
	own_session
	echo "SET SESSION time_zone = '+00:00', max_execution_time = 0, wait_timeout = 86400, net_write_timeout = 86400;"
}

# explain ends the pod with what a program said.
explain() {
	! grep -qi 'no space left\|errcode: 28' /tmp/error ||
		stop ScratchFull "the room for dumps is full; raise spec.storage.size. The database is untouched"
	stop DumpFailed "$1: $(grep -v '^$\|^--' /tmp/error | tail -n 1)"
}

# about DATABASE SCRIPT: what a script prints about a database.
about() {
	{
		plain
		printf %s "$1" | variable database
		cat "$here/$2"
	} | ask --raw 2>/tmp/error || explain "database $1 cannot be read"
}

# appears WORD FILE PROCESS: waits until a word is in a file; false when the process ended without it, or takes a minute.
appears() {
	looks=0
	until grep -q -- "$1" "$2"; do
		kill -0 "$3" 2>/dev/null || grep -q -- "$1" "$2" || return 1
		looks=$((looks + 1))
		[ "$looks" -lt 600 ] || return 1
		sleep 0.1 2>/dev/null || sleep 1
	done
}

# lock keeps writes away until unlock. It waits for few seconds only: what comes after it has to wait too.
lock() {
	rm -f /tmp/hold
	mkfifo /tmp/hold
	exec 4<>/tmp/hold
	: >/tmp/locked
	{
		plain
		echo 'SET SESSION lock_wait_timeout = 5;'
		cat /tmp/lock.sql
		echo "SELECT 'locked';"
		read -r go <&4
		echo "SELECT 'held';"
	} | ask --unbuffered >/tmp/locked 2>/tmp/error &
	locker=$!
	appears locked /tmp/locked "$locker"
}

unlock() {
	echo go >&4
	wait "$locker" || true
	exec 4>&-
}

lock_patiently() {
	tries=0
	until about "$1" lock.sql >/tmp/lock.sql && about "$1" rows.sql >/tmp/rows.sql && lock; do
		unlock
		tries=$((tries + 1))
		[ "$tries" -lt 20 ] || explain "no moment of database $1 can be held"
		say "database $1 is being written to; trying again"
		sleep 5
	done
}

# tables writes the tables of a database with their rows, and all that runs in it.
tables() {
	database=$1
	set --
	while read -r view; do
		say "view $view of $database answers nothing, and is left out"
		set -- "$@" "--ignore-table=$database.$view"
	done </tmp/unusable
	{
		mysqldump --defaults-file="$client" --default-character-set=utf8mb4 --single-transaction --quick --hex-blob --routines \
			--triggers --events --set-gtid-purged=OFF --no-tablespaces --skip-add-locks --skip-disable-keys --no-autocommit \
			--skip-dump-date --max-allowed-packet=1G --loose-init-command='SET SESSION max_execution_time = 0, lock_wait_timeout = 60' \
			--verbose "$@" --databases "$database" 2>/tmp/dump || echo failed >/tmp/failed
	} | gzip -1 >"$ARCHIVE/$database.sql.gz" 2>/tmp/error
}

# account counts and hashes the rows.
account() {
	{
		plain
		echo 'START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY;'
		echo "SELECT 'begun';"
		cat /tmp/rows.sql
	} | ask --unbuffered --quick >"$ARCHIVE/$1.rows" 2>/tmp/account
}

# dump holds writes back while two sessions begin to read: they see the same moment.
dump() {
	say "dumping $1"
	about "$1" unusable.sql >/tmp/unusable
	rm -f /tmp/failed
	: >/tmp/dump >"$ARCHIVE/$1.rows"
	lock_patiently "$1"
	account "$1" &
	counter=$!
	tables "$1" &
	dumper=$!
	moment=
	! appears begun "$ARCHIVE/$1.rows" "$counter" || ! appears 'Setting savepoint' /tmp/dump "$dumper" || moment=held
	unlock
	wait "$counter" || failed "$1" account
	wait "$dumper" || failed "$1" error
	[ ! -e /tmp/failed ] || failed "$1" dump
	[ -n "$moment" ] && grep -q held /tmp/locked || stop DumpFailed "no moment of database $1 could be held until all had begun to read it"
	about "$1" rows.sql >/tmp/rows.after
	[ "$(digest /tmp/rows.after)" = "$(digest /tmp/rows.sql)" ] || stop DumpFailed "tables of database $1 were changed while they were read"
	sed -i 1d "$ARCHIVE/$1.rows"
}

# failed ends the pod with what one of the programs said.
failed() {
	[ "$2" = error ] || cp "/tmp/$2" /tmp/error
	explain "database $1 cannot be dumped"
}

# server_answers waits until the server accepts the account of the backups, which a Job makes.
server_answers() {
	tries=0
	until echo 'SELECT 1' | ask >/dev/null 2>/tmp/error; do
		tries=$((tries + 1))
		[ "$tries" -lt 60 ] || explain 'the server does not answer'
		sleep 2
	done
}

set -- "host=$PRIMARY" "port=$PORT"
if [ -n "${AUTHORITY:-}" ]; then
	set -- "$@" ssl-mode=VERIFY_IDENTITY "ssl-ca=$AUTHORITY"
else
	set -- "$@" ssl-mode=DISABLED get-server-public-key
fi
printf %s "$BACKUP_PASSWORD" | write_login "$client" stackwright_backup "$@" '[mysql]' connect-timeout=5
unset BACKUP_PASSWORD
server_answers
find "$ARCHIVE" -mindepth 1 -maxdepth 1 ! -name lost+found -exec rm -rf {} +
archive=$(date -u '+%Y%m%d-%H%M%S')-${POD_NAME##*-}
ask <"$here/databases.sql" >/tmp/databases 2>/tmp/error || explain 'the server does not answer'
while read -r database; do
	dump "$database"
done </tmp/databases
{
	echo "version $SERIES"
	echo "rows $(cat "$ARCHIVE"/*.rows 2>/dev/null | awk -F '\t' '{ rows += $2 } END { printf "%.0f", rows }')"
} | seal "$archive"
say "$archive is dumped"
