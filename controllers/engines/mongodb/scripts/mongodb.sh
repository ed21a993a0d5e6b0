# Read by the other scripts: messages, and what is on the volume.
#
# POSIX sh and the tools that busybox has.

tmp=${TMPDIR:-/tmp}

say() { printf '%s stackwright: %s\n' "$(date -u '+%Y-%m-%d %H:%M:%S')" "$*" >&2; }

fail() {
	say "$*"
	exit 1
}

# run_script NAME: a script of this folder in MongoDB's shell, which tells nobody of it.
run_script() {
	mkdir -p "$tmp/.mongodb/mongosh"
	echo '{"enableTelemetry":false}' >"$tmp/.mongodb/mongosh/config"
	HOME=$tmp mongosh --nodb --norc --quiet --file "$here/$1"
}

# settle makes files and folders survive a crash of the node. A sync that takes no names syncs everything.
settle() { sync "$@" 2>/dev/null || sync; }

# check_image refuses an image that holds another release than the catalog says: the settings are made for that one.
check_image() {
	command -v mongod >/dev/null || fail "the image has no program mongod in PATH; correct the image catalog"
	found=$(mongod --version | sed -n 's/^db version v\([0-9]*\.[0-9]*\).*/\1/p')
	[ "$found" = "$SERIES" ] ||
		fail "the image holds MongoDB $found, but the image catalog says $SERIES; correct the image catalog"
}

# record_series notes by which release the data is kept.
record_series() {
	printf '%s\n' "$SERIES" >"$DATA/stackwright.series.new"
	settle "$DATA/stackwright.series.new"
	mv "$DATA/stackwright.series.new" "$DATA/stackwright.series"
	settle "$DATA"
}

# check_volume refuses a volume with files of somebody else: data is never written over.
check_volume() {
	for entry in "$DATA"/* "$DATA"/.[!.]* "$DATA"/..?*; do
		[ -e "$entry" ] || [ -L "$entry" ] || continue
		case ${entry##*/} in
		lost+found | .snapshot | db | db.new | stackwright.series | stackwright.series.new) ;;
		*) fail "the volume holds $entry, which this database did not write. Nothing is written beside it: give the" \
			"database an empty volume" ;;
		esac
	done
}

# check_data refuses data of another origin, and of a release that this one does not take. The one step that the server makes is
# recorded before it is made.
check_data() {
	written=$(cat "$DATA/stackwright.series" 2>/dev/null || true)
	case $written:$SERIES in
	"$SERIES:$SERIES") ;;
	:*) fail "$DATA/db was not made by this database. Nothing is changed in it: restore the volume, or give the database an" \
		"empty one and move the data with mongodump and mongorestore" ;;
	7.0:8.0)
		say "data of MongoDB $written is taken over by MongoDB $SERIES"
		record_series
		;;
	*) fail "the data was written by MongoDB $written and this is MongoDB $SERIES, which does not take it. Set spec.version back to" \
		"$written, or move the data with mongodump and mongorestore into a new StackDatabase" ;;
	esac
}
