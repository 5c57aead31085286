// SPDX-License-Identifier: Apache-2.0
package io.everycount.http.metrics;

import io.everycount.CounterListener;
import io.everycount.CounterStats;
import io.prometheus.metrics.core.metrics.Histogram;
import io.prometheus.metrics.expositionformats.ExpositionFormatWriter;
import io.prometheus.metrics.expositionformats.ExpositionFormats;
import io.prometheus.metrics.instrumentation.jvm.JvmMetrics;
import io.prometheus.metrics.model.registry.PrometheusRegistry;
import io.prometheus.metrics.model.snapshots.Unit;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** A registry of its own, with everything that a scrape tells. Thread-safe. */
public final class Metrics {
    private final PrometheusRegistry registry = new PrometheusRegistry();
    private final Traffic traffic = new Traffic();
    private final Histogram flushSeconds = Histogram.builder()
            .name("everycount_flush_duration_seconds")
            .unit(Unit.SECONDS)
            .help("How long a batch took to be written, retries of it apart.")
            .labelNames("sink")
            .classicOnly()
            .classicUpperBounds(.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30)
            .register(registry);
    private final Histogram flushKeys = Histogram.builder()
            .name("everycount_flush_keys")
            .help("How many keys a written batch had.")
            .labelNames("sink")
            .classicOnly()
            .classicUpperBounds(1, 10, 100, 1_000, 2_500, 5_000, 10_000, 100_000)
            .register(registry);
    private final AtomicReference<@Nullable CacheCollector> cache = new AtomicReference<>();
    private final ExpositionFormats formats = ExpositionFormats.init();

    /** With the JVM's own metrics. */
    public Metrics() {
        registry.register(traffic);
        JvmMetrics.builder().register(registry);
    }

    /** Takes in a cache's statistics, asked for at each scrape; a second time instead of the first. */
    public void observe(Supplier<CounterStats> stats) {
        CacheCollector next = new CacheCollector(stats);
        CacheCollector before = cache.getAndSet(next);
        if (before != null) {
            registry.unregister(before);
        }
        registry.register(next);
    }

    /** Hears of flushes. */
    public CounterListener listener() {
        return new CounterListener() {
            @Override
            public void flushSucceeded(Flush flush) {
                // Zero keys: it had been applied before, and only the ledger said so.
                if (flush.keys() > 0) {
                    flushSeconds.labelValues(flush.sink()).observe(flush.took().toNanos() / 1e9);
                    flushKeys.labelValues(flush.sink()).observe(flush.keys());
                }
            }
        };
    }

    /** Requests and connections. */
    public Traffic traffic() {
        return traffic;
    }

    /**
     * A scrape's body.
     *
     * @param contentType of it
     * @param body in the format that was asked for
     */
    public record Scrape(String contentType, byte[] body) {}

    /**
     * Everything, as text: OpenMetrics if it is asked for, else Prometheus' own.
     *
     * @param accept the header; null if there is none
     */
    public Scrape scrape(@Nullable String accept) {
        ExpositionFormatWriter writer = formats.getOpenMetricsTextFormatWriter().accepts(accept)
                ? formats.getOpenMetricsTextFormatWriter()
                : formats.getPrometheusTextFormatWriter();
        ByteArrayOutputStream out = new ByteArrayOutputStream(16 << 10);
        try {
            writer.write(out, registry.scrape());
        } catch (IOException e) {
            throw new UncheckedIOException("a buffer in memory cannot fail", e);
        }
        return new Scrape(writer.getContentType(), out.toByteArray());
    }
}
