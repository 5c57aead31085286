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
import org.openjdk.jcstress.infra.results.JJJ_Result;

/** A writer makes the shared table grow while the drainer flips to an empty one to let idle keys go. */
public final class GrowAgainstEviction {
    private GrowAgainstEviction() {}

    /** As many keys as fit, so that a new one makes the table grow. */
    @JCStressTest
    @Outcome(id = "1, 1, 0", expect = Expect.ACCEPTABLE, desc = "in this drain")
    @Outcome(id = "1, 0, 1", expect = Expect.ACCEPTABLE, desc = "in the next drain")
    @Outcome(expect = Expect.FORBIDDEN, desc = "refused, lost or taken twice")
    @State
    public static class Real {
        private static final String[] KEYS = new String[128];

        static {
            for (int i = 0; i < KEYS.length; i++) {
                KEYS[i] = "key" + i;
            }
        }

        private final StringCells cells = new StringCells(2, 256, new KeyBudget(1_000, () -> {}));

        public Real() {
            for (String key : KEYS) {
                cells.add(key, 0, false);
            }
        }

        @Actor
        public void add(JJJ_Result r) {
            r.r1 = cells.add("one more", 1, false) == AddOutcome.COUNTED ? 1 : 0;
        }

        @Actor
        public void drain(JJJ_Result r) {
            r.r2 = Drained.sum(collector -> cells.drain(collector, true));
        }

        @Arbiter
        public void drainAgain(JJJ_Result r) {
            r.r3 = Drained.sum(collector -> cells.drain(collector, false));
        }
    }

    /** The drainer publishes its empty table without comparing: a table that was published meanwhile is cut off. */
    @JCStressTest
    @Outcome(id = "1, 1, 0", expect = Expect.ACCEPTABLE, desc = "in this drain")
    @Outcome(id = "1, 0, 1", expect = Expect.ACCEPTABLE, desc = "in the next drain")
    @Outcome(id = "0, 0, 0", expect = Expect.ACCEPTABLE, desc = "sealed before: the writer would go on")
    @Outcome(expect = Expect.FORBIDDEN, desc = "lost with the table that was cut off")
    @State
    public static class PlantedFlipWithoutCompare {
        private volatile Table current = new Table(1, 2, true);

        private void collect(Collector collector) {
            Table newest = current;
            newest.collect(collector);
            for (@Nullable Table old = newest.replaced; old != null; old = old.replaced) {
                old.seal(collector);
            }
            newest.replaced = null;
        }

        @Actor
        public void add(JJJ_Result r) {
            current = new Table(4, false, current);
            Table table = current;
            r.r1 = table.claim(0, "key") && !Table.isSealed(table.add(0, 1)) ? 1 : 0;
        }

        @Actor
        public void drain(JJJ_Result r) {
            Table idle = current;
            Window.holdOpen();
            current = new Table(2, false, idle);
            r.r2 = Drained.sum(this::collect);
        }

        @Arbiter
        public void drainAgain(JJJ_Result r) {
            r.r3 = Drained.sum(this::collect);
        }
    }
}
