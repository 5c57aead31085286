// SPDX-License-Identifier: Apache-2.0
package io.everycount.http.metrics;

import io.everycount.CounterListener;
import io.everycount.CounterStats;
import io.everycount.jdbc.PoolUse;
import io.prometheus.metrics.core.metrics.Histogram;
import io.prometheus.metrics.expositionformats.ExpositionFormatWriter;
import io.prometheus.metrics.expositionformats.ExpositionFormats;
import io.prometheus.metrics.instrumentation.jvm.JvmMetrics;
import io.prometheus.metrics.model.registry.MultiCollector;
import io.prometheus.metrics.model.registry.PrometheusRegistry;
import io.prometheus.metrics.model.snapshots.InfoSnapshot;
import io.prometheus.metrics.model.snapshots.InfoSnapshot.InfoDataPointSnapshot;
import io.prometheus.metrics.model.snapshots.Labels;
import io.prometheus.metrics.model.snapshots.MetricSnapshots;
import io.prometheus.metrics.model.snapshots.Unit;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** A registry of its own, with everything that a scrape tells. Thread-safe. */
public final class Metrics {
    private final PrometheusRegistry registry = new PrometheusRegistry();
    private final Traffic traffic = new Traffic();
    private final Histogram flushSeconds = Histogram.builder()
            .name("everycount_flush_duration_seconds")
            .unit(Unit.SECONDS)
            .help("How long a batch took to be written, failed attempts apart.")
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

    /** Shown only if there is a journal. */
    private final Histogram commitSeconds = Histogram.builder()
            .name("everycount_journal_commit_duration_seconds")
            .unit(Unit.SECONDS)
            .help("How long a record took to be written to the journal and forced to disk.")
            .classicOnly()
            .classicUpperBounds(.0001, .00025, .0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5)
            .build();

    private final ExpositionFormats formats = ExpositionFormats.init();

    /** What of a cache or a pool is shown; guarded by this. */
    private @Nullable CacheCollector cache;

    private boolean commitsShown;
    private @Nullable MultiCollector pool;

    /** With the JVM's own metrics. */
    public Metrics() {
        registry.register(traffic);
        registry.register(traffic.durations());
        registry.register((MultiCollector) Metrics::build);
        JvmMetrics.builder().register(registry);
    }

    private static MetricSnapshots build() {
        @Nullable String version = Metrics.class.getPackage().getImplementationVersion();
        return MetricSnapshots.of(InfoSnapshot.builder()
                .name("everycount_build")
                .help("Which version of Everycount this is.")
                .dataPoint(InfoDataPointSnapshot.builder()
                        .labels(Labels.of("version", version == null ? "unknown" : version))
                        .build())
                .build());
    }

    /** Takes in a cache's statistics, asked for at each scrape; a second time instead of the first. */
    public synchronized void observe(Supplier<CounterStats> stats) {
        if (cache != null) {
            registry.unregister(cache);
        }
        cache = new CacheCollector(stats);
        registry.register(cache);
        boolean journaled = stats.get().journal() != null;
        if (journaled && !commitsShown) {
            registry.register(commitSeconds);
        } else if (!journaled && commitsShown) {
            registry.unregister(commitSeconds);
        }
        commitsShown = journaled;
    }

    /** Takes in how a pool is used, asked for at each scrape; a second time instead of the first. */
    public synchronized void observePool(Supplier<PoolUse> use) {
        if (pool != null) {
            registry.unregister(pool);
        }
        pool = () -> connections(use.get());
        registry.register(pool);
    }

    private static MetricSnapshots connections(PoolUse use) {
        return MetricSnapshots.of(
                Series.gauges("pool_connections", "Connections to the database, by what they do.")
                        .dataPoint(Series.point(use.active(), Labels.of("state", "active")))
                        .dataPoint(Series.point(use.idle(), Labels.of("state", "idle")))
                        .build(),
                Series.gauge("pool_connections_limit", "How many there may be.", use.max()),
                Series.gauge("pool_waiting", "Threads that wait for a connection.", use.waiting()));
    }

    /** Hears of flushes and commits. */
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

            @Override
            public void journaled(long record, int keys, Duration took) {
                commitSeconds.observe(took.toNanos() / 1e9);
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
