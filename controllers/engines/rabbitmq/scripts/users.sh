# Makes virtual hosts and logins. It may run again at any point, and drops nothing but logins that have to go.
#   NODES      names of the nodes; one that runs is enough
#   QUEUE_TYPE default type of queues in each virtual host
#   CONSUMERS  lines of: folder below /logins with username and password, virtual host, configure, write and read pattern
#   DEPARTED   names of logins that have to go
#   PLAN       tells this job from those with other tasks
set -eu
PATH=/opt/rabbitmq/sbin:/usr/lib/rabbitmq/bin:$PATH

say() { echo "stackwright: $*"; }

umask 077
cat /etc/stackwright/erlang-cookie >"$HOME/.erlang.cookie"

# node prints the name of a node whose broker runs.
node() {
  for name in $NODES; do
    if rabbitmqctl --node "$name" --timeout 15 --silent await_startup >/dev/null 2>&1; then
      echo "$name"
      return
    fi
  done
  return 1
}

attempt=1
until broker=$(node); do
  if [ "$attempt" -ge 30 ]; then
    say "no node runs after $attempt attempts; the job is tried again" >&2
    exit 1
  fi
  say "waiting for a node ($attempt of 30)"
  attempt=$((attempt + 1))
  sleep 5
done
say "talking to $broker"
export RABBITMQ_NODENAME="$broker"

ctl() { rabbitmqctl --timeout 60 --silent "$@"; }

# An upgrade to the next release needs the features of this one.
ctl enable_feature_flag all

# The last job that began is the one whose plan counts: an older one that is still about must not undo what that one did.
ctl set_global_parameter stackwright_plan "\"$PLAN\""
check_plan() {
  case $(ctl list_global_parameters) in
    *"$PLAN"*) ;;
    *)
      say "a job with another plan has begun" >&2
      exit 1
      ;;
  esac
}

vhosts=$(ctl list_vhosts name)
users=$(ctl list_users | cut -f 1)

has() { printf '%s\n' "$1" | grep -qxF -e "$2"; }

make_vhost() {
  if has "$vhosts" "$1"; then
    ctl update_vhost_metadata "$1" --default-queue-type "$QUEUE_TYPE"
    return
  fi
  say "making the virtual host $1"
  ctl add_vhost "$1" --default-queue-type "$QUEUE_TYPE"
  vhosts="$vhosts
$1"
}

# Passwords come in by standard input: arguments can be seen by others. rabbitmqctl reads it only where there are two
# arguments, without any option.
make_login() {
  if has "$users" "$1"; then
    timeout 60 rabbitmqctl change_password "$1" <"$2" >/dev/null
    return
  fi
  say "making the login $1"
  timeout 60 rabbitmqctl add_user "$1" <"$2" >/dev/null
  users="$users
$1"
}

# leave_others LOGIN VHOST: takes back what a login may use besides.
leave_others() {
  permissions=$(ctl list_user_permissions "$1")
  printf '%s\n' "$permissions" | cut -f 1 | while read -r other; do
    case $other in
      '' | "$2") continue ;;
    esac
    say "$1 may not use $other any more"
    ctl clear_permissions --vhost "$other" "$1"
  done
}

printf '%s' "$CONSUMERS" | while read -r folder vhost may_configure may_write may_read; do
  login=$(cat "/logins/$folder/username")
  check_plan
  make_vhost "$vhost"
  ! has "$users" "$login" || leave_others "$login" "$vhost"
  make_login "$login" "/logins/$folder/password"
  ctl set_permissions --vhost "$vhost" "$login" "$may_configure" "$may_write" "$may_read"
  say "$login may use $vhost"
done

for login in $DEPARTED; do
  has "$users" "$login" || continue
  check_plan
  say "taking back the login $login"
  # The broker ends the connections of a login that is deleted.
  ctl delete_user "$login"
done
say "done"
