# Makes databases and logins, and then the account that backups are made with. One does not hold up the other.
set -eu
here=${0%/*}
. "$here/mysql.sh"

status=0
sh "$here/provision.sh" || status=$?
# The login of the administrator is where provision.sh left it.
[ -s /tmp/client.cnf ] || exit "$status"
transport=NONE
[ -z "${AUTHORITY:-}" ] || transport=SSL
say "account stackwright_backup"
{
	own_session
	printf %s "$PLAN" | variable plan
	printf %s "$transport" | variable transport
	variable password <"$READER/password"
	cat "$here/current.sql" "$here/reader.sql"
} | mysql --defaults-file=/tmp/client.cnf --default-character-set=utf8mb4 -NB || fail "the account of the backups could not be made"
exit "$status"
