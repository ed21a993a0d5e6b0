# Makes databases and logins as the plan says, and takes logins back. Every step may be repeated. What goes wrong for one
# consumer does not hold up the others.
set -eu
here=${0%/*}
. "$here/mysql.sh"

failed=
client=/tmp/client.cnf

ask() { mysql --defaults-file="$client" --default-character-set=utf8mb4 -NB --raw "$@"; }

# primary_answers waits until the server accepts the administrator.
primary_answers() {
	tries=0
	until [ "$(echo 'SELECT @@global.read_only' | ask 2>/tmp/error)" = 0 ]; do
		tries=$((tries + 1))
		[ "$tries" -lt 600 ] || fail "the server does not answer: $(tail -n 1 /tmp/error)"
		[ $((tries % 15)) -ne 1 ] || say "waiting for the server: $(tail -n 1 /tmp/error)"
		sleep 1
	done
}

# sql SCRIPT... -- NAME VALUE...: runs scripts in one session, with variables. PASSWORD_FILE is one of them where it is set.
sql() {
	scripts=
	while [ "$1" != -- ]; do
		scripts="$scripts $here/$1"
		shift
	done
	shift
	{
		own_session
		printf %s "$PLAN" | variable plan
		while [ $# -gt 1 ]; do
			printf %s "$2" | variable "$1"
			shift 2
		done
		[ -z "${PASSWORD_FILE:-}" ] || variable password <"$PASSWORD_FILE"
		# The names of the scripts hold no spaces.
		cat $scripts
	} | ask
}

# end_sessions of the logins on standard input. A session that is gone already is none.
end_sessions() {
	while read -r login; do
		{
			printf %s "$login" | variable login
			echo "SELECT CONCAT('KILL ', id, ';') FROM information_schema.processlist WHERE user = @login;"
		} | ask | ask --force 2>/dev/null || true
	done
}

provision_database() {
	say "database $1"
	sql current.sql database.sql -- database "$1"
}

# provision_consumer gives a login its password and its rights.
provision_consumer() {
	say "login $4: $2 of database $3"
	PASSWORD_FILE=$CONSUMERS/$1/password
	if [ ! -s "$PASSWORD_FILE" ] || [ "$(cat "$CONSUMERS/$1/username")" != "$4" ]; then
		say "login $4: its Secret has no password or another username"
		return 1
	fi
	lost=$(sql current.sql consumer.sql -- access "$2" database "$3" login "$4" other "$5") || return 1
	PASSWORD_FILE=
	[ -z "$lost" ] || printf '%s\n' "$lost" | end_sessions
}

take_back() {
	say "login $1: taken back"
	gone=$(sql current.sql departed.sql -- login "$1") || return 1
	printf '%s\n' "$gone" | end_sessions
}

set -- "host=$PRIMARY" "port=$PORT" connect-timeout=5
if [ -n "${AUTHORITY:-}" ]; then
	set -- "$@" ssl-mode=VERIFY_IDENTITY "ssl-ca=$AUTHORITY"
else
	set -- "$@" ssl-mode=DISABLED get-server-public-key
fi
printf %s "$ADMIN_PASSWORD" | write_login "$client" stackwright_admin "$@"
unset ADMIN_PASSWORD
primary_answers
sql begin.sql -- || fail "the plan cannot be written into the server"
while read -r verb a b c d e; do
	PASSWORD_FILE=
	case $verb in
	database) provision_database "$a" ;;
	consumer) provision_consumer "$a" "$b" "$c" "$d" "$e" ;;
	departed) take_back "$a" ;;
	*) false ;;
	esac || failed="$failed, $verb $a $d"
done <"$here/plan"
[ -z "$failed" ] || fail "not done: ${failed#, }"
say "done"
