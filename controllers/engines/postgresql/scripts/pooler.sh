# Becomes the pooler. The password of the role that looks up others goes to a file in memory; the pooler reads it from nowhere else.
set -eu
umask 077
printf '"stackwright_pooler" "%s"\n' "$POOLER_PASSWORD" >"$SOCKETS/pooler-login"
unset POOLER_PASSWORD
exec pgbouncer "$CONFIG/pgbouncer.ini"
