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
import java.util.function.IntSupplier;

/** Requests answered, by status, and connections open. Thread-safe; counting one is one addition. */
public final class Traffic implements MultiCollector {
    private static final int STATUS_MIN = 100;
    private static final int STATUS_MAX = 599;

    private final LongAdder[] answered = new LongAdder[STATUS_MAX - STATUS_MIN + 1];
    private volatile IntSupplier connections = () -> 0;

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

    /** Who knows how many connections are open. */
    public void connections(IntSupplier open) {
        connections = open;
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
        return MetricSnapshots.of(
                requests.build(),
                GaugeSnapshot.builder()
                        .name("everycount_http_connections")
                        .help("Connections open.")
                        .dataPoint(GaugeDataPointSnapshot.builder()
                                .value(connections.getAsInt())
                                .build())
                        .build());
    }
}
