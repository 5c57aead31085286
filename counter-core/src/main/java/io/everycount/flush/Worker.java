// SPDX-License-Identifier: Apache-2.0
package io.everycount.flush;

import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.LongSupplier;

/**
 * A platform thread that takes one step after another. A step returns how many nanoseconds nothing
 * will be due, so that the same steps can be driven by a test without a thread.
 *
 * <p>Whatever a step throws, the thread goes on after a pause: what it works on is kept between steps, and
 * a counter cache without its threads would be a leak.
 */
final class Worker {
    /** Returned by a step when there will never be anything to do again. */
    static final long DONE = -1;

    private static final long PAUSE_NANOS = 100_000_000;

    private final Thread thread;
    private final CountDownLatch stepsEnded = new CountDownLatch(1);
    private volatile boolean signalled;

    Worker(String name, LongSupplier step) {
        this(name, step, () -> {});
    }

    /**
     * @param end what the thread does after its last step
     */
    Worker(String name, LongSupplier step, Runnable end) {
        thread = new Thread(
                () -> {
                    try {
                        run(step);
                    } finally {
                        stepsEnded.countDown();
                        end.run();
                    }
                },
                name);
        thread.setDaemon(true);
    }

    private void run(LongSupplier step) {
        while (true) {
            long wait;
            signalled = false;
            try {
                wait = step.getAsLong();
            } catch (Throwable t) {
                wait = PAUSE_NANOS;
            }
            if (wait == DONE) {
                return;
            }
            // What a step waits for may use up the permit of a signal that came meanwhile.
            if (wait > 0 && !signalled) {
                // Somebody's leftover interrupt would make every pause end at once.
                Thread.interrupted();
                LockSupport.parkNanos(this, wait);
            }
        }
    }

    void start() {
        thread.start();
    }

    /** Makes the next step come at once; never blocks. */
    void signal() {
        signalled = true;
        LockSupport.unpark(thread);
    }

    boolean isStarted() {
        return thread.getState() != Thread.State.NEW;
    }

    /** Whether there will be no other step. */
    boolean hasEndedSteps() {
        return !isStarted() || stepsEnded.getCount() == 0;
    }

    /** Waits for the last step; false if it does not come in time. */
    boolean joinSteps(long nanos) throws InterruptedException {
        return !isStarted() || stepsEnded.await(nanos, TimeUnit.NANOSECONDS);
    }

    /** Waits for the end of the thread; false if it does not come in time. */
    boolean join(long nanos) throws InterruptedException {
        thread.join(Math.max(1, nanos / 1_000_000));
        return !thread.isAlive();
    }
}
