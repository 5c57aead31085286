// SPDX-License-Identifier: Apache-2.0
package io.everycount.flush;

import io.everycount.cell.CellStore;
import io.everycount.cell.Collector;
import io.everycount.journal.Journal;
import io.everycount.journal.JournalStats;
import io.everycount.sink.CounterBatch;
import io.everycount.sink.CounterSink;
import io.everycount.sink.QuarantinedEntry;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;

/**
 * One cache's way from its cells to its sinks: a drainer, perhaps a journal, a record log, and a writer for each sink.
 * Thread-safe.
 */
public final class Pipeline {
    /** However little time closing is given, the last drain is worth waiting for: it needs no sink. */
    private static final long LAST_DRAIN_NANOS = 60_000_000_000L;

    private static final long FAILED_DRAIN_NANOS = 2_000_000_000L;
    private static final long JOIN_SLICE_NANOS = 50_000_000L;
    private static final long BEST_EFFORT_NANOS = 1_000_000_000L;

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
    private volatile PipelineState state = PipelineState.RUNNING;
    private volatile @Nullable String whyStopped;
    private volatile boolean abandoned;
    private volatile long flushUpTo;

    /** Whether one of closing and the drainer is over: the other one then closes the journal. */
    private final AtomicBoolean journalLeft = new AtomicBoolean();

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
     * @param pendingBytes what that takes in memory, about
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
            long pendingBytes,
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
     * @param failing whether it has not been reached yet, or the last attempt failed
     * @param appliedRecord its mark
     * @param batches written so far
     * @param retries failed attempts so far
     * @param rewinds how often it went back in time
     * @param lastError what failed last, until something succeeds
     */
    public record SinkSnapshot(
            CounterSink sink,
            UUID instanceId,
            boolean required,
            PipelineState state,
            long quarantined,
            long lost,
            boolean failing,
            long appliedRecord,
            long batches,
            long retries,
            long rewinds,
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
        drainWorker = new Worker(threadName + "-drain", drainer::step, this::drainerEnded);
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

    /** Starts the threads. Call once. If one cannot be started, none stays. */
    public void start() {
        try {
            drainWorker.start();
            writeWorkers.forEach(Worker::start);
        } catch (Throwable t) {
            abandoned = true;
            drainer.close();
            drainWorker.signal();
            writeWorkers.forEach(Worker::signal);
            throw t;
        }
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
                settings.clock().getAsLong() - settings.retainedNanos());
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
            if (why == PipelineState.FORKED) {
                markForked(message);
            }
            stop(writer.sink(), why, message);
        }
    }

    /** So that whoever opens the journal next leaves it alone until a person has looked at it. */
    private void markForked(String message) {
        if (journal != null) {
            try {
                journal.markForked(message);
            } catch (IOException e) {
                events.journalFailed(e, 1, 0);
            }
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

    private synchronized boolean leaveRunning(PipelineState to, String why) {
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
        long deadline = System.nanoTime() + nanos;
        drainer.close();
        writers.forEach(SinkWriter::finish);
        drainWorker.signal();
        writeWorkers.forEach(Worker::signal);
        try {
            joinDrainer(Math.max(nanos, LAST_DRAIN_NANOS));
            for (int i = 0; i < writers.size(); i++) {
                if (writers.get(i).isRequired()) {
                    writeWorkers.get(i).join(deadline - System.nanoTime());
                }
            }
            for (int i = 0; i < writers.size(); i++) {
                if (!writers.get(i).isRequired() && !writers.get(i).progress().failing()) {
                    long left = Math.max(0, deadline - System.nanoTime());
                    writeWorkers.get(i).join(Math.min(left, BEST_EFFORT_NANOS));
                }
            }
        } finally {
            abandoned = true;
            drainWorker.signal();
            writeWorkers.forEach(Worker::signal);
            leaveRunning(PipelineState.CLOSED, "the cache was closed");
            acknowledgements.fail(new PipelineStoppedException(
                    PipelineState.CLOSED, "the cache was closed before the sink could be written"));
            joinAnyway();
            if (!drainWorker.isAlive() || !journalLeft.compareAndSet(false, true)) {
                endDrains();
            }
        }
    }

    /**
     * The drainer's last act. If it outlives closing, because a disk does not answer, the journal must not stay locked
     * for as long as the process lives.
     */
    private void drainerEnded() {
        if (!journalLeft.compareAndSet(false, true)) {
            endDrains();
        }
    }

    private void endDrains() {
        drainer.fail(new PipelineStoppedException(
                PipelineState.CLOSED, "the cache was closed before the sink could be written"));
        closeJournal();
    }

    /** Who was interrupted still waits a little for the last drain, as nobody can tell what is in it before it ends. */
    private void joinAnyway() {
        boolean interrupted = false;
        long deadline = System.nanoTime() + FAILED_DRAIN_NANOS;
        for (long left = FAILED_DRAIN_NANOS; drainWorker.isAlive() && left > 0; left = deadline - System.nanoTime()) {
            try {
                drainWorker.join(left);
            } catch (InterruptedException e) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    /** Says in it how far the sinks are, so that the next one to open it knows. */
    private void closeJournal() {
        if (journal == null) {
            return;
        }
        try (journal) {
            if (!drainer.isUnjournaled()) {
                journal.noteApplied(appliedRecord());
            } else if (writers.stream().allMatch(w -> w.progress().mark().equals(log.last()))) {
                // The sinks are ahead of it, so that whoever opened it would be taken for a fork. Nobody needs it.
                journal.retire();
            } else if (writers.stream().anyMatch(w -> w.progress().mark().record() > journal.lastRecord())) {
                // That would be noticed only by a cache that has begun to count, which would have to stop.
                journal.markForked("it was closed while its disk failed, with records up to " + journal.lastRecord()
                        + ", and a sink has later ones that could not be journaled");
            }
        } catch (IOException e) {
            events.journalFailed(e, 1, 0);
        }
    }

    /** A drain needs no sink, so it gets its time; one that keeps failing does not. */
    private void joinDrainer(long nanos) throws InterruptedException {
        long deadline = System.nanoTime() + nanos;
        while (!drainWorker.join(JOIN_SLICE_NANOS)
                && deadline - System.nanoTime() > 0
                && state != PipelineState.FAILED) {
            drainWorker.signal();
        }
        if (state == PipelineState.FAILED) {
            drainWorker.join(FAILED_DRAIN_NANOS);
        }
    }

    /** What closing left behind. For use after {@link #close}. */
    public Remains remains() {
        // As long as the drainer lives, the journal may still get everything, and whoever opens it next writes it.
        boolean living = drainWorker.isAlive();
        // First what is in flight, then the marks: a batch that is neither is certainly not in the sink.
        long upToUnknown = living && journal != null ? Long.MAX_VALUE : 0;
        for (SinkWriter writer : writers) {
            CounterBatch batch = writer.inFlight();
            if (writer.isRequired() && batch != null) {
                upToUnknown = Math.max(upToUnknown, batch.to().record());
            }
        }
        Snapshot snapshot = snapshot();
        long applied = snapshot.appliedRecord();
        Map<String, Long> unsaved = new HashMap<>();
        Map<String, Long> unknown = new HashMap<>();
        long from = Math.max(applied, log.base().record());
        List<DeltaRecord> records = log.after(from, Integer.MAX_VALUE);
        for (DeltaRecord record : records == null ? List.<DeltaRecord>of() : records) {
            record.entries().addTo(record.number() <= upToUnknown ? unknown : unsaved);
        }
        boolean drained = drainer.isClosed();
        if (!drained && !living) {
            Collector leftOver = drainer.leftOver();
            for (int i = 0; i < leftOver.size(); i++) {
                Object key = leftOver.key(i);
                String name = key instanceof String s ? s : new String((byte[]) key, StandardCharsets.UTF_8);
                unsaved.merge(name, leftOver.delta(i), Long::sum);
            }
            drainer.leftOverRecords().forEach(record -> record.entries().addTo(unsaved));
        }
        boolean forked =
                writers.stream().anyMatch(w -> w.isRequired() && w.progress().state() == PipelineState.FORKED);
        boolean complete = drained && !forked && applied == log.last().record();
        boolean journaled = journal != null && drained && !drainer.isUnjournaled();
        return new Remains(Map.copyOf(unsaved), Map.copyOf(unknown), complete, journaled, snapshot);
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
                    p.failing(),
                    p.mark().record(),
                    p.batches(),
                    p.retries(),
                    p.rewinds(),
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
                last.bytes() - applied.bytes(),
                applied.bytes() - Math.min(applied.bytes(), log.base().bytes()),
                last.record(),
                applied.record(),
                Math.max(0, settings.clock().getAsLong() - since),
                drainer.drains(),
                sinks);
    }
}
