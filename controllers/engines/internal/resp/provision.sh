attempts=60
pause() {
  attempts=$((attempts - 1))
  if [ "$attempts" -le 0 ]; then
    echo "gave up: $1" >&2
    exit 1
  fi
  echo "waiting: $1"
  sleep 2
}

until [ "$(cat /users/users.acl /users/departed | sha256sum)" = "$LIST_DIGEST  -" ]; do
  pause "the list of logins is not shown here yet"
done
until answer=$(timeout 10 "$@" -e PING 2>&1 </dev/null); do
  pause "the server does not answer ($answer)"
done

while read -r _ login rules; do
  # The rules are words by design, and -f keeps the patterns among them whole.
  timeout 10 "$@" -e ACL SETUSER "$login" reset $rules </dev/null >/dev/null
  echo "login $login is set"
done </users/users.acl
while read -r login; do
  timeout 10 "$@" -e ACL DELUSER "$login" </dev/null >/dev/null
  echo "login $login is taken back"
done </users/departed
echo "done"
