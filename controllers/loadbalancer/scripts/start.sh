# Starts nginx with what only the pod knows: its name servers, and whether it has IPv6.
set -eu
state=/tmp/nginx
mkdir -p "$state"

servers=
while read -r word address rest || [ -n "$word" ]; do
  [ "$word" = nameserver ] || continue
  address=${address%%\%*}
  case $address in *:*) address="[$address]" ;; esac
  servers="$servers $address"
done </etc/resolv.conf
if [ -z "$servers" ]; then
  echo "stackwright: /etc/resolv.conf names no name server" >&2
  exit 1
fi
# A Service that is made anew has another address: names are asked for again after ten seconds.
echo "resolver$servers valid=10s;" >"$state/resolver.conf"
echo "resolver_timeout 5s;" >>"$state/resolver.conf"

for port in 8080 8081; do
  if read -r line 2>/dev/null </proc/net/if_inet6; then
    echo "listen [::]:$port;" >"$state/listen-$port.conf"
  else
    : >"$state/listen-$port.conf"
  fi
done

exec nginx -e stderr -c /etc/stackwright/nginx.conf
