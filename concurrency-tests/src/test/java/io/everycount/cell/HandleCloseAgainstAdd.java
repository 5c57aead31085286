// SPDX-License-Identifier: Apache-2.0
package io.everycount.cell;

import io.everycount.Window;
import java.util.concurrent.atomic.AtomicLong;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.Expect;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.JJ_Result;

/** A handle is given back and drained while another thread still adds by it. */
public final class HandleCloseAgainstAdd {
    private HandleCloseAgainstAdd() {}

    /** Through the store, with the list of cells and the map. */
    @JCStressTest
    @Outcome(id = "1, 1", expect = Expect.ACCEPTABLE, desc = "counted and drained")
    @Outcome(id = "0, 0", expect = Expect.ACCEPTABLE, desc = "refused")
    @Outcome(expect = Expect.FORBIDDEN, desc = "counted in a cell that is off the list")
    @State
    public static class Real {
        private final CellStore store = new CellStore(2, 1_000, 256, () -> {});
        private final HandleCell cell = store.openHandle("key");

        @Actor
        public void add(JJ_Result r) {
            r.r1 = store.add(cell, 1, false) == AddOutcome.COUNTED ? 1 : 0;
        }

        @Actor
        public void closeAndDrain(JJ_Result r) {
            store.closeHandle(cell);
            r.r2 = Drained.sum(collector -> store.drain(collector, false, false));
        }

        @Arbiter
        public void drainAgain(JJ_Result r) {
            r.r2 += Drained.sum(collector -> store.drain(collector, false, false));
        }
    }

    /** A closed handle's cell is emptied and forgotten, not sealed. */
    @JCStressTest
    @Outcome(id = "1, 1", expect = Expect.ACCEPTABLE, desc = "counted and drained")
    @Outcome(id = "0, 0", expect = Expect.ACCEPTABLE, desc = "refused")
    @Outcome(expect = Expect.FORBIDDEN, desc = "counted in a cell that is off the list")
    @State
    public static class PlantedForgottenWithoutSeal {
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
        public void closeAndDrain(JJ_Result r) {
            closed = true;
            r.r2 = sum.getAndSet(0);
        }
    }
}
