# Fetches the archive NAME, or the newest where that is not given, into the folder ARCHIVE and checks it. Nothing else is touched: what
# is wrong with an archive shows before anything is made of it.
set -eu
here=${0%/*}
. "$here/archive.sh"
. "$here/vault.sh"

# fetch ends the pod where it is not the archive that is at fault.
fetch() {
	! transfer "$@" || return 0
	! full || stop ScratchFull "the room for fetching $NAME is full; raise spec.storage.size"
	blame
	return 1
}

# fetch_manifest tells apart what keeps a manifest from being read.
fetch_manifest() {
	! fetch copyto "vault:$NAME/manifest" "$ARCHIVE/manifest" || return 0
	! complains 'bad magic\|too short\|bad header\|checksum did not match' || refuse CorruptArchive "the manifest of $NAME is corrupt ($(said)); use another backup"
	# A short file that does not decrypt ends unexpectedly for rclone.
	! complains 'bad password\|EOF' ||
		refuse WrongKey "$NAME cannot be read with the key in Secret $KEY: it was written with another one, or is cut off. Give the" \
			"database the key that $SERVICE had, or use another backup"
	unreachable
}

open_vault
NAME=${NAME:-$(tail -n 1 /tmp/archives)}
[ -n "$NAME" ] || refuse ArchiveNotFound "there is no backup yet; make one"
grep -qx "$NAME" /tmp/archives || refuse ArchiveNotFound "the place of the backups, $LOCATION, has no archive $NAME; use another backup"
find "$ARCHIVE" -mindepth 1 -maxdepth 1 ! -name lost+found -exec rm -rf {} +
say "fetching $NAME"
fetch_manifest
check_manifest "$NAME"
if ! fetch copy "vault:$NAME" "$ARCHIVE" --exclude /manifest; then
	! complains 'bad password\|bad magic\|too short\|bad header\|truncated\|checksum did not match\|EOF' ||
		refuse CorruptArchive "$NAME is corrupt ($(said)); use another backup"
	unreachable
fi
check_files "$NAME"
say "$NAME is whole"
