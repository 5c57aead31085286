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

/** A drain ends while a sink's mark passes its last record: its stage is confirmed, whoever comes first. */
public final class AcknowledgeAgainstMark {
    private AcknowledgeAgainstMark() {}

    /** A stage up to record 1, and the mark 1. */
    @JCStressTest
    @Outcome(id = "1", expect = Expect.ACCEPTABLE, desc = "confirmed")
    @Outcome(expect = Expect.FORBIDDEN, desc = "waits although it is in the sink")
    @State
    public static class Real {
        private final Acknowledgements acknowledgements = new Acknowledgements();
        private final DrainStage stage = new DrainStage(Runnable::run);

        @Actor
        public void drained() {
            acknowledgements.drained(stage, 1);
        }

        @Actor
        public void markMoved() {
            acknowledgements.applied(1);
        }

        @Arbiter
        public void look(I_Result r) {
            r.r1 = stage.confirmed().announced().isDone() ? 1 : 0;
        }
    }

    /** The stage is queued when the mark has been looked at. */
    @JCStressTest
    @Outcome(id = "1", expect = Expect.ACCEPTABLE, desc = "confirmed")
    @Outcome(expect = Expect.FORBIDDEN, desc = "waits although it is in the sink")
    @State
    public static class PlantedQueuedAfterLooking {
        private final AtomicReference<@Nullable DrainStage> waiting = new AtomicReference<>();
        private final DrainStage stage = new DrainStage(Runnable::run);
        private volatile long applied;

        @Actor
        public void drained() {
            if (applied >= 1) {
                stage.confirm();
            } else {
                Window.holdOpen();
                waiting.set(stage);
            }
        }

        @Actor
        public void markMoved() {
            applied = 1;
            DrainStage reached = waiting.get();
            if (reached != null) {
                reached.confirm();
            }
        }

        @Arbiter
        public void look(I_Result r) {
            r.r1 = stage.confirmed().announced().isDone() ? 1 : 0;
        }
    }
}
