// SPDX-License-Identifier: Apache-2.0
package io.everycount.cell;

import io.everycount.Window;
import java.util.concurrent.atomic.AtomicLong;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Expect;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.JJ_Result;

/** The last drain of a whole store against an addition: the cell decides whether it counts, and no flag. */
public final class CloseAgainstAdd {
    private CloseAgainstAdd() {}

    /** By String key, through the lane and the shared table. */
    @JCStressTest
    @Outcome(id = "1, 1", expect = Expect.ACCEPTABLE, desc = "counted, and in the last drain")
    @Outcome(id = "0, 0", expect = Expect.ACCEPTABLE, desc = "refused")
    @Outcome(expect = Expect.FORBIDDEN, desc = "counted after the last drain, or refused and taken")
    @State
    public static class Real {
        private final CellStore store = new CellStore(2, 1_000, 256, () -> {});

        @Actor
        public void add(JJ_Result r) {
            r.r1 = store.add("key", 1, false) == AddOutcome.COUNTED ? 1 : 0;
        }

        @Actor
        public void close(JJ_Result r) {
            r.r2 = Drained.sum(collector -> store.drain(collector, true, false));
        }
    }

    /** Writers look at a flag, and then add. */
    @JCStressTest
    @Outcome(id = "1, 1", expect = Expect.ACCEPTABLE, desc = "counted, and in the last drain")
    @Outcome(id = "0, 0", expect = Expect.ACCEPTABLE, desc = "refused")
    @Outcome(expect = Expect.FORBIDDEN, desc = "counted after the last drain")
    @State
    public static class PlantedFlagBeforeCell {
        private final AtomicLong sum = new AtomicLong();
        private volatile boolean closed;

        @Actor
        public void add(JJ_Result r) {
            if (!closed) {
                Window.holdOpen();
                sum.getAndAdd(1);
                r.r1 = 1;
            }
        }

        @Actor
        public void close(JJ_Result r) {
            closed = true;
            r.r2 = sum.getAndSet(0);
        }
    }
}
