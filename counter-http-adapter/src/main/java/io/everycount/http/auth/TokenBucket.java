// SPDX-License-Identifier: Apache-2.0
package io.everycount.http.auth;

import java.util.concurrent.atomic.AtomicLong;

/**
 * A rate: so many requests a second, and as many at once after a pause. In any t seconds it lets at most
 * rate + rate * t requests through. Thread-safe, without locks: all of its state is the time at which it
 * would be full again (the generic cell rate algorithm of ATM Forum TM 4.0, as a token bucket).
 */
final class TokenBucket {
    /** The highest rate. */
    static final int PER_SECOND_MAX = 9_999_999;

    private static final long SECOND_NANOS = 1_000_000_000L;

    private final int perSecond;
    private final long nanosEach;
    private final AtomicLong fullAtNanos = new AtomicLong(Long.MIN_VALUE);

    /** @param perSecond from 1 to {@link #PER_SECOND_MAX} */
    TokenBucket(int perSecond) {
        if (perSecond < 1 || perSecond > PER_SECOND_MAX) {
            throw new IllegalArgumentException(
                    "a rate of " + perSecond + " a second; 1 to " + PER_SECOND_MAX + " is allowed");
        }
        this.perSecond = perSecond;
        // Rounded up: a rate is never exceeded.
        this.nanosEach = (SECOND_NANOS + perSecond - 1) / perSecond;
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
