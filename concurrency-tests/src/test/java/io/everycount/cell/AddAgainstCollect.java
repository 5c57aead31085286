// SPDX-License-Identifier: Apache-2.0
package io.everycount.cell;

import io.everycount.Window;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.Expect;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.JJ_Result;

/** An addition while the table is emptied in place: in that drain or in the next, never in both or neither. */
public final class AddAgainstCollect {
    private AddAgainstCollect() {}

    /** The mark stands from an earlier addition, so that the writer relies on whoever takes it away. */
    @JCStressTest
    @Outcome(id = "1, 0", expect = Expect.ACCEPTABLE, desc = "in this drain")
    @Outcome(id = "0, 1", expect = Expect.ACCEPTABLE, desc = "in the next drain")
    @Outcome(expect = Expect.FORBIDDEN, desc = "lost, left behind, or counted twice")
    @State
    public static class Real {
        private final Table table = new Table(1, 2, true);

        public Real() {
            table.claim(0, "key");
            table.add(0, 0);
        }

        @Actor
        public void add() {
            table.add(0, 1);
        }

        @Actor
        public void drain(JJ_Result r) {
            r.r1 = Drained.sum(table::collect);
        }

        @Arbiter
        public void drainAgain(JJ_Result r) {
            r.r2 = Drained.sum(table::collect);
        }
    }

    /** The drainer takes the mark away when it has read the sum. */
    @JCStressTest
    @Outcome(id = "1, 0", expect = Expect.ACCEPTABLE, desc = "in this drain")
    @Outcome(id = "0, 1", expect = Expect.ACCEPTABLE, desc = "in the next drain")
    @Outcome(expect = Expect.FORBIDDEN, desc = "left behind without a mark")
    @State
    public static class PlantedMarkTakenLate {
        private final AtomicLong sum = new AtomicLong();
        private final AtomicInteger touched = new AtomicInteger(1);

        private long collect() {
            if (touched.get() == 0) {
                return 0;
            }
            long taken = sum.getAndSet(0);
            Window.holdOpen();
            touched.set(0);
            return taken;
        }

        @Actor
        public void add() {
            sum.getAndAdd(1);
            if (touched.get() == 0) {
                touched.set(1);
            }
        }

        @Actor
        public void drain(JJ_Result r) {
            r.r1 = collect();
        }

        @Arbiter
        public void drainAgain(JJ_Result r) {
            r.r2 = collect();
        }
    }

    /** The drainer reads the sum and then resets it. */
    @JCStressTest
    @Outcome(id = "1, 0", expect = Expect.ACCEPTABLE, desc = "in this drain")
    @Outcome(id = "0, 1", expect = Expect.ACCEPTABLE, desc = "in the next drain")
    @Outcome(expect = Expect.FORBIDDEN, desc = "lost")
    @State
    public static class PlantedSumThenReset {
        private final AtomicLong sum = new AtomicLong();

        private long collect() {
            long taken = sum.get();
            Window.holdOpen();
            sum.set(0);
            return taken;
        }

        @Actor
        public void add() {
            sum.getAndAdd(1);
        }

        @Actor
        public void drain(JJ_Result r) {
            r.r1 = collect();
        }

        @Arbiter
        public void drainAgain(JJ_Result r) {
            r.r2 = collect();
        }
    }
}
