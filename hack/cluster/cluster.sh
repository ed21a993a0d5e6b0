#!/bin/sh
# Builds the launcher into the cache and runs it from the folder it is called in,
# so that relative paths on the command line mean what they say.
set -eu
source=$(cd "$(dirname "$0")" && pwd)
cache=${XDG_CACHE_HOME:-$HOME/.cache}/stackwright
mkdir -p "$cache"
launcher=$cache/cluster-$(printf %s "$source" | cksum | cut -d' ' -f1)
(cd "$source" && GOWORK=off CGO_ENABLED=0 go build -buildvcs=false -o "$launcher" .)
STACKWRIGHT_CLUSTER_SOURCE=$source STACKWRIGHT_CLUSTER_COMMAND=$0 exec "$launcher" "$@"
