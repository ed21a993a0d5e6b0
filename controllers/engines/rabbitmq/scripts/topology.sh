
# The script above has found a node that runs. This one makes what is declared in virtual hosts: topology.erl says how.
#   QUEUE_TYPE default type of queues in a virtual host that is made
#   VHOSTS     lines of: file beside this script, virtual host
#   PLAN       tells this job from those with other tasks
#   REPORT     file whose content goes to the operator
here=/etc/stackwright
program=$(cat "$here/topology.erl")
: >/tmp/complaints

# An older job ends when it finds another plan than its own.
ctl set_global_parameter stackwright_topology_plan "\"$PLAN\""
vhosts=$(ctl list_vhosts name)

has() { printf '%s\n' "$1" | grep -qxF -e "$2"; }

complain() { printf 'TopologyRefused virtual host %s: %s\n' "$1" "$2" >>/tmp/complaints; }

# make_vhost: the job that makes logins may have been faster.
make_vhost() {
  if has "$vhosts" "$1"; then return; fi
  say "making the virtual host $1"
  ctl add_vhost "$1" --default-queue-type "$QUEUE_TYPE" || has "$(ctl list_vhosts name)" "$1"
}

# declare_in VHOST ITEMS
declare_in() {
  say "virtual host $1"
  if ! said=$(rabbitmqctl --timeout 300 --silent eval "$program" "$1" "$2" "$PLAN"); then
    printf '%s\n' "$said"
    complain "$1" "the broker did not answer; it is asked again"
    return
  fi
  printf '%s\n' "$said" | grep -v '^done$' || true
  if has "$said" another_plan; then
    say "a job with another plan has begun" >&2
    exit 1
  fi
  printf '%s\n' "$said" | sed -n 's/^! //p' >>/tmp/complaints
}

# The broker's programs may read standard input, so that what is read line by line comes in another way.
printf '%s' "$VHOSTS" >/tmp/vhosts
while read -r file vhost <&3; do
  if make_vhost "$vhost"; then
    declare_in "$vhost" "$(cat "$here/$file")"
  else
    complain "$vhost" "it cannot be made"
  fi
done 3</tmp/vhosts

# A virtual host of which nothing is declared any more keeps its queues.
ctl list_global_parameters | cut -f 1 | sed -n 's/^stackwright_topology_of_//p' >/tmp/noted
while read -r vhost <&3; do
  if has "$vhosts" "$vhost" && ! has "$(cut -d ' ' -f 2 /tmp/vhosts)" "$vhost"; then
    declare_in "$vhost" '[]'
  fi
done 3</tmp/noted

[ -s /tmp/complaints ] || { say "done"; exit 0; }
# What differs comes first: only a person can decide about it.
sort -s -k 1,1 /tmp/complaints >/tmp/sorted
reason=$(head -n 1 /tmp/sorted | cut -d ' ' -f 1)
message=$(cut -d ' ' -f 2- /tmp/sorted | tr -d '\\"' | tr -c '[:print:]\n' ' ' | sed 's/ *$//; $!s/$/;/' | tr '\n' ' ' | cut -c 1-900)
printf '{"reason":"%s","message":"%s"}' "$reason" "$message" >"$REPORT"
exit 1
