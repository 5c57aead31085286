// SPDX-License-Identifier: Apache-2.0
package io.everycount.flush;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/** What everybody waits on who added, or asked for a flush, before one particular drain started. */
public final class DrainStage {
    private final Milestone journaled;
    private final Milestone confirmed;

    /**
     * @param callbacks never refuses
     */
    DrainStage(Executor callbacks) {
        journaled = new Milestone(callbacks);
        confirmed = new Milestone(callbacks);
    }

    /** Everything up to the drain survives the process: it is in the journal, or in every required sink. */
    public Milestone journaled() {
        return journaled;
    }

    /** Everything up to the drain is in every required sink. */
    public Milestone confirmed() {
        return confirmed;
    }

    void journal() {
        journaled.reach();
    }

    void confirm() {
        journaled.reach();
        confirmed.reach();
    }

    /** No sink will get it; nor will the journal, if it has not got it yet. */
    void fail(PipelineStoppedException why) {
        journaled.fail(why);
        confirmed.fail(why);
    }

    /**
     * Something to wait for.
     *
     * <p>Threads of the pipeline reach it, so nobody may hang code of a user on it directly: that goes
     * through {@link #announced}, which follows on the executor for callbacks, whether it ends well or not.
     * A callback that waits for a flush therefore never waits for itself.
     */
    public static final class Milestone {
        private final CompletableFuture<@Nullable Void> reached = new CompletableFuture<>();
        private final AtomicReference<@Nullable CompletableFuture<@Nullable Void>> announced = new AtomicReference<>();
        private final Executor callbacks;

        private Milestone(Executor callbacks) {
            this.callbacks = callbacks;
        }

        /**
         * Blocks until it is reached.
         *
         * @throws PipelineStoppedException if it will not be
         */
        public void await(long nanos) throws InterruptedException, TimeoutException {
            try {
                reached.get(nanos, TimeUnit.NANOSECONDS);
            } catch (ExecutionException e) {
                if (e.getCause() instanceof PipelineStoppedException stopped) {
                    throw stopped;
                }
                throw new IllegalStateException(e.getCause());
            }
        }

        /** For code to be run when it is reached, or cannot be any more: one future for all who ask. */
        public CompletableFuture<@Nullable Void> announced() {
            CompletableFuture<@Nullable Void> known = announced.get();
            if (known != null) {
                return known;
            }
            // handleAsync, because only it goes through the executor for failures, too.
            CompletableFuture<@Nullable Void> fresh = reached.handleAsync(
                    (nothing, error) -> {
                        if (error != null) {
                            throw new CompletionException(error);
                        }
                        return null;
                    },
                    callbacks);
            CompletableFuture<@Nullable Void> earlier = announced.compareAndExchange(null, fresh);
            return earlier == null ? fresh : earlier;
        }

        private void reach() {
            reached.complete(null);
        }

        private void fail(PipelineStoppedException why) {
            reached.completeExceptionally(why);
        }
    }
}
