// SPDX-License-Identifier: Apache-2.0
package io.everycount.micrometer;

import io.everycount.CounterStats;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Statistics for who reads one value after another: a snapshot serves all that are read within a tenth of a second, so
 * that they belong together and cost little. Thread-safe.
 */
final class Snapshots {
    private static final long AGE_MAX_NANOS = 100_000_000;

    private final Supplier<CounterStats> stats;
    private final LongSupplier clockNanos;
    private @Nullable CounterStats last;
    private long takenNanos;

    Snapshots(Supplier<CounterStats> stats, LongSupplier clockNanos) {
        this.stats = stats;
        this.clockNanos = clockNanos;
    }

    synchronized CounterStats now() {
        long now = clockNanos.getAsLong();
        CounterStats known = last;
        if (known == null || now - takenNanos >= AGE_MAX_NANOS) {
            known = stats.get();
            last = known;
            takenNanos = now;
        }
        return known;
    }
}
