// SPDX-License-Identifier: Apache-2.0
package io.everycount.http.metrics;

import io.prometheus.metrics.model.registry.MultiCollector;
import io.prometheus.metrics.model.snapshots.CounterSnapshot;
import io.prometheus.metrics.model.snapshots.CounterSnapshot.CounterDataPointSnapshot;
import io.prometheus.metrics.model.snapshots.GaugeSnapshot;
import io.prometheus.metrics.model.snapshots.GaugeSnapshot.GaugeDataPointSnapshot;
import io.prometheus.metrics.model.snapshots.Labels;
import io.prometheus.metrics.model.snapshots.MetricSnapshots;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.Supplier;

/** Requests answered, by status, and connections open. Thread-safe; counting one is one addition. */
public final class Traffic implements MultiCollector {
    private static final int STATUS_MIN = 100;
    private static final int STATUS_MAX = 599;

    private final LongAdder[] answered = new LongAdder[STATUS_MAX - STATUS_MIN + 1];
    private final LongAdder increments = new LongAdder();
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

    /** Counts one answer. */
    public void answered(int status) {
        answered[Math.min(Math.max(status, STATUS_MIN), STATUS_MAX) - STATUS_MIN].increment();
    }

    /** Counts increments that a request brought and that were counted; grows while the database is away, too. */
    public void counted(int more) {
        increments.add(more);
    }

    /** Who knows about connections. */
    public void connections(Supplier<Connections> known) {
        connections = known;
    }

    @Override
    public MetricSnapshots collect() {
        CounterSnapshot.Builder requests = CounterSnapshot.builder()
                .name("everycount_http_requests")
                .help("Requests answered, by status; those the server itself turned away included.");
        for (int i = 0; i < answered.length; i++) {
            long count = answered[i].sum();
            if (count > 0) {
                requests.dataPoint(CounterDataPointSnapshot.builder()
                        .value(count)
                        .labels(Labels.of("status", Integer.toString(STATUS_MIN + i)))
                        .build());
            }
        }
        Connections now = connections.get();
        return MetricSnapshots.of(
                requests.build(),
                counter(
                        "everycount_http_increments",
                        "Increments counted, whatever their deltas, drained from the cells or not.",
                        increments.sum()),
                GaugeSnapshot.builder()
                        .name("everycount_http_connections")
                        .help("Connections open.")
                        .dataPoint(GaugeDataPointSnapshot.builder()
                                .value(now.open())
                                .build())
                        .build(),
                counter("everycount_http_connections_accepted", "Connections accepted.", now.accepted()),
                counter("everycount_http_connections_refused", "Connections beyond the limit.", now.refused()),
                counter("everycount_http_connections_slow", "Connections cut because a client was slow.", now.slow()));
    }

    private static CounterSnapshot counter(String name, String help, long value) {
        return CounterSnapshot.builder()
                .name(name)
                .help(help)
                .dataPoint(CounterDataPointSnapshot.builder().value(value).build())
                .build();
    }
}
