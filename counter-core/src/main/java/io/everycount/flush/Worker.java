// SPDX-License-Identifier: Apache-2.0
package io.everycount.flush;

import java.util.concurrent.locks.LockSupport;
import java.util.function.LongSupplier;

/**
 * A platform thread that takes one step after another. A step returns how many nanoseconds nothing
 * will be due, so that the same steps can be driven by a test without a thread.
 */
final class Worker {
    /** Returned by a step when there will never be anything to do again. */
    static final long DONE = -1;

    private final Thread thread;

    Worker(String name, LongSupplier step) {
        thread = new Thread(
                () -> {
                    for (long wait = step.getAsLong(); wait != DONE; wait = step.getAsLong()) {
                        if (wait > 0) {
                            LockSupport.parkNanos(this, wait);
                        }
                    }
                },
                name);
        thread.setDaemon(true);
    }

    void start() {
        thread.start();
    }

    /** Makes the next step come at once; never blocks. */
    void signal() {
        LockSupport.unpark(thread);
    }

    /** Waits for the last step; false if it does not come in time. */
    boolean join(long nanos) throws InterruptedException {
        thread.join(Math.max(1, nanos / 1_000_000));
        return !thread.isAlive();
    }
}
