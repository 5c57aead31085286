// SPDX-License-Identifier: Apache-2.0
package io.everycount.flush;

import io.everycount.cell.Collector;
import io.everycount.journal.Journal;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * How a pipeline ends: the last drain, what the sinks take of it, and what is left then.
 *
 * <p>The journal is for the drainer's thread alone, to its very end: a disk may begin to hang at any time, and whoever
 * closes the cache waits only so long for it. So that thread closes the journal, as its last act, when the thread that
 * closes the cache has {@link #left}. Thread-safe.
 */
final class Closing {
    /** However little time closing is given, the last drain is worth waiting for: it needs no sink. */
    private static final long LAST_DRAIN_NANOS = 60_000_000_000L;

    /** And so is the journal's end, as it is locked until then. */
    private static final long JOURNAL_NANOS = 10_000_000_000L;

    /** What is still waited for when closing is interrupted, or drains keep failing. */
    private static final long BRIEFLY_NANOS = 2_000_000_000L;

    private static final long JOIN_SLICE_NANOS = 50_000_000L;
    private static final long BEST_EFFORT_NANOS = 1_000_000_000L;

    private final Pipeline pipeline;
    private final Drainer drainer;
    private final RecordLog log;
    private final @Nullable Journal journal;
    private final Acknowledgements acknowledgements;
    private final PipelineEvents events;
    private final List<SinkWriter> writers;
    private final List<Worker> writeWorkers;
    private final Worker drainWorker;

    /** Open when nobody writes to the sinks any more, or is going to be waited for. */
    private final CountDownLatch left = new CountDownLatch(1);

    Closing(
            Pipeline pipeline,
            Drainer drainer,
            RecordLog log,
            @Nullable Journal journal,
            Acknowledgements acknowledgements,
            PipelineEvents events,
            List<SinkWriter> writers,
            List<Worker> writeWorkers,
            String threadName) {
        this.pipeline = pipeline;
        this.drainer = drainer;
        this.log = log;
        this.journal = journal;
        this.acknowledgements = acknowledgements;
        this.events = events;
        this.writers = writers;
        this.writeWorkers = writeWorkers;
        drainWorker = new Worker(threadName + "-drain", drainer::step, this::drainsEnded);
    }

    /** The drainer's thread. */
    Worker drainWorker() {
        return drainWorker;
    }

    /** See {@link Pipeline#abort}. */
    void abort() {
        pipeline.abandon();
        drainer.close();
        signalAll();
        leave(deadlineIn(BRIEFLY_NANOS));
    }

    /** See {@link Pipeline#close}. */
    void close(long nanos) throws InterruptedException {
        long deadline = deadlineIn(nanos);
        boolean interrupted = true;
        drainer.close();
        writers.forEach(SinkWriter::finish);
        signalAll();
        try {
            joinDrains(Math.max(nanos, LAST_DRAIN_NANOS));
            joinWriters(deadline);
            interrupted = false;
        } finally {
            pipeline.abandon();
            signalAll();
            leave(deadlineIn(interrupted ? BRIEFLY_NANOS : Math.max(nanosUntil(deadline), JOURNAL_NANOS)));
        }
    }

    private void signalAll() {
        drainWorker.signal();
        writeWorkers.forEach(Worker::signal);
    }

    private static long deadlineIn(long nanos) {
        return System.nanoTime() + nanos;
    }

    private static long nanosUntil(long deadline) {
        return deadline - System.nanoTime();
    }

    /** A drain needs no sink, so it gets its time; one that keeps failing does not. */
    private void joinDrains(long nanos) throws InterruptedException {
        long deadline = deadlineIn(nanos);
        while (!drainWorker.joinSteps(JOIN_SLICE_NANOS)
                && nanosUntil(deadline) > 0
                && pipeline.state() != PipelineState.FAILED) {
            drainWorker.signal();
        }
        if (pipeline.state() == PipelineState.FAILED) {
            drainWorker.joinSteps(BRIEFLY_NANOS);
        }
    }

    private void joinWriters(long deadline) throws InterruptedException {
        for (int i = 0; i < writers.size(); i++) {
            if (writers.get(i).isRequired()) {
                writeWorkers.get(i).join(nanosUntil(deadline));
            }
        }
        for (int i = 0; i < writers.size(); i++) {
            if (!writers.get(i).isRequired() && !writers.get(i).progress().failing()) {
                writeWorkers.get(i).join(Math.min(nanosUntil(deadline), BEST_EFFORT_NANOS));
            }
        }
    }

    private void leave(long deadline) {
        try {
            pipeline.leaveRunning(PipelineState.CLOSED, "the cache was closed");
            acknowledgements.fail(closed());
        } finally {
            // Nobody can tell what is in a drain before it ends; so it gets a little more time.
            boolean interrupted = joinAnyway(deadlineIn(BRIEFLY_NANOS), drainWorker::joinSteps);
            left.countDown();
            interrupted |= joinJournal(deadline);
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    /** Waits for the end of the journal, unless interrupted; tells whether it was. */
    private boolean joinJournal(long deadline) {
        try {
            if (!drainWorker.isStarted()) {
                drainsEnded();
            } else if (drainWorker.hasEndedSteps()) {
                drainWorker.join(nanosUntil(deadline));
            }
            return false;
        } catch (InterruptedException e) {
            return true;
        }
    }

    private static PipelineStoppedException closed() {
        return new PipelineStoppedException(
                PipelineState.CLOSED, "the cache was closed before the sink could be written");
    }

    @FunctionalInterface
    private interface Wait {
        /** Whether what is waited for came to pass in time. */
        boolean atMost(long nanos) throws InterruptedException;
    }

    /** Waits even if interrupted; tells whether it was. */
    private static boolean joinAnyway(long deadline, Wait wait) {
        boolean interrupted = false;
        while (true) {
            try {
                wait.atMost(nanosUntil(deadline));
                return interrupted;
            } catch (InterruptedException e) {
                interrupted = true;
            }
        }
    }

    /** The last act of the drainer's thread, however late. */
    private void drainsEnded() {
        joinAnyway(deadlineIn(Long.MAX_VALUE), nanos -> left.await(nanos, TimeUnit.NANOSECONDS));
        try {
            drainer.fail(closed());
        } finally {
            closeJournal();
        }
    }

    /** Says in it how far the sinks are, so that the next one to open it knows. */
    private void closeJournal() {
        if (journal == null) {
            return;
        }
        try (journal) {
            if (drainer.isUnjournaled()) {
                giveUp(journal);
            } else {
                journal.noteApplied(pipeline.appliedRecord());
                if (writers.stream().allMatch(w -> !w.isRequired() || isServed(w, journal))) {
                    journal.noteServed();
                }
            }
        } catch (IOException e) {
            events.journalFailed(e, 1, 0);
        }
    }

    private static boolean isServed(SinkWriter writer, Journal journal) {
        SinkWriter.Progress p = writer.progress();
        return p.known() && p.state() == PipelineState.RUNNING && p.mark().record() == journal.lastRecord();
    }

    /** The journal's disk failed at the end, and the sinks were given what it does not have. */
    private void giveUp(Journal failed) throws IOException {
        if (writers.stream().anyMatch(this::mayBeAhead)) {
            if (writers.stream().allMatch(w -> w.progress().mark().equals(log.last()))) {
                // The sinks are ahead of it, so that whoever opened it would be taken for a fork. Nobody needs it.
                failed.retire();
            } else {
                // That would be noticed only by a cache that has begun to count, which would have to stop.
                failed.markForked("it was closed while its disk failed, with records up to " + failed.lastRecord()
                        + ", and a sink has later ones, or may have, that could not be journaled");
            }
        }
    }

    /** Whether a sink may be where the journal has no record that ends there. */
    private boolean mayBeAhead(SinkWriter writer) {
        // First what was sent, then the mark: as for what remains.
        return !drainer.isJournaledTo(writer.sentTo())
                || !drainer.isJournaledTo(writer.progress().mark().record());
    }

    /** See {@link Pipeline#remains}. */
    Pipeline.Remains remains() {
        // As long as drains go on, the journal may still get everything, and whoever opens it next writes it.
        boolean draining = !drainWorker.hasEndedSteps();
        // First what was sent, then the marks: what is beyond both is certainly not in the sink.
        long upToUnknown = upToUnknown(draining);
        Pipeline.Snapshot snapshot = pipeline.snapshot();
        long applied = snapshot.appliedRecord();
        boolean drained = drainer.isClosed();
        Map<String, Long> unsaved = new HashMap<>();
        Map<String, Long> unknown = new HashMap<>();
        try {
            addRemains(applied, upToUnknown, !drained && !draining, unsaved, unknown);
        } catch (OutOfMemoryError e) {
            // There can be a million keys. That there is something left, and how much, is in the rest of the report.
            unsaved = Map.of();
            unknown = Map.of();
        }
        boolean complete = drained
                && applied == log.last().record()
                && writers.stream().allMatch(w -> !w.isRequired() || isTrusted(w.progress()));
        boolean journaled = journal != null && drained && !drainer.isUnjournaled();
        // Not copied, for the same reason.
        return new Pipeline.Remains(
                Collections.unmodifiableMap(unsaved),
                Collections.unmodifiableMap(unknown),
                complete,
                journaled,
                snapshot);
    }

    private void addRemains(
            long applied, long upToUnknown, boolean leftOver, Map<String, Long> unsaved, Map<String, Long> unknown) {
        long from = Math.max(applied, log.base().record());
        List<DeltaRecord> records = log.after(from, Integer.MAX_VALUE);
        for (DeltaRecord record : records == null ? List.<DeltaRecord>of() : records) {
            record.entries().addTo(record.number() <= upToUnknown ? unknown : unsaved);
        }
        if (leftOver) {
            drainer.leftOverRecords()
                    .forEach(record -> record.entries().addTo(record.number() <= upToUnknown ? unknown : unsaved));
            addLeftOver(unsaved);
        }
    }

    /** Whether a sink that has been met is still known to be at its mark. If nothing was counted, none need be met. */
    private boolean isTrusted(SinkWriter.Progress p) {
        return p.state() != PipelineState.FORKED
                && (p.known() || log.last().record() == log.start().record());
    }

    private long upToUnknown(boolean draining) {
        if (draining && journal != null) {
            return Long.MAX_VALUE;
        }
        // What the journal has is not certainly unsaved, if it does not have all: the next start writes that part.
        boolean inPart = journal != null && (!drainer.isClosed() || drainer.isUnjournaled());
        long upTo = inPart ? drainer.perhapsJournaled() : 0;
        for (SinkWriter writer : writers) {
            if (writer.isRequired()) {
                // What earlier processes sent may be in a sink that has not been asked.
                long sentBefore = writer.progress().known() ? 0 : pipeline.recoveredRecord();
                upTo = Math.max(upTo, Math.max(sentBefore, writer.sentTo()));
            }
        }
        return upTo;
    }

    /** What a drain that failed took from the cells and could not make records of. */
    private void addLeftOver(Map<String, Long> unsaved) {
        Collector leftOver = drainer.leftOver();
        for (int i = 0; i < leftOver.size(); i++) {
            Object key = leftOver.key(i);
            String name = key instanceof String s ? s : new String((byte[]) key, StandardCharsets.UTF_8);
            unsaved.merge(name, leftOver.delta(i), Long::sum);
        }
    }
}
