// SPDX-License-Identifier: Apache-2.0
package io.everycount.http;

import io.everycount.CounterListener;
import io.everycount.http.live.FlushTimes;
import io.everycount.http.metrics.Metrics;
import io.everycount.jdbc.JdbcCounterSink;

/**
 * Collects for {@code GET /metrics} and the page what the server does not see by itself. Give {@link #listener} to the
 * cache's builder, so that it hears how long flushes and commits take and how large they are, and this to the
 * server's. Thread-safe; for one cache and one server.
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

    /**
     * Shows how a sink's own pool is used. One that works on a pool of the host application has nothing to show; such
     * pools have metrics of their own.
     *
     * @return this
     */
    public CounterMetrics pool(JdbcCounterSink sink) {
        if (sink.poolUse().isPresent()) {
            metrics.observePool(() -> sink.poolUse().orElseThrow());
        }
        return this;
    }

    Metrics metrics() {
        return metrics;
    }
}
