// SPDX-License-Identifier: Apache-2.0
package io.everycount.flush;

import io.everycount.sink.CounterSink;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Tells the JDK's Flight Recorder what the pipeline does. Nothing is made while nobody records, and a runtime without the
 * module {@code jdk.jfr} works as well: the classes of the events are not used there, nor before the recorder is, because the
 * first of them costs the recorder a fifth of a second.
 *
 * <p>What begins here is null if it is not recorded, and ends on the thread that it began on.
 */
final class FlightRecorder {
    private static final boolean PRESENT = isPresent();

    private FlightRecorder() {}

    private static boolean isPresent() {
        try {
            jdk.jfr.FlightRecorder.isInitialized();
            return true;
        } catch (LinkageError | RuntimeException e) {
            return false;
        }
    }

    /** Loaded with the first use. */
    private static final class Events {
        static final boolean WORK = work();

        private static boolean work() {
            try {
                // All of it now: what does not work in this runtime must not come up in a drain.
                for (Class<?> event :
                        List.of(DrainEvent.class, JournalCommitEvent.class, FlushEvent.class, RetryEvent.class)) {
                    Class.forName(event.getName());
                }
                return true;
            } catch (ClassNotFoundException | LinkageError | RuntimeException e) {
                return false;
            }
        }
    }

    /** Whether this runtime has one. */
    static boolean isThere() {
        return PRESENT;
    }

    /** Whether somebody has begun to use it, at the start of the process or since. */
    private static boolean isUsed() {
        return PRESENT && jdk.jfr.FlightRecorder.isInitialized() && Events.WORK;
    }

    static @Nullable DrainEvent drain() {
        return isUsed() ? DrainEvent.begun() : null;
    }

    static @Nullable JournalCommitEvent journalCommit() {
        return isUsed() ? JournalCommitEvent.begun() : null;
    }

    static @Nullable FlushEvent flush() {
        return isUsed() ? FlushEvent.begun() : null;
    }

    static void retry(CounterSink sink, Throwable error, boolean fatal, int failures, long waitNanos) {
        if (isUsed()) {
            RetryEvent.tell(sink.name(), error, fatal, failures, waitNanos);
        }
    }
}
