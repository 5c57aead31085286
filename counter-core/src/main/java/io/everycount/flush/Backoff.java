// SPDX-License-Identifier: Apache-2.0
package io.everycount.flush;

import java.util.random.RandomGenerator;

/**
 * Capped exponential backoff with full jitter: the n-th wait is drawn evenly from 0 to {@code first *
 * 2^n}, but never above {@code max} ("Exponential Backoff and Jitter", Brooker, 2015). A fatal failure
 * waits from half of {@code max} up.
 */
record Backoff(long firstNanos, long maxNanos, RandomGenerator random) {
    long nanos(int failures, boolean fatal) {
        if (fatal) {
            return maxNanos / 2 + random.nextLong(maxNanos / 2 + 1);
        }
        int doublings = Math.min(failures - 1, 62);
        long bound = firstNanos > maxNanos >> doublings ? maxNanos : firstNanos << doublings;
        return random.nextLong(bound + 1);
    }
}
