// SPDX-License-Identifier: Apache-2.0
package io.everycount.flush;

import io.everycount.cell.CellStore;
import io.everycount.cell.Collector;
import io.everycount.journal.Journal;
import io.everycount.journal.JournalStats;
import java.io.IOException;
import java.lang.invoke.VarHandle;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/**
 * Empties the cells into records: at intervals, when asked, and a last time at the end. If there is a journal, a
 * record is in it, forced to disk, before the log and so any sink gets to see it.
 *
 * <p>Acknowledgements: whoever has added something and then reads {@link #nextStage} holds the stage
 * of a drain that had not started then, because a drain puts a fresh stage in place before it touches
 * the first cell. So the increment is in that drain or in one before.
 *
 * <p>If a drain fails (out of memory, or a defect), nothing it took is lost: it is in the collector, in
 * {@link #made}, or still in its cell. The pipeline stops taking increments, and the last drain is tried until it
 * succeeds or the cache is closed.
 *
 * <p>If the journal fails, the drain stays where it is, with its records in hand, and offers the journal the very
 * same ones again after a while: perhaps they are on disk although it failed. Increments go on adding up in their
 * cells meanwhile. Only when the cache is being closed do records go to the sinks without a journal, because
 * they would be lost otherwise.
 */
final class Drainer {
    private static final long UNTIL_SIGNALLED = 1_000_000_000L;
    /** Room in a journal comes when files have been deleted, which nobody signals. */
    private static final long ROOM_PAUSE = 20_000_000L;

    private static final long AFTER_FAILURE = 20_000_000L;

    /** Keys near their limit ask for a drain at most this often, and at most ten times an interval. */
    private static final long PRESSURE_GAP_MIN = 10_000_000L;

    /** After so many drains in a row that found nothing, a journal's drains come less often. */
    private static final int EMPTY_DRAINS = 20;

    private static final int DOZING_FACTOR = 10;

    private final CellStore cells;
    private final RecordLog log;
    private final @Nullable Journal journal;
    private final Acknowledgements acknowledgements;
    private final Pipeline pipeline;
    private final PipelineEvents events;
    private final PipelineSettings settings;
    private final Backoff backoff;
    private final Collector collector = new Collector();
    private final AtomicReference<DrainStage> next;
    private volatile boolean requested;
    /** Set before {@link #requested}; taken by one exchange, so that a request is seen now or stays for the next drain. */
    private final AtomicBoolean flushRequested = new AtomicBoolean();

    private volatile boolean pressure;
    private volatile boolean closing;
    private volatile boolean closed;
    private volatile boolean dozing;
    private volatile boolean unjournaled;
    private volatile long perhapsJournaled;
    private volatile int journalFailures;
    private volatile boolean outOfRoom;
    private volatile @Nullable JournalStats journalStats;
    private volatile long lastDrainNanos;
    private volatile long drains;

    /** Odd from before a drain takes anything until all of it is in the log; after a failure, until one succeeds. */
    private volatile long phase;

    private long periodStartNanos;
    private long recordBeforeLastDrain;
    private long notBefore;
    private int emptyDrains;

    /** The stage of the drain under way, until it is with the acknowledgements. */
    private @Nullable DrainStage current;

    private boolean currentIsLast;
    private boolean currentIsFlush;
    private long currentNanos;
    private @Nullable DrainEvent currentEvent;

    /** The records of the drain under way, of which so many are in the log. */
    private List<DeltaRecord> made = List.of();

    private int published;

    /** Records to be put in place of others, once they are in the journal. */
    private List<DeltaRecord> summary = List.of();

    /** Where a summary begins that the journal has or not, and the sinks get no more. */
    private long summaryInDoubt = Long.MAX_VALUE;

    Drainer(
            CellStore cells,
            RecordLog log,
            @Nullable Journal journal,
            Acknowledgements acknowledgements,
            Pipeline pipeline,
            PipelineEvents events,
            PipelineSettings settings) {
        this.cells = cells;
        this.log = log;
        this.journal = journal;
        this.journalStats = journal == null ? null : journal.stats();
        this.perhapsJournaled = log.last().record();
        this.acknowledgements = acknowledgements;
        this.pipeline = pipeline;
        this.events = events;
        this.settings = settings;
        this.backoff = settings.backoff();
        this.next = new AtomicReference<>(new DrainStage(settings.callbacks()));
        this.lastDrainNanos = settings.clock().getAsLong();
        this.periodStartNanos = lastDrainNanos;
        this.notBefore = lastDrainNanos;
    }

