// SPDX-License-Identifier: Apache-2.0
package io.everycount.flush;

import io.everycount.cell.CellStore;
import io.everycount.journal.Journal;
import io.everycount.journal.JournalStats;
import io.everycount.sink.CounterSink;
import io.everycount.sink.QuarantinedEntry;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * One cache's way from its cells to its sinks: a drainer, perhaps a journal, a record log, and a writer for each sink.
 * Thread-safe.
 */
public final class Pipeline {
    private final PipelineSettings settings;
    private final PipelineEvents events;
    private final @Nullable Journal journal;
    private final RecordLog log;
    private final Acknowledgements acknowledgements = new Acknowledgements();
    private final Drainer drainer;
    private final PendingSums pendingSums;
    private final Worker drainWorker;
    private final List<SinkWriter> writers = new ArrayList<>();
    private final List<Worker> writeWorkers = new ArrayList<>();
    private final Closing closing;
    private volatile PipelineState state = PipelineState.RUNNING;
    private volatile @Nullable String whyStopped;
    private volatile boolean abandoned;
    private volatile long flushUpTo;

    /** The end of what the journal had when it was opened. */
    private final RecordLog.Point recovered;

    /** The drainer's: what was pending of our own, and what the journal took, after it was summed up last. */
    private long summaryBytes;

    private long summaryJournalBytes;

    private final Map<UUID, SinkWriter> stores = new ConcurrentHashMap<>();

    /** Held by writers while they tell what the lowest mark is, so that the last to tell is right. */
    private final Object marks = new Object();

    /**
     * What became of everything, in sums of deltas modulo 2^64.
     *
     * @param state running, or why not
     * @param whyStopped a sentence, if not running
     * @param accepted drained so far
     * @param persisted in the totals of every required sink
     * @param quarantined set aside by the required sink that is furthest behind
     * @param lost in gaps that it had to be told of
     * @param pending drained and none of the three
     * @param pendingKeys the keys of the records that it is in, each counted as often as it is in a record
     * @param pendingBytes what that takes in memory, about
     * @param pendingBytesMax what it may take before drains wait
     * @param retainedBytes what the records kept for a store that goes back in time take, about
     * @param lastRecord the number of the last record
     * @param appliedRecord the lowest mark of the required sinks
     * @param oldestNanos an upper bound of the age of the oldest increment not persisted
     * @param drains so far
     * @param sinks one entry for each sink
     */
    public record Snapshot(
            PipelineState state,
            @Nullable String whyStopped,
            long accepted,
            long persisted,
            long quarantined,
            long lost,
            long pending,
            long pendingKeys,
            long pendingBytes,
            long pendingBytesMax,
            long retainedBytes,
            long lastRecord,
            long appliedRecord,
            long oldestNanos,
            long drains,
            List<SinkSnapshot> sinks) {}

    /**
     * One sink.
     *
     * @param sink which
     * @param instanceId this cache's name in its ledger
     * @param required whether acknowledgements wait for it
     * @param state running, or why not
     * @param quarantined the sum of deltas it set aside
     * @param lost the sum of deltas in gaps that it had to be told of
     * @param gaps how often it had to be told of one
     * @param failing whether it has not been reached yet, or the last attempt failed
     * @param appliedRecord its mark
     * @param batches written so far
     * @param retries failed attempts so far
     * @param rewinds how often it went back in time
     * @param replayedRecords how many records it has been, or will be, written again because of that
     * @param lastError what failed last, until something succeeds
     */
    public record SinkSnapshot(
            CounterSink sink,
            UUID instanceId,
            boolean required,
            PipelineState state,
            long quarantined,
            long lost,
            long gaps,
            boolean failing,
            long appliedRecord,
            long batches,
            long retries,
            long rewinds,
            long replayedRecords,
            @Nullable Throwable lastError) {}

    /**
     * What closing left behind.
     *
     * @param unsaved deltas that are certainly not in every required sink
     * @param unknown deltas that may be
     * @param complete whether everything counted is known to be in every required sink
     * @param journaled whether everything counted is in the journal
     * @param snapshot of the moment that the rest speaks of
     */
    public record Remains(
            Map<String, Long> unsaved,
            Map<String, Long> unknown,
            boolean complete,
            boolean journaled,
            Snapshot snapshot) {}

