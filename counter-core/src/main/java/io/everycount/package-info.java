// SPDX-License-Identifier: Apache-2.0
/**
 * Counting at memory speed with exact totals: {@link io.everycount.CounterCache} takes increments, and a
 * {@link io.everycount.sink.CounterSink} keeps the totals.
 */
@NullMarked
package io.everycount;

import org.jspecify.annotations.NullMarked;
