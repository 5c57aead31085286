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

/** An addition to a stripe while it is closed and sealed: an addition that comes late finds that out by itself. */
public final class HandleStripesAgainstSeal {
    private HandleStripesAgainstSeal() {}

    /** The stripes are there already. */
    @JCStressTest
    @Outcome(id = "1, 1", expect = Expect.ACCEPTABLE, desc = "counted and taken")
    @Outcome(id = "0, 0", expect = Expect.ACCEPTABLE, desc = "refused")
    @Outcome(expect = Expect.FORBIDDEN, desc = "counted in a cell that nobody drains, or refused and taken")
    @State
    public static class Real {
        private final HandleCell cell = new HandleCell("key", 2);

        /** With stripes. */
        public Real() {
            cell.split();
        }

        @Actor
        public void add(JJ_Result r) {
            r.r1 = cell.tryAdd(1) ? 1 : 0;
        }

        @Actor
        public void seal(JJ_Result r) {
            r.r2 = Drained.sum(cell::seal);
        }
    }

    /** Whoever has the stripes in hand takes it for granted that they count. */
    @JCStressTest
    @Outcome(id = "1, 1", expect = Expect.ACCEPTABLE, desc = "counted and taken")
    @Outcome(id = "0, 0", expect = Expect.ACCEPTABLE, desc = "refused")
    @Outcome(expect = Expect.FORBIDDEN, desc = "counted in a stripe that nobody drains")
    @State
    public static class PlantedSealNotLookedAt {
        private final AtomicLong stripe = new AtomicLong();
        private volatile boolean closed;

        @Actor
        public void add(JJ_Result r) {
            if (!closed) {
                Window.holdOpen();
                stripe.getAndAdd(1);
                r.r1 = 1;
            }
        }

        @Actor
        public void seal(JJ_Result r) {
            closed = true;
            r.r2 = stripe.getAndSet(Table.SEALED);
        }
    }
}
