# Before a node of a cluster stops: wait until no quorum queue depends on it, and hand its leaders over.
PATH=/opt/rabbitmq/sbin:/usr/lib/rabbitmq/bin:$PATH
getent hosts "$SET_NAME-1.$NODES_HOST" >/dev/null || exit 0
rabbitmq-upgrade --quiet --timeout 120 await_online_quorum_plus_one || echo "stackwright: stopping without a spare member"
rabbitmq-upgrade --quiet --timeout 30 drain || true
