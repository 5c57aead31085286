// SPDX-License-Identifier: Apache-2.0
package io.everycount.cell;

import io.everycount.Window;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.Expect;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.JJ_Result;

/** Two writers meet at a handle and make its stripes at the same time: both count. */
public final class HandleAddAgainstAdd {
    private HandleAddAgainstAdd() {}

    /** Both begin at the base. */
    @JCStressTest
    @Outcome(id = "2, 2", expect = Expect.ACCEPTABLE, desc = "both counted and taken")
    @Outcome(expect = Expect.FORBIDDEN, desc = "one lost")
    @State
    public static class Real {
        private final HandleCell cell = new HandleCell("key", 2);

        @Actor
        public void one() {
            cell.add(1);
        }

        @Actor
        public void other() {
            cell.add(1);
        }

        @Arbiter
        public void drain(JJ_Result r) {
            r.r1 = cell.sum();
            r.r2 = Drained.sum(cell::collect);
        }
    }

    /** Stripes are made by both, and the second set throws the first away. */
    @JCStressTest
    @Outcome(id = "2, 2", expect = Expect.ACCEPTABLE, desc = "both counted and taken")
    @Outcome(expect = Expect.FORBIDDEN, desc = "one lost")
    @State
    public static class PlantedStripesSetTwice {
        private volatile @Nullable AtomicLong stripe;

        private void add() {
            AtomicLong known = stripe;
            if (known == null) {
                known = new AtomicLong();
                Window.holdOpen();
                stripe = known;
            }
            known.getAndAdd(1);
        }

        @Actor
        public void one() {
            add();
        }

        @Actor
        public void other() {
            add();
        }

        @Arbiter
        public void drain(JJ_Result r) {
            r.r1 = stripe.get();
            r.r2 = stripe.getAndSet(0);
        }
    }
}
