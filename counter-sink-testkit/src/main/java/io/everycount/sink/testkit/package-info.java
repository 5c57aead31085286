// SPDX-License-Identifier: Apache-2.0
/**
 * Proves a {@link io.everycount.sink.CounterSink}: extend {@link
 * io.everycount.sink.testkit.CounterSinkContract}, or {@link
 * io.everycount.sink.testkit.AtLeastOnceSinkContract} for a sink that cannot move a mark together with its totals.
 */
@NullMarked
package io.everycount.sink.testkit;

import org.jspecify.annotations.NullMarked;
