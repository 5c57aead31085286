// SPDX-License-Identifier: Apache-2.0
package io.everycount.flush;

import io.everycount.Window;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.Expect;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.I_Result;

/** A drain ends while the pipeline stops: its stage fails, whoever comes first, and nobody waits for ever. */
public final class AcknowledgeAgainstStop {
    private static final PipelineStoppedException WHY = new PipelineStoppedException(PipelineState.FENCED, "stopped");

    private AcknowledgeAgainstStop() {}

    /** A stage of which no sink will get the records. */
    @JCStressTest
    @Outcome(id = "1", expect = Expect.ACCEPTABLE, desc = "told")
    @Outcome(expect = Expect.FORBIDDEN, desc = "waits for ever")
    @State
    public static class Real {
        private final Acknowledgements acknowledgements = new Acknowledgements();
        private final DrainStage stage = new DrainStage(Runnable::run);

        @Actor
        public void drained() {
            acknowledgements.drained(stage, 1);
        }

        @Actor
        public void stop() {
            acknowledgements.fail(WHY);
        }

        @Arbiter
        public void look(I_Result r) {
            r.r1 = stage.confirmed().announced().isCompletedExceptionally() ? 1 : 0;
        }
    }

    /** The end is noted when those who wait have been told. */
    @JCStressTest
    @Outcome(id = "1", expect = Expect.ACCEPTABLE, desc = "told")
    @Outcome(expect = Expect.FORBIDDEN, desc = "waits for ever")
    @State
    public static class PlantedNotedAfterTelling {
        private final AtomicReference<@Nullable DrainStage> waiting = new AtomicReference<>();
        private final DrainStage stage = new DrainStage(Runnable::run);
        private volatile boolean stopped;

        @Actor
        public void drained() {
            waiting.set(stage);
            if (stopped) {
                stage.fail(WHY);
            }
        }

        @Actor
        public void stop() {
            DrainStage left = waiting.getAndSet(null);
            if (left != null) {
                left.fail(WHY);
            }
            Window.holdOpen();
            stopped = true;
        }

        @Arbiter
        public void look(I_Result r) {
            r.r1 = stage.confirmed().announced().isCompletedExceptionally() ? 1 : 0;
        }
    }
}
