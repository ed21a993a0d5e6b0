# Ends with 0 when the server answers a query; a read copy must also follow its primary.
set -eu

ask() { mysql --defaults-file="$SOCKETS/probe.cnf" "$@"; }

wrong() {
	echo "$*"
	exit 1
}

if [ -z "${PRIMARY:-}" ]; then
	[ "$(ask -NBe 'SELECT 1')" = 1 ]
	exit
fi
[ "$(ask -NBe 'SELECT @@global.super_read_only')" = 1 ] || wrong 'the server takes writes: it is not a read copy any more'
state=$(ask -Ee 'SHOW REPLICA STATUS' | sed -n 's/^ *Replica_\([A-Z]*\)_Running: /\1 /p' | tr '\n' ' ')
case $state in
'IO Yes SQL Yes ') ;;
# Without its primary a copy serves what it has. It is stale only when the primary lives and it cannot follow.
'IO '*' SQL Yes ')
	! mysqladmin --no-defaults --host="$PRIMARY" --port="$PORT" --user=stackwright_probe --connect-timeout=3 ping >/dev/null 2>&1 ||
		wrong 'the copy does not follow its primary'
	;;
'') wrong 'the copy has no primary to follow' ;;
*) wrong 'the copy does not apply what it receives' ;;
esac
