// SPDX-License-Identifier: Apache-2.0
package io.everycount.cell;

import io.everycount.Window;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.Expect;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.J_Result;

/** Two writers find the same table full: one successor is published, and both additions end up in the chain. */
public final class GrowAgainstGrow {
    private GrowAgainstGrow() {}

    /** Each adds to the table that is in use after its attempt. */
    @JCStressTest
    @Outcome(id = "2", expect = Expect.ACCEPTABLE, desc = "both are drained")
    @Outcome(expect = Expect.FORBIDDEN, desc = "lost with a table that nobody links to, or taken twice")
    @State
    public static class Real {
        private final Place place = new Place(new Table(1, 2, true));
        private final Table first = place.table();

        private void grow(int slot) {
            place.replace(first, 4, false);
            Table next = place.table();
            next.claim(slot, "key" + slot);
            next.add(slot, 1);
        }

        @Actor
        public void one() {
            grow(0);
        }

        @Actor
        public void other() {
            grow(1);
        }

        @Arbiter
        public void drain(J_Result r) {
            r.r1 = Drained.sum(place::drain);
        }
    }

    /** The successor is set without comparing, after a look at what is there. */
    @JCStressTest
    @Outcome(id = "2", expect = Expect.ACCEPTABLE, desc = "both are drained")
    @Outcome(expect = Expect.FORBIDDEN, desc = "lost with a table that nobody links to")
    @State
    public static class PlantedSetWithoutCompare {
        private final Table first = new Table(1, 2, true);
        private volatile Table current = first;

        private void grow(int slot) {
            if (current == first) {
                Window.holdOpen();
                current = new Table(4, false, first);
            }
            Table next = current;
            next.claim(slot, "key" + slot);
            next.add(slot, 1);
        }

        @Actor
        public void one() {
            grow(0);
        }

        @Actor
        public void other() {
            grow(1);
        }

        @Arbiter
        public void drain(J_Result r) {
            r.r1 = Drained.sum(collector -> {
                current.collect(collector);
                first.seal(collector);
            });
        }
    }
}
