// SPDX-License-Identifier: Apache-2.0
package io.everycount.flush;

import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * What everybody waits on who added, or asked for a flush, before one particular drain started. The
 * value is the keys that went to quarantine on the way, usually none.
 *
 * <p>Threads of the pipeline complete it, so nobody may hang code of a user on it directly: that goes
 * through {@link #announced}, which follows on the executor for callbacks. A callback that waits for a
 * flush therefore never waits for itself.
 */
public final class DrainStage {
    private final CompletableFuture<Set<String>> confirmed = new CompletableFuture<>();
    private final AtomicReference<@Nullable CompletableFuture<Set<String>>> announced = new AtomicReference<>();
    private final Executor callbacks;

    DrainStage(Executor callbacks) {
        this.callbacks = callbacks;
    }

    /** For threads that block until everything up to the drain is in the sink. */
    public CompletableFuture<Set<String>> confirmed() {
        return confirmed;
    }

    /** For code to be run when everything up to the drain is in the sink: one future for all who ask. */
    public CompletableFuture<Set<String>> announced() {
        CompletableFuture<Set<String>> known = announced.get();
        if (known != null) {
            return known;
        }
        CompletableFuture<Set<String>> fresh = confirmed.thenApplyAsync(Function.identity(), callbacks);
        CompletableFuture<Set<String>> earlier = announced.compareAndExchange(null, fresh);
        return earlier == null ? fresh : earlier;
    }
}
