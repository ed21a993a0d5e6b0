# Does what the script BEFORE does, and then makes the role of the exporter. One does not hold up the other.
set -eu
here=${0%/*}
. "$here/postgres.sh"

status=0
sh "$here/$BEFORE" || status=$?
use_programs
own_session
say "role stackwright_metrics"
psql -qAtX -v ON_ERROR_STOP=1 -v "plan=$PLAN" -f "$here/metrics.sql" </dev/null || fail "the role of the exporter could not be made"
exit "$status"
