// SPDX-License-Identifier: Apache-2.0
package io.everycount.cell;

import io.everycount.Window;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Expect;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.JJ_Result;

/** An addition by handle while its cell is sealed: by way of the base, or of stripes that it makes on the way. */
public final class HandleAddAgainstSeal {
    private HandleAddAgainstSeal() {}

    /** The writer makes the stripes if the drainer seals the base under its hands. */
    @JCStressTest
    @Outcome(id = "1, 1", expect = Expect.ACCEPTABLE, desc = "counted and taken")
    @Outcome(id = "0, 0", expect = Expect.ACCEPTABLE, desc = "refused")
    @Outcome(expect = Expect.FORBIDDEN, desc = "counted in a cell that nobody drains")
    @State
    public static class Real {
        private final HandleCell cell = new HandleCell("key", 2);

        @Actor
        public void add(JJ_Result r) {
            r.r1 = cell.add(1) == AddOutcome.COUNTED ? 1 : 0;
        }

        @Actor
        public void seal(JJ_Result r) {
            r.r2 = Drained.sum(cell::seal);
        }
    }

    /** The drainer seals the sums that are there, and does not close the place where stripes would be. */
    @JCStressTest
    @Outcome(id = "1, 1", expect = Expect.ACCEPTABLE, desc = "counted and taken")
    @Outcome(id = "0, 0", expect = Expect.ACCEPTABLE, desc = "refused")
    @Outcome(expect = Expect.FORBIDDEN, desc = "counted in a stripe that nobody drains")
    @State
    public static class PlantedStripesLeftOpen {
        private final AtomicLong base = new AtomicLong();
        private final AtomicReference<@Nullable AtomicLong> stripe = new AtomicReference<>();

        @Actor
        public void add(JJ_Result r) {
            long sum = base.get();
            if (Table.isSealed(sum)) {
                return;
            }
            Window.holdOpen();
            if (!base.compareAndSet(sum, sum + 1)) {
                stripe.compareAndSet(null, new AtomicLong());
                stripe.get().getAndAdd(1);
            }
            r.r1 = 1;
        }

        @Actor
        public void seal(JJ_Result r) {
            long sum = base.getAndSet(Table.SEALED);
            AtomicLong made = stripe.get();
            r.r2 = sum + (made == null ? 0 : made.getAndSet(Table.SEALED));
        }
    }
}