    /**
     * @param required sinks that acknowledgements wait for; at least one
     * @param bestEffort sinks that nobody waits for
     * @param threadName the beginning of the threads' names
     * @param journal this instance's, opened, from now on ours to use and to close; null to do without
     */
    public Pipeline(
            CellStore cells,
            List<CounterSink> required,
            List<CounterSink> bestEffort,
            String threadName,
            PipelineSettings settings,
            PipelineEvents events,
            @Nullable Journal journal) {
        this.settings = settings;
        this.events = events;
        this.journal = journal;
        log = journal == null
                ? new RecordLog(settings.recordKeysMax(), settings.random().nextLong())
                : new RecordLog(settings.recordKeysMax(), journal.salt(), journal.recovered(), settings.epochClock());
        recovered = log.last();
        if (journal != null) {
            journal.dropRecovered();
        }
        drainer = new Drainer(cells, log, journal, acknowledgements, this, events, settings);
        pendingSums = new PendingSums(cells, drainer, log, this);
        closing = new Closing(this, drainer, log, journal, acknowledgements, events, writers, writeWorkers, threadName);
        drainWorker = closing.drainWorker();
        required.forEach(sink -> addWriter(sink, true, threadName));
        bestEffort.forEach(sink -> addWriter(sink, false, threadName));
    }

    private void addWriter(CounterSink sink, boolean required, String threadName) {
        UUID instanceId = journal == null
                ? new UUID(settings.random().nextLong(), settings.random().nextLong())
                : InstanceIds.ofSink(journal.instanceId(), writers.size());
        SinkWriter writer = new SinkWriter(
                sink,
                required,
                instanceId,
                settings,
                log,
                new StoreBinding(journal, writers.size()),
                new Host(),
                events);
        writers.add(writer);
        writeWorkers.add(new Worker(threadName + "-sink-" + writers.size(), writer::step));
    }

    /** Starts the threads. Call once, and {@link #abort} if one cannot be started. */
    public void start() {
        drainWorker.start();
        writeWorkers.forEach(Worker::start);
    }

    /** This cache's name in the ledger of its first sink. */
    public UUID instanceId() {
        return writers.get(0).instanceId();
    }

    /** Running, or why not. */
    public PipelineState state() {
        return state;
    }

    /** Why it is not running; null while it is. */
    public @Nullable String whyStopped() {
        return whyStopped;
    }

    /** The stage of the next drain to start: wait for it after adding. */
    public DrainStage nextStage() {
        return drainer.nextStage();
    }

    /** Asks for a drain now rather than at the next interval, and for it to be written. Never blocks. */
    public void requestDrain() {
        drainer.request();
        drainWorker.signal();
    }

    /** Asks for a drain if the next one is not due soon, as somebody waits for the journal. Never blocks. */
    public void requestCommit() {
        if (drainer.isDozing()) {
            drainer.requestCommit();
            drainWorker.signal();
        }
    }

    /** Whether there is a journal. */
    public boolean isJournaled() {
        return journal != null;
    }

    /** How the journal was doing a moment ago; null if there is none. Takes no lock. */
    public @Nullable JournalStats journalStats() {
        return drainer.journalStats();
    }

    /** Why nothing gets into the journal at the moment; null if it does, or there is none. Takes no lock. */
    public @Nullable String journalProblem() {
        JournalStats stats = drainer.journalStats();
        if (journal == null || stats == null) {
            return null;
        }
        if (drainer.journalFailures() != 0) {
            return "the journal in " + journal.directory() + " cannot be written: " + stats.lastError();
        }
        if (!drainer.isOutOfRoom()) {
            return null;
        }
        return ownPendingBytes() < settings.pendingBytesMax()
                ? "the journal in " + journal.directory() + " is full (" + stats.bytes() + " of " + journal.bytesMax()
                        + " bytes), as the sinks do not take what it has"
                : "as much as may be on its way waits for the sinks (" + settings.pendingBytesMax() + " bytes)";
    }

    /** Asks for a drain before long, because keys need room. Never blocks. */
    public void requestRoom() {
        drainer.requestRoom();
        drainWorker.signal();
    }

    /** The number of the last record: an increment that comes later is in a later one. */
    public long lastRecord() {
        return log.last().record();
    }

    /**
     * What was added to a key and is not in records up to a number: in later records, or in cells. Waits for a
     * drain under way, for a bounded time.
     *
     * @param key valid
     * @return empty if it cannot be told: records after the number are gone, or there is none of that number,
     *     or a drain did not end in time
     */
    public OptionalLong pending(String key, long afterRecord) {
        return pendingSums.of(key, afterRecord);
    }

    /** Whether any increment that came after a record may have been set aside. */
    public boolean hasQuarantinedAfter(long record) {
        return acknowledgements.hasQuarantinedAfter(record);
    }

    /** Whether an increment of a key that came after a record may have been set aside. */
    public boolean isQuarantined(String key, long afterRecord) {
        return acknowledgements.isQuarantined(key, afterRecord);
    }

