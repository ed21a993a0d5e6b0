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

# copies_of WATCHER: what a sentinel knows of the copies. It fails where it does not answer.
copies_of() { ask "$1" 26379 -e SENTINEL replicas "$GROUP"; }

# choice: the copies that a sentinel would choose, of what it says of them all.
choice() {
  awk '
    $0 == "ip" { getline host }
    $0 == "flags" { getline flags }
    $0 == "slave-priority" || $0 == "replica-priority" { getline priority; if (priority > 0 && flags !~ /down|disconnected/) print host }'
}

# heirs WATCHER: the copies that a sentinel would choose from.
heirs() { copies_of "$1" | choice; }

# prospects: of each sentinel that answers, whether it has a copy that it would choose.
prospects() {
  for watcher in $(sentinels); do
    listed=$(copies_of "$watcher") || continue
    if [ -n "$(echo "$listed" | choice)" ]; then echo heir; else echo none; fi
  done
}

# fresh: no sentinel has heard last of a copy that it was a primary. They ask every ten seconds, and one that has not asked since the
# last failover would take a copy that is promoted for one that has been a primary all the time, and send it back.
fresh() {
  for watcher in $(sentinels); do
    copies_of "$watcher"
  done | awk '$0 == "role-reported" { getline; if ($0 == "master") stale = 1 } END { exit stale }'
}

# known HOST: most of the sentinels have a copy on their list.
known() {
  [ "$(for watcher in $(sentinels); do
    copies_of "$watcher" | grep -cxF "$1"
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

# in_step HOST WATCHER: whichever copy this sentinel chooses, it has all that the primary wrote. stepped are those copies.
in_step() {
  stepped=
  offset=$(told "$(member "$1")" master_repl_offset)
  candidates=$(heirs "$2")
  [ -n "$offset" ] && [ -n "$candidates" ] || return 1
  for host in $candidates; do
    facts=$(member "$host")
    [ "$(told "$facts" master_host)" = "$1" ] && [ "$(told "$facts" master_link_status)" = up ] || return 1
    [ "$(told "$facts" slave_repl_offset)" -ge "$offset" ] || return 1
  done
  stepped=$candidates
}

# promoted: the copy that was chosen, as soon as it says so itself.
promoted() {
  for host in $stepped; do
    if [ "$(told "$(member "$host")" role)" = master ]; then
      echo "$host"
      return
    fi
  done
}

# undisputed HOST WATCHER: this primary stays it. The sentinel that was told to replace it does not, and no other member was promoted:
# those that could be say so.
undisputed() {
  [ "$(elected)" = "$1" ] || return 1
  stays=$(ask "$2" 26379 SENTINEL master "$GROUP" | awk -v host="$1" '
    $0 == "ip" { getline known }
    $0 == "flags" { getline flags }
    END { if (known == host && flags !~ /failover|down/) print "yes" }')
  [ "$stays" = yes ] || return 1
  for host in $(members); do
    [ "$host" != "$1" ] || continue
    role=$(told "$(member "$host")" role)
    [ "$role" != master ] || return 1
    for chosen in $stepped; do
      if [ "$chosen" = "$host" ] && [ "$role" != slave ]; then return 1; fi
    done
  done
}

# moment: now, in seconds. Those since 1970 do not fit into a setting for long.
moment() { echo $(($(date +%s) - 1700000000)); }

# refuse HOST TIME: no write is taken until then: nobody has as many copies. A pause would hold up what the sentinels ask as well, and
# they would replace the primary a second time.
refuse() { ask "$1" "$PORT" -e CONFIG SET min-replicas-to-write "$2" >/dev/null; }

# hand_over HOST: another member becomes the primary in the place of this one. This one refuses writes meanwhile, so that none is lost,
# and takes them again only when surely nobody else does.
hand_over() {
  stepped=
  for watcher in $(sentinels); do
    if [ "$(ask "$watcher" 26379 PING)" = PONG ]; then break; fi
  done
  [ -n "$(heirs "$watcher")" ] && fresh && refuse "$1" "$(($(moment) + 60))" || return 1
  for _ in 1 2 3 4 5; do
    # The time is set anew: from here on it may take as long as a sentinel tries.
    if in_step "$1" "$watcher" && refuse "$1" "$(($(moment) + 60))"; then
      # One sentinel is told, once: two would choose two.
      ask "$watcher" 26379 SENTINEL failover "$GROUP" >/dev/null
      break
    fi
    stepped=
    sleep 1
  done
  gave_way "$1" "$watcher"
}

# gave_way HOST WATCHER: waits until it is certain who the primary is, and says whether it is another one. This one follows whoever
# was promoted at once: a sentinel that has yet to hear of it may send that one back, and finds nobody to follow then. It stays until
# most of the sentinels name the other one.
gave_way() {
  role=master
  for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
    named=$(elected)
    [ "$named" != "$1" ] || named=
    next=${named:-$(promoted)}
    if [ -n "$next" ]; then ask "$1" "$PORT" REPLICAOF "$next" "$PORT" >/dev/null; fi
    role=$(told "$(member "$1")" role)
    if [ "$role" = slave ] && [ -n "$named" ]; then break; fi
    if [ "$role" = master ] && undisputed "$1" "$2"; then
      refuse "$1" 0
      return 1
    fi
    sleep 1
  done
  [ "$role" = slave ] && refuse "$1" 0
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
