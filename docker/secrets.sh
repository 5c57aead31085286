#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Makes the passwords and API keys of the stack, in docker/secrets or the directory in EVERYCOUNT_SECRETS. What is
# there stays as it is. Everybody's files in a directory of yours alone: containers read them as other users.
set -euo pipefail
cd "$(dirname "$0")"
umask 077
export EVERYCOUNT_SECRETS="${EVERYCOUNT_SECRETS:-$PWD/secrets}"
secrets=$EVERYCOUNT_SECRETS
image=${EVERYCOUNT_IMAGE:-everycount:local}

mkdir -p "$secrets/api-keys"
chmod 700 "$secrets"
chmod 755 "$secrets/api-keys"

# Appears whole, or not at all.
keep() { chmod 444 "$1.new" && mv "$1.new" "$1" && echo "made $1"; }

for name in postgres-password database-password grafana-password; do
    [ -e "$secrets/$name" ] && continue
    head -c 24 /dev/urandom | od -An -v -tx1 | tr -d ' \n' >"$secrets/$name.new"
    keep "$secrets/$name"
done

# api_key NAME ID SCOPE: the secret is in the file NAME, its hash in api-keys/keys.
api_key() {
    [ -e "$secrets/$1" ] && return
    docker image inspect "$image" >/dev/null 2>&1 || docker compose -f compose.yaml build app
    docker run --rm --network none --read-only --cap-drop ALL --user "$(id -u):$(id -g)" \
        -v "$secrets/api-keys:/run/api-keys" "$image" \
        keys create --file /run/api-keys/keys --scope "$3" "$2" >"$secrets/$1.new"
    chmod 444 "$secrets/api-keys/keys"
    keep "$secrets/$1"
}
api_key client-key client write
api_key reader-key reader read
