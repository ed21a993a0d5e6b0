# Ends with 0 when the server answers a query; a read copy must also follow its primary.
set -eu
. "${0%/*}/postgres.sh"
use_programs

ask() {
	PGPASSWORD=$PROBE_PASSWORD PGCONNECT_TIMEOUT=5 psql -h "$SOCKETS" -p "$PORT" -U stackwright_probe -d postgres -qAtX -c "$1"
}

if [ -z "${PRIMARY:-}" ]; then
	ask 'SELECT 1' >/dev/null
	exit
fi
state=$(ask "SELECT pg_is_in_recovery(), CASE WHEN pg_is_in_recovery() THEN pg_get_wal_replay_pause_state() END,
	(SELECT status FROM pg_stat_wal_receiver)")
case $state in
't|not paused|streaming') ;;
'f|'*)
	echo 'the server is not a read copy any more: it was promoted'
	exit 1
	;;
# Without its primary a copy serves what it has. It is stale only when the primary lives and it cannot follow.
't|not paused|'*)
	! pg_isready -q -t 3 -d "$PRIMARY" || {
		echo 'the copy does not follow its primary'
		exit 1
	}
	;;
*)
	echo 'the copy does not apply what it receives'
	exit 1
	;;
esac
