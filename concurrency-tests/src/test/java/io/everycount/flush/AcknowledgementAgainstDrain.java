// SPDX-License-Identifier: Apache-2.0
package io.everycount.flush;

import io.everycount.Window;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Expect;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.II_Result;

/** Whoever adds and then takes the stage of the next drain is told of a drain that has the increment, never of an earlier one. */
public final class AcknowledgementAgainstDrain {
    private AcknowledgementAgainstDrain() {}

    /** Add, then ask for the stage. */
    @JCStressTest
    @Outcome(id = "1, 1", expect = Expect.ACCEPTABLE, desc = "this drain's stage, and it has the increment")
    @Outcome(id = "0, 1", expect = Expect.ACCEPTABLE, desc = "the next drain's stage, though this one has it already")
    @Outcome(id = "0, 0", expect = Expect.ACCEPTABLE, desc = "the next drain's stage and increment")
    @Outcome(expect = Expect.FORBIDDEN, desc = "acknowledged by a drain that does not have it")
    @State
    public static class Real {
        private final Parts parts = new Parts();
        private final DrainStage first = parts.drainer.nextStage();

        public Real() {
            parts.drainer.requestCommit();
        }

        @Actor
        public void add(II_Result r) {
            parts.cells.add("key", 1, false);
            r.r1 = parts.drainer.nextStage() == first ? 1 : 0;
        }

        @Actor
        public void drain(II_Result r) {
            parts.drainer.step();
            r.r2 = (int) parts.drained();
        }
    }

    /** The real drainer, and a caller that asks for the stage before it adds. */
    @JCStressTest
    @Outcome(id = "1, 1", expect = Expect.ACCEPTABLE, desc = "this drain's stage, and it has the increment")
    @Outcome(id = "0, 1", expect = Expect.ACCEPTABLE, desc = "the next drain's stage, though this one has it already")
    @Outcome(id = "0, 0", expect = Expect.ACCEPTABLE, desc = "the next drain's stage and increment")
    @Outcome(expect = Expect.FORBIDDEN, desc = "acknowledged by a drain that does not have it")
    @State
    public static class PlantedStageBeforeAdding {
        private final Parts parts = new Parts();
        private final DrainStage first = parts.drainer.nextStage();

        public PlantedStageBeforeAdding() {
            parts.drainer.requestCommit();
        }

        @Actor
        public void add(II_Result r) {
            r.r1 = parts.drainer.nextStage() == first ? 1 : 0;
            Window.holdOpen();
            parts.cells.add("key", 1, false);
        }

        @Actor
        public void drain(II_Result r) {
            parts.drainer.step();
            r.r2 = (int) parts.drained();
        }
    }

    /** The drainer puts the fresh stage in place after it has emptied the cells. */
    @JCStressTest
    @Outcome(id = "1, 1", expect = Expect.ACCEPTABLE, desc = "this drain's stage, and it has the increment")
    @Outcome(id = "0, 1", expect = Expect.ACCEPTABLE, desc = "the next drain's stage, though this one has it already")
    @Outcome(id = "0, 0", expect = Expect.ACCEPTABLE, desc = "the next drain's stage and increment")
    @Outcome(expect = Expect.FORBIDDEN, desc = "acknowledged by a drain that does not have it")
    @State
    public static class PlantedStageAfterDraining {
        private final AtomicLong sum = new AtomicLong();
        private final AtomicInteger stage = new AtomicInteger(1);

        @Actor
        public void add(II_Result r) {
            sum.getAndAdd(1);
            r.r1 = stage.get();
        }

        @Actor
        public void drain(II_Result r) {
            r.r2 = (int) sum.getAndSet(0);
            Window.holdOpen();
            stage.set(0);
        }
    }
}
