// SPDX-License-Identifier: Apache-2.0
package io.everycount.http.auth;

import java.util.concurrent.atomic.AtomicLong;

/**
 * A rate: so many requests a second, and as many at once after a pause. Thread-safe, without locks: all of
 * its state is the time at which it would be full again (the generic cell rate algorithm of ATM Forum
 * TM 4.0, as a token bucket).
 */
final class TokenBucket {
    private static final long SECOND_NANOS = 1_000_000_000L;

    private final int perSecond;
    private final long nanosEach;
    private final AtomicLong fullAtNanos = new AtomicLong(Long.MIN_VALUE);

    /** @param perSecond from 1 to 9,999,999 */
    TokenBucket(int perSecond) {
        this.perSecond = perSecond;
        this.nanosEach = SECOND_NANOS / perSecond;
    }

    int perSecond() {
        return perSecond;
    }

    /**
     * Takes one token.
     *
     * @param nowNanos of a monotonic clock
     * @return 0 if there was one; else how many nanoseconds until there is
     */
    long tryTake(long nowNanos) {
        while (true) {
            long fullAt = fullAtNanos.get();
            long from = fullAt == Long.MIN_VALUE || fullAt - nowNanos < 0 ? nowNanos : fullAt;
            long next = from + nanosEach;
            long excess = next - nowNanos - perSecond * nanosEach;
            if (excess > 0) {
                return excess;
            }
            if (fullAtNanos.compareAndSet(fullAt, next)) {
                return 0;
            }
        }
    }
}
