# Becomes the server. It is the first process of the container, so that signals reach it.
set -eu
. "${0%/*}/postgres.sh"
use_programs

# recorded LABEL: the limit that the data of a copy was written under, as far as the copy has read.
recorded() { LC_ALL=C pg_controldata -D "$PGDATA" | sed -n "s/^$1 setting: *//p"; }

set -- -D "$PGDATA" -c "config_file=$CONFIG/postgresql.conf" -c "cluster_name=$POD_NAME"
# A read copy: where its primary is, and the slot that keeps what the copy has not read yet.
if [ -n "${PRIMARY:-}" ]; then
	[ -e "$PGDATA/standby.signal" ] || fail "this copy was promoted. It does not start beside the primary: two would take writes"
	set -- "$@" -c "primary_conninfo=$PRIMARY" -c "primary_slot_name=stackwright_replica_${POD_NAME##*-}"
	# A copy does not start below these limits of its primary. Where they were just lowered, it still has to read that.
	for limit in max_connections max_worker_processes max_wal_senders max_prepared_transactions:max_prepared_xacts \
		max_locks_per_transaction:max_locks_per_xact; do
		needed=$(recorded "${limit#*:}")
		[ "$(postgres "$@" -C "${limit%:*}")" -ge "${needed:-0}" ] || set -- "$@" -c "${limit%:*}=$needed"
	done
fi
exec postgres "$@"
