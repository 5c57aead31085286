// SPDX-License-Identifier: Apache-2.0
package io.everycount.benchmarks;

import io.everycount.benchmarks.counters.Counting;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** Drains at a fixed rate, from a thread of its own. To be closed before what it drains. */
public final class Drainer implements AutoCloseable {
    private final ScheduledExecutorService executor = Executors.newSingleThreadScheduledExecutor();
    private volatile @Nullable RuntimeException failure;
    private long drained;

    /**
     * Starts draining.
     *
     * @param millis the time from the start of one drain to that of the next; 0 for no drain
     */
    public Drainer(Counting counting, int millis) {
        if (millis > 0) {
            executor.scheduleAtFixedRate(() -> drain(counting), millis, millis, TimeUnit.MILLISECONDS);
        }
    }

    private void drain(Counting counting) {
        try {
            drained += counting.drain();
        } catch (RuntimeException e) {
            failure = e;
            throw e;
        }
    }

    /**
     * Waits for the drain under way, so that no other thread drains from here on.
     *
     * @throws IllegalStateException if a drain failed, and so was the last one
     */
    @Override
    public void close() throws InterruptedException {
        executor.shutdownNow();
        if (!executor.awaitTermination(1, TimeUnit.MINUTES)) {
            throw new IllegalStateException("a drain takes longer than a minute");
        }
        if (failure != null) {
            throw new IllegalStateException("a drain failed", failure);
        }
    }
}
