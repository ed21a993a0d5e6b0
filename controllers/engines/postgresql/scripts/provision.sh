# Makes databases and logins as the plan says, and takes logins back. Every step may be repeated. What goes wrong for one
# consumer does not hold up the others.
set -eu
here=${0%/*}
. "$here/postgres.sh"

failed=

# primary_answers waits until the server accepts the administrator.
primary_answers() {
	tries=0
	until [ "$(psql -qAtX -c 'SELECT pg_is_in_recovery()' 2>/tmp/error)" = f ]; do
		tries=$((tries + 1))
		[ "$tries" -lt 600 ] || fail "the server does not answer: $(tail -n 1 /tmp/error)"
		[ $((tries % 15)) -ne 1 ] || say "waiting for the server: $(tail -n 1 /tmp/error)"
		sleep 1
	done
}

# sql runs a script; the arguments after its name are variables.
sql() {
	script=$here/$1
	shift
	for variable in "$@"; do
		set -- "$@" -v "$variable"
		shift
	done
	psql -qAtX -v ON_ERROR_STOP=1 -v "plan=$PLAN" "$@" -f "$script" </dev/null
}

# provision_database makes a database with its three groups.
provision_database() {
	say "database $1"
	set -- "$1" "database=$1" "owner=$1_owner" "readwrite=$1_readwrite" "readonly=$1_readonly"
	sql database.sql "$2" "$3" "$4" "$5" || return 1
	sql reassign.sql "$2" "$3" "$4" "$5" ||
		say "database $1: objects of a login are in use and keep their owner until the next run"
}

# provision_reader gives the role that backups are made with its password.
provision_reader() {
	say "role stackwright_backup"
	PASSWORD_FILE=$READER/password
	export PASSWORD_FILE
	sql reader.sql
}

# provision_pooler lets the pooler look up the passwords of logins.
provision_pooler() {
	say "role stackwright_pooler"
	sql pooler.sql
}

# provision_consumer gives a login its password and its group.
provision_consumer() {
	say "login $4: $2 of database $3"
	case $2 in
	Owner) group=$3_owner role=$3_owner ;;
	ReadWrite) group=$3_readwrite role=none ;;
	ReadOnly) group=$3_readonly role=none ;;
	*) return 1 ;;
	esac
	PASSWORD_FILE=$CONSUMERS/$1/password
	export PASSWORD_FILE
	if [ ! -s "$PASSWORD_FILE" ] || [ "$(cat "$CONSUMERS/$1/username")" != "$4" ]; then
		say "login $4: its Secret has no password or another username"
		return 1
	fi
	sql consumer.sql "login=$4" "other=$5" "database=$3" "group=$group" "role=$role"
}

# drop_slots frees what the primary keeps for read copies that are gone.
drop_slots() {
	tries=0
	until [ "$(sql slots.sql "replicas=$1")" = 0 ]; do
		tries=$((tries + 1))
		if [ "$tries" -ge 30 ]; then
			say "a read copy that should be gone is still connected; its slot stays until the next run"
			return 0
		fi
		sleep 1
	done
}

use_programs
own_session
primary_answers
sql begin.sql || fail "the plan cannot be written into the server"
while read -r verb a b c d e; do
	case $verb in
	database) provision_database "$a" ;;
	consumer) provision_consumer "$a" "$b" "$c" "$d" "$e" ;;
	departed) say "login $a: taken back" && sql departed.sql "login=$a" ;;
	reader) provision_reader ;;
	pooler) provision_pooler ;;
	replicas) drop_slots "$a" ;;
	*) false ;;
	esac || failed="$failed, $verb $a $d"
done <"$here/plan"
[ -z "$failed" ] || fail "not done: ${failed#, }"
say "done"
