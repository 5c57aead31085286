// SPDX-License-Identifier: Apache-2.0
package io.everycount.cell;

import io.everycount.Window;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.Expect;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.JJ_Result;

/** An addition too large for a cell while the drainer takes the queue, and closes it. */
public final class LargeAddAgainstDrain {
    private LargeAddAgainstDrain() {}

    /** One waits already. */
    @JCStressTest
    @Outcome(id = "1, 2", expect = Expect.ACCEPTABLE, desc = "counted and taken")
    @Outcome(id = "0, 1", expect = Expect.ACCEPTABLE, desc = "refused")
    @Outcome(expect = Expect.FORBIDDEN, desc = "counted and lost")
    @State
    public static class Real {
        private final QueuedAdds queue = new QueuedAdds(16, () -> {});

        public Real() {
            queue.add("key", 1, false);
        }

        @Actor
        public void add(JJ_Result r) {
            r.r1 = queue.add("key", 1, false) == AddOutcome.COUNTED ? 1 : 0;
        }

        @Actor
        public void close(JJ_Result r) {
            r.r2 = Drained.sum(collector -> queue.drain(collector, true));
        }
    }

    /** The queue is read and then cleared. */
    @JCStressTest
    @Outcome(id = "1, 2", expect = Expect.ACCEPTABLE, desc = "counted and taken")
    @Outcome(expect = Expect.FORBIDDEN, desc = "counted and lost")
    @State
    public static class PlantedReadThenCleared {
        private record Node(@Nullable Node next) {}

        private final AtomicReference<@Nullable Node> top = new AtomicReference<>(new Node(null));

        private long take() {
            long depth = 0;
            for (Node node = top.get(); node != null; node = node.next) {
                depth++;
            }
            Window.holdOpen();
            top.set(null);
            return depth;
        }

        @Actor
        public void add(JJ_Result r) {
            Node below;
            do {
                below = top.get();
            } while (!top.compareAndSet(below, new Node(below)));
            r.r1 = 1;
        }

        @Actor
        public void drain(JJ_Result r) {
            r.r2 = take();
        }

        @Arbiter
        public void drainAgain(JJ_Result r) {
            r.r2 += take();
        }
    }
}
