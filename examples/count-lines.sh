#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Counts the lines of files through Everycount into Postgres, and proves the totals; --help tells more.
# Needs a JDK 17 or later, and nothing else: the first run builds what it needs, later ones do not.
set -euo pipefail
program=count-lines
# shellcheck source=examples/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

main=io.everycount.examples.CountLines
if [ "${1:-}" = --host-app ]; then
    main=io.everycount.examples.HostApp
    shift
fi
run_java "$main" "$@"
