# Prepares a member before its server starts: the files that the server wants from nobody but itself, and its data directory. That of
# the first member is made with the administrator in it; every other one is empty, and is filled once the set takes the member in.
#
# The directory is made beside its place and moved there when it is complete, so that a crash at any point leaves either nothing or
# all of it.
set -eu
here=${0%/*}
. "$here/mongodb.sh"

new=$DATA/db.new

# own_files are in memory. The key of the set must be readable by nobody else, and certificate and key have to be one file: a volume of
# a Secret gives neither.
own_files() {
	(
		umask 077
		cat "$CREDENTIALS/keyfile" >"$RUN/keyfile"
		[ ! -e "$TLS/tls.crt" ] || cat "$TLS/tls.crt" "$TLS/tls.key" >"$RUN/server.pem"
	)
}

# create makes a data directory with the administrator in it, by a server that this pod alone can reach.
create() {
	say "making a data directory for MongoDB $SERIES"
	rm -rf "$new"
	mkdir "$new"
	mongod --dbpath "$new" --bind_ip 127.0.0.1 --port "$SETUP_PORT" --nounixsocket --wiredTigerCacheSizeGB 0.25 >"$tmp/setup.log" 2>&1 &
	server=$!
	run_script administrator.js || {
		tail -n 20 "$tmp/setup.log" >&2
		fail "the administrator could not be made; the last messages of the server are above"
	}
	kill "$server"
	wait "$server" || fail "the server that prepares the data did not stop well"
	server=
	settle
	record_series
	mv "$new" "$DATA/db"
	settle "$DATA"
	say "the data directory is complete"
}

# A container that is told to end does not wait for the server of a preparation: its data is made anew.
server=
trap '[ -z "$server" ] || kill "$server"' EXIT
trap 'exit 143' TERM

check_image
check_volume
own_files
if [ -e "$DATA/db/WiredTiger" ]; then
	check_data
	exit 0
fi
if [ -d "$DATA/db" ]; then
	rmdir "$DATA/db" 2>/dev/null ||
		fail "$DATA/db has files but no WiredTiger, so it is not a data directory of MongoDB. Nothing is written over it: restore the" \
			"volume, or empty it by hand"
fi
case $POD_NAME in
*-0) create ;;
*)
	record_series
	mkdir "$DATA/db"
	;;
esac
