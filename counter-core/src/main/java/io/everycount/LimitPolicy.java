// SPDX-License-Identifier: Apache-2.0
package io.everycount;

import java.time.Duration;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** What happens to an increment when a limit is reached. None of these drops one silently. Immutable. */
public final class LimitPolicy {
    private static final LimitPolicy REJECT = new LimitPolicy(Duration.ZERO, null);
    private static final Duration WAIT_MAX = Duration.ofMinutes(10);

    private final Duration wait;
    private final @Nullable String overflowKey;

    private LimitPolicy(Duration wait, @Nullable String overflowKey) {
        this.wait = wait;
        this.overflowKey = overflowKey;
    }

    /** Throws {@link RejectedException} at once. The default. */
    public static LimitPolicy reject() {
        return REJECT;
    }

    /**
     * Makes the caller wait for room, and throws {@link RejectedException} if none comes in time, or if
     * the caller is interrupted (which stays set).
     *
     * @param timeout more than zero, at most 10 minutes
     * @throws IllegalArgumentException if the timeout is out of these bounds
     */
    public static LimitPolicy block(Duration timeout) {
        if (timeout.isZero() || timeout.isNegative() || timeout.compareTo(WAIT_MAX) > 0) {
            throw new IllegalArgumentException(
                    "the timeout is " + timeout + "; more than zero and at most " + WAIT_MAX + " is allowed");
        }
        return new LimitPolicy(timeout, null);
    }

    /**
     * Counts increments of keys that find no room under this key instead, so that the grand total stays
     * right. A delta beyond 2^40 that finds no room is still rejected.
     *
     * @param key a valid key; it has its room from the start
     */
    public static LimitPolicy overflowTo(String key) {
        return new LimitPolicy(Duration.ZERO, Objects.requireNonNull(key, "key"));
    }

    /** How long a caller may be made to wait; zero if not at all. */
    public Duration blockTimeout() {
        return wait;
    }

    @Nullable
    String overflowKey() {
        return overflowKey;
    }

    @Override
    public String toString() {
        return overflowKey != null ? "overflow to " + overflowKey : wait.isZero() ? "reject" : "block for " + wait;
    }
}
