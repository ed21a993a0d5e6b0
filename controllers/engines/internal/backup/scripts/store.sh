# Stores the archive in the folder ARCHIVE, encrypted, and reads it back. The manifest goes last: what has none is no archive.
set -eu
here=${0%/*}
. "$here/archive.sh"
. "$here/vault.sh"

name=$(fact archive)

# leave takes away what was stored of an archive that is not complete.
leave() {
	cp /tmp/said /tmp/cause
	rclone purge "vault:$name" >/dev/null 2>&1 || true
	cp /tmp/cause /tmp/said
	unreachable
}

open_vault
say "storing $name"
transfer copy "$ARCHIVE" "vault:$name" --exclude /manifest || leave
sync
transfer check --download "$ARCHIVE" "vault:$name" --exclude /manifest || leave
transfer copyto "$ARCHIVE/manifest" "vault:$name/manifest" || leave
sync
transfer check --download "$ARCHIVE" "vault:$name" || leave
bytes=$(rclone size --json "vault:$name" | sed 's/.*"bytes":\([0-9]*\).*/\1/')
say "$name is complete"
printf '{"archive":"%s","engine":"%s","version":"%s","bytes":%s,"rows":%s,"sha256":"%s"}' \
	"$name" "$ENGINE" "$(fact version)" "$bytes" "$(fact rows)" "$(digest "$ARCHIVE/manifest")" >"$REPORT"
