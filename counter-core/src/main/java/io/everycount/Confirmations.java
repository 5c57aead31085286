// SPDX-License-Identifier: Apache-2.0
package io.everycount;

import io.everycount.flush.DrainStage;
import io.everycount.flush.Pipeline;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/** Tells when what was added has reached a level; for a bounded number of waiters. Thread-safe. */
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

    /** Counts, and tells which keys it was about. */
    interface Addition {
        /**
         * @throws RejectedException if nothing was counted
         */
        Keys count();
    }

    /** How many increments wait. */
    int waiters() {
        return waiters.get();
    }

    /**
     * Adds, and tells when it has reached a level.
     *
     * @param increments how many are added, at least 0: what waits takes memory for each
     * @param addition throws if nothing was counted
     */
    CompletionStage<Void> confirm(AckLevel level, int increments, Addition addition) {
        if (level == AckLevel.MEMORY) {
            addition.count();
            return CompletableFuture.completedFuture(null);
        }
        if (level == AckLevel.JOURNAL) {
            checkJournal();
        }
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
            keys = addition.count();
        } catch (Throwable t) {
            waiters.addAndGet(-places);
            throw t;
        }
        // Read after adding: so the stage's drain starts after it, too.
        DrainStage stage = pipeline.nextStage();
        if (level == AckLevel.JOURNAL) {
            pipeline.requestCommit();
        }
        DrainStage.Milestone milestone = level == AckLevel.JOURNAL ? stage.journaled() : stage.confirmed();
        return milestone.announced().handle((nothing, error) -> {
            waiters.addAndGet(-places);
            if (error != null) {
                throw unconfirmed(
                        error instanceof CompletionException && error.getCause() != null ? error.getCause() : error);
            }
            String quarantined = level == AckLevel.SINK ? keys.quarantinedAfter(recordBefore) : null;
            if (quarantined != null) {
                throw new QuarantinedException(quarantined);
            }
            return null;
        });
    }

    /** Before anything is counted: waiting for a journal that does not come would not be an answer. */
    private void checkJournal() {
        if (!pipeline.isJournaled()) {
            throw new IllegalStateException("this cache has no journal; CounterCacheBuilder.journal gives it one");
        }
        String problem = pipeline.journalProblem();
        if (problem != null) {
            throw refusals.rejected(RejectedException.Reason.JOURNAL_UNAVAILABLE, problem);
        }
    }

    static UnconfirmedException unconfirmed(Throwable cause) {
        return new UnconfirmedException(
                "counted, but not confirmed: " + (cause.getMessage() == null ? cause : cause.getMessage()), cause);
    }
}