    /**
     * Whether another drain would find its way: the sinks answer, and have all but what the last drain took.
     * While they have not, increments are better off in their cells, where they add up. With a journal it is its
     * room that counts, and memory's: in the journal they are safer than in their cells.
     */
    boolean hasRoom(long recordBeforeLastDrain) {
        if (journal != null) {
            return ownPendingBytes() < settings.pendingBytesMax() && journal.hasRoom();
        }
        RecordLog.Point applied = applied();
        long pendingBytes = log.last().bytes() - applied.bytes();
        return pendingBytes == 0
                || applied.record() >= recordBeforeLastDrain
                        && pendingBytes < settings.pendingBytesMax()
                        && !isFailing();
    }

    /**
     * What is pending without what the journal had when it was opened: that cannot be summed up before the sinks have
     * it, and nothing of it is an obstacle to take more.
     */
    private long ownPendingBytes() {
        return log.last().bytes() - Math.max(applied().bytes(), recovered.bytes());
    }

    private boolean isFailing() {
        return writers.stream().anyMatch(w -> w.isRequired() && w.progress().failing());
    }

    private RecordLog.Point applied() {
        return writers.stream()
                .filter(SinkWriter::isRequired)
                .map(w -> w.progress().mark())
                .min(Comparator.comparingLong(RecordLog.Point::record))
                .orElseThrow();
    }

    /**
     * @param flush whether it is to be written at once
     */
    void drained(boolean flush) {
        if (flush) {
            flushUpTo = log.last().record();
        }
        if (flush || journal == null || isPendingMuch()) {
            writeWorkers.forEach(Worker::signal);
        }
    }

    /**
     * Makes room in the journal: has what there is written without waiting for an interval, or for somebody to ask, and
     * lets go of what was.
     */
    void flushForRoom() {
        Journal j = journal;
        if (j != null) {
            flushUpTo = log.last().record();
            writeWorkers.forEach(Worker::signal);
            synchronized (marks) {
                if (isKnown()) {
                    letGo();
                }
            }
            j.forget(log.base().record());
        }
    }

    /** Whether every required sink has told its mark. */
    private boolean isKnown() {
        return writers.stream().allMatch(w -> !w.isRequired() || w.progress().known());
    }

    /** Lets go of applied records: those that are not to be retained, or all if the journal has no room otherwise. */
    private RecordLog.Point letGo() {
        RecordLog.Point applied = applied();
        boolean crowded = journal != null && !journal.hasRoom();
        log.applied(
                applied,
                crowded ? 0 : settings.retainedBytesMax(),
                settings.clock().getAsLong(),
                settings.retainedNanos());
        return applied;
    }

    private boolean isPendingMuch() {
        return log.last().bytes() - applied().bytes() > settings.pendingBytesMax() / 4;
    }

    /**
     * Whether so much is pending that it ought to be summed up: half of what may be, in memory or in the journal, and
     * twice what was left of it the last time.
     */
    boolean isSummaryDue() {
        Journal j = journal;
        if (j == null || drainer.isClosed()) {
            return false;
        }
        long pendingBytes = ownPendingBytes();
        long journalBytes = j.stats().bytes();
        summaryBytes = Math.min(summaryBytes, pendingBytes);
        summaryJournalBytes = Math.min(summaryJournalBytes, journalBytes);
        return pendingBytes > settings.pendingBytesMax() / 2 && pendingBytes > 2 * summaryBytes
                || journalBytes > j.bytesMax() / 2 && journalBytes > summaryJournalBytes + j.bytesMax() / 8;
    }

    /** Notes what a summary left. */
    void summedUp() {
        summaryBytes = ownPendingBytes();
        if (journal != null) {
            summaryJournalBytes = journal.stats().bytes();
        }
    }

    /** The last record that the journal had when it was opened; 0 without one. */
    long recoveredRecord() {
        return recovered.record();
    }

    /** How far the sinks are, one for each. */
    long[] marks() {
        return writers.stream().mapToLong(w -> w.progress().mark().record()).toArray();
    }

    /** The last record that every required sink has, as far as is known. */
    long appliedRecord() {
        return applied().record();
    }

    boolean isAbandoned() {
        return abandoned;
    }

    /** Makes everything end where it is; the threads must be signalled. */
    void abandon() {
        abandoned = true;
    }

    /** What this is for its writers. */
    private final class Host implements WriterHost {
        @Override
        public boolean isAbandoned() {
            return abandoned;
        }

        @Override
        public boolean isComplete() {
            return drainer.isClosed();
        }

        @Override
        public long lastDrainNanos() {
            return drainer.lastDrainNanos();
        }

        @Override
        public boolean isFlushDue(long mark) {
            return journal == null || flushUpTo > mark || isPendingMuch();
        }

        @Override
        public SinkWriter claimStore(SinkWriter writer, UUID storeId) {
            SinkWriter earlier = stores.putIfAbsent(storeId, writer);
            return earlier == null ? writer : earlier;
        }

        @Override
        public void quarantined(SinkWriter writer, long upToRecord, List<QuarantinedEntry> entries) {
            if (writer.isRequired()) {
                acknowledgements.quarantined(upToRecord, entries);
            }
        }

