// SPDX-License-Identifier: Apache-2.0
package io.everycount.cell;

import java.util.concurrent.atomic.AtomicLong;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Expect;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.JJ_Result;

/** An addition to a key of a table that is being sealed: counted and taken, or refused and not taken. */
public final class AddAgainstSeal {
    private AddAgainstSeal() {}

    /** The key stood in the table before. */
    @JCStressTest
    @Outcome(id = "1, 1", expect = Expect.ACCEPTABLE, desc = "counted, and taken by the drainer")
    @Outcome(id = "0, 0", expect = Expect.ACCEPTABLE, desc = "refused: the writer goes to the successor")
    @Outcome(expect = Expect.FORBIDDEN, desc = "counted and lost, or refused and taken")
    @State
    public static class Real {
        private final Table table = new Table(1, 2, true);

        public Real() {
            table.claim(0, "key");
        }

        @Actor
        public void add(JJ_Result r) {
            r.r1 = Table.isSealed(table.add(0, 1)) ? 0 : 1;
        }

        @Actor
        public void seal(JJ_Result r) {
            r.r2 = Drained.sum(table::seal);
        }
    }

    /** A replaced table is emptied, but its sums are not sealed. */
    @JCStressTest
    @Outcome(id = "1, 1", expect = Expect.ACCEPTABLE, desc = "counted, and taken by the drainer")
    @Outcome(expect = Expect.FORBIDDEN, desc = "counted and lost")
    @State
    public static class PlantedSwapWithoutSeal {
        private final AtomicLong sum = new AtomicLong();

        @Actor
        public void add(JJ_Result r) {
            r.r1 = Table.isSealed(sum.getAndAdd(1)) ? 0 : 1;
        }

        @Actor
        public void seal(JJ_Result r) {
            r.r2 = sum.getAndSet(0);
        }
    }
}
