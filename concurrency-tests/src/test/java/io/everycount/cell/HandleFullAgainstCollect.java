// SPDX-License-Identifier: Apache-2.0
package io.everycount.cell;

import io.everycount.Window;
import java.util.Arrays;
import java.util.concurrent.atomic.AtomicLong;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.Expect;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.JJ_Result;

/** An addition that finds its stripe beyond the live range, and takes the stripes away, while they are drained. */
public final class HandleFullAgainstCollect {
    /** The first sum that is not live. */
    private static final long BEYOND = 1L << 60;

    private HandleFullAgainstCollect() {}

    /** Whoever comes first, it counts once, and a drain that comes after both opens the stripes again. */
    @JCStressTest
    @Outcome(id = "1, 1", expect = Expect.ACCEPTABLE, desc = "counted, taken, and open again")
    @Outcome(expect = Expect.FORBIDDEN, desc = "lost, taken twice, or closed for good")
    @State
    public static class Real {
        private final HandleCell cell = new HandleCell("key", 2);
        private final long initial;
        private long taken;
        private boolean counted;

        /** With stripes that are full. */
        public Real() {
            long[] stripes = cell.split();
            Arrays.fill(stripes, BEYOND);
            initial = cell.sum();
        }

        @Actor
        public void add() {
            counted = cell.tryAdd(1);
        }

        @Actor
        public void drain() {
            taken = Drained.sum(cell::collect);
        }

        @Arbiter
        public void drainAgain(JJ_Result r) {
            long all = taken + Drained.sum(cell::collect) - initial;
            r.r1 = counted ? all : -1;
            r.r2 = cell.tryAdd(1) ? 1 : 0;
        }
    }

    /** The sum is read, and taken away in a second step. */
    @JCStressTest
    @Outcome(id = "1, 1", expect = Expect.ACCEPTABLE, desc = "counted, taken, and open again")
    @Outcome(expect = Expect.FORBIDDEN, desc = "lost")
    @State
    public static class PlantedReadThenCleared {
        private final AtomicLong stripe = new AtomicLong(BEYOND);
        private long taken;

        @Actor
        public void add() {
            stripe.getAndAdd(1);
        }

        @Actor
        public void drain() {
            taken = stripe.get();
            Window.holdOpen();
            stripe.set(0);
        }

        @Arbiter
        public void drainAgain(JJ_Result r) {
            r.r1 = taken + stripe.getAndSet(0) - BEYOND;
            r.r2 = 1;
        }
    }
}
