// SPDX-License-Identifier: Apache-2.0
package io.everycount.flush;

import io.everycount.Window;
import java.util.List;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Expect;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.J_Result;

/** What is pending for a key is read while a drain moves it from its cell to a record: once, and not twice or never. */
public final class PendingAgainstDrain {
    private PendingAgainstDrain() {}

    /** One increment, counted before. */
    @JCStressTest
    @Outcome(id = "1", expect = Expect.ACCEPTABLE, desc = "in its cell or in a record")
    @Outcome(expect = Expect.FORBIDDEN, desc = "missed, or seen in both")
    @State
    public static class Real {
        private final Parts parts = new Parts();

        public Real() {
            parts.cells.add("key", 1, false);
            parts.drainer.requestCommit();
        }

        @Actor
        public void read(J_Result r) {
            r.r1 = parts.pipeline.pending("key", 0).orElse(-1);
        }

        @Actor
        public void drain() {
            parts.drainer.step();
        }
    }

    /** The real cells and records, read without asking for the drain's phase. */
    @JCStressTest
    @Outcome(id = "1", expect = Expect.ACCEPTABLE, desc = "in its cell or in a record")
    @Outcome(expect = Expect.FORBIDDEN, desc = "missed, or seen in both")
    @State
    public static class PlantedPhaseIgnored {
        private static final byte[] UTF8 = {'k', 'e', 'y'};

        private final Parts parts = new Parts();

        public PlantedPhaseIgnored() {
            parts.cells.add("key", 1, false);
            parts.drainer.requestCommit();
        }

        @Actor
        public void read(J_Result r) {
            r.r1 = parts.cells.sum("key", UTF8);
            Window.holdOpen();
            List<DeltaRecord> records = parts.log.afterUnlessDrained(0);
            if (records != null) {
                for (DeltaRecord record : records) {
                    r.r1 += record.entries().delta(UTF8);
                }
            }
        }

        @Actor
        public void drain() {
            parts.drainer.step();
        }
    }
}
