// SPDX-License-Identifier: Apache-2.0
package io.everycount.flush;

import java.util.concurrent.Executor;
import java.util.function.LongSupplier;
import java.util.random.RandomGenerator;

/**
 * How a pipeline works. Times in nanoseconds.
 *
 * @param description for the ledger
 * @param flushIntervalNanos between writes to sinks, and between drains if there is no journal; 0 if only explicit ones
 *     are wanted
 * @param commitIntervalNanos between drains if there is a journal
 * @param recordKeysMax the most keys in a record
 * @param batchKeysMax the most keys in a batch of several records
 * @param pendingBytesMax drains wait while so much is not persisted
 * @param retainedBytesMax how much of what is persisted is kept for a store that goes back in time
 * @param retainedNanos how long it is kept
 * @param ledgerCheckNanos how often an idle sink's mark is looked at
 * @param idleKeysNanos how long a key may be idle before its cell can go
 * @param firstRetryNanos the bound of the first wait before a retry
 * @param maxRetryNanos the bound of any wait before a retry
 * @param callbacks runs what users hang on acknowledgements
 * @param random for the owner token and the digest chain
 * @param clock as {@link System#nanoTime}
 * @param epochClock what its times are by day
 */
public record PipelineSettings(
        String description,
        long flushIntervalNanos,
        long commitIntervalNanos,
        int recordKeysMax,
        int batchKeysMax,
        long pendingBytesMax,
        long retainedBytesMax,
        long retainedNanos,
        long ledgerCheckNanos,
        long idleKeysNanos,
        long firstRetryNanos,
        long maxRetryNanos,
        Executor callbacks,
        RandomGenerator random,
        LongSupplier clock,
        EpochClock epochClock) {
    Backoff backoff() {
        return new Backoff(firstRetryNanos, maxRetryNanos, random);
    }
}