    /** The stage of the next drain to start. */
    DrainStage nextStage() {
        return Objects.requireNonNull(next.get());
    }

    /** Asks for a drain now, and for its records to be written to the sinks; a {@link Worker#signal} must follow. */
    void request() {
        flushRequested.set(true);
        requested = true;
    }

    /** Asks for a drain now; a {@link Worker#signal} must follow. */
    void requestCommit() {
        requested = true;
    }

    /** Whether drains come less often than usual, so that whoever waits for one had better ask. */
    boolean isDozing() {
        return dozing;
    }

    /** Asks for a drain before long, to make room for keys; a {@link Worker#signal} must follow. */
    void requestRoom() {
        pressure = true;
    }

    /** Asks for the last drain; a {@link Worker#signal} must follow. */
    void close() {
        closing = true;
    }

    /** Whether the last drain has succeeded: nothing can be added any more, and nothing is left in the cells. */
    boolean isClosed() {
        return closed;
    }

    /** When the last drain started: what is still in the cells was added later. */
    long lastDrainNanos() {
        return lastDrainNanos;
    }

    long drains() {
        return drains;
    }

    /** How often in a row the journal has failed; 0 if it works, or there is none. */
    int journalFailures() {
        return journalFailures;
    }

    /** Whether drains wait for room. */
    boolean isOutOfRoom() {
        return outOfRoom;
    }

    /** How the journal was doing a moment ago, for who must not wait for its locks; null if there is none. */
    @Nullable
    JournalStats journalStats() {
        return journalStats;
    }

    /** Whether records went to the log that are not in the journal. */
    boolean isUnjournaled() {
        return unjournaled;
    }

    /** The last record that may be in the journal. */
    long perhapsJournaled() {
        return perhapsJournaled;
    }

    /** Whether the journal is certain to have a record that ends here, or 0. For use after the last step. */
    boolean isJournaledTo(long record) {
        long last = journal == null ? 0 : journal.lastRecord();
        return record <= Math.min(last, summaryInDoubt) || record == last;
    }

    /**
     * Odd while a drain is under way, another number after each: who reads the same even number before and
     * after looking at cells and log has seen every increment in one of them, and none in both.
     */
    long phase() {
        return phase;
    }

    /** Does what is due and returns the nanoseconds until something else is. */
    long step() {
        if (closed) {
            return Worker.DONE;
        }
        boolean last = closing || pipeline.state() != PipelineState.RUNNING;
        long now = settings.clock().getAsLong();
        journalStats = journal == null ? null : journal.stats();
        if (!last) {
            long wait = current != null ? notBefore - now : untilDue(now);
            if (wait > 0) {
                return wait;
            }
            if (current == null && !pipeline.hasRoom(recordBeforeLastDrain)) {
                outOfRoom = true;
                pipeline.flushForRoom();
                return journal == null ? UNTIL_SIGNALLED : ROOM_PAUSE;
            }
        }
        outOfRoom = false;
        try {
            if (summary.isEmpty()) {
                if (current == null || published == made.size()) {
                    take(now, last);
                }
                journalAndPublish();
                sumUp();
            }
            writeSummary();
            end();
        } catch (IOException e) {
            return journalFailed(e);
        } catch (Throwable t) {
            pipeline.failed(t, current);
            return pipeline.isAbandoned() ? Worker.DONE : AFTER_FAILURE;
        }
        return closed ? Worker.DONE : 0;
    }

    private long untilDue(long now) {
        if (requested) {
            return 0;
        }
        long interval = journal == null ? settings.flushIntervalNanos() : settings.commitIntervalNanos();
        long wait =
                interval == 0 ? UNTIL_SIGNALLED : lastDrainNanos + (dozing ? interval * DOZING_FACTOR : interval) - now;
        if (pressure) {
            wait = Math.min(wait, lastDrainNanos + Math.max(PRESSURE_GAP_MIN, interval / 10) - now);
        }
        return wait;
    }

    /** Takes what is in the cells and makes records of it. Can be repeated if it fails. */
    private void take(long now, boolean last) {
        if (current == null) {
            requested = false;
            currentIsFlush = flushRequested.getAndSet(false);
            pressure = false;
            recordBeforeLastDrain = log.last().record();
            current = next.getAndSet(new DrainStage(settings.callbacks()));
            currentEvent = FlightRecorder.drain();
        }
        boolean endOfPeriod = now - periodStartNanos >= settings.idleKeysNanos();
        currentNanos = now;
        phase = phase | 1;
        // Nothing of what follows may be seen before it.
        VarHandle.fullFence();
        currentIsLast = last;
        cells.drain(collector, last, endOfPeriod);
        List<DeltaRecord> records = log.make(collector, lastDrainNanos);
        // From here on, they are what was drained.
        published = 0;
        made = records;
        collector.clear();
        if (endOfPeriod) {
            periodStartNanos = now;
        }
    }

