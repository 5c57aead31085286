// SPDX-License-Identifier: Apache-2.0
package io.everycount.flush;

import io.everycount.cell.CellStore;
import io.everycount.cell.Collector;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicReference;

/**
 * Empties the cells into records: at intervals, when asked, and a last time at the end.
 *
 * <p>Acknowledgements: whoever has added something and then reads {@link #nextStage} holds the stage
 * of a drain that had not started then, because a drain puts a fresh stage in place before it touches
 * the first cell. So the increment is in that drain or in one before.
 */
final class Drainer {
    private static final long UNTIL_SIGNALLED = 1_000_000_000L;

    private final CellStore cells;
    private final RecordLog log;
    private final Acknowledgements acknowledgements;
    private final Pipeline pipeline;
    private final PipelineEvents events;
    private final PipelineSettings settings;
    private final Collector collector = new Collector();
    private final AtomicReference<DrainStage> next;
    private volatile boolean requested;
    private volatile boolean closing;
    private volatile boolean closed;
    private volatile long lastDrainNanos;
    private volatile long drains;
    private long periodStartNanos;

    Drainer(
            CellStore cells,
            RecordLog log,
            Acknowledgements acknowledgements,
            Pipeline pipeline,
            PipelineEvents events,
            PipelineSettings settings) {
        this.cells = cells;
        this.log = log;
        this.acknowledgements = acknowledgements;
        this.pipeline = pipeline;
        this.events = events;
        this.settings = settings;
        this.next = new AtomicReference<>(new DrainStage(settings.callbacks()));
        this.lastDrainNanos = settings.clock().getAsLong();
        this.periodStartNanos = lastDrainNanos;
    }

    /** The stage of the next drain to start. */
    DrainStage nextStage() {
        return Objects.requireNonNull(next.get());
    }

    /** Asks for a drain soon; a {@link Worker#signal} must follow. */
    void request() {
        requested = true;
    }

    /** Asks for the last drain; a {@link Worker#signal} must follow. */
    void close() {
        closing = true;
    }

    /** Whether the last drain is over and nothing can be added any more. */
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

    /** Does what is due and returns the nanoseconds until something else is. */
    long step() {
        if (closed) {
            return Worker.DONE;
        }
        boolean last = closing || pipeline.state() != PipelineState.RUNNING;
        long now = settings.clock().getAsLong();
        long interval = settings.flushIntervalNanos();
        long sinceLast = now - lastDrainNanos;
        if (!last && !requested && (interval == 0 || sinceLast < interval)) {
            return interval == 0 ? UNTIL_SIGNALLED : interval - sinceLast;
        }
        if (!last && !pipeline.hasRoom()) {
            return UNTIL_SIGNALLED;
        }
        requested = false;
        drain(now, last);
        return closed ? Worker.DONE : 0;
    }

    private void drain(long now, boolean last) {
        DrainStage stage = Objects.requireNonNull(next.getAndSet(new DrainStage(settings.callbacks())));
        boolean endOfPeriod = now - periodStartNanos >= settings.idleKeysNanos();
        try {
            cells.drain(collector, last, endOfPeriod);
            log.append(collector, lastDrainNanos, now);
            collector.clear();
        } catch (Throwable t) {
            pipeline.failed(t);
            acknowledgements.drained(stage, Long.MAX_VALUE);
            if (last) {
                finish();
            }
            return;
        }
        if (endOfPeriod) {
            periodStartNanos = now;
        }
        lastDrainNanos = now;
        drains = drains + 1;
        acknowledgements.drained(stage, log.last().record());
        if (last) {
            finish();
        }
        pipeline.drained();
        events.drained();
    }

    /** From now on there is nothing that a stage could wait for but what is in the log already. */
    private void finish() {
        closed = true;
        acknowledgements.drained(nextStage(), log.last().record());
    }

    /** What was taken from the cells and did not become a record; only after a failure. For use after the last step. */
    Collector leftOver() {
        return collector;
    }
}
