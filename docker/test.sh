#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Starts the stack under a name of its own, and breaks it under load: scales it, stops, upgrades and kills adapters,
# restarts and kills the database, cuts networks. Then every total has to be what was acknowledged, and what is in the
# journals. Prints what it measured; exits with 0 only if all of it held. Takes about nine minutes.
#
#     docker/test.sh [--keep] [--page] [PART...]
#
# --keep leaves the stack running; --page writes what was measured into docs/operations.md; PART names functions below.
#
# Needs Docker with Compose, and Linux for its clock. EVERYCOUNT_TEST_COMPOSE names one more Compose file.
set -euo pipefail
cd "$(dirname "$0")"
. ./test-lib.sh

build_and_start() {
    say "Image"
    timed compose build --quiet app
    local bytes base
    bytes=$(docker image inspect -f '{{.Size}}' "$EVERYCOUNT_IMAGE")
    base=$(docker history --human=false --format '{{.Size}} {{.CreatedBy}}' "$EVERYCOUNT_IMAGE" |
        awk '/ENV PATH=\/opt\/jre/ {below = 1; next} below {sum += $1} END {printf "%d", sum}')
    measured "image" "$((bytes / 1000000)) MB, of that the base $((base / 1000000)) MB"
    note "built in $seconds s"
    holds "the image has at most 250 MB" [ "$bytes" -le 250000000 ]
    ./secrets.sh >/dev/null

    say "Start"
    timed compose up -d --wait --scale app=3 "${services[@]}"
    measured "from the command, the image being built, to a stack of three that is healthy" "$seconds s"
    tools=$(compose run -d --no-deps --entrypoint sleep tools infinity)
    holds "it counts" load first --increments 100
}

# From the engine's start of a container to the line that says where it serves, by the engine's clock.
serve_millis() {
    local line
    until line=$(docker logs -t "$1" 2>&1 | grep 'Everycount serves on'); do sleep 0.2; done
    millis_between "$(docker inspect -f '{{.State.StartedAt}}' "$1")" "${line%% *}"
}

start_up() {
    say "Start of a container"
    local kind id all
    for kind in cached plain; do
        all=()
        for _ in 1 2 3 4 5; do
            if [ $kind = cached ]; then
                id=$(compose run -d --no-deps app)
            else
                id=$(compose run -d --no-deps --entrypoint "java @/app/java.args" app serve)
            fi
            all+=("$(serve_millis "$id")")
            docker stop "$id" >/dev/null
            docker rm "$id" >/dev/null
        done
        mapfile -t all < <(printf '%s\n' "${all[@]}" | sort -n)
        measured "container start to ready, $([ $kind = cached ] && echo with || echo without) the AOT cache" \
            "median ${all[2]} ms; ${all[*]}"
    done
}

hardening() {
    say "Rights"
    local id name
    for id in $(compose ps -q); do
        name=$(docker inspect -f '{{.Name}}' "$id")
        holds "$name is not root and cannot write to its image" docker exec "$id" \
            sh -c '[ "$(id -u)" != 0 ] && ! (: >/everycount-test) 2>/dev/null'
        holds "$name shows no password" no_secret_in "$(docker inspect "$id")"
    done
    holds "the database cannot be reached from the balancer" \
        docker exec "$(compose ps -q lb)" bash -c '! timeout 2 bash -c ": >/dev/tcp/db/5432" 2>/dev/null'
    holds "an increment without a key is turned away" test "$(post '' 'key=a')" = 401
    id=$(docker run --rm --network none --user "$(id -u):$(id -g)" -v "$EVERYCOUNT_SECRETS/api-keys:/run/api-keys" \
        "$EVERYCOUNT_IMAGE" keys rotate --file /run/api-keys/keys client 2>/dev/null)
    sleep_until "a key that was just made is taken" accepted "$id"
    everycount doctor --instances 5 | grep -E '^(ok|warn|FAIL) +(connections|database|journal |schema)' || true
}

