// SPDX-License-Identifier: Apache-2.0
/** Ways to count by key, ours and others, made alike so that a benchmark can compare them. */
@NullMarked
package io.everycount.benchmarks.counters;

import org.jspecify.annotations.NullMarked;
