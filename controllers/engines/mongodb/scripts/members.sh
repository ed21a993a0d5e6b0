# Makes the replica set have the members that are wanted.
set -eu
here=${0%/*}
. "$here/mongodb.sh"
run_script members.js || fail "not everything was done; what went wrong is above"
