# Becomes the server, with those of the LIBRARIES that the image can load: one that it lacks must not keep the data from everybody. With
# the argument "only" it finds out which those are, and no more.
set -eu
here=${0%/*}
. "$here/postgres.sh"
use_programs

# The server asks itself how much memory it would share, for which it loads the libraries and nothing else. It is run as a child of this
# very process, whose number the lock of a server that crashed may hold.
found=
for library in $LIBRARIES; do
	if postgres -D "$PGDATA" -c "config_file=$CONFIG/postgresql.conf" -c "shared_preload_libraries=${found:+$found,}$library" \
		-C shared_memory_size >/dev/null 2>"$SOCKETS/preload.error"; then
		found=${found:+$found,}$library
	else
		say "the server starts without the library $library: $(tail -n 1 "$SOCKETS/preload.error")"
	fi
done
printf "shared_preload_libraries = '%s'\n" "$found" >"$SOCKETS/preload.conf.new"
mv "$SOCKETS/preload.conf.new" "$SOCKETS/preload.conf"
[ "${1:-}" = only ] || exec sh "$here/serve.sh"
