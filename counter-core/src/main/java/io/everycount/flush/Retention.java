// SPDX-License-Identifier: Apache-2.0
package io.everycount.flush;

import java.util.ArrayDeque;

/**
 * Since when records have been applied. It counts from then, not from when they were made: what waited through an
 * outage is as likely to be missing in the store that takes over as anything else that was written last. Not
 * thread-safe.
 */
final class Retention {
    /** Records that were applied within so many parts of the time to retain count as applied with the last of them. */
    private static final int PARTS = 64;

    /** Ascending in both. */
    private final ArrayDeque<Applied> known = new ArrayDeque<>();

    private long expired;

    /**
     * @param record the last of those that were applied from first to last
     */
    private record Applied(long record, long firstNanos, long lastNanos) {}

    /**
     * Notes up to which record everything is applied now, and returns up to which it has been so for long.
     *
     * @param applied goes back if the store does
     */
    long upTo(long applied, long nowNanos, long retainNanos) {
        expired = Math.min(expired, applied);
        note(applied, nowNanos, retainNanos);
        for (Applied first = known.peekFirst();
                first != null && nowNanos - first.lastNanos >= retainNanos;
                first = known.peekFirst()) {
            expired = first.record;
            known.removeFirst();
        }
        return expired;
    }

    private void note(long applied, long nowNanos, long retainNanos) {
        Applied last = known.peekLast();
        while (last != null && last.record > applied) {
            known.removeLast();
            Applied before = known.peekLast();
            if (applied > (before == null ? expired : before.record)) {
                known.addLast(new Applied(applied, last.firstNanos, last.lastNanos));
                return;
            }
            last = before;
        }
        if (applied <= (last == null ? expired : last.record)) {
            return;
        }
        if (last != null && nowNanos - last.firstNanos < retainNanos / PARTS) {
            known.removeLast();
            known.addLast(new Applied(applied, last.firstNanos, nowNanos));
        } else {
            known.addLast(new Applied(applied, nowNanos, nowNanos));
        }
    }
}
