# Becomes the server. It is the first process of the container, so that signals reach it.
set -eu
. "${0%/*}/postgres.sh"
use_programs

set -- -D "$PGDATA" -c "config_file=$CONFIG/postgresql.conf" -c "cluster_name=$POD_NAME"
# A read copy: where its primary is, and the slot that keeps what the copy has not read yet.
if [ -n "${PRIMARY:-}" ]; then
	[ -e "$PGDATA/standby.signal" ] || fail "this copy was promoted. It does not start beside the primary: two would take writes"
	set -- "$@" -c "primary_conninfo=$PRIMARY" -c "primary_slot_name=stackwright_replica_${POD_NAME##*-}"
fi
exec postgres "$@"
