// SPDX-License-Identifier: Apache-2.0
package io.everycount.cell;

import io.everycount.Window;
import java.nio.charset.StandardCharsets;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.Expect;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.JJ_Result;

/** Two writers add to the same new key: it gets one slot, and both additions are in it. */
public final class InsertAgainstInsert {
    private static final byte[] KEY = "key".getBytes(StandardCharsets.UTF_8);

    private InsertAgainstInsert() {}

    /** With keys as bytes, of which each writer inserts a copy of its own. */
    @JCStressTest
    @Outcome(id = "1, 2", expect = Expect.ACCEPTABLE, desc = "one slot")
    @Outcome(expect = Expect.FORBIDDEN, desc = "a key that its table has twice, or a lost addition")
    @State
    public static class Real {
        private final ByteCells cells = new ByteCells(2, KEY.length, new KeyBudget(2, () -> {}));

        @Actor
        public void one() {
            cells.add(KEY, 0, KEY.length, 1, false);
        }

        @Actor
        public void other() {
            cells.add(KEY, 0, KEY.length, 1, false);
        }

        @Arbiter
        public void drain(JJ_Result r) {
            r.r2 = Drained.sum(collector -> {
                cells.drain(collector, false);
                r.r1 = collector.size();
            });
        }
    }

    /** Who comes second goes on to the next slot, without looking whose key came first. */
    @JCStressTest
    @Outcome(id = "1, 2", expect = Expect.ACCEPTABLE, desc = "one slot")
    @Outcome(expect = Expect.FORBIDDEN, desc = "a key that its table has twice")
    @State
    public static class PlantedNextSlotWithoutLooking {
        private final Table table = new Table(1, 2, false);

        private void add() {
            int slot = 0;
            if (table.keyAt(slot) == null) {
                Window.holdOpen();
                if (!table.claim(slot, KEY)) {
                    slot = 1;
                    table.claim(slot, KEY);
                }
            }
            table.add(slot, 1);
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
            r.r1 = table.countKeys();
            r.r2 = Drained.sum(table::collect);
        }
    }
}
