// SPDX-License-Identifier: Apache-2.0
package io.everycount.http.metrics;

import io.prometheus.metrics.core.datapoints.DistributionDataPoint;
import io.prometheus.metrics.core.metrics.Histogram;
import io.prometheus.metrics.model.registry.Collector;
import io.prometheus.metrics.model.registry.MultiCollector;
import io.prometheus.metrics.model.snapshots.CounterSnapshot;
import io.prometheus.metrics.model.snapshots.Labels;
import io.prometheus.metrics.model.snapshots.MetricSnapshots;
import io.prometheus.metrics.model.snapshots.Unit;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.Supplier;

/** Requests answered, and connections open. Thread-safe; counting a request is a few additions. */
public final class Traffic implements MultiCollector {
    private static final int STATUS_MIN = 100;
    private static final int STATUS_MAX = 599;

    private final LongAdder[] answered = new LongAdder[STATUS_MAX - STATUS_MIN + 1];
    private final LongAdder increments = new LongAdder();
    private final Histogram requestSeconds = Histogram.builder()
            .name("everycount_http_request_duration_seconds")
            .unit(Unit.SECONDS)
            .help("From a request's first byte to the last of its answer; to the first of a stream of events.")
            .labelNames("method")
            .classicOnly()
            .classicUpperBounds(.0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10)
            .build();
    private final DistributionDataPoint posts = requestSeconds.labelValues("POST");
    private final DistributionDataPoint gets = requestSeconds.labelValues("GET");
    private final DistributionDataPoint others = requestSeconds.labelValues("other");
    private volatile Supplier<Connections> connections = () -> new Connections(0, 0, 0, 0);

    /**
     * What became of connections.
     *
     * @param open at this moment
     * @param accepted so far
     * @param refused so far, because there were too many
     * @param slow cut so far, because a client took too long to send or to take something
     */
    public record Connections(int open, long accepted, long refused, long slow) {}

    /** Nothing answered yet. */
    public Traffic() {
        for (int i = 0; i < answered.length; i++) {
            answered[i] = new LongAdder();
        }
    }

    /**
     * Counts one answer.
     *
     * @param method whatever was sent; only the usual ones are told apart, as clients choose it
     * @param nanos what it took
     */
    public void answered(String method, int status, long nanos) {
        answered[Math.min(Math.max(status, STATUS_MIN), STATUS_MAX) - STATUS_MIN].increment();
        (switch (method) {
                    case "POST" -> posts;
                    case "GET" -> gets;
                    default -> others;
                })
                .observe(nanos / 1e9);
    }

    /** Counts increments that a request brought and that were counted; grows while the database is away, too. */
    public void counted(int more) {
        increments.add(more);
    }

    /** Who knows about connections. */
    public void connections(Supplier<Connections> known) {
        connections = known;
    }

    /** How long requests took, a metric of its own kind. */
    Collector durations() {
        return requestSeconds;
    }

    @Override
    public MetricSnapshots collect() {
        CounterSnapshot.Builder requests = Series.counters(
                "http_requests", "Requests answered, by status; those the server itself turned away included.");
        for (int i = 0; i < answered.length; i++) {
            long count = answered[i].sum();
            if (count > 0) {
                requests.dataPoint(Series.count(count, Labels.of("status", Integer.toString(STATUS_MIN + i))));
            }
        }
        Connections now = connections.get();
        return MetricSnapshots.of(
                requests.build(),
                Series.counter(
                        "http_increments",
                        "Increments counted, whatever their deltas, drained from the cells or not.",
                        increments.sum()),
                Series.gauge("http_connections", "Connections open.", now.open()),
                Series.counter("http_connections_accepted", "Connections accepted.", now.accepted()),
                Series.counter("http_connections_refused", "Connections beyond the limit.", now.refused()),
                Series.counter("http_connections_slow", "Connections cut because a client was slow.", now.slow()));
    }
}
