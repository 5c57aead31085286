// SPDX-License-Identifier: Apache-2.0
package io.everycount.flush;

import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;
import org.jetbrains.lincheck.datastructures.Operation;
import org.jetbrains.lincheck.datastructures.Validate;

/**
 * What Lincheck does with the real drainer, in any order and interleaving: additions that are to be acknowledged,
 * requests for a flush, and drains by one thread at a time. Each addition has a bit of its own as its delta.
 *
 * <p>What holds: a stage that is confirmed has every addition that waits for it in the records that were confirmed,
 * and a flush that was asked for is not forgotten.
 */
public abstract class DrainerOperations {
    private final Parts parts = new Parts();
    private final AtomicInteger adds = new AtomicInteger();
    private final Queue<Waiting> waiting = new ConcurrentLinkedQueue<>();

    private record Waiting(DrainStage stage, long bit) {}

    /** Adds, and returns the stage to wait for. */
    abstract DrainStage addAndWait(Parts p, long bit);

    /** Adds and waits. */
    @Operation
    public void add() {
        long bit = 1L << adds.getAndIncrement();
        Waiting mine = new Waiting(addAndWait(parts, bit), bit);
        waiting.add(mine);
        if (mine.stage.confirmed().announced().isDone()) {
            check(mine, parts.drained());
        }
    }

    /** Drains, unless records wait for the sink, and confirms what there is. */
    @Operation(nonParallelGroup = "drainer")
    public void drain() {
        parts.drainer.requestCommit();
        parts.drainer.step();
        check();
    }

    private void check() {
        long confirmed = parts.drained();
        parts.acknowledgements.applied(parts.log.last().record());
        for (Waiting w : waiting) {
            if (w.stage.confirmed().announced().isDone()) {
                check(w, confirmed);
            }
        }
    }

    private static void check(Waiting confirmed, long drained) {
        if ((drained & confirmed.bit) == 0) {
            throw new AssertionError("acknowledged and not drained: " + confirmed.bit);
        }
    }

    /** The last drain confirms everybody. */
    @Validate
    public void everybodyIsConfirmed() {
        parts.drainer.close();
        parts.drainer.step();
        check();
        for (Waiting w : waiting) {
            if (!w.stage.confirmed().announced().isDone()) {
                throw new AssertionError("drained and not acknowledged: " + w.bit);
            }
        }
    }

    /** In the order that the drainer asks for. */
    public static class Real extends DrainerOperations {
        @Override
        DrainStage addAndWait(Parts p, long bit) {
            p.cells.add("key", bit, false);
            return p.drainer.nextStage();
        }
    }

    /** The stage is read before the addition. */
    public static class PlantedStageBeforeAdding extends DrainerOperations {
        @Override
        DrainStage addAndWait(Parts p, long bit) {
            DrainStage stage = p.drainer.nextStage();
            p.cells.add("key", bit, false);
            return stage;
        }
    }

    /** The operations one after the other: they return nothing, and do not fail. */
    public static class Sequential {
        /** Adds. */
        public void add() {}

        /** Drains. */
        public void drain() {}
    }
}
