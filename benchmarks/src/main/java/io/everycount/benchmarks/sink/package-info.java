// SPDX-License-Identifier: Apache-2.0
/** What it costs to write sums to Postgres, by several ways, of which the sink's is one. */
@NullMarked
package io.everycount.benchmarks.sink;

import org.jspecify.annotations.NullMarked;
