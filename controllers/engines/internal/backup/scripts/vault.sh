# Read by the scripts that run in rclone's image: the place of the backups, through which everything is encrypted.

# open_vault makes TARGET readable and writable as vault:, and ends the pod where it is neither. Names stay readable there, contents
# do not. A key that is too short to be one is refused: what was meant is something else.
open_vault() {
	[ "$(printf '%s' "$PASSPHRASE" | wc -c)" -ge 16 ] ||
		refuse WrongKey "the passphrase of Secret $KEY has fewer than 16 characters; put the right one there"
	export HOME=/tmp RCLONE_CONFIG=/tmp/rclone.conf RCLONE_CACHE_DIR=/tmp/cache RCLONE_STATS=0
	# The container has 256 MiB.
	export GOMEMLIMIT=192MiB RCLONE_TRANSFERS=2 RCLONE_CHECKERS=2 RCLONE_BUFFER_SIZE=4M
	# A server that is away is given up within minutes: the Job tries again, and tells of it.
	export RCLONE_CONTIMEOUT=10s RCLONE_TIMEOUT=1m RCLONE_RETRIES=3 RCLONE_LOW_LEVEL_RETRIES=5
	export RCLONE_CONFIG_VAULT_TYPE=crypt RCLONE_CONFIG_VAULT_REMOTE="$TARGET"
	export RCLONE_CONFIG_VAULT_FILENAME_ENCRYPTION=off RCLONE_CONFIG_VAULT_DIRECTORY_NAME_ENCRYPTION=false
	RCLONE_CONFIG_VAULT_PASSWORD=$(printf '%s' "$PASSPHRASE" | rclone obscure -)
	export RCLONE_CONFIG_VAULT_PASSWORD
	: >"$RCLONE_CONFIG"
	[ -z "${ACCESS:-}" ] || show_access
	listed $quickly || unreachable
}

# quickly is how rclone tries what is not worth its patience: a server that does not answer is given up after twenty seconds.
quickly='--retries 1 --low-level-retries 1'

# show_access has rclone use the Secret that lets pods into the bucket.
show_access() {
	AWS_ACCESS_KEY_ID=$(cat "$ACCESS/AWS_ACCESS_KEY_ID")
	AWS_SECRET_ACCESS_KEY=$(cat "$ACCESS/AWS_SECRET_ACCESS_KEY")
	export AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY
}

# listed leaves in /tmp/folders what is or was to be an archive, and in /tmp/archives what is complete, oldest first.
listed() {
	transfer lsf --dirs-only "$@" vault: || return 1
	sed -n 's#^\([0-9]\{8\}-[0-9]\{6\}-[a-z0-9]*\)/$#\1#p' /tmp/said | sort >/tmp/folders
	transfer lsf --files-only --recursive --include '/[0-9]*/manifest' "$@" vault: || return 1
	sed -n 's#^\([0-9]\{8\}-[0-9]\{6\}-[a-z0-9]*\)/manifest$#\1#p' /tmp/said | sort >/tmp/archives
}

# transfer runs rclone; what it says stays in /tmp/said.
transfer() { rclone "$@" >/tmp/said 2>&1; }

# said prints the end of the last complaint of rclone on one line, which is the cause.
said() {
	grep -v '^$' /tmp/said | tail -n 1 |
		sed 's/^[0-9/]* [0-9:]* *//; s/^[A-Z]* *: //; s/.*last error was: //; s/.*, api error //; s/.*request send failed, [A-Za-z]* "[^"]*": //'
}

complains() { grep -q "$@" /tmp/said; }

# unreachable ends the pod when the place of the backups cannot be used.
unreachable() {
	blame
	stop TargetUnreachable "the place of the backups cannot be used: $(said)"
}

# full says whether a disk of this machine is; rclone asks for the room of a file before it writes one.
full() { complains -i 'no space left\|disk quota exceeded\|remaining disk space'; }

# blame ends the pod where the place of the backups is at fault, and returns where it is not known to be.
blame() {
	! full && ! complains -i 'QuotaExceeded\|StorageFull\|InsufficientStorage' ||
		stop TargetFull "the place of the backups is full; enlarge it or keep fewer backups. Earlier backups are there still"
	[ -n "${BUCKET:-}" ] || return 0
	server="${ENDPOINT:-AWS}"
	! complains 'x509:\|tls: ' ||
		refuse TargetUntrusted "the certificate of $server is not trusted ($(said)); have the platform team put its authority into" \
			"spec.backupTarget.s3.caBundle of the StackClass, or correct endpoint"
	! complains 'InvalidAccessKeyId\|SignatureDoesNotMatch\|AccessDenied\|AuthorizationHeaderMalformed\|InvalidToken\|Forbidden\|[Nn]o.*credential\|get credentials' ||
		denied "$(said)"
	! complains 'NoSuchBucket\|directory not found' || absent
	! complains -i 'no such host\|connection refused\|connection reset\|timeout\|timed out\|deadline\|no route to host\|network is unreachable' ||
		stop TargetUnreachable "$server cannot be reached ($(said)); is it up, is its name right, and do network policies let pods out to it?"
}

denied() {
	refuse TargetDenied "$server refuses the credentials${ACCESS_SECRET:+ in Secret $ACCESS_SECRET}, or what is done with them" \
		"in bucket $BUCKET ($1); put the right ones there, or have them allowed to list, read, write and delete below $LOCATION"
}

# absent asks the server itself what it lacks. For rclone it is the bucket, even where the server knows nobody of that access key.
absent() {
	rclone lsf $quickly -vv --dump bodies vault: 2>&1 |
		sed -n 's#.*<Code>\([A-Za-z]*\)</Code><Message>\([^<]*\)</Message>.*#\1: \2#p' | tail -n 1 >/tmp/code
	! grep -qv '^NoSuchBucket' /tmp/code || denied "$(cat /tmp/code)"
	refuse TargetNotFound "$server has no bucket $BUCKET; make it, or have the platform team correct spec.backupTarget.s3 of the StackClass"
}
