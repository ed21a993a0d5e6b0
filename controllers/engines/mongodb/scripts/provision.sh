# Makes the logins of the plan, and takes logins back.
set -eu
here=${0%/*}
. "$here/mongodb.sh"
run_script provision.js || fail "not everything was done; what went wrong is above"