spread() {
    say "Spread: 3 instances, 15 s"
    declare -A before
    local id taken sum=0 all=()
    for id in $(adapters); do before[$id]=$(taken "$id"); done
    holds "everything is acknowledged" load steady --rate "$rate/s" --duration 15s --connections "$connections"
    for id in $(adapters); do
        taken=$(($(taken "$id") - ${before[$id]}))
        all+=("$taken")
        sum=$((sum + taken))
    done
    measured "increments by instance, three for 15 s" "${all[*]}"
    for taken in "${all[@]}"; do
        holds "$taken is within 20 % of $((sum / ${#all[@]}))" \
            [ $((taken * ${#all[@]} * 10)) -ge $((sum * 8)) -a $((taken * ${#all[@]} * 10)) -le $((sum * 12)) ]
    done
}

queries() {
    say "Dashboards and alerts"
    local expression instance count=0
    start_load queries
    instance=$(query 'up{job="everycount"} == 1' | sed -n 's/.*instance="\([^"]*\)".*/\1/p' | head -n 1)
    while read -r expression; do
        expression=${expression//\\\"/\"}
        expression=${expression//\$instance/$instance}
        count=$((count + 1))
        sleep_until "there is data for $expression" has_data "$expression"
    done < <(grep -ho '"expr": "\([^"\\]\|\\.\)*"' grafana/dashboards/*.json | sed 's/^"expr": "//; s/"$//')
    holds "dashboards have expressions" [ "$count" -gt 80 ]
    measured "expressions of dashboards, each with data" "$count"
    end_load queries "three, steady, while dashboards are asked"
    holds "the alerts fire when they should" \
        docker exec -e TMPDIR=/prometheus "$(compose ps -q prometheus)" promtool test rules /etc/prometheus/rules_test.yml
    holds "no alert fires while all is well" test -z "$(query 'ALERTS{alertstate="firing"}')"
}

graceful() {
    say "Graceful: 1, 3, 5, 2 instances, one stopped, all replaced"
    scale 1
    start_load graceful
    for count in 3 5 2; do scale "$count"; done
    local id
    id=$(adapters | head -n 1)
    timed docker stop "$id"
    note "$(docker logs --tail 1 "$id" 2>&1)"
    measured "an instance stops, drain included" "$seconds s"
    scale 3
    ./roll.sh >"$work/roll.log" 2>&1 || { cat "$work/roll.log"; fail "roll.sh failed"; }
    seen 3
    end_load graceful "scaled 1, 3, 5, 2, one stopped, all replaced, under load"
    holds "no request failed" [ "$status" -eq 0 -a "$unknown" -eq 0 ]
}

crashes() {
    say "Crashes: one that comes back, and one that never does"
    local id
    start_load crash
    id=$(adapters | head -n 1)
    docker exec "$id" bash -c 'for process in /proc/[0-9]*; do
        [ "$(<"$process/comm")" = java ] && kill -9 "${process#/proc/}"; done' || true
    sleep_until "it is started again" restarted "$id"
    seen 3
    docker rm -f "$(adapters | tail -n 1)" >/dev/null
    pause 3
    end_load crash "one killed and started again, one removed for good"
    holds "at most the requests under way at each of the two" [ "$unknown" -le $((2 * connections)) ]
    scale 3
}

database_restarts() {
    say "The database is restarted, and killed"
    start_load database
    compose restart db 2>/dev/null
    pause 3
    docker kill -s KILL "$(compose ps -q db)" >/dev/null
    pause 2
    compose up -d --wait --no-deps db 2>/dev/null
    pause 3
    end_load database "database restarted, then killed"
    holds "no request failed: the journal took them" [ "$status" -eq 0 -a "$unknown" -eq 0 ]
}

networks() {
    say "Networks are cut: from the database, and from the balancer"
    local id
    id=$(adapters | head -n 1)
    start_load data
    cut data "$id"
    pause 8
    join data "$id"
    pause 3
    end_load data "one cut off from the database for 8 s"
    holds "no request failed: the journal took them" [ "$status" -eq 0 -a "$unknown" -eq 0 ]
    start_load back
    cut back "$id"
    pause 8
    join back "$id"
    seen 3
    end_load back "one cut off from the balancer for 8 s"
    holds "at most the requests under way" [ "$unknown" -le "$connections" ]
}

throughput() {
    say "As fast as it goes, 1 and 2 instances on $(nproc) processors, which load and database share"
    local count
    for count in 1 2; do
        scale "$count"
        load "max$count" --rate max --connections 64 --duration 10s >/dev/null
        measured "as fast as it goes, instances: $count" "$(sed -n 's/^a second *//p' "$work/max$count.out" | awk '{print $1}'), one increment a request"
    done
}

totals() {
    say "Totals"
    local records=() name
    for name in $loads; do records+=(--record "/tmp/$name.tsv"); done
    everycount verify --timeout 150s "${records[@]}" | tee "$work/verify.out" || fail "stored is not what was acknowledged"
    compose stop lb app 2>/dev/null
    everycount journal verify "$journal_dir" >"$work/journals.out" || { cat "$work/journals.out"; fail "a journal does not agree with the database"; }
    everycount journal list "$journal_dir" | tee "$work/list.out" | sed 's/  */ /g'
    sql 'CREATE TABLE exported (record jsonb)' >/dev/null
    local instance
    awk 'NR > 1 && NF {print $1}' "$work/list.out" | while read -r instance; do
        everycount journal export "$journal_dir" "$instance" |
            sql "\\copy exported FROM STDIN (FORMAT csv, QUOTE E'\\x01', DELIMITER E'\\x02')" >/dev/null
    done
    local differing
    differing=$(sql "WITH journaled AS (SELECT key, sum(value::bigint) AS value FROM exported, jsonb_each_text(record->'deltas') GROUP BY key)
        SELECT count(*) FROM journaled FULL JOIN everycount_counter AS stored USING (key)
        WHERE journaled.value IS DISTINCT FROM stored.value")
    measured "at the end" "$(sql 'SELECT sum(value) FROM everycount_counter') increments stored, the sum of $(sql 'SELECT count(*) FROM exported') records in $(awk 'NR > 1 && NF' "$work/list.out" | wc -l) journals, key by key"
    holds "the journals' sums are the totals, key by key" [ "$differing" = 0 ]
    holds "nothing is in quarantine, and nothing was lost" \
        [ "$(sql 'SELECT (SELECT count(*) FROM everycount_quarantine) + (SELECT count(*) FROM everycount_gap)')" = 0 ]
}

build_and_start
parts=(start_up hardening spread queries graceful crashes database_restarts networks throughput totals)
[ $# -eq 0 ] || parts=("$@")
for part in "${parts[@]}"; do "$part"; done
[ "$page" = no ] || write_page
say "Passed in $SECONDS s"
