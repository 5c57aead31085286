// SPDX-License-Identifier: Apache-2.0
package io.everycount;

import io.everycount.flush.Pipeline;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** Tells when what was added is in every required sink; for a bounded number of waiters. Thread-safe. */
final class Confirmations {
    private final Pipeline pipeline;
    private final Refusals refusals;
    private final int maxWaiters;
    private final AtomicInteger waiters = new AtomicInteger();

    Confirmations(Pipeline pipeline, Refusals refusals, int maxWaiters) {
        this.pipeline = pipeline;
        this.refusals = refusals;
        this.maxWaiters = maxWaiters;
    }

    /** The keys of an addition that has been counted. */
    interface Keys {
        /** One of them of which deltas after a record may have been set aside; null if there is none. */
        @Nullable
        String quarantinedAfter(long record);
    }

    /** How many increments wait. */
    int waiters() {
        return waiters.get();
    }

    /**
     * Adds, and tells when it is confirmed.
     *
     * @param increments how many are added, at least 0: what waits takes memory for each
     * @param addition throws if nothing was counted
     */
    CompletionStage<Void> confirm(int increments, Supplier<Keys> addition) {
        // A list that is longer than the limit can wait alone.
        int places = Math.min(Math.max(increments, 1), maxWaiters);
        int waiting;
        do {
            waiting = waiters.get();
            if (waiting > maxWaiters - places) {
                throw refusals.rejected(
                        RejectedException.Reason.WAITER_LIMIT,
                        waiting + " increments wait for their acknowledgement already, and there are " + increments
                                + " more; " + maxWaiters + " may wait (maxWaiters)");
            }
        } while (!waiters.compareAndSet(waiting, waiting + places));
        long recordBefore = pipeline.lastRecord();
        Keys keys;
        try {
            keys = addition.get();
        } catch (Throwable t) {
            waiters.addAndGet(-places);
            throw t;
        }
        // Read after adding: so the stage's drain starts after it, too.
        return pipeline.nextStage().announced().handle((nothing, error) -> {
            waiters.addAndGet(-places);
            if (error != null) {
                throw unconfirmed(
                        error instanceof CompletionException && error.getCause() != null ? error.getCause() : error);
            }
            String quarantined = keys.quarantinedAfter(recordBefore);
            if (quarantined != null) {
                throw new QuarantinedException(quarantined);
            }
            return null;
        });
    }

    static UnconfirmedException unconfirmed(Throwable cause) {
        return new UnconfirmedException(
                "counted, but not confirmed: " + (cause.getMessage() == null ? cause : cause.getMessage()), cause);
    }
}
