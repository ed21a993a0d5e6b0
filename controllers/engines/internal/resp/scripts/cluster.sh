# The members and sentinels of a cache, as scripts ask them, and how one member gives way to another.

# ask HOST PORT WORDS...: one command to a server or sentinel. A process that is frozen takes connections and answers none.
ask() {
  asked=$1 on=$2
  shift 2
  # The options are words by design.
  timeout 3 "$CLIENT" -h "$asked" -p "$on" --user stackwright $TLS_OPTIONS --raw "$@" </dev/null 2>/dev/null
}

member() { ask "$1" "$PORT" INFO replication | tr -d '\r'; }

# told FACTS NAME: the value of a line name:value.
told() { echo "$1" | sed -n "s/^$2://p"; }

copies() { cat "$USERS/copies" 2>/dev/null || echo 0; }

members() {
  echo "$FIRST"
  i=0
  while [ "$i" -lt "$(copies)" ]; do
    printf "$COPY\n" "$i"
    i=$((i + 1))
  done
}

sentinels() { for i in 0 1 2; do printf "$WATCH\n" "$i"; done; }

# elected: the member that most of the three sentinels name; nothing while they do not agree. answered is how many spoke.
elected() {
  for watcher in $(sentinels); do
    ask "$watcher" 26379 SENTINEL get-master-addr-by-name "$GROUP" | head -n 1
  done | sort | uniq -c | while read -r votes name; do
    case $name in '' | *[!A-Za-z0-9.-]*) continue ;; esac
    if [ "$votes" -ge 2 ]; then echo "$name"; fi
  done
}

# heirs: how many copies the sentinels would choose from, as most of them see it.
heirs() {
  for watcher in $(sentinels); do
    ask "$watcher" 26379 SENTINEL replicas "$GROUP" | awk '
      $0 == "flags" { getline flags }
      $0 == "slave-priority" || $0 == "replica-priority" { getline priority; if (priority > 0 && flags !~ /down|disconnected/) heirs++ }
      END { print heirs + 0 }'
  done | sort -n | sed -n 2p
}

# known HOST: most of the sentinels have a copy on their list.
known() {
  [ "$(for watcher in $(sentinels); do
    ask "$watcher" 26379 SENTINEL replicas "$GROUP" | grep -cxF "$1"
  done | grep -c '[1-9]')" -ge 2 ]
}

# ready_heir: some other member says itself that it has what the primary had. The sentinels hear of that only after a while.
ready_heir() {
  for host in $(members); do
    [ "$host" != "$SELF" ] || continue
    facts=$(member "$host")
    if [ "$(told "$facts" role)" = slave ] && [ "$(told "$facts" slave_priority)" -gt 0 ]; then return 0; fi
  done
  return 1
}

# in_step HOST: every copy that follows a primary has all that it wrote: the sentinels may choose any of them.
in_step() {
  facts=$(member "$1")
  offset=$(told "$facts" master_repl_offset)
  following=$(told "$facts" 'slave[0-9]*' | grep -c 'state=online,')
  [ "$following" -gt 0 ] && [ "$(told "$facts" 'slave[0-9]*' | grep -c "state=online,offset=$offset,")" -eq "$following" ]
}

# hand_over HOST: another member becomes the primary in the place of this one. Writes wait meanwhile, so that none is lost.
hand_over() {
  [ "$(heirs)" -gt 0 ] || return 1
  ask "$1" "$PORT" CLIENT PAUSE 60000 WRITE >/dev/null || return 1
  for _ in 1 2 3; do
    if in_step "$1"; then break; fi
    sleep 1
  done
  if in_step "$1"; then
    # One of them is told, once: an answer that is late must not make two failovers.
    for watcher in $(sentinels); do
      if [ "$(ask "$watcher" 26379 PING)" = PONG ]; then
        ask "$watcher" 26379 SENTINEL failover "$GROUP" >/dev/null
        break
      fi
    done
    for _ in 1 2 3 4 5 6; do
      next=$(elected)
      if [ -n "$next" ] && [ "$next" != "$1" ]; then
        ask "$1" "$PORT" REPLICAOF "$next" "$PORT" >/dev/null
        break
      fi
      sleep 1
    done
  fi
  ask "$1" "$PORT" CLIENT UNPAUSE >/dev/null
  [ "$(told "$(member "$1")" role)" = slave ]
}

# list_logins: the server on a host has the logins of the list, and no others.
list_logins() {
  while read -r _ login rules; do
    # The rules are words by design, and -f keeps the patterns among them whole.
    ask "$1" "$PORT" -e ACL SETUSER "$login" reset $rules >/dev/null || return 1
  done <"$USERS/users.acl"
  for login in $(ask "$1" "$PORT" -e ACL USERS); do
    if ! grep -q "^user $login " "$USERS/users.acl"; then
      ask "$1" "$PORT" -e ACL DELUSER "$login" >/dev/null || return 1
    fi
  done
}

list_digest() { cat "$USERS/users.acl" "$USERS/departed" | sha256sum | cut -d ' ' -f 1; }
