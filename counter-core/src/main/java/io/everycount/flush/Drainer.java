// SPDX-License-Identifier: Apache-2.0
package io.everycount.flush;

import io.everycount.cell.CellStore;
import io.everycount.cell.Collector;
import java.lang.invoke.VarHandle;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/**
 * Empties the cells into records: at intervals, when asked, and a last time at the end.
 *
 * <p>Acknowledgements: whoever has added something and then reads {@link #nextStage} holds the stage
 * of a drain that had not started then, because a drain puts a fresh stage in place before it touches
 * the first cell. So the increment is in that drain or in one before.
 *
 * <p>If a drain fails (out of memory, or a defect), nothing it took is lost: it is in the collector or
 * still in its cell. The pipeline stops taking increments, and the last drain is tried until it
 * succeeds or the cache is closed.
 */
final class Drainer {
    private static final long UNTIL_SIGNALLED = 1_000_000_000L;
    private static final long AFTER_FAILURE = 20_000_000L;

    /** Keys near their limit ask for a drain at most this often, and at most ten times an interval. */
    private static final long PRESSURE_GAP_MIN = 10_000_000L;

    private final CellStore cells;
    private final RecordLog log;
    private final Acknowledgements acknowledgements;
    private final Pipeline pipeline;
    private final PipelineEvents events;
    private final PipelineSettings settings;
    private final Collector collector = new Collector();
    private final AtomicReference<DrainStage> next;
    private volatile boolean requested;
    private volatile boolean pressure;
    private volatile boolean closing;
    private volatile boolean closed;
    private volatile long lastDrainNanos;
    private volatile long drains;

    /** Odd from before a drain takes anything until all of it is in the log; after a failure, until one succeeds. */
    private volatile long phase;

    private long periodStartNanos;
    private long recordBeforeLastDrain;

    /** The stage of the drain under way, until it is with the acknowledgements. */
    private @Nullable DrainStage current;

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

    /** Asks for a drain now; a {@link Worker#signal} must follow. */
    void request() {
        requested = true;
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
        if (!last) {
            long wait = untilDue(now);
            if (wait > 0) {
                return wait;
            }
            if (!pipeline.hasRoom(recordBeforeLastDrain)) {
                return UNTIL_SIGNALLED;
            }
        }
        try {
            drain(now, last);
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
        long interval = settings.flushIntervalNanos();
        long wait = interval == 0 ? UNTIL_SIGNALLED : lastDrainNanos + interval - now;
        if (pressure) {
            wait = Math.min(wait, lastDrainNanos + Math.max(PRESSURE_GAP_MIN, interval / 10) - now);
        }
        return wait;
    }

    private void drain(long now, boolean last) {
        requested = false;
        pressure = false;
        DrainStage stage = Objects.requireNonNull(next.getAndSet(new DrainStage(settings.callbacks())));
        current = stage;
        boolean endOfPeriod = now - periodStartNanos >= settings.idleKeysNanos();
        recordBeforeLastDrain = log.last().record();
        phase = phase | 1;
        // Nothing of what follows may be seen before it.
        VarHandle.fullFence();
        cells.drain(collector, last, endOfPeriod);
        log.append(collector, lastDrainNanos, now);
        collector.clear();
        phase = phase + 1;
        if (endOfPeriod) {
            periodStartNanos = now;
        }
        lastDrainNanos = now;
        drains = drains + 1;
        acknowledgements.drained(stage, log.last().record());
        current = null;
        if (last) {
            // Whoever comes now has nothing to wait for but what is in the log already.
            acknowledgements.drained(nextStage(), log.last().record());
            closed = true;
        }
        pipeline.drained();
        events.drained();
    }

    /** What was taken from the cells and did not become a record; only after a failure. For use after the last step. */
    Collector leftOver() {
        return collector;
    }
}
