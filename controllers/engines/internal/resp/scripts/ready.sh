# A member is ready when it answers, and, as a copy, has what its primary has. What follows from that is set here too: whether it
# may be chosen, whether it takes writes alone, and the list of logins where that changed while this member was away.
. "$CONFIG/cluster.sh"
set_to() { ask "$HERE" "$PORT" -e CONFIG SET "$1" "$2" >/dev/null; }

facts=$(member "$HERE")
listed=$(list_digest)
if [ -n "$facts" ] && [ "$listed" != "$(cat "$TMP/listed")" ]; then
  list_logins "$HERE" && echo "$listed" >"$TMP/listed"
fi
least=0
[ "$(copies)" -lt 2 ] || least=1
wanted=$(ask "$HERE" "$PORT" CONFIG GET min-replicas-to-write | tail -n 1)
# More than there can be copies is the time until which it hands over.
if [ "${wanted:-$least}" -ne "$least" ] && [ "$wanted" -lt "$(moment)" ]; then set_to min-replicas-to-write "$least"; fi
case $(told "$facts" role) in
master)
  named=$(elected)
  if [ -n "$named" ] && [ "$named" != "$SELF" ]; then
    # It may have been promoted a moment ago, and most of them have yet to hear of it. If not, they make it a copy.
    echo "the sentinels name $named"
    exit 1
  fi
  ;;
slave)
  if [ "$(told "$facts" master_sync_in_progress)" = 1 ]; then set_to replica-priority 0; fi
  if [ "$(told "$facts" master_link_status)" != up ]; then
    if [ "$(elected)" = "$SELF" ] && [ "$(told "$(member "$(told "$facts" master_host)")" role)" = slave ]; then
      # Two follow each other: a sentinel that had yet to hear of a handover sent this one back.
      ask "$HERE" "$PORT" REPLICAOF NO ONE
    fi
    echo "it does not follow its primary"
    exit 1
  fi
  if [ "$(told "$facts" slave_priority)" = 0 ] && [ ! -e "$TMP/leaving" ]; then
    # They learn of it from a primary that lives, within ten seconds.
    if ! known "$SELF"; then
      echo "the sentinels do not know it yet"
      exit 1
    fi
    set_to replica-priority 100
  fi
  ;;
*)
  echo "it does not answer"
  exit 1
  ;;
esac
ask "$HERE" "$PORT" -e PING
