# Stores the archive in the folder ARCHIVE, encrypted, and reads it back. The manifest goes last: what has none is no archive.
set -eu
here=${0%/*}
. "$here/archive.sh"
. "$here/vault.sh"

name=$(fact archive)

# leave takes away what was stored of an archive that is not complete.
leave() {
	cp /tmp/said /tmp/cause
	rclone purge $quickly "vault:$name" >/dev/null 2>&1 || true
	cp /tmp/cause /tmp/said
	unreachable
}

# ago prints a time so many seconds ago as it stands in the names of archives.
ago() { date -u -d "@$(($(date -u '+%s') - $1))" '+%Y%m%d-%H%M%S'; }

# surplus prints the archives beyond KEEP, and those that were begun more than KEEP_SECONDS ago.
surplus() {
	[ -z "${KEEP:-}" ] || head -n "-$KEEP" /tmp/archives
	[ -z "${KEEP_SECONDS:-}" ] || awk -v before="$(ago "$KEEP_SECONDS")" '$0 < before' /tmp/archives
}

# retain removes archives. It runs after this one is complete, which stays.
retain() {
	surplus | sort -u | while read -r old; do
		[ "$old" != "$name" ] || continue
		say "removing $old"
		# Without its manifest it is no archive any more, whatever interrupts the rest.
		rclone deletefile "vault:$old/manifest" && rclone purge "vault:$old" || say "$old is not removed: it is tried again next time"
	done
}

# sweep removes what was begun two days ago and never completed. A folder that cannot be listed is left alone.
sweep() {
	before=$(ago 172800)
	grep -vxF -f /tmp/archives /tmp/folders | while read -r each; do
		[ "$(printf '%s\n' "$each" "$before" | sort | head -n 1)" = "$each" ] && rclone lsf "vault:$each" >/tmp/listed 2>/dev/null || continue
		grep -qx manifest /tmp/listed || {
			say "removing $each, which was never complete"
			rclone purge "vault:$each" || true
		}
	done
}

open_vault
say "storing $name"
transfer copy "$ARCHIVE" "vault:$name" --exclude /manifest || leave
sync
transfer check --download "$ARCHIVE" "vault:$name" --exclude /manifest || leave
transfer copyto "$ARCHIVE/manifest" "vault:$name/manifest" || leave
sync
transfer check --download "$ARCHIVE" "vault:$name" || leave
if listed; then
	retain
	sweep
else
	say "older archives cannot be listed ($(said)): they are looked at next time"
fi
bytes=$(rclone size --json "vault:$name" | sed 's/.*"bytes":\([0-9]*\).*/\1/')
say "$name is complete"
printf '{"archive":"%s","location":"%s","endpoint":"%s","engine":"%s","version":"%s","bytes":%s,"rows":%s,"sha256":"%s"}' \
	"$name" "$LOCATION" "${ENDPOINT:-}" "$ENGINE" "$(fact version)" "$bytes" "$(fact rows)" "$(digest "$ARCHIVE/manifest")" >"$REPORT"