    /** Goes on where it was when it failed. */
    private void journalAndPublish() throws IOException {
        while (published < made.size()) {
            DeltaRecord record = made.get(published);
            if (journal != null && !unjournaled) {
                append(journal, record);
            }
            log.publish(record);
            published++;
        }
        if (journal != null && !unjournaled) {
            Objects.requireNonNull(current).journal();
        }
    }

    private void append(Journal journal, DeltaRecord record) throws IOException {
        perhapsJournaled = record.number();
        JournalCommitEvent event = FlightRecorder.journalCommit();
        long start = settings.clock().getAsLong();
        boolean forced = false;
        try {
            journal.append(record.journaled(settings.epochClock()), pipeline.appliedRecord());
            forced = true;
        } finally {
            if (event != null) {
                event.ended(record, forced);
            }
        }
        journalWorks();
        events.journaled(record.number(), record.size(), settings.clock().getAsLong() - start);
    }

    /** Sums up what the sinks could not take for long. */
    private void sumUp() {
        if (pipeline.isSummaryDue() && !unjournaled) {
            try {
                summary = log.summary(pipeline.marks());
            } catch (OutOfMemoryError e) {
                // Nothing has changed, and without it there is backpressure sooner.
                summary = List.of();
            }
            if (summary.isEmpty()) {
                pipeline.summedUp();
            }
        }
    }

    /**
     * Into the journal first, because what is sent to a sink must be what a restart would send. If that fails, it may
     * be there all the same; so until it succeeds nothing else is done, and no sink is sent what is being summed up.
     */
    private void writeSummary() throws IOException {
        if (summary.isEmpty()) {
            return;
        }
        if (unjournaled) {
            summaryInDoubt = summary.get(0).from();
            log.keep();
        } else {
            Objects.requireNonNull(journal)
                    .checkpoint(
                            summary.stream()
                                    .map(r -> r.journaled(settings.epochClock()))
                                    .toList(),
                            log.digestBefore(summary),
                            pipeline.appliedRecord());
            journalWorks();
            log.replace(summary);
        }
        summary = List.of();
        pipeline.summedUp();
    }

    private void journalWorks() {
        if (journalFailures != 0) {
            journalFailures = 0;
            events.journalWorks();
        }
    }

    private void end() {
        boolean found = !made.isEmpty();
        DrainEvent event = currentEvent;
        if (event != null && found) {
            event.ended(made);
        }
        made = List.of();
        published = 0;
        phase = phase + 1;
        lastDrainNanos = currentNanos;
        drains = drains + 1;
        emptyDrains = found ? 0 : Math.min(emptyDrains + 1, EMPTY_DRAINS);
        dozing = journal != null && emptyDrains == EMPTY_DRAINS;
        DrainStage stage = Objects.requireNonNull(current);
        handOn(stage);
        current = null;
        if (currentIsLast) {
            // Whoever comes now has nothing to wait for but what is in the log already.
            handOn(nextStage());
            closed = true;
        }
        pipeline.drained(currentIsFlush || currentIsLast);
        events.drained();
    }

    private void handOn(DrainStage stage) {
        if (journal != null && !unjournaled) {
            stage.journal();
        }
        acknowledgements.drained(stage, log.last().record());
    }

    private long journalFailed(IOException e) {
        journalFailures = Math.max(1, journalFailures + 1);
        if (closing) {
            unjournaled = true;
            events.journalFailed(e, journalFailures, 0);
            return 0;
        }
        long wait = backoff.nanos(journalFailures, false);
        notBefore = settings.clock().getAsLong() + wait;
        events.journalFailed(e, journalFailures, wait);
        return wait;
    }

    /** Ends all waiting for drains that will not come. For use after the last step. */
    void fail(PipelineStoppedException why) {
        DrainStage stage = current;
        if (stage != null) {
            stage.fail(why);
        }
        nextStage().fail(why);
    }

    /** What was taken from the cells and did not become a record; only after a failure. For use after the last step. */
    Collector leftOver() {
        return collector;
    }

    /** Records that did not get into the log; only after a failure. For use after the last step. */
    List<DeltaRecord> leftOverRecords() {
        return made.subList(published, made.size());
    }
}
