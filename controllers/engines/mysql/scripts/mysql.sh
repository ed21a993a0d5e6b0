# Read by the other scripts: messages, logins, and servers that only the container itself can reach.
#
# POSIX sh and the tools that busybox has: the scripts run in the images of Oracle Linux and of Debian.

say() { printf '%s stackwright: %s\n' "$(date -u '+%Y-%m-%d %H:%M:%S')" "$*" >&2; }

fail() {
	say "$*"
	exit 1
}

# settle makes files and folders survive a crash of the node. A sync that takes no names syncs everything.
settle() { sync "$@" 2>/dev/null || sync; }

# check_image refuses an image that holds another release than the catalog says: the settings are made for that one.
check_image() {
	command -v mysqld >/dev/null || fail "the image has no program mysqld in PATH; correct the image catalog"
	found=$(mysqld --no-defaults --version | sed 's/.*Ver \([0-9]*\.[0-9]*\).*/\1/')
	[ "$found" = "$SERIES" ] ||
		fail "the image holds MySQL $found, but the image catalog says $SERIES; correct the image catalog"
}

# write_login FILE USER OPTION...: an option file for clients. The password comes on standard input.
write_login() {
	(
		umask 077
		file=$1
		printf '[client]\nuser=%s\npassword="%s"\n' "$2" "$(sed 's/[\\"]/\\&/g')" >"$file.new"
		shift 2
		[ $# = 0 ] || printf '%s\n' "$@" >>"$file.new"
		mv "$file.new" "$file"
	)
}

# variable NAME sets a variable of SQL to what standard input holds, whatever that is.
variable() { printf "SET @%s = CONVERT(X'%s' USING utf8mb4);\n" "$1" "$(od -An -v -tx1 | tr -d ' \n')"; }

# own_session gives a session its own settings, whatever spec.parameters say.
own_session() {
	echo "SET SESSION sql_mode = 'STRICT_ALL_TABLES', lock_wait_timeout = 60, innodb_lock_wait_timeout = 60, autocommit = 1;"
}

setup=${SOCKETS:-}/setup.sock

# start_setup FOLDER OPTION...: a server that listens on a socket of this container only, and asks nobody for a password. It
# recovers for as long as it takes.
start_setup() {
	folder=$1
	shift
	mysqld --defaults-file="$CONFIG/setup.cnf" --datadir="$folder" --socket="$setup" "$@" &
	server=$!
	until mysqladmin --no-defaults --socket="$setup" --user=root ping >/dev/null 2>&1; do
		kill -0 "$server" 2>/dev/null || fail "the server that prepares the data does not start; its messages are above"
		sleep 0.2 2>/dev/null || sleep 1
	done
}

# on_setup runs the SQL of standard input there.
on_setup() { mysql --no-defaults --socket="$setup" --user=root --default-character-set=utf8mb4 -NB --raw "$@"; }

stop_setup() {
	kill "$server"
	wait "$server" || fail "the server that prepares the data did not stop well; its messages are above"
	server=
}

# record FOLDER NAME VALUE: a file of ours in a data directory, so that it moves with it.
record() {
	printf '%s\n' "$3" >"$1/stackwright.$2.new"
	mv "$1/stackwright.$2.new" "$1/stackwright.$2"
}

recorded() { cat "$DATADIR/stackwright.$1" 2>/dev/null || true; }

# check_empty refuses a volume with files of somebody else: data is never written over.
check_empty() {
	for entry in "$DATA"/* "$DATA"/.[!.]* "$DATA"/..?*; do
		[ -e "$entry" ] || [ -L "$entry" ] || continue
		case ${entry##*/} in
		lost+found | .snapshot | mysql.new | mysql.seed | .tmp) ;;
		mysql)
			rmdir "$entry" 2>/dev/null ||
				fail "$entry has files but no mysql.ibd, so it is not a data directory of MySQL. Nothing is written over it:" \
					"restore the volume, or empty it by hand"
			;;
		*) fail "the volume holds $entry, which this database did not write. Nothing is written beside it: give the" \
			"database an empty volume" ;;
		esac
	done
}

# check_data refuses data of another origin or of a newer release. The one step that the server makes by itself is recorded
# before it is made.
check_data() {
	written=$(recorded series)
	case $written:$SERIES in
	"$SERIES:$SERIES") ;;
	:*) fail "$DATADIR was not made by this database. Nothing is changed in it: restore the volume, or give the database an" \
		"empty one and move the data with mysqldump" ;;
	8.4:9.7)
		say "data of MySQL $written becomes data of MySQL $SERIES; there is no way back"
		record "$DATADIR" series "$SERIES"
		settle "$DATADIR/stackwright.series" "$DATADIR"
		;;
	*) fail "the data was written by MySQL $written and this is MySQL $SERIES, which does not take it. Set spec.version back to" \
		"$written, or move the data with mysqldump into a new StackDatabase" ;;
	esac
}

# A container that is told to end does not wait for the server of a preparation: that is made anew, or recovers.
server=
trap '[ -z "$server" ] || kill "$server"' EXIT
trap 'exit 143' TERM
