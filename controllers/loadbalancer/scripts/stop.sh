# Lets the endpoints forget the pod, then lets nginx finish its requests, and waits until it has.
state=/tmp/nginx
sleep 5
kill -QUIT "$(cat "$state/nginx.pid")"
while [ -f "$state/nginx.pid" ]; do sleep 1; done
