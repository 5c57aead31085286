// SPDX-License-Identifier: Apache-2.0
package io.everycount.jdbc.faults;

import java.time.Duration;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;

/** Waits for conditions, never for time to pass. */
public final class Await {
    /** No longer than this. */
    public static final Duration MAX = Duration.ofSeconds(40);

    private static final long POLL_NANOS = 2_000_000;

    private Await() {}

    /** Waits until it holds; fails with what was waited for if it takes too long. */
    public static void until(String what, BooleanSupplier condition) {
        until(() -> what, condition);
    }

    /** The same; what was waited for is told as it is then. */
    public static void until(Supplier<String> what, BooleanSupplier condition) {
        long deadline = System.nanoTime() + MAX.toNanos();
        while (!condition.getAsBoolean()) {
            if (System.nanoTime() - deadline > 0) {
                throw new AssertionError("in " + MAX + " it did not come to this: " + what.get() + threads());
            }
            LockSupport.parkNanos(POLL_NANOS);
        }
    }

    /** What everybody who talks to a database is doing: it tells what we waited for in vain. */
    private static String threads() {
        StringBuilder out = new StringBuilder();
        Thread.getAllStackTraces().forEach((thread, stack) -> {
            if (thread.getName().matches(".*(-sink-|-drain|connection|traffic).*")) {
                out.append('\n').append(thread);
                for (StackTraceElement element : stack) {
                    out.append("\n    at ").append(element);
                }
            }
        });
        return out.toString();
    }
}
