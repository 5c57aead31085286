// SPDX-License-Identifier: Apache-2.0
package io.everycount.journal;

import org.jspecify.annotations.Nullable;

/** Counts what a journal does. Thread-safe. */
final class JournalMeter {
    private long appends;
    private long forces;
    private long lastForceNanos;
    private long maxForceNanos;
    private long poisoned;
    private boolean failing;
    private @Nullable String lastError;

    synchronized void appended() {
        appends++;
    }

    synchronized void forced(long nanos) {
        forces++;
        lastForceNanos = nanos;
        maxForceNanos = Math.max(maxForceNanos, nanos);
    }

    synchronized void poisoned() {
        poisoned++;
    }

    synchronized void error(String what) {
        lastError = what;
    }

    synchronized void failing(boolean now) {
        failing = now;
    }

    synchronized boolean isFailing() {
        return failing;
    }

    synchronized JournalStats stats(long bytes, int segments, boolean spareReady) {
        return new JournalStats(
                bytes,
                segments,
                appends,
                forces,
                lastForceNanos,
                maxForceNanos,
                poisoned,
                failing,
                lastError,
                spareReady);
    }
}
