// SPDX-License-Identifier: Apache-2.0
package io.everycount.http;

import io.everycount.CounterListener;
import io.everycount.http.live.FlushTimes;
import io.everycount.http.metrics.Metrics;

/**
 * Collects for {@code GET /metrics} and the page what only a cache's listener hears: how long flushes take and how large
 * they are. Give {@link #listener} to the cache's builder and this to the server's. Thread-safe; for one
 * cache and one server.
 */
public final class CounterMetrics {
    private final Metrics metrics = new Metrics();
    private final FlushTimes flushTimes = new FlushTimes();

    /** Nothing collected yet. */
    public CounterMetrics() {}

    /** What the cache has to tell. */
    public CounterListener listener() {
        return new FlushListener(metrics.listener(), flushTimes);
    }

    FlushTimes flushTimes() {
        return flushTimes;
    }

    Metrics metrics() {
        return metrics;
    }
}
