#!/usr/bin/env bash
# Fuzzes the body parsers, one after the other: counter-http-adapter/fuzz.sh [seconds for each, 60] [parser...]
# A finding fails, and its input stays in src/test/resources, where every later build runs it.
set -euo pipefail
cd "$(dirname "$0")/.."

seconds="${1:-60}"
shift || true
[ $# -gt 0 ] || set -- form one many ndjson text

log="$(mktemp)"
trap 'rm -f "$log"' EXIT
for parser in "$@"; do
    printf '%-7s ' "$parser"
    # Jazzer fuzzes one test a run.
    JAZZER_FUZZ=1 ./mvnw -B -ntp -pl counter-http-adapter -am test \
        -Djazzer.hooks=true -Djazzer.max_duration="${seconds}s" \
        -Dtest="BodyFuzzTest#$parser" -Dsurefire.failIfNoSpecifiedTests=false >"$log" 2>&1 || {
        tail -n 80 "$log"
        exit 1
    }
    # Without these lines nothing was fuzzed, or blindly, whatever Maven says.
    if ! grep -q 'Instrumented io.everycount.http.body.Format ' "$log" || ! grep -E '^Done [0-9]+ runs' "$log"; then
        cat "$log"
        echo "Nothing was fuzzed." >&2
        exit 1
    fi
done
