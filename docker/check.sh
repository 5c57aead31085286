#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Checks the files here with the programs that read them, as far as they are installed; needs no engine. What has to
# hold of compose.yaml, the Dockerfile, dashboards and alerts is in a test, StackTest, which every build runs.
set -euo pipefail
cd "$(dirname "$0")"

not_run=()
# with PROGRAM WHAT COMMAND...
with() {
    local program=$1 what=$2
    shift 2
    if command -v "$program" >/dev/null; then
        "$@" >"$out" 2>&1 || { cat "$out" >&2; echo "FAILED: $what" >&2; exit 1; }
        echo "ok: $what"
    else
        not_run+=("$what ($program is not installed)")
    fi
}
out=$(mktemp)
trap 'rm -f "$out"' EXIT
PATH=$PATH:/usr/sbin

for script in *.sh postgres/*.sh image/health image/train image/everycount; do
    bash -n "$script"
done
echo "ok: scripts can be read"
with shellcheck "scripts" shellcheck -x -e SC2016 -- *.sh postgres/*.sh image/health image/train image/everycount
with haproxy "haproxy.cfg" haproxy -c -f haproxy/haproxy.cfg
with promtool "prometheus.yml and rules.yml" promtool check config prometheus/prometheus.yml
with promtool "alerts fire when they should" promtool test rules prometheus/rules_test.yml
with hadolint "Dockerfile" hadolint Dockerfile
compose() { EVERYCOUNT_SECRETS=/nonexistent docker compose -f compose.yaml --profile tools config --quiet; }
if docker compose version >/dev/null 2>&1; then
    with docker "compose.yaml" compose
else
    not_run+=("compose.yaml (docker compose is not installed)")
fi
for each in "${not_run[@]}"; do echo "NOT RUN: $each"; done
