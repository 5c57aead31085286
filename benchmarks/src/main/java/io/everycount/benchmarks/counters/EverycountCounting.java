// SPDX-License-Identifier: Apache-2.0
package io.everycount.benchmarks.counters;

import io.everycount.CloseReport;
import io.everycount.Counter;
import io.everycount.CounterCache;
import io.everycount.CounterCacheBuilder;
import java.time.Duration;

/** Everycount with its whole pipeline, into a sink that only sums up. */
public final class EverycountCounting implements Counting {
    static final int MAX_KEYS = 4_000_000;
    private static final Duration PATIENCE = Duration.ofMinutes(1);

    private final SummingSink sink = new SummingSink();
    private final CounterCache cache;

    /**
     * Starts a cache.
     *
     * @param drainMillis how often it drains by itself; 0 for only when asked
     */
    public EverycountCounting(int drainMillis) {
        this(drainMillis, true);
    }

    /**
     * Starts a cache.
     *
     * @param drainMillis how often it drains by itself; 0 for only when asked
     * @param retains whether it retains what it has written, as it does unless told otherwise
     */
    EverycountCounting(int drainMillis, boolean retains) {
        CounterCacheBuilder builder = CounterCache.builder(sink).maxKeys(MAX_KEYS);
        if (!retains) {
            builder.retain(Duration.ZERO, 0);
        }
        cache = drainMillis == 0
                ? builder.flushOnlyWhenAsked().build()
                : builder.flushInterval(Duration.ofMillis(drainMillis)).build();
    }

    /** A handle to hold. */
    public Counter handle(String key) {
        return cache.counter(key);
    }

    @Override
    public void add(String key) {
        cache.add(key, 1);
    }

    @Override
    public void add(byte[] utf8, int offset, int length) {
        cache.add(utf8, offset, length, 1);
    }

    @Override
    public long drain() {
        try {
            cache.flush(PATIENCE);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
        return sink.take();
    }

    @Override
    public void close() {
        try {
            CloseReport report = cache.close(PATIENCE);
            if (!report.isComplete()) {
                throw new IllegalStateException("not everything was saved: " + report);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
