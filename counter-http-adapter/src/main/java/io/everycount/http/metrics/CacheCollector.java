// SPDX-License-Identifier: Apache-2.0
package io.everycount.http.metrics;

import io.everycount.CounterStats;
import io.everycount.RejectedException;
import io.prometheus.metrics.model.registry.MultiCollector;
import io.prometheus.metrics.model.snapshots.CounterSnapshot;
import io.prometheus.metrics.model.snapshots.CounterSnapshot.CounterDataPointSnapshot;
import io.prometheus.metrics.model.snapshots.GaugeSnapshot;
import io.prometheus.metrics.model.snapshots.GaugeSnapshot.GaugeDataPointSnapshot;
import io.prometheus.metrics.model.snapshots.Labels;
import io.prometheus.metrics.model.snapshots.MetricSnapshots;
import io.prometheus.metrics.model.snapshots.StateSetSnapshot;
import io.prometheus.metrics.model.snapshots.StateSetSnapshot.StateSetDataPointSnapshot;
import io.prometheus.metrics.model.snapshots.Unit;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.function.Supplier;
import java.util.function.ToDoubleFunction;

/**
 * A cache's statistics, all of one scrape from one snapshot, so that the sums in it add up. Sums of
 * deltas are gauges, since deltas may be negative.
 */
final class CacheCollector implements MultiCollector {
    private final Supplier<CounterStats> stats;

    CacheCollector(Supplier<CounterStats> stats) {
        this.stats = stats;
    }

    @Override
    public MetricSnapshots collect() {
        CounterStats now = stats.get();
        MetricSnapshots.Builder all = MetricSnapshots.builder();
        all.metricSnapshot(gauge("accepted_deltas", "Sum of deltas taken from the cells by drains.", now.accepted()));
        all.metricSnapshot(gauge("persisted_deltas", "Sum of deltas in every required sink.", now.persisted()));
        all.metricSnapshot(gauge("quarantined_deltas", "Sum of deltas that a sink set aside.", now.quarantined()));
        all.metricSnapshot(gauge("lost_deltas", "Sum of deltas in declared gaps.", now.lost()));
        all.metricSnapshot(gauge("pending_deltas", "Sum of deltas on their way to the sinks.", now.pending()));
        all.metricSnapshot(bytes("pending", "Memory that records on their way take, about.", now.pendingBytes()));
        all.metricSnapshot(bytes(
                "retained", "Memory of records kept for a store that goes back in time, about.", now.retainedBytes()));
        all.metricSnapshot(GaugeSnapshot.builder()
                .name("everycount_freshness_seconds")
                .unit(Unit.SECONDS)
                .help("No increment that is not persisted is older than this.")
                .dataPoint(point(now.freshness().toNanos() / 1e9, Labels.EMPTY))
                .build());
        all.metricSnapshot(gauge("keys_in_use", "Distinct keys with a cell, about.", now.keysInUse()));
        all.metricSnapshot(gauge("waiters", "Callers waiting for an acknowledgement.", now.waiters()));
        all.metricSnapshot(gauge("last_record", "Number of the last record.", now.lastRecord()));
        all.metricSnapshot(gauge("applied_record", "The last one that every required sink has.", now.appliedRecord()));
        all.metricSnapshot(counter("drains", "Drains of the cells.", now.drains()));
        all.metricSnapshot(counter("overflowed", "Increments counted under the overflow key.", now.overflowed()));
        all.metricSnapshot(counter("crowded_tables", "Tables given a keyed hash.", now.crowdedTables()));
        all.metricSnapshot(counter("events_left_out", "Events a slow listener missed.", now.eventsLeftOut()));
        CounterSnapshot.Builder rejected = named(
                CounterSnapshot.builder(),
                "rejected",
                "Increments turned away, by reason; nothing of them was counted.");
        for (RejectedException.Reason reason : RejectedException.Reason.values()) {
            rejected.dataPoint(CounterDataPointSnapshot.builder()
                    .value(now.rejected().getOrDefault(reason, 0L))
                    .labels(Labels.of("reason", lower(reason)))
                    .build());
        }
        all.metricSnapshot(rejected.build());
        StateSetDataPointSnapshot.Builder state = StateSetDataPointSnapshot.builder();
        for (CounterStats.State possible : CounterStats.State.values()) {
            state.state(lower(possible), possible == now.state());
        }
        all.metricSnapshot(StateSetSnapshot.builder()
                .name("everycount_state")
                .help("Whether the cache counts.")
                .dataPoint(state.build())
                .build());
        List<CounterStats.Sink> sinks = now.sinks();
        all.metricSnapshot(
                perSink("sink_failing", "1 if the last attempt to write failed.", sinks, s -> s.failing() ? 1 : 0));
        all.metricSnapshot(perSink(
                "sink_applied_record", "The last record that it has.", sinks, CounterStats.Sink::appliedRecord));
        all.metricSnapshot(sinkCounter("sink_batches", "Batches written.", sinks, CounterStats.Sink::batches));
        all.metricSnapshot(sinkCounter("sink_retries", "Attempts that failed.", sinks, CounterStats.Sink::retries));
        all.metricSnapshot(
                sinkCounter("sink_rewinds", "Times it went back in time.", sinks, CounterStats.Sink::rewinds));
        CounterStats.Journal journal = now.journal();
        if (journal != null) {
            addJournal(all, journal);
        }
        return all.build();
    }

