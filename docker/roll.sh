#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Replaces every adapter by one of the present image and settings, without turning a request away: as many new ones
# beside the old ones, and when they are ready, the old ones are stopped one after the other. (Compose alone would
# stop them all first.) COMPOSE_FILE and COMPOSE_PROJECT_NAME name another stack than the one here.
set -euo pipefail
export COMPOSE_FILE=${COMPOSE_FILE:-$(cd "$(dirname "$0")" && pwd)/compose.yaml}

mapfile -t old < <(docker compose ps -q app)
[ "${#old[@]}" -gt 0 ] || { echo "roll.sh: no adapter is running" >&2; exit 1; }
docker compose up -d --wait --no-deps --no-recreate --scale "app=$((2 * ${#old[@]}))" app
for container in "${old[@]}"; do
    docker stop "$container" >/dev/null
    echo "stopped ${container:0:12}: $(docker logs --tail 1 "$container" 2>&1)"
    docker rm "$container" >/dev/null
done
echo "replaced ${#old[@]}"
