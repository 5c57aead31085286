# shellcheck shell=bash disable=SC2034 # variables that test.sh reads
# SPDX-License-Identifier: Apache-2.0
#
# What test.sh does its steps with; to be sourced.

export EVERYCOUNT_IMAGE=${EVERYCOUNT_TEST_IMAGE:-everycount:test} EVERYCOUNT_PORT=${EVERYCOUNT_TEST_PORT:-18080}
rate=${EVERYCOUNT_TEST_RATE:-400}
connections=16
# Grafana only where its image is: its queries are put to Prometheus here.
services=(db app lb prometheus ${EVERYCOUNT_TEST_GRAFANA:+grafana})
journal_dir=/var/lib/everycount/journal
loads=""
work=$(mktemp -d)
export EVERYCOUNT_SECRETS=$work/secrets

say() { printf '\n== %s\n' "$*"; }
note() { printf '  %s\n' "$*"; }

# measured WHAT VALUE: printed, and a row of the table in docs/operations.md.
measured() {
    note "$1: $2"
    printf '| %s | %s |\n' "$1" "$2" >>"$work/measured"
}

write_page() {
    {
        echo '| what | measured |'
        echo '|---|---|'
        cat "$work/measured"
        printf '\nBy `docker/test.sh --page`; processors: %s; engine: Docker %s; images: %s.\n' "$(nproc)" \
            "$(docker version -f '{{.Server.Version}}')" "$(compose images --format json | grep -o '"Repository":"[^"]*","Tag":"[^"]*"' |
                sed 's/"Repository":"\(.*\)","Tag":"\(.*\)"/\1:\2/' | sort -u | grep -v everycount | paste -sd , | sed 's/,/, /g')"
    } >"$work/table"
    awk -v table="$work/table" '/^<!-- \/measured/ {inside = 0} !inside {print}
        /^<!-- measured/ {inside = 1; while ((getline line < table) > 0) print line}' ../docs/operations.md >"$work/page"
    cat "$work/page" >../docs/operations.md
}
fail() { printf 'FAILED: %s\n' "$*" >&2; exit 1; }

# Records are kept for the whole test, so that journals can be summed up.
cat >"$work/test.yaml" <<'YAML'
services:
  app:
    environment: {EVERYCOUNT_RETAIN_TIME: 1h}
YAML
export COMPOSE_PROJECT_NAME=everycount-test
export COMPOSE_FILE=$PWD/compose.yaml:$work/test.yaml${EVERYCOUNT_TEST_COMPOSE:+:$EVERYCOUNT_TEST_COMPOSE}

compose() { docker compose --progress quiet "$@"; }

clean() {
    local status=$?
    if [ $status -ne 0 ]; then
        compose ps -a || true
        compose logs --no-color --tail 15 2>/dev/null || true
    fi
    if [ "$keep" = no ]; then
        docker rm -f ${tools:+"$tools"} >/dev/null 2>&1 || true
        compose down -v --remove-orphans >/dev/null 2>&1 || true
        rm -rf "$work"
    else
        echo "left running, with: export COMPOSE_PROJECT_NAME=$COMPOSE_PROJECT_NAME COMPOSE_FILE=$COMPOSE_FILE EVERYCOUNT_SECRETS=$EVERYCOUNT_SECRETS"
    fi
    exit $status
}
keep=no
page=no
while [ $# -gt 0 ]; do
    case $1 in
        --keep) keep=yes ;;
        --page) page=yes ;;
        *) break ;;
    esac
    shift
done
tools=""
docker version >/dev/null || fail "no Docker engine answers"
compose down -v --remove-orphans >/dev/null 2>&1 || true
trap clean EXIT

# holds WHAT COMMAND...: the command succeeds, or the test has failed.
holds() {
    local what=$1
    shift
    "$@" >"$work/holds.out" 2>&1 || { cat "$work/holds.out" >&2; fail "not so: $what"; }
}

# timed COMMAND...: sets seconds to what it took, with a tenth.
timed() {
    local from
    from=$(date +%s%N)
    "$@" >"$work/timed.out" 2>&1 || { cat "$work/timed.out" >&2; fail "$*"; }
    seconds="$(awk -v n=$(($(date +%s%N) - from)) 'BEGIN {printf "%.1f", n / 1e9}')"
}

millis_between() { echo $((($(date -d "$2" +%s%N) - $(date -d "$1" +%s%N)) / 1000000)); }

