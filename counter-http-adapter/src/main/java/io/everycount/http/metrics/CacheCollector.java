// SPDX-License-Identifier: Apache-2.0
package io.everycount.http.metrics;

import io.everycount.CounterStats;
import io.everycount.RejectedException;
import io.prometheus.metrics.model.registry.MultiCollector;
import io.prometheus.metrics.model.snapshots.CounterSnapshot;
import io.prometheus.metrics.model.snapshots.GaugeSnapshot;
import io.prometheus.metrics.model.snapshots.Labels;
import io.prometheus.metrics.model.snapshots.MetricSnapshots;
import java.util.List;
import java.util.function.Supplier;
import java.util.function.ToLongFunction;

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
        addAmounts(all, now);
        addKeysAndRecords(all, now);
        addSinks(all, now.sinks());
        CounterStats.Journal journal = now.journal();
        if (journal != null) {
            addJournal(all, journal);
        }
        return all.build();
    }

    private static void addAmounts(MetricSnapshots.Builder all, CounterStats now) {
        all.metricSnapshot(
                Series.gauge("accepted_deltas", "Sum of deltas taken from the cells by drains.", now.accepted()));
        all.metricSnapshot(Series.gauge("persisted_deltas", "Sum of deltas in every required sink.", now.persisted()));
        all.metricSnapshot(
                Series.gauge("quarantined_deltas", "Sum of deltas that a sink set aside.", now.quarantined()));
        all.metricSnapshot(Series.gauge("lost_deltas", "Sum of deltas in declared gaps.", now.lost()));
        all.metricSnapshot(Series.gauge("pending_deltas", "Sum of deltas on their way to the sinks.", now.pending()));
        all.metricSnapshot(Series.gauge(
                "pending_keys", "Keys on their way; one in several records counts as often.", now.pendingKeys()));
        all.metricSnapshot(
                Series.bytes("pending", "Memory that records on their way take, about.", now.pendingBytes()));
        all.metricSnapshot(Series.bytes(
                "pending_limit", "How much that may be before increments stay in their cells.", now.maxPendingBytes()));
        all.metricSnapshot(Series.bytes(
                "retained", "Memory of records kept for a store that goes back in time, about.", now.retainedBytes()));
        all.metricSnapshot(
                Series.seconds("freshness", "No increment that is not persisted is older than this.", now.freshness()));
    }

    private static void addKeysAndRecords(MetricSnapshots.Builder all, CounterStats now) {
        all.metricSnapshot(Series.gauge("keys_in_use", "Distinct keys with a cell, about.", now.keysInUse()));
        all.metricSnapshot(Series.gauge("keys_limit", "How many there may be.", now.maxKeys()));
        all.metricSnapshot(
                Series.gauge("waiters", "Increments whose callers wait for an acknowledgement.", now.waiters()));
        all.metricSnapshot(Series.gauge("last_record", "Number of the last record.", now.lastRecord()));
        all.metricSnapshot(
                Series.gauge("applied_record", "The last one that every required sink has.", now.appliedRecord()));
        all.metricSnapshot(Series.counter("drains", "Drains of the cells.", now.drains()));
        all.metricSnapshot(
                Series.counter("overflowed", "Increments counted under the overflow key.", now.overflowed()));
        all.metricSnapshot(Series.counter("crowded_tables", "Tables given a keyed hash.", now.crowdedTables()));
        all.metricSnapshot(Series.counter("events_left_out", "Events a slow listener missed.", now.eventsLeftOut()));
        CounterSnapshot.Builder rejected =
                Series.counters("rejected", "Increments turned away, by reason; nothing of them was counted.");
        for (RejectedException.Reason reason : RejectedException.Reason.values()) {
            rejected.dataPoint(
                    Series.count(now.rejected().getOrDefault(reason, 0L), Labels.of("reason", Series.lower(reason))));
        }
        all.metricSnapshot(rejected.build());
        GaugeSnapshot.Builder state = Series.gauges("state", "1 for the state the cache is in, 0 for the others.");
        Series.addStates(state, Labels.EMPTY, CounterStats.State.class, now.state());
        all.metricSnapshot(state.build());
    }

    private static void addSinks(MetricSnapshots.Builder all, List<CounterStats.Sink> sinks) {
        GaugeSnapshot.Builder state = Series.gauges("sink_state", "1 for the state it is in, 0 for the others.");
        for (int i = 0; i < sinks.size(); i++) {
            Series.addStates(
                    state,
                    labels(i, sinks.get(i)),
                    CounterStats.State.class,
                    sinks.get(i).state());
        }
        all.metricSnapshot(state.build());
        all.metricSnapshot(sinkGauge(
                "sink_failing",
                "1 if it has not been reached yet, or the last attempt failed.",
                sinks,
                s -> s.failing() ? 1 : 0));
        all.metricSnapshot(sinkGauge(
                "sink_applied_record", "The last record that it has.", sinks, CounterStats.Sink::appliedRecord));
        all.metricSnapshot(sinkCounter("sink_batches", "Batches written.", sinks, CounterStats.Sink::batches));
        all.metricSnapshot(sinkCounter("sink_retries", "Attempts that failed.", sinks, CounterStats.Sink::retries));
        all.metricSnapshot(sinkCounter(
                "sink_quarantined_entries",
                "Entries that it refused and put into quarantine.",
                sinks,
                CounterStats.Sink::quarantinedEntries));
        all.metricSnapshot(
                sinkCounter("sink_rewinds", "Times it went back in time.", sinks, CounterStats.Sink::rewinds));
        all.metricSnapshot(sinkCounter(
                "sink_replayed_records",
                "Records to be written again because it did.",
                sinks,
                CounterStats.Sink::replayedRecords));
        all.metricSnapshot(sinkCounter(
                "sink_gaps",
                "Gaps declared: it went back further than records were kept.",
                sinks,
                CounterStats.Sink::gaps));
    }

    private static void addJournal(MetricSnapshots.Builder all, CounterStats.Journal journal) {
        all.metricSnapshot(Series.bytes("journal", "What the journal takes on disk.", journal.bytes()));
        all.metricSnapshot(Series.bytes("journal_limit", "What it may take.", journal.maxBytes()));
        all.metricSnapshot(Series.gauge(
                "journal_available", "1 if increments get into the journal.", journal.problem() == null ? 1 : 0));
        all.metricSnapshot(Series.gauge("journal_segments", "Files of the journal.", journal.segments()));
        all.metricSnapshot(
                Series.counter("journal_commits", "Times the journal was forced to disk.", journal.commits()));
        all.metricSnapshot(
                Series.seconds("journal_slowest_commit", "How long a force took at most.", journal.slowestCommit()));
        all.metricSnapshot(Series.counter(
                "journal_poisoned_segments",
                "Files not written to any more, because that failed.",
                journal.poisonedSegments()));
        all.metricSnapshot(Series.counter(
                "journal_adopted", "Instances whose journal was adopted and written.", journal.adopted()));
        all.metricSnapshot(Series.gauge("journal_adopting", "Instances being adopted.", journal.adopting()));
        all.metricSnapshot(Series.gauge(
                "journal_unadoptable",
                "Journals that nobody holds and that cannot be adopted.",
                journal.unadoptable()));
        all.metricSnapshot(
                Series.gauge("journal_forked", "Directories that somebody has to decide about.", journal.forked()));
    }

    private static GaugeSnapshot sinkGauge(
            String name, String help, List<CounterStats.Sink> sinks, ToLongFunction<CounterStats.Sink> value) {
        GaugeSnapshot.Builder gauge = Series.gauges(name, help);
        for (int i = 0; i < sinks.size(); i++) {
            gauge.dataPoint(Series.point(value.applyAsLong(sinks.get(i)), labels(i, sinks.get(i))));
        }
        return gauge.build();
    }

    private static CounterSnapshot sinkCounter(
            String name, String help, List<CounterStats.Sink> sinks, ToLongFunction<CounterStats.Sink> value) {
        CounterSnapshot.Builder counter = Series.counters(name, help);
        for (int i = 0; i < sinks.size(); i++) {
            counter.dataPoint(Series.count(value.applyAsLong(sinks.get(i)), labels(i, sinks.get(i))));
        }
        return counter.build();
    }

    /** Two sinks may have the same name. */
    private static Labels labels(int position, CounterStats.Sink sink) {
        return Labels.of("sink", sink.name(), "position", Integer.toString(position));
    }
}
