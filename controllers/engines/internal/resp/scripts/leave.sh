# Runs before a member is stopped. A copy must not be chosen any more; a primary hands over, and waits for a copy that it can hand
# over to as long as one may come: what is kept in memory only goes with the last member that has it.
. "$CONFIG/cluster.sh"
touch "$TMP/leaving"
ask "$HERE" "$PORT" CONFIG SET replica-priority 0 >/dev/null
attempts=$PATIENCE
while [ "$attempts" -gt 0 ] && [ "$(copies)" -gt 0 ] && [ "$(told "$(member "$HERE")" role)" = master ]; do
  hand_over "$SELF" && break
  attempts=$((attempts - 1))
  sleep 1
done
exit 0
