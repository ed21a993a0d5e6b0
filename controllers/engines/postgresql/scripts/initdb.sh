# Makes the data directory of the primary, or checks the one that is there. Runs before the server in each pod.
#
# The directory is made beside its place and moved there when it is complete, so that a crash at any point leaves either
# nothing or all of it.
set -eu
. "${0%/*}/postgres.sh"

new=$DATA/.pgdata.new
# The name of the Secret whose passwords the roles have. It is in the data directory, so that it moves with it.
applied=stackwright.credentials

# check_empty refuses a volume with files of somebody else: data is never written over.
check_empty() {
	for entry in "$DATA"/* "$DATA"/.[!.]* "$DATA"/..?*; do
		[ -e "$entry" ] || [ -L "$entry" ] || continue
		case ${entry##*/} in
		lost+found | .snapshot | .pgdata.new) ;;
		pgdata)
			rmdir "$entry" 2>/dev/null ||
				fail "$entry has files but no PG_VERSION, so it is not a data directory of PostgreSQL. Nothing is written over" \
					"it: restore the volume, or empty it by hand"
			;;
		*) fail "the volume holds $entry, which this database did not write. Nothing is written beside it: give the" \
			"database an empty volume" ;;
		esac
	done
}

# set_roles gives the roles that run the server the passwords of the mounted Secret. The server that does it listens only on a
# socket of this container.
set_roles() {
	pg_ctl -D "$1" -s -w -t 86400 -o "-c config_file=$CONFIG/setup.conf" start
	if ! psql -h "$SOCKETS" -p "$PORT" -U postgres -d postgres -qX -v ON_ERROR_STOP=1 -f "$CONFIG/roles.sql"; then
		pg_ctl -D "$1" -s -w -m fast stop
		fail "the roles of the server could not be set"
	fi
	pg_ctl -D "$1" -s -w -t 86400 -m fast stop
	printf '%s\n' "$ADMIN_SECRET" >"$1/$applied.new"
	mv "$1/$applied.new" "$1/$applied"
}

create() {
	say "making a data directory for PostgreSQL $MAJOR"
	rm -rf "$new"
	set -- -D "$new" -U postgres --pwfile="$CREDENTIALS/password" --auth=scram-sha-256 --data-checksums --no-instructions \
		--encoding=UTF8 --locale=C.UTF-8
	# A node with huge pages that the container may not use kills initdb otherwise.
	[ "$MAJOR" -lt 16 ] || set -- "$@" --set huge_pages=off
	# This order of text is the same in every image and never changes, so that an index survives a change of image.
	[ "$MAJOR" -lt 17 ] || set -- "$@" --locale-provider=builtin --builtin-locale=C.UTF-8
	initdb "$@"
	set_roles "$new"
	settle "$new"
	mv "$new" "$PGDATA"
	settle "$DATA"
	say "the data directory is complete"
}

use_programs
check_image
own_session
if [ ! -s "$PGDATA/PG_VERSION" ]; then
	check_empty
	create
	exit 0
fi
check_data
# A volume plugin that hands the volume to the pod's group may have opened the directory to it; the server refuses that.
chmod 0700 "$PGDATA"
if [ -e "$PGDATA/standby.signal" ]; then
	say "the data directory is that of a read copy; the server starts as one"
elif [ "$(cat "$PGDATA/$applied" 2>/dev/null || true)" != "$ADMIN_SECRET" ]; then
	say "setting the passwords of Secret $ADMIN_SECRET"
	set_roles "$PGDATA"
fi
