// SPDX-License-Identifier: Apache-2.0
package io.everycount.http.live;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/** How long the last flushes took, those of all sinks together. Thread-safe. */
public final class FlushTimes {
    private static final int KEPT = 512;

    private final long[] nanos = new long[KEPT];
    private int size;
    private int next;

    /** Nothing heard yet. */
    public FlushTimes() {}

    /**
     * Of the last flushes, at most 512.
     *
     * @param count how many there are
     * @param p50Nanos half of them took no longer
     * @param p99Nanos 99 of 100 took no longer
     */
    record Quantiles(int count, long p50Nanos, long p99Nanos) {}

    /** A batch was written, and took so long. */
    public synchronized void add(long tookNanos) {
        nanos[next] = tookNanos;
        next = (next + 1) % KEPT;
        size = Math.min(KEPT, size + 1);
    }

    /** Null if there was none, or if nobody tells. */
    synchronized @Nullable Quantiles quantiles() {
        if (size == 0) {
            return null;
        }
        long[] sorted = Arrays.copyOf(nanos, size);
        Arrays.sort(sorted);
        return new Quantiles(size, sorted[rank(0.5)], sorted[rank(0.99)]);
    }

    private int rank(double quantile) {
        return (int) Math.ceil(quantile * size) - 1;
    }
}
