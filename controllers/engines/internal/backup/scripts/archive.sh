# Read by the other scripts: messages, and what an archive is.
#
# An archive is a folder of files. One of them, manifest, says of what it is a copy, and of every other file its size and
# SHA-256; its last line is "end". What the scripts read in it was written by whoever could write to the place of the backups:
# it is checked before it is used.
#
# POSIX sh and the tools that busybox has: the scripts run in the images of the engines and in that of rclone.

say() { printf '%s stackwright: %s\n' "$(date -u '+%Y-%m-%d %H:%M:%S')" "$*" >&2; }

# tell leaves a reason and words where the operator reads them: in the status of the pod.
tell() {
	reason=$1
	shift
	words=$(printf '%s' "$*" | tr -d '\\"' | tr -c '[:alnum:][:punct:] ' ' ' | cut -c 1-900)
	printf '{"reason":"%s","message":"%s"}' "$reason" "$words" >"$REPORT" || true
}

# refuse ends the pod for a cause that another try does not mend; the Job fails at this exit code.
refuse() {
	tell "$@"
	shift
	say "$*"
	exit 3
}

# stop ends the pod for a cause that may be gone at the next try.
stop() {
	tell "$@"
	shift
	say "$*"
	exit 1
}

# fact prints what the manifest in the folder says of a word.
fact() { sed -n "s/^$1 //p" "$ARCHIVE/manifest" | head -n 1; }

# seal writes the manifest. Standard input are further facts of the engine.
seal() {
	{
		echo 'stackwright-backup 1'
		echo "archive $1"
		echo "engine $ENGINE"
		echo "service $SERVICE"
		cat
		(cd "$ARCHIVE" && for file in *; do
			[ "$file" = manifest.new ] || echo "file $(digest "$file") $(size "$file") $file"
		done)
		echo end
	} >"$ARCHIVE/manifest.new"
	mv "$ARCHIVE/manifest.new" "$ARCHIVE/manifest"
}

digest() { sha256sum "$1" | cut -d ' ' -f 1; }

size() { wc -c <"$1" | tr -d ' '; }

# check_manifest refuses what is not the archive NAME of this service.
check_manifest() {
	[ "$(head -n 1 "$ARCHIVE/manifest")" = 'stackwright-backup 1' ] ||
		refuse ForeignArchive "$1 is no archive that this version can read"
	[ "$(tail -n 1 "$ARCHIVE/manifest")" = end ] || refuse CorruptArchive "the manifest of $1 is cut off; use another backup"
	[ "$(fact engine)" = "$ENGINE" ] || refuse ForeignArchive "$1 is a copy of $(fact engine), and this is $ENGINE"
	[ "$(fact service)" = "$SERVICE" ] || refuse ForeignArchive "$1 is a copy of $(fact service), not of $SERVICE"
	[ "$(fact archive)" = "$1" ] || refuse ForeignArchive "what lies under the name $1 is the archive $(fact archive)"
}

# check_files refuses an archive whose files are not what the manifest says.
check_files() {
	sed -n 's/^file //p' "$ARCHIVE/manifest" >"$ARCHIVE/.files"
	while read -r wanted bytes file; do
		case $file in
		'' | .* | */* | manifest) refuse CorruptArchive "the manifest of $1 names the file $file, which no archive has" ;;
		esac
		[ -f "$ARCHIVE/$file" ] || refuse CorruptArchive "$1 lacks its file $file; use another backup"
		[ "$(size "$ARCHIVE/$file")" = "$bytes" ] ||
			refuse CorruptArchive "file $file of $1 has $(size "$ARCHIVE/$file") bytes and not $bytes; use another backup"
		[ "$(digest "$ARCHIVE/$file")" = "$wanted" ] ||
			refuse CorruptArchive "file $file of $1 is not what was written; use another backup"
	done <"$ARCHIVE/.files"
	rm "$ARCHIVE/.files"
}
