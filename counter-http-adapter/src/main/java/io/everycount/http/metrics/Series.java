// SPDX-License-Identifier: Apache-2.0
package io.everycount.http.metrics;

import io.prometheus.metrics.model.snapshots.CounterSnapshot;
import io.prometheus.metrics.model.snapshots.CounterSnapshot.CounterDataPointSnapshot;
import io.prometheus.metrics.model.snapshots.GaugeSnapshot;
import io.prometheus.metrics.model.snapshots.GaugeSnapshot.GaugeDataPointSnapshot;
import io.prometheus.metrics.model.snapshots.Labels;
import io.prometheus.metrics.model.snapshots.MetricSnapshot;
import io.prometheus.metrics.model.snapshots.Unit;
import java.time.Duration;
import java.util.Locale;

/** Makes samples. Names are without the prefix, the unit and {@code _total}. */
final class Series {
    private static final String PREFIX = "everycount_";

    private Series() {}

    static GaugeSnapshot.Builder gauges(String name, String help) {
        return named(GaugeSnapshot.builder(), name, help);
    }

    static CounterSnapshot.Builder counters(String name, String help) {
        return named(CounterSnapshot.builder(), name, help);
    }

    private static <B extends MetricSnapshot.Builder<B>> B named(B builder, String name, String help) {
        return builder.name(PREFIX + name).help(help);
    }

    static GaugeSnapshot gauge(String name, String help, double value) {
        return gauges(name, help).dataPoint(point(value, Labels.EMPTY)).build();
    }

    static GaugeSnapshot bytes(String name, String help, long value) {
        return gauges(name + "_bytes", help)
                .unit(Unit.BYTES)
                .dataPoint(point(value, Labels.EMPTY))
                .build();
    }

    static GaugeSnapshot seconds(String name, String help, Duration value) {
        return gauges(name + "_seconds", help)
                .unit(Unit.SECONDS)
                .dataPoint(point(value.toNanos() / 1e9, Labels.EMPTY))
                .build();
    }

    static CounterSnapshot counter(String name, String help, long value) {
        return counters(name, help).dataPoint(count(value, Labels.EMPTY)).build();
    }

    static GaugeDataPointSnapshot point(double value, Labels labels) {
        return GaugeDataPointSnapshot.builder().value(value).labels(labels).build();
    }

    static CounterDataPointSnapshot count(long value, Labels labels) {
        return CounterDataPointSnapshot.builder().value(value).labels(labels).build();
    }

    /** Adds a sample for each constant: 1 for one of them, and 0 for the others. */
    static <E extends Enum<E>> void addStates(GaugeSnapshot.Builder gauge, Labels labels, Class<E> type, E now) {
        for (E possible : type.getEnumConstants()) {
            gauge.dataPoint(point(possible == now ? 1 : 0, labels.add("state", lower(possible))));
        }
    }

    static String lower(Enum<?> value) {
        return value.name().toLowerCase(Locale.ROOT);
    }
}
