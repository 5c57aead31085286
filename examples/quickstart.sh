#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Runs the HTTP adapter on an embedded Postgres, sends it 100,000 increments, and proves the totals; --help
# tells more. Needs a JDK 17 or later, and nothing else: the first run builds what it needs.
set -euo pipefail
program=quickstart
# shellcheck source=examples/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

run_java io.everycount.examples.Quickstart "$@"