        @Override
        public void markMoved(SinkWriter writer) {
            if (!writer.isRequired()) {
                return;
            }
            synchronized (marks) {
                if (!isKnown()) {
                    return;
                }
                acknowledgements.applied(letGo().record());
            }
            if (journal == null) {
                drainWorker.signal();
            } else {
                journal.forget(log.base().record());
            }
        }

        @Override
        public void stoppedBy(SinkWriter writer, PipelineState why, String message) {
            if (!writer.isRequired()) {
                events.stopped(writer.sink(), why, message);
                return;
            }
            if (why == PipelineState.FORKED && journal != null) {
                markForked(journal, message);
            }
            stop(writer.sink(), why, message);
        }
    }

    /** So that whoever opens the journal next leaves it alone until a person has looked at it. */
    private void markForked(Journal opened, String message) {
        try {
            opened.markForked(message);
        } catch (IOException e) {
            events.journalFailed(e, 1, 0);
        }
    }

    /**
     * The drainer failed, perhaps for lack of memory: so everything that needs some comes last, and may
     * fail again.
     *
     * @param stage of the drain that failed
     */
    void failed(Throwable t, @Nullable DrainStage stage) {
        boolean first = leaveRunning(PipelineState.FAILED, "the drainer failed; see the log");
        try {
            PipelineStoppedException why =
                    new PipelineStoppedException(PipelineState.FAILED, "the drainer failed: " + t);
            if (stage != null) {
                stage.fail(why);
            }
            acknowledgements.fail(why);
            if (first) {
                whyStopped = why.getMessage();
                events.stopped(null, PipelineState.FAILED, "the drainer failed: " + t);
            }
        } catch (Throwable again) {
            // The state says enough.
        }
    }

    private void stop(@Nullable CounterSink sink, PipelineState why, String message) {
        if (leaveRunning(why, message)) {
            drainWorker.signal();
            acknowledgements.fail(new PipelineStoppedException(why, message));
            events.stopped(sink, why, message);
        }
    }

    synchronized boolean leaveRunning(PipelineState to, String why) {
        if (state != PipelineState.RUNNING) {
            return false;
        }
        whyStopped = why;
        state = to;
        return true;
    }

    /**
     * Takes no more increments, writes what there is, and ends the threads. Call once; {@link #remains}
     * tells how it went, even if this was interrupted.
     *
     * @param nanos how long the required sinks may take
     */
    public void close(long nanos) throws InterruptedException {
        closing.close(nanos);
    }

    /**
     * Ends the threads of a pipeline that nothing was added to, those that were started. The journal is closed then, or
     * will be, when its disk answers.
     */
    public void abort() {
        closing.abort();
    }

    /** What closing left behind. For use after {@link #close}. */
    public Remains remains() {
        return closing.remains();
    }

    /** What became of everything drained so far. */
    public Snapshot snapshot() {
        // Each mark once, and the log after them: so what is persisted is never more than what was accepted.
        SinkWriter.Progress slowest = null;
        List<SinkSnapshot> sinks = new ArrayList<>();
        for (SinkWriter writer : writers) {
            SinkWriter.Progress p = writer.progress();
            if (writer.isRequired()
                    && (slowest == null || p.mark().record() < slowest.mark().record())) {
                slowest = p;
            }
            sinks.add(new SinkSnapshot(
                    writer.sink(),
                    writer.instanceId(),
                    writer.isRequired(),
                    p.state(),
                    p.quarantined(),
                    p.lost(),
                    p.tally().gaps(),
                    p.failing(),
                    p.mark().record(),
                    p.tally().batches(),
                    p.tally().retries(),
                    p.tally().rewinds(),
                    p.tally().replayedRecords(),
                    p.lastError()));
        }
        if (slowest == null) {
            throw new IllegalStateException("no required sink");
        }
        RecordLog.Point applied = slowest.mark();
        RecordLog.Point last = log.last();
        DeltaRecord oldest = log.oldestPending();
        long since = oldest == null ? drainer.lastDrainNanos() : oldest.sinceNanos();
        return new Snapshot(
                state,
                whyStopped,
                last.deltaSum() - log.start().deltaSum(),
                applied.deltaSum() - log.start().deltaSum() - slowest.quarantined() - slowest.lost(),
                slowest.quarantined(),
                slowest.lost(),
                last.deltaSum() - applied.deltaSum(),
                last.keys() - applied.keys(),
                last.bytes() - applied.bytes(),
                settings.pendingBytesMax(),
                applied.bytes() - Math.min(applied.bytes(), log.base().bytes()),
                last.record(),
                applied.record(),
                Math.max(0, settings.clock().getAsLong() - since),
                drainer.drains(),
                sinks);
    }
}
