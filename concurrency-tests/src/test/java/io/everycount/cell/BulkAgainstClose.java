// SPDX-License-Identifier: Apache-2.0
package io.everycount.cell;

import io.everycount.Window;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Expect;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.JJ_Result;

/** A bulk of two additions against the last drain: both count, or none. */
public final class BulkAgainstClose {
    private BulkAgainstClose() {}

    /** As a bulk is made: announced, counted, ended. */
    @JCStressTest
    @Outcome(id = "2, 2", expect = Expect.ACCEPTABLE, desc = "all of it counted and taken")
    @Outcome(id = "0, 0", expect = Expect.ACCEPTABLE, desc = "refused as a whole")
    @Outcome(expect = Expect.FORBIDDEN, desc = "allowed, and a part of it refused")
    @State
    public static class Real {
        private final CellStore store = new CellStore(2, 1_000, 256, () -> {});

        @Actor
        public void addTwo(JJ_Result r) {
            CellStore.Bulk bulk = store.startBulk(2, () -> 2, 0);
            if (bulk.outcome() == AddOutcome.COUNTED) {
                AddOutcome one = store.add("one", 1, true);
                AddOutcome two = store.add("two", 1, true);
                r.r1 = one == AddOutcome.COUNTED && two == AddOutcome.COUNTED ? 2 : -1;
                store.endBulk(bulk);
            }
        }

        @Actor
        public void close(JJ_Result r) {
            r.r2 = Drained.sum(collector -> store.drain(collector, true, false));
        }
    }

    /** A bulk looks whether the store is being closed, and announces itself afterwards. */
    @JCStressTest
    @Outcome(id = "2, 2", expect = Expect.ACCEPTABLE, desc = "all of it counted and taken")
    @Outcome(id = "0, 0", expect = Expect.ACCEPTABLE, desc = "refused as a whole")
    @Outcome(expect = Expect.FORBIDDEN, desc = "allowed, and a part of it refused")
    @State
    public static class PlantedAnnouncedTooLate {
        private final AtomicInteger bulksUnderWay = new AtomicInteger();
        private final AtomicLong one = new AtomicLong();
        private final AtomicLong two = new AtomicLong();
        private volatile boolean closing;

        @Actor
        public void addTwo(JJ_Result r) {
            if (!closing) {
                Window.holdOpen();
                bulksUnderWay.incrementAndGet();
                boolean refused = Table.isSealed(one.getAndAdd(1)) | Table.isSealed(two.getAndAdd(1));
                r.r1 = refused ? -1 : 2;
                bulksUnderWay.decrementAndGet();
            }
        }

        @Actor
        public void close(JJ_Result r) {
            closing = true;
            while (bulksUnderWay.get() > 0) {
                Thread.onSpinWait();
            }
            r.r2 = one.getAndSet(Table.SEALED) + two.getAndSet(Table.SEALED);
        }
    }
}
