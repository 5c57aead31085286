// SPDX-License-Identifier: Apache-2.0
package io.everycount.cell;

import io.everycount.Window;
import org.jspecify.annotations.Nullable;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.Expect;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.JJ_Result;

/**
 * A table is replaced by a larger one while its place is drained. What was added before the drain started
 * is in that drain; what the writer adds to the successor is in it or in the next.
 */
public final class GrowAgainstDrain {
    private GrowAgainstDrain() {}

    /** One increment before, one by the thread that made the table grow. */
    @JCStressTest
    @Outcome(id = "1, 1", expect = Expect.ACCEPTABLE, desc = "the second one waits for the next drain")
    @Outcome(id = "2, 0", expect = Expect.ACCEPTABLE, desc = "both in this drain")
    @Outcome(expect = Expect.FORBIDDEN, desc = "the drain passed a table over, or one was lost")
    @State
    public static class Real {
        private final Place place = new Place(new Table(1, 2, true));
        private final Table first = place.table();

        public Real() {
            first.claim(0, "key");
            first.add(0, 1);
        }

        @Actor
        public void grow() {
            place.replace(first, 4, false);
            Table next = place.table();
            next.claim(0, "key");
            next.add(0, 1);
        }

        @Actor
        public void drain(JJ_Result r) {
            r.r1 = Drained.sum(place::drain);
        }

        @Arbiter
        public void drainAgain(JJ_Result r) {
            r.r2 = Drained.sum(place::drain);
        }
    }

    /** The successor is published first and linked to the table it replaces afterwards. */
    @JCStressTest
    @Outcome(id = "1, 1", expect = Expect.ACCEPTABLE, desc = "the second one waits for the next drain")
    @Outcome(id = "2, 0", expect = Expect.ACCEPTABLE, desc = "both in this drain")
    @Outcome(expect = Expect.FORBIDDEN, desc = "the drain passed a table over")
    @State
    public static class PlantedLinkedAfterPublishing {
        private final Table first = new Table(1, 2, true);
        private volatile Table current = first;

        public PlantedLinkedAfterPublishing() {
            first.claim(0, "key");
            first.add(0, 1);
        }

        private void collect(Collector collector) {
            Table newest = current;
            newest.collect(collector);
            for (@Nullable Table old = newest.replaced; old != null; old = old.replaced) {
                old.seal(collector);
            }
            newest.replaced = null;
        }

        @Actor
        public void grow() {
            Table next = new Table(1, 4, true);
            current = next;
            next.claim(0, "key");
            next.add(0, 1);
            Window.holdOpen();
            next.replaced = first;
        }

        @Actor
        public void drain(JJ_Result r) {
            r.r1 = Drained.sum(this::collect);
        }

        @Arbiter
        public void drainAgain(JJ_Result r) {
            r.r2 = Drained.sum(this::collect);
        }
    }
}
