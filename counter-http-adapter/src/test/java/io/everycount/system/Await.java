// SPDX-License-Identifier: Apache-2.0
package io.everycount.system;

import java.time.Duration;
import java.util.concurrent.Callable;
import java.util.concurrent.locks.LockSupport;

/** Waits for a condition. */
final class Await {
    /** How long anything may take that is not given more. */
    static final Duration MAX = Duration.ofSeconds(30);

    private static final long POLL_NANOS = 5_000_000;

    private Await() {}

    static void until(String what, Callable<Boolean> condition) throws Exception {
        until(what, MAX, condition);
    }

    static void until(String what, Duration max, Callable<Boolean> condition) throws Exception {
        long beganNanos = System.nanoTime();
        while (!condition.call()) {
            if (System.nanoTime() - beganNanos > max.toNanos()) {
                throw new AssertionError("in " + max + " it did not come to this: " + what);
            }
            LockSupport.parkNanos(POLL_NANOS);
        }
    }
}
