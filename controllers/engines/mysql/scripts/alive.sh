# Ends with 0 while the server responds at all. One that is full or refuses the password responds, and is alive: killing it would
# only begin its recovery anew.
set -eu
mysqladmin --defaults-file="$SOCKETS/probe.cnf" ping
