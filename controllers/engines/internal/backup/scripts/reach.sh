# Tries whether the bucket can be used at all, before the engine makes an archive that could not be stored.
set -eu
here=${0%/*}
. "$here/archive.sh"
. "$here/vault.sh"

open_vault
say "$LOCATION can be used"
