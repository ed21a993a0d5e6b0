# Makes the data directory of a read copy from its primary, or checks the one that is there. Runs before the server in each
# pod of a read copy.
set -eu
. "${0%/*}/postgres.sh"

new=$DATA/.pgdata.new
slot=stackwright_replica_${POD_NAME##*-}

# write_passfile leaves the password where PRIMARY says, for the programs here and for the server: one backslash before each
# character that has a meaning there.
write_passfile() {
	(
		umask 077
		printf '*:*:*:*:%s\n' "$(sed 's/[\\:]/\\&/g' "$CREDENTIALS/replication-password")" >"$SOCKETS/pgpass.new"
		mv "$SOCKETS/pgpass.new" "$SOCKETS/pgpass"
	)
}

# ask runs the SQL of standard input on the primary.
ask() { psql -d "$PRIMARY dbname=postgres connect_timeout=5" -qAtX -v ON_ERROR_STOP=1 -v "slot=$slot"; }

# primary_answers tries for the given number of seconds.
primary_answers() {
	tries=0
	until echo 'SELECT 1' | ask >/dev/null 2>"$SOCKETS/error"; do
		tries=$((tries + 1))
		[ "$tries" -lt "$1" ] || return 1
		[ $((tries % 15)) -ne 1 ] || say "waiting for the primary: $(tail -n 1 "$SOCKETS/error")"
		sleep 1
	done
}

# check_origin refuses to go on with data that is not a copy of this primary: it may be the only one there is.
check_origin() {
	[ -e "$PGDATA/standby.signal" ] ||
		fail "this copy was promoted and holds data of its own. It is not written over: move that data to the primary, then" \
			"delete the claim of this pod"
	here=$(LC_ALL=C pg_controldata -D "$PGDATA" | sed -n 's/^Database system identifier: *//p')
	there=$(echo 'SELECT system_identifier FROM pg_control_system()' | ask)
	[ "$here" = "$there" ] ||
		fail "this copy was made of another database ($here) than the primary now holds ($there). It is not written over:" \
			"when its data is not needed, delete the claim of this pod"
}

# follows says whether the primary still has what this copy has not read.
follows() {
	state=$(echo "SELECT wal_status FROM pg_replication_slots WHERE slot_name = :'slot'" | ask)
	[ -n "$state" ] && [ "$state" != lost ]
}

# make_slot makes the slot anew unless it is usable.
make_slot() {
	ask <<-'SQL' >/dev/null
		SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots
		WHERE slot_name = :'slot' AND NOT active AND wal_status IS NOT DISTINCT FROM 'lost';
		SELECT pg_create_physical_replication_slot(:'slot', true)
		WHERE NOT EXISTS (SELECT FROM pg_replication_slots WHERE slot_name = :'slot');
	SQL
}

# copy makes the directory beside its place and moves it there when it is complete.
copy() {
	say "copying the primary"
	rm -rf "$new"
	make_slot
	pg_basebackup -D "$new" -d "$PRIMARY" -S "$slot" -X stream -c fast -w -v
	rm -f "$new/stackwright.credentials"
	: >"$new/standby.signal"
	chmod 0700 "$new"
	settle "$new/standby.signal" "$new"
	mv "$new" "$PGDATA"
	settle "$DATA"
	say "the copy is complete"
}

use_programs
check_image
write_passfile
if [ -s "$PGDATA/PG_VERSION" ]; then
	check_data
	chmod 0700 "$PGDATA"
	if ! primary_answers 10; then
		say "the primary does not answer; this copy serves what it has"
		exit 0
	fi
	check_origin
	! follows || exit 0
	say "the primary dropped what this copy had not read yet; copying again"
	rm -rf "$PGDATA"
fi
primary_answers 600 || fail "the primary does not answer: $(tail -n 1 "$SOCKETS/error")"
copy
