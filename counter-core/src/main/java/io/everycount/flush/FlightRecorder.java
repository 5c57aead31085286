// SPDX-License-Identifier: Apache-2.0
package io.everycount.flush;

import io.everycount.sink.CounterSink;
import org.jspecify.annotations.Nullable;

/**
 * Tells the JDK's Flight Recorder what the pipeline does. Nothing is made while nobody records, and a runtime without the
 * module {@code jdk.jfr} works as well: the classes of the events are not loaded there.
 *
 * <p>What begins here is null if it is not recorded, and ends on the thread that it began on.
 */
final class FlightRecorder {
    private static final boolean PRESENT = isPresent();

    private FlightRecorder() {}

    private static boolean isPresent() {
        try {
            Class.forName("jdk.jfr.Event", false, FlightRecorder.class.getClassLoader());
            return true;
        } catch (ClassNotFoundException | LinkageError e) {
            return false;
        }
    }

    /** Whether this runtime has one. */
    static boolean isThere() {
        return PRESENT;
    }

    static @Nullable DrainEvent drain() {
        return PRESENT ? DrainEvent.begun() : null;
    }

    static @Nullable JournalCommitEvent journalCommit() {
        return PRESENT ? JournalCommitEvent.begun() : null;
    }

    static @Nullable FlushEvent flush() {
        return PRESENT ? FlushEvent.begun() : null;
    }

    static void retry(CounterSink sink, Throwable error, boolean fatal, int failures, long waitNanos) {
        if (PRESENT) {
            RetryEvent.tell(sink.name(), error, fatal, failures, waitNanos);
        }
    }
}
