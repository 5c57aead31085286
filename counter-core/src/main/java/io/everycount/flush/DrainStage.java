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

/**
 * What everybody waits on who added, or asked for a flush, before one particular drain started.
 *
 * <p>Threads of the pipeline complete it, so nobody may hang code of a user on it directly: that goes
 * through {@link #announced}, which follows on the executor for callbacks, whether it ends well or not.
 * A callback that waits for a flush therefore never waits for itself.
 */
public final class DrainStage {
    private final CompletableFuture<@Nullable Void> confirmed = new CompletableFuture<>();
    private final AtomicReference<@Nullable CompletableFuture<@Nullable Void>> announced = new AtomicReference<>();
    private final Executor callbacks;

    /**
     * @param callbacks never refuses
     */
    DrainStage(Executor callbacks) {
        this.callbacks = callbacks;
    }

    /**
     * Blocks until everything up to the drain is in the sink.
     *
     * @throws PipelineStoppedException if it will not get there
     */
    public void await(long nanos) throws InterruptedException, TimeoutException {
        try {
            confirmed.get(nanos, TimeUnit.NANOSECONDS);
        } catch (ExecutionException e) {
            if (e.getCause() instanceof PipelineStoppedException stopped) {
                throw stopped;
            }
            throw new IllegalStateException(e.getCause());
        }
    }

    /** For code to be run when everything up to the drain is in the sink: one future for all who ask. */
    public CompletableFuture<@Nullable Void> announced() {
        CompletableFuture<@Nullable Void> known = announced.get();
        if (known != null) {
            return known;
        }
        // handleAsync, because only it goes through the executor for failures, too.
        CompletableFuture<@Nullable Void> fresh = confirmed.handleAsync(
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

    void confirm() {
        confirmed.complete(null);
    }

    void fail(PipelineStoppedException why) {
        confirmed.completeExceptionally(why);
    }
}
