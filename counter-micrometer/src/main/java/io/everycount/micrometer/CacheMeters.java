// SPDX-License-Identifier: Apache-2.0
package io.everycount.micrometer;

import io.everycount.CounterCache;
import io.everycount.CounterListener;
import io.everycount.CounterStats;
import io.everycount.RejectedException;
import io.micrometer.core.instrument.DistributionSummary;
import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.TimeGauge;
import io.micrometer.core.instrument.Timer;
import java.time.Duration;
import java.util.Arrays;
import java.util.Locale;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import java.util.function.ToDoubleFunction;
import java.util.function.ToLongFunction;
import org.jspecify.annotations.Nullable;

/** One cache's meters in one registry. Thread-safe. */
final class CacheMeters {
    private static final String PREFIX = "everycount.";
    private static final Duration[] FLUSH_BOUNDS =
            millis(1, 2.5, 5, 10, 25, 50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000, 30_000);
    private static final Duration[] COMMIT_BOUNDS =
            millis(.1, .25, .5, 1, 2.5, 5, 10, 25, 50, 100, 250, 500, 1_000, 2_500, 5_000);
    private static final double[] KEY_BOUNDS = {1, 10, 100, 1_000, 2_500, 5_000, 10_000, 100_000};

    private final MeterRegistry registry;
    private final Tags tags;
    private volatile @Nullable Timer commits;

    CacheMeters(MeterRegistry registry, Tags tags) {
        this.registry = registry;
        this.tags = tags;
    }

    private static Duration[] millis(double... bounds) {
        return Arrays.stream(bounds)
                .mapToObj(bound -> Duration.ofNanos(Math.round(bound * 1e6)))
                .toArray(Duration[]::new);
    }

    void flushed(CounterListener.Flush flush) {
        Tags ofSink = tags.and("sink", flush.sink());
        Timer.builder(PREFIX + "flush.duration")
                .description("How long a batch took to be written, failed attempts apart.")
                .tags(ofSink)
                .serviceLevelObjectives(FLUSH_BOUNDS)
                .register(registry)
                .record(flush.took());
        DistributionSummary.builder(PREFIX + "flush.keys")
                .description("How many keys a written batch had.")
                .tags(ofSink)
                .serviceLevelObjectives(KEY_BOUNDS)
                .register(registry)
                .record(flush.keys());
    }

    void journaled(Duration took) {
        Timer timer = commits;
        if (timer == null) {
            timer = Timer.builder(PREFIX + "journal.commit.duration")
                    .description("How long a record took to be written to the journal and forced to disk.")
                    .tags(tags)
                    .serviceLevelObjectives(COMMIT_BOUNDS)
                    .register(registry);
            commits = timer;
        }
        timer.record(took);
    }

    void observe(CounterCache cache) {
        Snapshots snapshots =
                new Snapshots(cache::stats, () -> registry.config().clock().monotonicTime());
        CounterStats first = snapshots.now();
        Group<CounterStats> all = new Group<>(snapshots, Function.identity(), tags);
        addAmounts(all);
        addKeysAndRecords(all);
        addState("state", snapshots, CounterStats::state, tags);
        @Nullable String version = CounterCache.class.getPackage().getImplementationVersion();
        new Group<>(snapshots, Function.identity(), tags.and("version", version == null ? "unknown" : version))
                .gauge("build.info", "Which version of Everycount this is.", stats -> 1);
        for (int i = 0; i < first.sinks().size(); i++) {
            addSink(snapshots, i, first.sinks().get(i).name());
        }
        if (first.journal() != null) {
            addJournal(new Group<>(snapshots, stats -> Objects.requireNonNull(stats.journal()), tags));
        }
    }

    private static void addAmounts(Group<CounterStats> all) {
        all.gauge("accepted.deltas", "Sum of deltas taken from the cells by drains.", CounterStats::accepted);
        all.gauge("persisted.deltas", "Sum of deltas in every required sink.", CounterStats::persisted);
        all.gauge("quarantined.deltas", "Sum of deltas that a sink set aside.", CounterStats::quarantined);
        all.gauge("lost.deltas", "Sum of deltas in declared gaps.", CounterStats::lost);
        all.gauge("pending.deltas", "Sum of deltas on their way to the sinks.", CounterStats::pending);
        all.gauge(
                "pending.keys",
                "Keys on their way; one in several records counts as often.",
                CounterStats::pendingKeys);
        all.bytes("pending", "Memory that records on their way take, about.", CounterStats::pendingBytes);
        all.bytes(
                "pending.limit",
                "How much that may be before increments stay in their cells.",
                CounterStats::maxPendingBytes);
        all.bytes(
                "retained",
                "Memory of records kept for a store that goes back in time, about.",
                CounterStats::retainedBytes);
        all.time("freshness", "No increment that is not persisted is older than this.", CounterStats::freshness);
    }

    private static void addKeysAndRecords(Group<CounterStats> all) {
        all.gauge("keys.in.use", "Distinct keys with a cell, about.", CounterStats::keysInUse);
        all.gauge("keys.limit", "How many there may be.", CounterStats::maxKeys);
        all.gauge("waiters", "Increments whose callers wait for an acknowledgement.", CounterStats::waiters);
        all.gauge("last.record", "Number of the last record.", CounterStats::lastRecord);
        all.gauge("applied.record", "The last one that every required sink has.", CounterStats::appliedRecord);
        all.counter("drains", "Drains of the cells.", CounterStats::drains);
        all.counter("overflowed", "Increments counted under the overflow key.", CounterStats::overflowed);
        all.counter("crowded.tables", "Tables given a keyed hash.", CounterStats::crowdedTables);
        all.counter("events.left.out", "Events a slow listener missed.", CounterStats::eventsLeftOut);
        for (RejectedException.Reason reason : RejectedException.Reason.values()) {
            all.and("reason", lower(reason))
                    .counter(
                            "rejected",
                            "Increments turned away, by reason; nothing of them was counted.",
                            stats -> stats.rejected().getOrDefault(reason, 0L));
        }
    }