    private static void addJournal(MetricSnapshots.Builder all, CounterStats.Journal journal) {
        all.metricSnapshot(bytes("journal", "What the journal takes on disk.", journal.bytes()));
        all.metricSnapshot(gauge("journal_segments", "Files of the journal.", journal.segments()));
        all.metricSnapshot(
                gauge("journal_available", "1 if increments get into the journal.", journal.problem() == null ? 1 : 0));
        all.metricSnapshot(counter("journal_commits", "Times the journal was forced to disk.", journal.commits()));
        all.metricSnapshot(seconds("journal_last_commit", "How long that took the last time.", journal.lastCommit()));
        all.metricSnapshot(seconds("journal_slowest_commit", "How long it took at most.", journal.slowestCommit()));
        all.metricSnapshot(counter(
                "journal_poisoned_segments",
                "Files not written to any more, because that failed.",
                journal.poisonedSegments()));
        all.metricSnapshot(
                counter("journal_adopted", "Instances whose journal was adopted and written.", journal.adopted()));
        all.metricSnapshot(gauge("journal_adopting", "Instances being adopted.", journal.adopting()));
        all.metricSnapshot(gauge(
                "journal_unadoptable",
                "Journals that nobody holds and that cannot be adopted.",
                journal.unadoptable()));
        all.metricSnapshot(gauge("journal_forked", "Directories that somebody has to decide about.", journal.forked()));
    }

    private static GaugeSnapshot seconds(String name, String help, Duration value) {
        return named(GaugeSnapshot.builder(), name + "_seconds", help)
                .unit(Unit.SECONDS)
                .dataPoint(point(value.toNanos() / 1e9, Labels.EMPTY))
                .build();
    }

    private static GaugeSnapshot gauge(String name, String help, double value) {
        return named(GaugeSnapshot.builder(), name, help)
                .dataPoint(point(value, Labels.EMPTY))
                .build();
    }

    private static GaugeSnapshot bytes(String name, String help, double value) {
        return named(GaugeSnapshot.builder(), name + "_bytes", help)
                .unit(Unit.BYTES)
                .dataPoint(point(value, Labels.EMPTY))
                .build();
    }

    private static CounterSnapshot counter(String name, String help, double value) {
        return named(CounterSnapshot.builder(), name, help)
                .dataPoint(CounterDataPointSnapshot.builder().value(value).build())
                .build();
    }

    private static GaugeSnapshot perSink(
            String name, String help, List<CounterStats.Sink> sinks, ToDoubleFunction<CounterStats.Sink> value) {
        GaugeSnapshot.Builder gauge = named(GaugeSnapshot.builder(), name, help);
        for (int i = 0; i < sinks.size(); i++) {
            gauge.dataPoint(point(value.applyAsDouble(sinks.get(i)), labels(i, sinks.get(i))));
        }
        return gauge.build();
    }

    private static CounterSnapshot sinkCounter(
            String name, String help, List<CounterStats.Sink> sinks, ToDoubleFunction<CounterStats.Sink> value) {
        CounterSnapshot.Builder counter = named(CounterSnapshot.builder(), name, help);
        for (int i = 0; i < sinks.size(); i++) {
            counter.dataPoint(CounterDataPointSnapshot.builder()
                    .value(value.applyAsDouble(sinks.get(i)))
                    .labels(labels(i, sinks.get(i)))
                    .build());
        }
        return counter.build();
    }

    /** Two sinks may have the same name. */
    private static Labels labels(int position, CounterStats.Sink sink) {
        return Labels.of("sink", sink.name(), "position", Integer.toString(position));
    }

    private static GaugeDataPointSnapshot point(double value, Labels labels) {
        return GaugeDataPointSnapshot.builder().value(value).labels(labels).build();
    }

    private static <B extends io.prometheus.metrics.model.snapshots.MetricSnapshot.Builder<B>> B named(
            B builder, String name, String help) {
        return builder.name("everycount_" + name).help(help);
    }

    private static String lower(Enum<?> value) {
        return value.name().toLowerCase(Locale.ROOT);
    }
}
