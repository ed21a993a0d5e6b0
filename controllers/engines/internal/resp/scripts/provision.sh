# Makes the logins on every member, and has the primary be one of those that stay.
. "$CONFIG/cluster.sh"
attempts=60
pause() {
  attempts=$((attempts - 1))
  if [ "$attempts" -le 0 ]; then
    echo "gave up: $1" >&2
    exit 1
  fi
  echo "waiting: $1"
  sleep 2
}

until [ "$(list_digest)" = "$LIST_DIGEST" ] && [ "$(copies)" = "$COPIES" ]; do
  pause "the list of logins is not shown here yet"
done

# Those that do not answer after a while take the list when they start, or when it is shown to them.
tries=15
for host in $(members); do
  until list_logins "$host"; do
    tries=$((tries - 1))
    [ "$tries" -gt 0 ] || break
    sleep 2
  done
done
until primary=$(elected) && [ -n "$primary" ] && list_logins "$primary"; do
  pause "the logins have to be on the primary${primary:+ $primary}"
done
echo "the primary has the logins"

# may STAY: whether a member may be the primary when this Job is done.
may() {
  for stays in $STAYING; do
    if [ "$stays" = "$1" ]; then return 0; fi
  done
  return 1
}
until may "$(elected)"; do
  for host in $(members); do
    if ! may "$host"; then ask "$host" "$PORT" CONFIG SET replica-priority 0 >/dev/null || true; fi
  done
  primary=$(elected)
  if [ -n "$primary" ] && hand_over "$primary"; then continue; fi
  pause "a member that stays has to become the primary"
done
echo "the primary is $(elected)"
