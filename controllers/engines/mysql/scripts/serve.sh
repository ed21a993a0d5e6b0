# Becomes the server. It is the first process of the container, so that signals reach it: SIGTERM ends sessions and stops.
set -eu
. "${0%/*}/mysql.sh"

printf %s "$PROBE_PASSWORD" | write_login "$SOCKETS/probe.cnf" stackwright_probe "socket=$SOCKETS/mysqld.sock" connect-timeout=5
unset PROBE_PASSWORD

# What sorts and changes of tables left behind.
rm -rf "$DATA/.tmp"
mkdir "$DATA/.tmp"

set -- --defaults-file="$CONFIG/my.cnf" --datadir="$DATADIR"
if [ -n "${PRIMARY:-}" ]; then
	set -- "$@" --server-id=$((100 + ${POD_NAME##*-})) --report-host="$POD_NAME" --read-only=ON --super-read-only=ON
else
	set -- "$@" --server-id=1
fi
exec mysqld "$@"
