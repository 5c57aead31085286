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

/** Somebody opens a handle again that the drainer is about to seal: one of them gets it, and never both. */
public final class HandleOpenAgainstSeal {
    private HandleOpenAgainstSeal() {}

    /** Whoever gets it open adds. */
    @JCStressTest
    @Outcome(id = "1, 1", expect = Expect.ACCEPTABLE, desc = "open again, and drained later")
    @Outcome(id = "0, 0", expect = Expect.ACCEPTABLE, desc = "sealed: a fresh cell is needed")
    @Outcome(expect = Expect.FORBIDDEN, desc = "open and sealed, or neither")
    @State
    public static class Real {
        private final HandleCell cell = new HandleCell("key", 2);
        private boolean sealed;

        public Real() {
            cell.startClosing();
        }

        @Actor
        public void reopen(JJ_Result r) {
            r.r1 = cell.reopen() ? cell.add(1) == AddOutcome.COUNTED ? 1 : 2 : 0;
        }

        @Actor
        public void drain(JJ_Result r) {
            sealed = cell.takeToSeal();
            r.r2 = Drained.sum(sealed ? cell::seal : cell::collect);
        }

        @Arbiter
        public void drainAgain(JJ_Result r) {
            r.r2 += sealed ? 0 : Drained.sum(cell::collect);
        }
    }

    /** The state is looked at and then set. */
    @JCStressTest
    @Outcome(id = "1, 1", expect = Expect.ACCEPTABLE, desc = "open again, and drained later")
    @Outcome(id = "0, 0", expect = Expect.ACCEPTABLE, desc = "sealed: a fresh cell is needed")
    @Outcome(expect = Expect.FORBIDDEN, desc = "open and sealed")
    @State
    public static class PlantedSetWithoutCompare {
        private static final int OPEN = 0;
        private static final int CLOSING = 1;
        private static final int SEALED = 2;

        private final AtomicLong sum = new AtomicLong();
        private volatile int state = CLOSING;

        @Actor
        public void reopen(JJ_Result r) {
            if (state == CLOSING) {
                Window.holdOpen();
                state = OPEN;
                r.r1 = Table.isSealed(sum.getAndAdd(1)) ? 2 : 1;
            }
        }

        @Actor
        public void drain(JJ_Result r) {
            if (state == CLOSING) {
                state = SEALED;
                r.r2 = sum.getAndSet(Table.SEALED);
            }
        }

        @Arbiter
        public void drainAgain(JJ_Result r) {
            long left = sum.get();
            r.r2 += Table.isSealed(left) ? 0 : left;
        }
    }
}
