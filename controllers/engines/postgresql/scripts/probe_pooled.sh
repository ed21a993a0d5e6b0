# Ends with 0 when the server answers a query, and when it does so through the pooler.
set -eu
sh "${0%/*}/probe.sh"
. "${0%/*}/postgres.sh"
use_programs
PGPASSWORD=$PROBE_PASSWORD PGSSLMODE=prefer PGCONNECT_TIMEOUT=5 \
	psql -h 127.0.0.1 -p "$POOLER_PORT" -U stackwright_pooler -d postgres -qAtX -c 'SELECT 1' >/dev/null || {
	echo 'the pooler does not answer'
	exit 1
}
