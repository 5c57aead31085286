// SPDX-License-Identifier: Apache-2.0
package io.everycount.flush;

import io.everycount.Window;
import io.everycount.cell.AddOutcome;
import io.everycount.cell.CellStore;
import io.everycount.cell.Collector;
import java.util.concurrent.atomic.AtomicReference;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.Expect;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.III_Result;

/** Somebody adds and asks for a flush while the last drain runs: the flush ends, and has what was counted. */
public final class FlushAgainstClose {
    private FlushAgainstClose() {}

    /** Whichever stage it got is confirmed once the log is in the sink. */
    @JCStressTest
    @Outcome(id = "1, 1, 1", expect = Expect.ACCEPTABLE, desc = "counted, drained, flushed")
    @Outcome(id = "0, 0, 1", expect = Expect.ACCEPTABLE, desc = "refused; there is nothing to flush")
    @Outcome(expect = Expect.FORBIDDEN, desc = "a flush that never ends, or ends without the increment")
    @State
    public static class Real {
        private final Parts parts = new Parts();
        private DrainStage stage = parts.drainer.nextStage();

        @Actor
        public void flush(III_Result r) {
            r.r1 = parts.cells.add("key", 1, false) == AddOutcome.COUNTED ? 1 : 0;
            stage = parts.drainer.nextStage();
            parts.drainer.request();
        }

        @Actor
        public void close() {
            parts.drainer.close();
            parts.drainer.step();
        }

        @Arbiter
        public void look(III_Result r) {
            r.r2 = (int) parts.drained();
            r.r3 = parts.drainer.isClosed() && parts.isConfirmed(stage) ? 1 : 0;
        }
    }

    /** The last drain hands on its own stage only, and nobody completes the one that it put in place. */
    @JCStressTest
    @Outcome(id = "1, 1, 1", expect = Expect.ACCEPTABLE, desc = "counted, drained, flushed")
    @Outcome(id = "0, 0, 1", expect = Expect.ACCEPTABLE, desc = "refused; there is nothing to flush")
    @Outcome(expect = Expect.FORBIDDEN, desc = "a flush that never ends")
    @State
    public static class PlantedNextStageForgotten {
        private final CellStore cells = new CellStore(2, 1_000, 256, () -> {});
        private final AtomicReference<DrainStage> next = new AtomicReference<>(new DrainStage(Runnable::run));
        private final RecordLog log = new RecordLog(100, 1);
        private DrainStage stage = next.get();

        @Actor
        public void flush(III_Result r) {
            r.r1 = cells.add("key", 1, false) == AddOutcome.COUNTED ? 1 : 0;
            Window.holdOpen();
            stage = next.get();
        }

        @Actor
        public void close() {
            DrainStage current = next.getAndSet(new DrainStage(Runnable::run));
            Collector collector = new Collector();
            cells.drain(collector, true, false);
            log.make(collector, 0).forEach(log::publish);
            current.confirm();
        }

        @Arbiter
        public void look(III_Result r) {
            r.r2 = (int) log.last().deltaSum();
            r.r3 = stage.confirmed().announced().isDone() ? 1 : 0;
        }
    }
}
