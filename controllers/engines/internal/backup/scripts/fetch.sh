# Fetches the archive NAME, or the newest where that is not given, into the folder ARCHIVE and checks it. Nothing else is touched: what is wrong with an archive shows
# before anything is made of it.
set -eu
here=${0%/*}
. "$here/archive.sh"
. "$here/vault.sh"

# fetch_manifest tells apart what keeps a manifest from being read.
fetch_manifest() {
	! transfer copyto "vault:$NAME/manifest" "$ARCHIVE/manifest" || return 0
	! complains -i 'not found\|no such' || refuse ArchiveNotFound "the place of the backups has no archive $NAME; use another backup"
	! complains 'bad magic\|too short\|bad header' || refuse CorruptArchive "the manifest of $NAME is corrupt ($(said)); use another backup"
	# A short file that does not decrypt ends unexpectedly for rclone.
	! complains 'bad password\|EOF' ||
		refuse WrongKey "$NAME cannot be read with the key in Secret $KEY: it was written with another one, or is cut off. Give the" \
			"database the key that $SERVICE had, or use another backup"
	unreachable
}

open_vault
if [ -z "${NAME:-}" ]; then
	NAME=$(archives | tail -n 1)
	[ -n "$NAME" ] || refuse ArchiveNotFound "there is no backup yet; make one"
fi
find "$ARCHIVE" -mindepth 1 -maxdepth 1 ! -name lost+found -exec rm -rf {} +
say "fetching $NAME"
fetch_manifest
[ -f "$ARCHIVE/manifest" ] || refuse ArchiveNotFound "the place of the backups has no archive $NAME; use another backup"
check_manifest "$NAME"
if ! transfer copy "vault:$NAME" "$ARCHIVE" --exclude /manifest; then
	! complains 'bad password\|bad magic\|too short\|bad header\|truncated\|EOF' ||
		refuse CorruptArchive "$NAME is corrupt ($(said)); use another backup"
	! complains -i 'no space left' || stop ScratchFull "the room for fetching $NAME is full; raise spec.storage.size"
	unreachable
fi
check_files "$NAME"
say "$NAME is whole"
