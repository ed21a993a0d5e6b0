# Makes the data directory of a primary from the archive in the folder ARCHIVE. It is made beside its place and moved there when
# all rows are what they were, so that a failure at any point leaves nothing.
set -eu
here=${0%/*}
. "$here/mysql.sh"
. "$here/archive.sh"

# What goes wrong here does not mend by itself.
fail() { refuse RestoreFailed "$*"; }

NAME=${NAME:-$(fact archive)}
work=$DATA/mysql.new

# check_place refuses a volume that holds anything: data is never written over.
check_place() {
	if [ "$(recorded recovery)" = "$NAME" ]; then
		say "$NAME is restored already"
		exit 0
	fi
	for entry in "$DATA"/* "$DATA"/.[!.]* "$DATA"/..?*; do
		[ -e "$entry" ] || [ -L "$entry" ] || continue
		case ${entry##*/} in
		lost+found | .snapshot | .tmp | mysql.new) ;;
		*) refuse NotEmpty "the volume holds $entry. Nothing is restored over it: give the database another name" ;;
		esac
	done
}

# check_version refuses what a newer release wrote.
check_version() {
	written=$(fact version)
	case $written in
	[0-9]*.[0-9]*) ;;
	*) refuse CorruptArchive "the manifest of $NAME names no release of MySQL" ;;
	esac
	case ${written%%.*}${written#*.} in
	*[!0-9]*) refuse CorruptArchive "the manifest of $NAME names no release of MySQL" ;;
	esac
	[ $((${written%%.*} * 1000 + ${written#*.})) -le $((${SERIES%%.*} * 1000 + ${SERIES#*.})) ] ||
		refuse NewerVersion "$NAME was written by MySQL $written and this is MySQL $SERIES: set spec.version to $written"
}

# explain ends the pod with what a program said.
explain() {
	cat /tmp/error >&2
	! grep -qi 'no space left\|is full\|errno: 28\|errcode: 28' /tmp/error ||
		refuse StorageFull "$NAME does not fit into the volume; make the database again with a larger spec.storage.size"
	refuse RestoreFailed "$1: $(grep -v '^$' /tmp/error | tail -n 1)"
}

# as FILE: runs the SQL of standard input with the login in a file. The client obeys nothing but SQL, whatever stands in it.
as() {
	login=$1
	shift
	mysql --defaults-file="$SOCKETS/$login.cnf" --default-character-set=utf8mb4 --binary-mode --max-allowed-packet=1G -NB "$@" 2>/tmp/error
}

# script NAME DATABASE: runs a script as root.
script() {
	{
		own_session
		printf %s "$2" | variable database
		printf %s "$owner" | variable login
		printf %s "$password" | variable password
		cat "$here/$1"
	} | as root --raw
}

# mine makes whoever restores the definer of what runs with the rights of its maker: the logins of then may not exist here. Names are
# in the quotes of the mode that they were made in.
mine() {
	definer='DEFINER=[`"][^`"]*[`"]@[`"][^`"]*[`"]'
	LC_ALL=C sed \
		-e "s/^CREATE $definer \(PROCEDURE\|FUNCTION\) /CREATE \1 /" \
		-e "s/^\(\/\*!50003 CREATE\*\/ \)\/\*!50017 $definer\*\/ \(\/\*!50003 TRIGGER \)/\1\2/" \
		-e "s/^\(\/\*!50106 CREATE\*\/ \)\/\*!50117 $definer\*\/ \(\/\*!50106 EVENT \)/\1\2/" \
		-e "s/^\(\/\*!50013 \)$definer \(SQL SECURITY \(DEFINER\|INVOKER\) \*\/\)$/\1\2/"
}

# load restores one database. What is in it was written by its users and may run code as whoever restores it: that is an account with
# the rights that they had, and never the administrator.
load() {
	say "restoring $1"
	owner=stackwright_$(printf %s "$1" | sha256sum | cut -c 1-20)
	password=$(od -An -N32 -v -tx1 /dev/urandom | tr -d ' \n')
	script lend.sql "$1" || explain "the owner of database $1 cannot be made"
	printf %s "$password" | write_login "$SOCKETS/owner.cnf" "$owner" "socket=$setup"
	rm -f /tmp/broken
	{ gunzip -c "$ARCHIVE/$1.sql.gz" || : >/tmp/broken; } | { mine || : >/tmp/broken; } | as owner || explain "database $1 cannot be restored"
	[ ! -e /tmp/broken ] || refuse RestoreFailed "database $1 cannot be unpacked"
	script settle.sql "$1" || explain "the owner of database $1 cannot be settled"
	rm "$SOCKETS/owner.cnf"
	compare "$1"
}

# compare counts and hashes the rows as the dump did.
compare() {
	script rows.sql "$1" >/tmp/rows.sql || explain "the rows of $1 cannot be read"
	{
		own_session
		echo "SET SESSION time_zone = '+00:00';"
		cat /tmp/rows.sql
	} | as root | comparable >/tmp/found
	[ ! -s /tmp/error ] || explain "the rows of $1 cannot be read"
	comparable <"$ARCHIVE/$1.rows" >/tmp/wanted
	[ "$(digest /tmp/found)" = "$(digest /tmp/wanted)" ] || {
		say "had:" && cat /tmp/wanted >&2
		say "has:" && cat /tmp/found >&2
		refuse RowsDiffer "database $1 was restored from $NAME with other rows than it had; use another backup"
	}
}

# comparable leaves the hashes out where another release may have written a value in other words.
comparable() {
	if [ "$written" = "$SERIES" ]; then cat; else cut -f 1,2; fi
}

check_image
check_place
check_version
rm -rf "$work"
mkdir -p "$work" "$DATA/.tmp"
DATA=$work DATADIR=$work/mysql sh "$CONFIG/initdb.sh" || fail 'the data directory cannot be made; the messages of the server are in the log'
write_login "$SOCKETS/root.cnf" root "socket=$setup" <"$CREDENTIALS/password"
start_setup "$work/mysql" --skip-log-bin --skip-replica-start --event-scheduler=OFF --skip-innodb-doublewrite \
	--innodb-flush-log-at-trx-commit=0 --innodb-strict-mode=OFF --sql-require-primary-key=OFF --max-allowed-packet=1G --max-execution-time=0
for dump in "$ARCHIVE"/*.sql.gz; do
	[ -e "$dump" ] || continue
	database=${dump##*/}
	database=${database%.sql.gz}
	case $database in
	[!a-z]* | *[!a-z0-9_]*) refuse CorruptArchive "$NAME has a database $database, which no archive has" ;;
	esac
	load "$database"
done
stop_setup
rm "$SOCKETS/root.cnf"
record "$work/mysql" recovery "$NAME"
sync
mv "$work/mysql" "$DATADIR"
rm -rf "$work"
sync
say "$NAME is restored"
printf '{"archive":"%s","version":"%s","rows":%s}' "$NAME" "$written" "$(fact rows)" >"$REPORT"
