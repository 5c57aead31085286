// SPDX-License-Identifier: Apache-2.0
package io.everycount.flush;

import io.everycount.cell.AddOutcome;
import io.everycount.cell.CellStore;
import io.everycount.journal.Journal;
import io.everycount.sink.CounterBatch;
import io.everycount.sink.CounterSink;
import io.everycount.sink.QuarantinedEntry;
import java.lang.reflect.Field;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.UUID;
import java.util.concurrent.TimeUnit;

/**
 * A pipeline without threads: a test takes its steps one by one, drives its clock, and keeps every record
 * that it made.
 */
final class Bench {
    /** What a pipeline looks like unless a test asks for something else. */
    static class Plan {
        UUID instanceId = new UUID(1, 2);
        final List<CounterSink> required = new ArrayList<>();
        final List<CounterSink> bestEffort = new ArrayList<>();
        long flushIntervalNanos;
        int recordKeysMax = 4;
        int batchKeysMax = 8;
        long pendingBytesMax = 1 << 20;
        long retainedBytesMax = 1 << 20;
        long retainedNanos = TimeUnit.MINUTES.toNanos(10);
        long ledgerCheckNanos = TimeUnit.SECONDS.toNanos(5);
        long seed = 1;
        long startNanos = 1_000;
        Journal journal;
        long keysMax = 100_000;

        Plan(CounterSink... required) {
            this.required.addAll(List.of(required));
        }

        Bench build() {
            return new Bench(this);
        }
    }

    final CellStore cells;
    final Pipeline pipeline;
    final Drainer drainer;
    final List<SinkWriter> writers;
    final RecordLog log;
    final Acknowledgements acknowledgements;
    final Told told = new Told();
    final List<DeltaRecord> archive = new ArrayList<>();
    final Map<String, Long> accepted = new HashMap<>();
    final UUID instanceId;
    final PipelineSettings settings;
    long now;

    private Bench(Plan plan) {
        now = plan.startNanos;
        cells = new CellStore(2, plan.keysMax, 256, () -> {});
        settings = new PipelineSettings(
                "bench",
                plan.flushIntervalNanos,
                TimeUnit.MILLISECONDS.toNanos(5),
                plan.recordKeysMax,
                plan.batchKeysMax,
                plan.pendingBytesMax,
                plan.retainedBytesMax,
                plan.retainedNanos,
                plan.ledgerCheckNanos,
                TimeUnit.SECONDS.toNanos(10),
                TimeUnit.MILLISECONDS.toNanos(100),
                TimeUnit.SECONDS.toNanos(10),
                Runnable::run,
                randomButFor(plan),
                () -> now,
                new EpochClock(1_000_000, 0));
        pipeline = new Pipeline(cells, plan.required, plan.bestEffort, "bench", settings, told, plan.journal);
        instanceId = pipeline.instanceId();
        if (plan.journal == null && !instanceId.equals(plan.instanceId)) {
            throw new AssertionError("the pipeline draws its numbers in another order now");
        }
        drainer = (Drainer) field("drainer");
        log = (RecordLog) field("log");
        acknowledgements = (Acknowledgements) field("acknowledgements");
        List<SinkWriter> found = new ArrayList<>();
        ((List<?>) field("writers")).forEach(w -> found.add((SinkWriter) w));
        writers = found;
    }

    /** Random numbers, but for the two that become the first writer's instance id. */
    private static Random randomButFor(Plan plan) {
        return new Random(plan.seed) {
            private static final long serialVersionUID = 1L;
            private int drawn;

            @Override
            public long nextLong() {
                drawn++;
                return drawn == 2
                        ? plan.instanceId.getMostSignificantBits()
                        : drawn == 3 ? plan.instanceId.getLeastSignificantBits() : super.nextLong();
            }
        };
    }

    private Object field(String name) {
        return field(pipeline, name, Object.class);
    }

    /** What is in a private field. */
    static <T> T field(Object object, String name, Class<T> type) {
        try {
            Field field = object.getClass().getDeclaredField(name);
            field.setAccessible(true);
            return type.cast(field.get(object));
        } catch (ReflectiveOperationException e) {
            throw new AssertionError(e);
        }
    }

    AddOutcome add(String key, long delta) {
        AddOutcome outcome = cells.add(key, delta, false);
        if (outcome == AddOutcome.COUNTED) {
            accepted.merge(key, delta, Long::sum);
        }
        return outcome;
    }

    /** Drains now if there is room; false if not. */
    boolean drain() {
        long before = drainer.drains();
        drainer.request();
        drainer.step();
        archive();
        return drainer.drains() > before;
    }

    void archive() {
        long known = archive.size();
        List<DeltaRecord> fresh = log.after(Math.max(known, log.base().record()), Integer.MAX_VALUE);
        if (fresh != null) {
            for (DeltaRecord record : fresh) {
                if (record.number() != archive.size() + 1) {
                    throw new AssertionError("record " + record.end() + " follows " + archive.size());
                }
                archive.add(record);
            }
        }
    }

