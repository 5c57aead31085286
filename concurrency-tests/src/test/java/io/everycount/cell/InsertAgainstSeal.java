// SPDX-License-Identifier: Apache-2.0
package io.everycount.cell;

import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Expect;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.JJ_Result;

/** A new key for a table that is being sealed: in and taken, or kept out. */
public final class InsertAgainstSeal {
    private InsertAgainstSeal() {}

    /** Four free slots, so that the drainer meets the writer at some of them. */
    @JCStressTest
    @Outcome(id = "1, 1", expect = Expect.ACCEPTABLE, desc = "counted, and taken by the drainer")
    @Outcome(id = "0, 0", expect = Expect.ACCEPTABLE, desc = "refused: the writer goes to the successor")
    @Outcome(expect = Expect.FORBIDDEN, desc = "a late key that nobody drains")
    @State
    public static class Real {
        private final Table table = new Table(1, 4, true);

        @Actor
        public void insert(JJ_Result r) {
            r.r1 = table.claim(2, "key") && !Table.isSealed(table.add(2, 1)) ? 1 : 0;
        }

        @Actor
        public void seal(JJ_Result r) {
            r.r2 = Drained.sum(table::seal);
        }
    }

    /** The drainer seals the sums it finds and leaves free slots as they are. */
    @JCStressTest
    @Outcome(id = "1, 1", expect = Expect.ACCEPTABLE, desc = "counted, and taken by the drainer")
    @Outcome(id = "0, 0", expect = Expect.ACCEPTABLE, desc = "refused")
    @Outcome(expect = Expect.FORBIDDEN, desc = "a late key that nobody drains")
    @State
    public static class PlantedFreeSlotsLeftOpen {
        private final AtomicReference<@Nullable String> key = new AtomicReference<>();
        private final AtomicLong sum = new AtomicLong();

        @Actor
        public void insert(JJ_Result r) {
            r.r1 = key.compareAndSet(null, "key") && !Table.isSealed(sum.getAndAdd(1)) ? 1 : 0;
        }

        @Actor
        public void seal(JJ_Result r) {
            r.r2 = key.get() == null ? 0 : sum.getAndSet(Table.SEALED);
        }
    }
}
