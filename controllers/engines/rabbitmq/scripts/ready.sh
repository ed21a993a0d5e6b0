# Answers whether the broker of this node runs. Alarms are not asked for: they hold up publishers, and a pod that is taken out
# of its Service could not be drained by consumers either.
PATH=/opt/rabbitmq/sbin:/usr/lib/rabbitmq/bin:$PATH
exec rabbitmq-diagnostics --quiet --timeout 15 check_running
