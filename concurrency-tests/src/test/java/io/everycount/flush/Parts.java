// SPDX-License-Identifier: Apache-2.0
package io.everycount.flush;

import io.everycount.cell.CellStore;
import io.everycount.sink.CounterBatch;
import io.everycount.sink.CounterSink;
import io.everycount.sink.InMemorySink;
import io.everycount.sink.QuarantinedEntry;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.List;
import java.util.Random;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** A pipeline whose threads are never started: the actors take the drainer's steps. */
final class Parts {
    private static final CounterSink SINK = new InMemorySink();
    private static final PipelineSettings SETTINGS = new PipelineSettings(
            "stress",
            0,
            1,
            100,
            100,
            1 << 20,
            1 << 20,
            1,
            1,
            Long.MAX_VALUE,
            1,
            1,
            Runnable::run,
            new Random(1),
            () -> 0,
            new EpochClock(0, 0));
    private static final Silent SILENT = new Silent();

    private static final VarHandle DRAINER = handle(Pipeline.class, "drainer", Drainer.class);
    private static final VarHandle LOG = handle(Pipeline.class, "log", RecordLog.class);
    private static final VarHandle ACKNOWLEDGEMENTS =
            handle(Pipeline.class, "acknowledgements", Acknowledgements.class);
    private static final VarHandle CURRENT_IS_FLUSH = handle(Drainer.class, "currentIsFlush", boolean.class);

    final CellStore cells = new CellStore(2, 1_000, 256, () -> {});
    final Pipeline pipeline = new Pipeline(cells, List.of(SINK), List.of(), "stress", SETTINGS, SILENT, null);
    final Drainer drainer = (Drainer) DRAINER.get(pipeline);
    final RecordLog log = (RecordLog) LOG.get(pipeline);
    final Acknowledgements acknowledgements = (Acknowledgements) ACKNOWLEDGEMENTS.get(pipeline);

    private static VarHandle handle(Class<?> owner, String name, Class<?> type) {
        try {
            return MethodHandles.privateLookupIn(owner, MethodHandles.lookup()).findVarHandle(owner, name, type);
        } catch (ReflectiveOperationException e) {
            throw new ExceptionInInitializerError(e);
        }
    }

    /** The sum of everything drained so far. */
    long drained() {
        return log.last().deltaSum();
    }

    /** Whether the last drain was one whose records are to be written at once. For the thread that took the step. */
    boolean wasFlush() {
        return (boolean) CURRENT_IS_FLUSH.get(drainer);
    }

    /** Whether a stage is confirmed once everything drained is in the sink. */
    boolean isConfirmed(DrainStage stage) {
        acknowledgements.applied(log.last().record());
        return stage.confirmed().announced().isDone();
    }

    private static final class Silent implements PipelineEvents {
        @Override
        public void drained() {}

        @Override
        public void journaled(long record, int keys, long nanos) {}

        @Override
        public void writing(CounterSink sink, CounterBatch batch, int attempt) {}

        @Override
        public void written(CounterSink sink, long fromRecord, long toRecord, int keys, int attempt, long nanos) {}

        @Override
        public void failed(CounterSink sink, Throwable error, boolean fatal, int failures, long retryNanos) {}

        @Override
        public void notReported(CounterSink sink, Throwable error) {}

        @Override
        public void quarantined(CounterSink sink, List<QuarantinedEntry> entries) {}

        @Override
        public void rewound(CounterSink sink, long fromRecord, long toRecord) {}

        @Override
        public void gap(CounterSink sink, long fromRecord, long toRecord, long deltaSum) {}

        @Override
        public void journalFailed(Throwable error, int failures, long retryNanos) {}

        @Override
        public void journalWorks() {}

        @Override
        public void adopted(UUID instanceId, long records) {}

        @Override
        public void notAdopted(@Nullable UUID instanceId, String why) {}

        @Override
        public void stopped(@Nullable CounterSink sink, PipelineState state, String why) {
            throw new AssertionError(why);
        }
    }
}
