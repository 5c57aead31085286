#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Replaces every adapter by one of the present image and settings, without turning a request away: as many new ones
# beside the old ones, and when they are ready, the old ones are stopped one after the other. If they do not get
# ready, it is they that go. (Compose alone would stop all old ones first.) COMPOSE_FILE and COMPOSE_PROJECT_NAME name
# another stack than the one here.
set -euo pipefail
export COMPOSE_FILE=${COMPOSE_FILE:-$(cd "$(dirname "$0")" && pwd)/compose.yaml}

end() {
    docker stop "$1" >/dev/null
    echo "stopped ${1:0:12}: $(docker logs --tail 1 "$1" 2>&1)"
    docker rm "$1" >/dev/null
}

mapfile -t old < <(docker compose ps -q app)
[ "${#old[@]}" -gt 0 ] || { echo "roll.sh: no adapter is running" >&2; exit 1; }
if ! docker compose up -d --wait --no-deps --no-recreate --scale "app=$((2 * ${#old[@]}))" app; then
    echo "roll.sh: the new ones do not get ready; the old ones stay" >&2
    for container in $(docker compose ps -a -q app); do
        case " ${old[*]} " in *" $container "*) ;; *) end "$container" >&2 ;; esac
    done
    exit 1
fi
for container in "${old[@]}"; do end "$container"; done
echo "replaced ${#old[@]}"