    /** One record of its own. */
    void record(String key, long delta) {
        add(key, delta);
        if (!drain()) {
            throw new AssertionError("no room for a drain");
        }
    }

    SinkWriter writer() {
        return writers.get(0);
    }

    /** One step of the only writer. */
    long step() {
        return writer().step();
    }

    /** Steps of the only writer, as long as something is due at once. */
    void steps() {
        steps(writer());
    }

    void steps(SinkWriter writer) {
        for (int i = 0; i < 1_000; i++) {
            if (writer.step() != 0) {
                return;
            }
        }
        throw new AssertionError("the writer of " + writer.sink().name() + " never rests");
    }

    void advance(long amount, TimeUnit unit) {
        now += unit.toNanos(amount);
    }

    /** Lets everything happen that would, until each writer that can has all records. */
    void settle() {
        for (int i = 0; i < 10_000; i++) {
            boolean done = i > 1 & drain();
            long wait = Long.MAX_VALUE;
            for (SinkWriter writer : writers) {
                long due = writer.step();
                wait = due == Worker.DONE ? wait : Math.min(wait, due);
                done &= writer.progress().state() != PipelineState.RUNNING
                        || writer.progress().mark().equals(log.last())
                                && !writer.progress().failing();
            }
            if (done || pipeline.state() != PipelineState.RUNNING) {
                return;
            }
            if (wait > 0) {
                now += Math.min(wait, TimeUnit.SECONDS.toNanos(20));
            }
        }
        throw new AssertionError("nothing settles: " + pipeline.snapshot());
    }

    /** The sums of records after one number and up to another, by key. */
    Map<String, Long> sums(long after, long upTo) {
        Map<String, Long> sums = new HashMap<>();
        for (long r = after; r < upTo; r++) {
            archive.get((int) r).entries().addTo(sums);
        }
        return sums;
    }

    /** Fails unless what was accepted is, in sums, persisted, quarantined, lost or pending. */
    void checkIdentity() {
        Pipeline.Snapshot s = pipeline.snapshot();
        if (s.accepted() != s.persisted() + s.quarantined() + s.lost() + s.pending()) {
            throw new AssertionError("the sums do not add up: " + s);
        }
    }

    /** Every event as a line of text. */
    static final class Told implements PipelineEvents {
        final List<String> lines = new ArrayList<>();

        boolean has(String start) {
            return lines.stream().anyMatch(line -> line.startsWith(start));
        }

        @Override
        public void drained() {}

        @Override
        public void journaled(long record, int keys, long nanos) {}

        @Override
        public void writing(CounterSink sink, CounterBatch batch, int attempt) {
            lines.add("writing " + sink.name() + " " + batch.from().record() + ".."
                    + batch.to().record() + " attempt " + attempt);
        }

        @Override
        public void written(CounterSink sink, long fromRecord, long toRecord, int keys, int attempt, long nanos) {
            lines.add("written " + sink.name() + " " + fromRecord + ".." + toRecord);
        }

        @Override
        public void failed(CounterSink sink, Throwable error, boolean fatal, int failures, long retryNanos) {
            lines.add((fatal ? "fatal " : "failed ") + sink.name() + " " + failures + " " + error.getMessage());
        }

        @Override
        public void notReported(CounterSink sink, Throwable error) {
            lines.add("not reported " + sink.name() + " " + error.getMessage());
        }

        @Override
        public void quarantined(CounterSink sink, List<QuarantinedEntry> entries) {
            lines.add("quarantined " + sink.name() + " "
                    + entries.stream().map(e -> e.key() + "=" + e.delta()).toList());
        }

        @Override
        public void rewound(CounterSink sink, long fromRecord, long toRecord) {
            lines.add("rewound " + sink.name() + " " + fromRecord + " to " + toRecord);
        }

        @Override
        public void gap(CounterSink sink, long fromRecord, long toRecord, long deltaSum) {
            lines.add("gap " + sink.name() + " " + fromRecord + ".." + toRecord + " sum " + deltaSum);
        }

        @Override
        public void journalFailed(Throwable error, int failures, long retryNanos) {
            lines.add("journal failed " + failures + " " + error.getMessage());
        }

        @Override
        public void journalWorks() {
            lines.add("journal works");
        }

        @Override
        public void adopted(UUID instanceId, long records) {
            lines.add("adopted " + instanceId + " " + records);
        }

        @Override
        public void notAdopted(UUID instanceId, String why) {
            lines.add("not adopted " + instanceId + " " + why);
        }

        @Override
        public void stopped(CounterSink sink, PipelineState state, String why) {
            lines.add("stopped " + (sink == null ? "-" : sink.name()) + " " + state + " " + why);
        }
    }
}