# Seconds that something is to last, not a wait for something.
pause() { sleep "$1"; }

# sleep_until WHAT COMMAND...: up to a minute.
sleep_until() {
    local what=$1 end=$((SECONDS + 60))
    shift
    until "$@" >/dev/null 2>&1; do
        [ $SECONDS -lt $end ] || fail "not within a minute: $what"
        sleep 0.2
    done
}

everycount() { docker exec "$tools" everycount "$@"; }
adapters() { compose ps -q app; }
restarted() { [ "$(docker inspect -f '{{.RestartCount}}{{.State.Health.Status}}' "$1")" = 1healthy ]; }
taken() { docker exec "$1" /app/health /metrics | awk '/^everycount_http_increments_total /{printf "%d", $2}'; }
sql() { docker exec -i "$(compose ps -q db)" psql -X -U postgres -d everycount -At -v ON_ERROR_STOP=1 -c "$1"; }
query() { docker exec "$(compose ps -q prometheus)" promtool query instant http://127.0.0.1:9090 "$1"; }
has_data() { [ -n "$(query "$1")" ]; }
count_is() { [ "$(query 'count(up{job="everycount"} == 1)' | sed 's/.*=> \([0-9]*\).*/\1/')" = "$1" ]; }
seen() { sleep_until "Prometheus sees $1 instances" count_is "$1"; }

scale() {
    timed compose up -d --wait --no-deps --no-recreate --scale "app=$1" app
    seen "$1"
    note "$1 in $seconds s, and seen by Prometheus"
}

no_secret_in() {
    local file
    for file in "$EVERYCOUNT_SECRETS"/*-password "$EVERYCOUNT_SECRETS"/*-key; do
        case $1 in *"$(<"$file")"*) return 1 ;; esac
    done
}

# post KEY BODY: the status of a request to the published port.
post() {
    exec 3<>"/dev/tcp/127.0.0.1/$EVERYCOUNT_PORT"
    printf 'POST /increment HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n%sContent-Type: application/x-www-form-urlencoded\r\nContent-Length: %d\r\n\r\n%s' \
        "${1:+Authorization: Bearer $1$'\r\n'}" "${#2}" "$2" >&3
    local status
    read -r _ status _ <&3
    exec 3<&- 3>&-
    echo "$status"
}

accepted() { [ "$(post "$1" 'key=rotated')" = 202 ]; }

# load NAME OPTION...: a run with a record.
load() {
    local name=$1
    shift
    case " $loads " in *" $name "*) ;; *) loads="$loads $name" ;; esac
    everycount load --url http://lb:8080 --record "/tmp/$name.tsv" "$@" >"$work/$name.out" 2>&1
}

# start_load NAME: in the background, until end_load NAME.
start_load() {
    loads="$loads $1"
    load "$1" --rate "$rate/s" --duration 10m --connections "$connections" &
    load_pid=$!
    sleep_until "load runs" docker exec "$tools" bash -c 'for p in /proc/[0-9]*/comm; do [ "$(<"$p")" = java ] && exit 0; done; exit 1'
    pause 3
}

# end_load NAME WHAT: Ctrl-C ends a run with its table and its record. Sets status, and unknown requests.
end_load() {
    pause 3
    docker exec "$tools" bash -c 'for p in /proc/[0-9]*; do [ "$(<"$p/comm")" = java ] && kill -INT "${p#/proc/}"; done; exit 0'
    status=0
    wait "$load_pid" || status=$?
    unknown=$(outcome unknown "$1")
    measured "$2" "acknowledged $(outcome acknowledged "$1"), rejected $(outcome rejected "$1"), unknown $unknown; $(grep -A 1 '^latency' "$work/$1.out" | tail -n 1 | awk '{print "p50 " $1 " " $2 ", p99 " $5 " " $6}')"
    [ "$status" -eq 0 ] || sed 's/^/    /' "$work/$1.out" | grep -E '^ +(answer|[0-9]{3}|no|connection|timeout|the)' || true
}

outcome() { awk -v which="$1" '$1 == which {gsub(",", "", $3); print $3}' "$work/$2.out" | tail -n 1; }

# cut NETWORK CONTAINER, and join NETWORK CONTAINER under the name that Compose gave it.
cut() { docker network disconnect -f "everycount-test_$1" "$2"; }
join() { docker network connect --alias app "everycount-test_$1" "$2"; }
