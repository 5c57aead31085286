// SPDX-License-Identifier: Apache-2.0
package io.everycount.flush;

import io.everycount.Window;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.Expect;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.II_Result;

/**
 * Somebody asks for a flush while a drain for the journal begins: that drain is a flush, or the next one is. If
 * neither is, whoever waits for the flush waits for the interval; or for ever, if there is none.
 */
public final class FlushRequestAgainstDrain {
    private FlushRequestAgainstDrain() {}

    /** One step meets the request, one follows. */
    @JCStressTest
    @Outcome(id = "1, 0", expect = Expect.ACCEPTABLE, desc = "this drain is a flush")
    @Outcome(id = "0, 1", expect = Expect.ACCEPTABLE, desc = "the next one is")
    @Outcome(id = "1, 1", expect = Expect.ACCEPTABLE, desc = "this one is, and the next one looks a second time")
    @Outcome(expect = Expect.FORBIDDEN, desc = "the request was forgotten")
    @State
    public static class Real {
        private final Parts parts = new Parts();

        public Real() {
            parts.drainer.requestCommit();
        }

        @Actor
        public void flush() {
            parts.drainer.request();
        }

        @Actor
        public void drain(II_Result r) {
            parts.drainer.step();
            r.r1 = parts.wasFlush() ? 1 : 0;
        }

        @Arbiter
        public void drainAgain(II_Result r) {
            long drains = parts.drainer.drains();
            parts.drainer.step();
            r.r2 = parts.drainer.drains() > drains && parts.wasFlush() ? 1 : 0;
        }
    }

    /** The request is read and then cleared. */
    @JCStressTest
    @Outcome(id = "1, 0", expect = Expect.ACCEPTABLE, desc = "this drain is a flush")
    @Outcome(id = "0, 1", expect = Expect.ACCEPTABLE, desc = "the next one is")
    @Outcome(expect = Expect.FORBIDDEN, desc = "the request was forgotten")
    @State
    public static class PlantedReadThenCleared {
        private volatile boolean flushRequested;

        private int take() {
            boolean flush = flushRequested;
            Window.holdOpen();
            flushRequested = false;
            return flush ? 1 : 0;
        }

        @Actor
        public void flush() {
            flushRequested = true;
        }

        @Actor
        public void drain(II_Result r) {
            r.r1 = take();
        }

        @Arbiter
        public void drainAgain(II_Result r) {
            r.r2 = take();
        }
    }
}
