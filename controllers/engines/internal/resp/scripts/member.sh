# Starts a server once it is known what it is: the sentinels say who the primary is, and never this process itself. One that was
# the primary and starts again is empty, or older than its copies: as long as a copy can take its place it waits for that.
. "$CONFIG/cluster.sh"
primary=
alone=0
until [ -n "$primary" ]; do
  named=$(elected)
  if [ "$named" = "$SELF" ]; then
    # That no copy was seen is not enough on a busy node: most of the sentinels have to say again and again that there is none.
    case $(prospects | tr '\n' ' ') in
    *heir*heir*) alone=0 ;;
    *none*none*) alone=$((alone + 1)) ;;
    esac
    ! ready_heir || alone=0
    if [ "$alone" -ge 3 ]; then primary=$SELF; else echo "waiting: a copy may take the place of this member"; fi
  elif [ -n "$named" ]; then
    primary=$named
  elif [ "$(copies)" -eq 0 ] && [ -z "$(for watcher in $(sentinels); do ask "$watcher" 26379 PING; done)" ]; then
    primary=$SELF
  else
    echo "waiting: most of the sentinels have to name a primary"
  fi
  [ -n "$primary" ] || sleep 1
done

umask 077
rm -f "$TMP/leaving"
{
  cat "$CONFIG/server.conf"
  echo "masteruser stackwright"
  echo "masterauth \"$REDISCLI_AUTH\""
  echo "replica-announce-ip $SELF"
  # A copy can be chosen once it has what its primary has: ready.sh says so.
  if [ "$primary" != "$SELF" ]; then
    echo "replica-priority 0"
    echo "replicaof $primary $PORT"
  fi
} >"$TMP/server.conf"
list_digest >"$TMP/listed"
echo "starting: the primary is $primary"
exec "$SERVER" "$TMP/server.conf"
