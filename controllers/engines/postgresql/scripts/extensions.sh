# Does what provision.sh does, and then makes the extensions that the file extensions names, in every database of the plan. What goes
# wrong with one of them holds up nothing else.
set -eu
here=${0%/*}
. "$here/postgres.sh"

status=0
sh "$here/provision.sh" || status=$?
use_programs
own_session
missing=

# extend makes an extension in a database, or keeps what the server says of it for the report.
extend() {
	say "extension $2 in database $1"
	psql -d "$1" -qAtX -v ON_ERROR_STOP=1 -v "extension=$2" -v "owner=$1_owner" -v "readwrite=$1_readwrite" -v "readonly=$1_readonly" \
		-f "$here/extension.sql" </dev/null 2>/tmp/error && return 0
	why=$(sed -n 's/.*\(ERROR\|FATAL\): *//p' /tmp/error | tail -n 1)
	say "$2: ${why:-$(tail -n 1 /tmp/error)}"
	missing="$missing; $2 in database $1: ${why:-$(tail -n 1 /tmp/error)}"
}

# report leaves words where the operator reads them.
report() {
	words=$(printf '%s' "$*" | tr -d '\\"' | tr -c '[:alnum:][:punct:] ' ' ' | cut -c 1-900)
	printf '{"reason":"ExtensionsFailed","message":"%s"}' "$words" >"$REPORT" || true
}

while read -r verb database _; do
	[ "$verb" = database ] || continue
	while read -r extension; do
		extend "$database" "$extension"
	done <"$here/extensions"
done <"$here/plan"
[ -n "$missing" ] || exit "$status"
# Without databases and logins, what became of extensions is not what to mend first.
[ "$status" -ne 0 ] || report "${missing#; }"
fail "not made: ${missing#; }"
