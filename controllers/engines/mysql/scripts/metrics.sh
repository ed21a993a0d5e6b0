# Does what the script BEFORE does, and then makes the account of the exporter. One does not hold up the other.
set -eu
here=${0%/*}
. "$here/mysql.sh"

status=0
sh "$here/$BEFORE" || status=$?
# The login of the administrator is where provision.sh left it.
[ -s /tmp/client.cnf ] || exit "$status"
transport=NONE
[ -z "${AUTHORITY:-}" ] || transport=SSL
say "account stackwright_metrics"
{
	own_session
	printf %s "$PLAN" | variable plan
	printf %s "$transport" | variable transport
	printf %s "$METRICS_PASSWORD" | variable password
	cat "$here/current.sql" "$here/metrics.sql"
} | mysql --defaults-file=/tmp/client.cnf --default-character-set=utf8mb4 -NB || fail "the account of the exporter could not be made"
exit "$status"
