# Starts one node. Calls the server's own scripts: the wrappers of some distributions insist on root.
set -eu
PATH=/opt/rabbitmq/sbin:/usr/lib/rabbitmq/bin:$PATH

say() { echo "stackwright: $*"; }

# The cookie has to be a file that only its owner can read, so it cannot be the mounted one, nor stand on the claim, where
# the kubelet opens every file to the pod's group.
umask 077
cat /etc/stackwright/erlang-cookie >"$HOME/.erlang.cookie"
umask 027
DISCOVERY=$(cat /etc/stackwright/peer_discovery)
echo "cluster_formation.peer_discovery_backend = $DISCOVERY" >"$RABBITMQ_CONFIG_FILE"

node() { echo "rabbit@$SET_NAME-$1.$NODES_HOST"; }

# asks NODE EXPRESSION: has a node say true to an Erlang expression.
asks() { [ "$(rabbitmqctl --node "$1" --timeout 10 --silent eval "$2." 2>/dev/null)" = true ]; }

runs() { getent hosts "${1#rabbit@}" >/dev/null && asks "$1" 'rabbit:is_running()'; }

# joins NODE: lists a node for the classic peer discovery, which takes the biggest cluster it sees, then the oldest node.
joins() {
  cat >"$RABBITMQ_CONFIG_FILE" <<EOF
cluster_formation.peer_discovery_backend = classic_config
cluster_formation.classic_config.nodes.1 = $1
cluster_formation.classic_config.nodes.2 = $RABBITMQ_NODENAME
cluster_formation.discovery_retry_limit = 1000000
EOF
}

# The first start lasts until this node has its place in the cluster, so that one that was cut short is a first start again.
settled=$RABBITMQ_MNESIA_BASE/settled

# settles EXPRESSION: writes it down once this node says true to it.
settles() {
  until asks "$RABBITMQ_NODENAME" "$1"; do sleep 5; done
  : >"$settled"
}

# The first node forms the cluster, unless there is one: then its claim was lost, and a second cluster under the same name
# would take half of the clients.
first_node() {
  settles 'rabbit:is_running()' &
  for ordinal in 1 2; do
    other=$(node "$ordinal")
    runs "$other" || continue
    if ! asks "$other" "lists:member('$RABBITMQ_NODENAME', rabbit_nodes:list_members())"; then
      say "joining $other"
      joins "$other"
      return
    fi
    [ ! -d "$RABBITMQ_MNESIA_BASE/$RABBITMQ_NODENAME" ] || return 0
    say "this node has no data, and the cluster that $other runs in counts on it. If the volume is lost for good, tell the" \
      "cluster, and this node joins it anew:" \
      "kubectl exec $SET_NAME-$ordinal -- rabbitmqctl forget_cluster_node $RABBITMQ_NODENAME" >&2
    sleep 20
    exit 1
  done
  say "forming the cluster"
}

# Any other node waits for the first one, and until its own clock is past the start of that one.
further_node() {
  first=$(node 0)
  started='erlang:convert_time_unit(erlang:system_info(start_time) + erlang:time_offset(), native, second)'
  until runs "$first" && asks "$first" "$started < $(date +%s)"; do
    say "waiting for $first"
    sleep 2
  done
  joins "$first"
  settles 'length(rabbit_nodes:list_members()) > 1' &
}

if [ ! -e "$settled" ]; then
  case $POD_NAME in
    *-0) first_node ;;
    # The Kubernetes peer discovery joins the first node by its name, and waits for it.
    *) [ "$DISCOVERY" = k8s ] || further_node ;;
  esac
fi
exec rabbitmq-server
