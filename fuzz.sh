#!/usr/bin/env bash
# Fuzzes the parsers of request bodies and of the journal, one after the other: ./fuzz.sh [seconds for each, 60] [parser...]
# A finding fails, and its input stays in the module's src/test/resources, where every later build runs it.
set -euo pipefail
cd "$(dirname "$0")"

seconds="${1:-60}"
shift || true
[ $# -gt 0 ] || set -- form one many ndjson text bytes frames

log="$(mktemp)"
trap 'rm -f "$log"' EXIT
for parser in "$@"; do
    case "$parser" in
        form | one | many | ndjson | text)
            module=counter-http-adapter test=BodyFuzzTest parses=io.everycount.http.body.Format ;;
        bytes | frames)
            module=counter-core test=JournalFuzzTest parses=io.everycount.journal.Recovery ;;
        *)
            echo "Unknown: $parser. There are form, one, many, ndjson, text (request bodies), bytes, frames (the journal)." >&2
            exit 2 ;;
    esac
    printf '%-7s ' "$parser"
    # Jazzer fuzzes one test a run.
    JAZZER_FUZZ=1 ./mvnw -B -ntp -pl "$module" -am test \
        -Djazzer.hooks=true -Djazzer.max_duration="${seconds}s" \
        -Dtest="$test#$parser" -Dsurefire.failIfNoSpecifiedTests=false >"$log" 2>&1 || {
        tail -n 80 "$log"
        exit 1
    }
    # Without these lines nothing was fuzzed, or blindly, whatever Maven says.
    if ! grep -q "Instrumented $parses " "$log" || ! grep -E '^Done [0-9]+ runs' "$log"; then
        cat "$log"
        echo "Nothing was fuzzed." >&2
        exit 1
    fi
done
