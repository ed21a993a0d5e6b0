# Makes the data directory of the primary, or checks the one that is there. Runs before the server in each pod.
#
# The directory is made beside its place and moved there when it is complete, so that a crash at any point leaves either
# nothing or all of it. Its name begins with no dot: the server takes no notice of files below such a folder.
set -eu
. "${0%/*}/mysql.sh"

new=$DATA/mysql.new

# set_accounts gives the accounts that run the server the passwords of the mounted Secret.
set_accounts() {
	start_setup "$1" --skip-grant-tables --skip-replica-start
	{
		own_session
		variable password <"$CREDENTIALS/password"
		cat "$CONFIG/root.sql"
	} | on_setup || fail "the password of root could not be set"
	write_login "$SOCKETS/root.cnf" root "socket=$setup" <"$CREDENTIALS/password"
	{
		own_session
		for name in password replication-password probe-password; do
			variable "$(echo "$name" | tr - _)" <"$CREDENTIALS/$name"
		done
		printf %s "$TRANSPORT" | variable transport
		cat "$CONFIG/accounts.sql"
	} | mysql --defaults-file="$SOCKETS/root.cnf" --default-character-set=utf8mb4 -NB ||
		fail "the accounts of the server could not be set"
	rm "$SOCKETS/root.cnf"
	stop_setup
	record "$1" credentials "$ADMIN_SECRET $TRANSPORT"
}

create() {
	say "making a data directory for MySQL $SERIES"
	rm -rf "$new"
	mkdir "$new"
	mysqld --defaults-file="$CONFIG/setup.cnf" --datadir="$new" --initialize-insecure
	set_accounts "$new"
	record "$new" series "$SERIES"
	settle "$new"/stackwright.* "$new"
	mv "$new" "$DATADIR"
	settle "$DATA"
	say "the data directory is complete"
}

check_image
mkdir -p "$DATA/.tmp"
if [ ! -s "$DATADIR/mysql.ibd" ]; then
	check_empty
	create
	exit 0
fi
check_data
[ -z "$(recorded source)" ] ||
	fail "$DATADIR is that of a read copy. It does not become a primary by itself: restore the volume of the primary"
if [ "$(recorded credentials)" != "$ADMIN_SECRET $TRANSPORT" ]; then
	say "setting the passwords of Secret $ADMIN_SECRET"
	set_accounts "$DATADIR"
fi
