# Runs nginx in front of the primary that the sentinel beside it names. Sessions with another one are ended at once: a client that
# waited for a dead primary would wait for long.
conf="$TMP/nginx.conf"
server() {
  echo "server {"
  echo "  listen $1 so_keepalive=60s:10s:3;"
  if [ -e /proc/net/if_inet6 ]; then echo "  listen [::]:$1 so_keepalive=60s:10s:3 ipv6only=on;"; fi
  if [ -n "$host" ]; then echo "  proxy_pass \$primary:$1;"; else echo '  return "";'; fi
  echo "}"
}

render() {
  read -r host <"$FRONT/primary" || host=
  case $host in *[!A-Za-z0-9.-]*) host= ;; esac
  if nginx -V 2>&1 | grep -q -e '--with-stream=dynamic'; then
    for module in /usr/lib/nginx/modules /usr/lib64/nginx/modules /etc/nginx/modules; do
      if [ -e "$module/ngx_stream_module.so" ]; then
        echo "load_module $module/ngx_stream_module.so;"
        break
      fi
    done
  fi
  echo "worker_processes 1; worker_shutdown_timeout 1s; pid $TMP/nginx.pid; error_log stderr warn;"
  echo "events { worker_connections 16384; }"
  echo "stream {"
  echo "resolver $(sed -n 's/^nameserver  *\([^ %]*\).*/\1/p' /etc/resolv.conf | sed 's/.*:.*/[&]/' | tr '\n' ' ') valid=1s;"
  echo "resolver_timeout 2s; proxy_connect_timeout 2s; proxy_timeout 365d; proxy_socket_keepalive on;"
  if [ -n "$host" ]; then echo "map \$server_port \$primary { default $host; }"; fi
  for port in $PORTS; do server "$port"; done
  echo "}"
}

seen=
running=
trap 'kill $running; wait $running; exit 0' TERM INT
while :; do
  present=$(cat "$FRONT/primary" 2>/dev/null)
  if [ -e "$FRONT/primary" ] && [ "$present" != "$seen" ] || [ -z "$running" ]; then
    [ -e "$FRONT/primary" ] || echo >"$FRONT/primary"
    render >"$conf"
    if [ -z "$running" ]; then
      nginx -c "$conf" -e stderr -g 'daemon off;' &
      running=$!
    else
      nginx -c "$conf" -e stderr -s reload
    fi
    seen=$present
  fi
  kill -0 "$running" 2>/dev/null || exit 1
  sleep 1 &
  wait $!
done
