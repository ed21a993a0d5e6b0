# Makes the data directory of a read copy from its primary, or checks the one that is there. Runs before the server in each
# pod of a read copy.
set -eu
. "${0%/*}/mysql.sh"

new=$DATA/mysql.new
seed=$DATA/mysql.seed
login=$SOCKETS/replication.cnf

# ask runs the SQL of standard input on the primary.
ask() { mysql --defaults-file="$login" -NB --raw; }

# primary_answers tries for the given number of seconds.
primary_answers() {
	tries=0
	until echo 'SELECT 1' | ask >/dev/null 2>"$SOCKETS/error"; do
		tries=$((tries + 1))
		[ "$tries" -lt "$1" ] || return 1
		[ $((tries % 15)) -ne 1 ] || say "waiting for the primary: $(tail -n 1 "$SOCKETS/error")"
		sleep 1
	done
}

# facts sets the variables of SQL that say where the primary is and how it is reached.
facts() {
	own_session
	printf %s "$PRIMARY" | variable host
	printf %s "$PORT" | variable port
	printf %s "${AUTHORITY:-}" | variable authority
	variable password <"$CREDENTIALS/replication-password"
}

# follow tells the copy where its primary is. Its threads start with the server.
follow() {
	{
		facts
		cat "$CONFIG/follow.sql"
	} | on_setup || fail "the primary of the copy could not be set"
}

# open_copy starts the copy so that nobody but this script reaches it, and nothing changes in it.
open_copy() { start_setup "$1" --skip-grant-tables --skip-replica-start --read-only=ON --super-read-only=ON; }

# judge says what the data of the copy is to the primary: follows, behind (what it has to read next is gone there), own or other.
judge() {
	{
		own_session
		printf %s "$(recorded source)" | variable source
		echo 'SELECT @@server_uuid, @@global.gtid_executed, @@global.gtid_purged' | ask | tr -d '\n' | variable there
		cat "$CONFIG/judge.sql"
	} | on_setup
}

# copy makes the directory beside its place and moves it there when it is complete. A small server of its own does it.
copy() {
	say "copying the primary"
	rm -rf "$new" "$seed"
	mkdir "$seed"
	set -- --skip-log-bin --innodb-redo-log-capacity=32M
	mysqld --defaults-file="$CONFIG/setup.cnf" --datadir="$seed" --initialize-insecure "$@"
	start_setup "$seed" "$@"
	statement=$({
		facts
		printf %s "$new" | variable folder
		cat "$CONFIG/clone.sql"
	} | on_setup) || fail "the statement that copies could not be made"
	{
		own_session
		printf '%s\n' "$statement"
	} | on_setup || fail "the primary could not be copied"
	stop_setup
	rm -rf "$seed"
	open_copy "$new"
	follow
	stop_setup
	record "$new" series "$SERIES"
	record "$new" source "$(echo 'SELECT @@server_uuid' | ask)"
	settle "$new"/stackwright.* "$new"
	mv "$new" "$DATADIR"
	settle "$DATA"
	say "the copy is complete"
}

check_image
mkdir -p "$DATA/.tmp"
set -- "host=$PRIMARY" "port=$PORT" connect-timeout=5
if [ -n "${AUTHORITY:-}" ]; then
	set -- "$@" ssl-mode=VERIFY_IDENTITY "ssl-ca=$AUTHORITY"
else
	set -- "$@" ssl-mode=DISABLED get-server-public-key
fi
write_login "$login" stackwright_replication "$@" <"$CREDENTIALS/replication-password"

if [ -s "$DATADIR/mysql.ibd" ]; then
	check_data
	[ -n "$(recorded source)" ] ||
		fail "$DATADIR is not that of a read copy. It is not written over: it may be the data of the primary"
	open_copy "$DATADIR"
	follow
	if ! primary_answers 10; then
		stop_setup
		say "the primary does not answer; this copy serves what it has"
		exit 0
	fi
	verdict=$(judge) || fail "the copy could not be compared with its primary"
	stop_setup
	case $verdict in
	follows) exit 0 ;;
	behind) say "the primary dropped what this copy had not read yet; copying again" ;;
	other)
		fail "this copy was made of another database than the primary now holds. It is not written over: when its data is not" \
			"needed, delete the claim of this pod"
		;;
	*)
		fail "this copy holds changes that its primary does not have. It is not written over: move that data to the primary," \
			"then delete the claim of this pod"
		;;
	esac
	rm -rf "$DATADIR"
else
	check_empty
fi
primary_answers 600 || fail "the primary does not answer: $(tail -n 1 "$SOCKETS/error")"
copy