    private void addSink(Snapshots snapshots, int position, String name) {
        Tags ofSink = tags.and("sink", name, "position", Integer.toString(position));
        Function<CounterStats, CounterStats.Sink> part = stats -> stats.sinks().get(position);
        addState("sink.state", snapshots, stats -> part.apply(stats).state(), ofSink);
        Group<CounterStats.Sink> sink = new Group<>(snapshots, part, ofSink);
        sink.gauge(
                "sink.failing",
                "1 if it has not been reached yet, or the last attempt failed.",
                s -> s.failing() ? 1 : 0);
        sink.gauge("sink.applied.record", "The last record that it has.", CounterStats.Sink::appliedRecord);
        sink.counter("sink.batches", "Batches written.", CounterStats.Sink::batches);
        sink.counter("sink.retries", "Attempts that failed.", CounterStats.Sink::retries);
        sink.counter(
                "sink.quarantined.entries",
                "Entries that it refused and put into quarantine.",
                CounterStats.Sink::quarantinedEntries);
        sink.counter("sink.rewinds", "Times it went back in time.", CounterStats.Sink::rewinds);
        sink.counter(
                "sink.replayed.records",
                "Records to be written again because it did.",
                CounterStats.Sink::replayedRecords);
        sink.counter(
                "sink.gaps", "Gaps declared: it went back further than records were kept.", CounterStats.Sink::gaps);
    }

    private static void addJournal(Group<CounterStats.Journal> journal) {
        journal.bytes("journal", "What the journal takes on disk.", CounterStats.Journal::bytes);
        journal.bytes("journal.limit", "What it may take.", CounterStats.Journal::maxBytes);
        journal.gauge("journal.available", "1 if increments get into the journal.", j -> j.problem() == null ? 1 : 0);
        journal.gauge("journal.segments", "Files of the journal.", CounterStats.Journal::segments);
        journal.counter("journal.commits", "Times the journal was forced to disk.", CounterStats.Journal::commits);
        journal.time("journal.slowest.commit", "How long a force took at most.", CounterStats.Journal::slowestCommit);
        journal.counter(
                "journal.poisoned.segments",
                "Files not written to any more, because that failed.",
                CounterStats.Journal::poisonedSegments);
        journal.counter(
                "journal.adopted", "Instances whose journal was adopted and written.", CounterStats.Journal::adopted);
        journal.gauge("journal.adopting", "Instances being adopted.", CounterStats.Journal::adopting);
        journal.gauge(
                "journal.unadoptable",
                "Journals that nobody holds and that cannot be adopted.",
                CounterStats.Journal::unadoptable);
        journal.gauge("journal.forked", "Directories that somebody has to decide about.", CounterStats.Journal::forked);
    }

    private void addState(
            String name, Snapshots snapshots, Function<CounterStats, CounterStats.State> state, Tags withSink) {
        for (CounterStats.State possible : CounterStats.State.values()) {
            new Group<>(snapshots, state, withSink.and("state", lower(possible)))
                    .gauge(name, "1 for the state it is in, 0 for the others.", now -> now == possible ? 1 : 0);
        }
    }

    private static String lower(Enum<?> value) {
        return value.name().toLowerCase(Locale.ROOT);
    }

    /** Makes meters of a part of the statistics, with the same tags. */
    private final class Group<T> {
        private final Snapshots snapshots;
        private final Function<CounterStats, T> part;
        private final Tags withTags;

        Group(Snapshots snapshots, Function<CounterStats, T> part, Tags withTags) {
            this.snapshots = snapshots;
            this.part = part;
            this.withTags = withTags;
        }

        Group<T> and(String tag, String value) {
            return new Group<>(snapshots, part, withTags.and(tag, value));
        }

        void gauge(String name, String description, ToLongFunction<T> value) {
            gauge(name, description, null, value);
        }

        void bytes(String name, String description, ToLongFunction<T> value) {
            gauge(name, description, "bytes", value);
        }

        private void gauge(String name, String description, @Nullable String unit, ToLongFunction<T> value) {
            Gauge.builder(PREFIX + name, snapshots, reading(value))
                    .description(description)
                    .baseUnit(unit)
                    .tags(withTags)
                    .register(registry);
        }

        void time(String name, String description, Function<T, Duration> value) {
            TimeGauge.builder(
                            PREFIX + name,
                            snapshots,
                            TimeUnit.NANOSECONDS,
                            reading(now -> value.apply(now).toNanos()))
                    .description(description)
                    .tags(withTags)
                    .register(registry);
        }

        void counter(String name, String description, ToLongFunction<T> value) {
            FunctionCounter.builder(PREFIX + name, snapshots, reading(value))
                    .description(description)
                    .tags(withTags)
                    .register(registry);
        }

        /** Refers to this, and so to the snapshots, of which a registry by itself would keep a weak reference only. */
        private ToDoubleFunction<Snapshots> reading(ToLongFunction<T> value) {
            return ignored -> value.applyAsLong(part.apply(snapshots.now()));
        }
    }
}
