# Ends with 0 while the server responds at all. One that is starting, recovering or full responds with a refusal, and is alive:
# killing it would only begin the recovery anew.
set -eu
. "${0%/*}/postgres.sh"
use_programs

answer=0
pg_isready -q -t 5 -h "$SOCKETS" -p "$PORT" || answer=$?
[ "$answer" -lt 2 ] || {
	echo 'the server does not respond'
	exit 1
}
