# Runs a sentinel, and tells the proxy beside it where the primary is.
. "$CONFIG/cluster.sh"
state="$STATE/sentinel.conf"

# primary: what the others say where this one remembers nothing.
primary() {
  for watcher in $(sentinels); do
    [ "$watcher" = "$SELF" ] || ask "$watcher" 26379 SENTINEL get-master-addr-by-name "$GROUP" | head -n 1
  done | head -n 1 | grep . && return
  for host in $(members); do
    if [ "$(told "$(member "$host")" role)" = master ]; then
      echo "$host"
      return
    fi
  done
  echo "$FIRST"
}

# remembered: what a sentinel learned, with the ports that are spoken now.
remembered() {
  sed -n -e "s/^\(sentinel monitor [^ ]* [^ ]*\) [0-9]* .*/\1 $PORT 2/p" \
    -e "s/^\(sentinel known-\(replica\|slave\) [^ ]* [^ ]*\) [0-9]*/\1 $PORT/p" \
    -e '/^sentinel \(myid\|config-epoch\|leader-epoch\|current-epoch\|known-sentinel\) /p' "$state" 2>/dev/null
}

umask 077
memory=$(remembered)
case $memory in
*"sentinel monitor $GROUP "*) ;;
*) memory="sentinel monitor $GROUP $(primary) $PORT 2" ;;
esac
{
  echo "sentinel resolve-hostnames yes"
  echo "sentinel announce-hostnames yes"
  cat "$CONFIG/sentinel.conf"
  grep '^user stackwright ' "$USERS/users.acl"
  echo "$memory" | grep -v ' known-'
  echo "sentinel down-after-milliseconds $GROUP 5000"
  echo "sentinel failover-timeout $GROUP 10000"
  echo "sentinel parallel-syncs $GROUP 1"
  echo "sentinel auth-user $GROUP stackwright"
  echo "sentinel auth-pass $GROUP $REDISCLI_AUTH"
  echo "sentinel sentinel-user stackwright"
  echo "sentinel sentinel-pass $REDISCLI_AUTH"
  echo "sentinel announce-ip $SELF"
  echo "$memory" | grep ' known-'
} >"$state.new"
mv "$state.new" "$state"
"$SERVER" "$state" --sentinel &
sentinel=$!
trap 'kill $sentinel; wait $sentinel; exit 0' TERM INT

# leads: the primary, or nothing while this sentinel does not reach most of the others, or not the primary: clients must not go on
# with one that the others may have replaced.
leads() {
  printf 'SENTINEL CKQUORUM %s\nSENTINEL get-master-addr-by-name %s\nSENTINEL master %s\n' "$GROUP" "$GROUP" "$GROUP" |
    timeout 3 "$CLIENT" -h "$HERE" -p 26379 --user stackwright $TLS_OPTIONS --raw 2>/dev/null | awk '
      NR == 1 { usable = /^OK / }
      usable && NR == 2 { host = $0 }
      $0 == "ip" { getline known }
      $0 == "flags" { getline flags }
      END { if (host != known || flags !~ /down/) print host }'
}

shown=unknown
while kill -0 "$sentinel" 2>/dev/null; do
  now=$(leads)
  if [ "$now" != "$shown" ]; then
    echo "$now" >"$FRONT/primary.new"
    mv "$FRONT/primary.new" "$FRONT/primary"
    echo "the proxy leads to ${now:-nobody}"
    shown=$now
  fi
  sleep 1 &
  wait $!
done
exit 1
