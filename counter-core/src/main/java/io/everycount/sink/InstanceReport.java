// SPDX-License-Identifier: Apache-2.0
package io.everycount.sink;

import java.time.Duration;
import java.util.Objects;

/**
 * How an instance is doing, for people who look at all of them. Nothing depends on it. In a {@link CounterBatch} it is
 * as of that write: what holds once the batch is applied.
 *
 * @param accepted the sum of deltas that this process has taken from its cells for the sink, modulo 2^64; with what an
 *     earlier process left in a journal for it
 * @param pending what of that the sink does not have. {@code accepted - pending} is what it has got from this process, in
 *     its totals, its quarantine and its gaps
 * @param freshness no increment that the sink does not have is older than this; never negative
 */
public record InstanceReport(long accepted, long pending, Duration freshness) {
    /**
     * @throws IllegalArgumentException if the freshness is negative
     */
    public InstanceReport {
        Objects.requireNonNull(freshness, "freshness");
        if (freshness.isNegative()) {
            throw new IllegalArgumentException("a freshness of " + freshness + "; it cannot be negative");
        }
    }
}
