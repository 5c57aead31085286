#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Shows what the usual ways to bring counts to a database lose; --help tells more. Needs a JDK 17 or later,
# and nothing else: the first run builds what it needs.
set -euo pipefail
program=loss
# shellcheck source=examples/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

run_java io.everycount.examples.LossDemo "$@"
