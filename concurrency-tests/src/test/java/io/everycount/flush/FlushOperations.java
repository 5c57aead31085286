// SPDX-License-Identifier: Apache-2.0
package io.everycount.flush;

import org.jetbrains.lincheck.datastructures.Operation;
import org.jetbrains.lincheck.datastructures.Validate;

/** What Lincheck does with a request for a flush and the drains around it: one of them is a flush, or the next is. */
public abstract class FlushOperations {
    private volatile boolean requested;
    private boolean flushed;

    abstract void request();

    /** Drains, as is due at the next interval anyway, and tells whether the records are to be written at once. */
    abstract boolean drainNow();

    /** Asks for a flush. */
    @Operation(runOnce = true)
    public void flush() {
        request();
        requested = true;
    }

    /** Drains. */
    @Operation(nonParallelGroup = "drainer")
    public void drain() {
        flushed |= drainNow();
    }

    /** One more drain, and the flush has been. */
    @Validate
    public void theRequestIsNotForgotten() {
        drain();
        if (requested && !flushed) {
            throw new AssertionError("the flush was forgotten");
        }
    }

    /** The real drainer. */
    public static class Real extends FlushOperations {
        private final Parts parts = new Parts();

        @Override
        void request() {
            parts.drainer.request();
        }

        @Override
        boolean drainNow() {
            parts.drainer.requestCommit();
            parts.drainer.step();
            return parts.wasFlush();
        }
    }

    /** The request is read and then cleared. */
    public static class PlantedReadThenCleared extends FlushOperations {
        private volatile boolean flushRequested;

        @Override
        void request() {
            flushRequested = true;
        }

        @Override
        boolean drainNow() {
            boolean flush = flushRequested;
            flushRequested = false;
            return flush;
        }
    }

    /** The operations one after the other: they return nothing, and do not fail. */
    public static class Sequential {
        /** Asks for a flush. */
        public void flush() {}

        /** Drains. */
        public void drain() {}
    }
}
