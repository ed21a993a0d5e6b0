# Read by the scripts that run in rclone's image: the place of the backups, through which everything is encrypted.

# open_vault makes TARGET readable and writable as vault:. Names stay readable there, contents do not. A key that is too short
# to be one is refused: what was meant is something else.
open_vault() {
	[ "$(printf '%s' "$PASSPHRASE" | wc -c)" -ge 16 ] ||
		refuse WrongKey "the passphrase of Secret $KEY has fewer than 16 characters; put the right one there"
	export HOME=/tmp RCLONE_CONFIG=/tmp/rclone.conf RCLONE_CACHE_DIR=/tmp/cache RCLONE_STATS=0 RCLONE_RETRIES=3
	export RCLONE_CONFIG_VAULT_TYPE=crypt RCLONE_CONFIG_VAULT_REMOTE="$TARGET"
	export RCLONE_CONFIG_VAULT_FILENAME_ENCRYPTION=off RCLONE_CONFIG_VAULT_DIRECTORY_NAME_ENCRYPTION=false
	RCLONE_CONFIG_VAULT_PASSWORD=$(printf '%s' "$PASSPHRASE" | rclone obscure -)
	export RCLONE_CONFIG_VAULT_PASSWORD
	: >"$RCLONE_CONFIG"
}

# folders lists what is or was to be an archive, oldest first.
folders() { rclone lsf vault: --dirs-only | sed 's#/$##' | grep -E '^[0-9]{8}-[0-9]{6}-[a-z0-9]+$' | sort; }

# archives lists what is complete.
archives() {
	folders | while read -r each; do
		! rclone lsf "vault:$each" 2>/dev/null | grep -qx manifest || echo "$each"
	done
}

# transfer runs rclone; what it says stays in /tmp/said.
transfer() { rclone "$@" >/tmp/said 2>&1; }

# said prints the last complaint of rclone on one line.
said() { grep -v '^$' /tmp/said | tail -n 1 | sed 's/^[0-9/]* [0-9:]* *//'; }

complains() { grep -q "$@" /tmp/said; }

# unreachable ends the pod when the place of the backups cannot be used.
unreachable() {
	! complains -i 'no space left\|disk quota exceeded\|QuotaExceeded' ||
		stop TargetFull "the place of the backups is full; enlarge it or keep fewer backups. Earlier backups are there still"
	stop TargetUnreachable "the place of the backups cannot be used: $(said)"
}
