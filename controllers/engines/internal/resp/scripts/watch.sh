# A sentinel's pod is ready when its proxy leads to a primary that answers.
. "$CONFIG/cluster.sh"
[ "$(ask "$HERE" 26379 PING)" = PONG ] && [ "$(ask "$HERE" "$PORT" ROLE | head -n 1)" = master ]
